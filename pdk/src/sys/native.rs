//! A stand-in for the host, so that plug-in code runs and is tested where there is none.
//!
//! Each thread has a host of its own, empty until `testing::MockHost` fills it. It follows the
//! ownership rules of a real one to the letter, so that a block which is freed twice or never shows in
//! a native test. It is no sandbox: nothing here has a limit, and it keeps no time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::extensions::EMPTY_OFFSET;

/// Answers a call of a host function: the bytes of each argument in, those of the reply out.
pub(crate) type HostFunction = Rc<dyn Fn(&[Vec<u8>]) -> Result<Vec<u8>, crate::Error>>;

/// Answers an HTTP request: the request as JSON and the body in, the response out.
pub(crate) type HttpHandler = Rc<dyn Fn(&[u8], Option<&[u8]>) -> Result<HttpAnswer, String>>;

/// What an HTTP handler answers.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// The state of one stand-in host.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) input: Vec<u8>,
    pub(crate) output: Option<Vec<u8>>,
    pub(crate) error: Option<Vec<u8>>,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) vars: BTreeMap<String, Vec<u8>>,
    /// Level and text of each message, oldest first.
    pub(crate) log: Vec<(i32, String)>,
    /// The lowest level that is kept; none if `None`.
    pub(crate) log_level: Option<i32>,
    pub(crate) http: Option<HttpHandler>,
    /// Answers by namespace and name.
    pub(crate) functions: BTreeMap<(String, String), HostFunction>,
    blocks: BTreeMap<u64, Vec<u8>>,
    last_offset: u64,
    last_status: i32,
    last_headers: Option<Vec<u8>>,
}

impl State {
    /// Counts the blocks that nobody has freed.
    pub(crate) fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Frees every block, and forgets what the last call left.
    pub(crate) fn begin_call(&mut self, input: &[u8]) {
        self.blocks.clear();
        self.input = input.to_vec();
        self.output = None;
        self.error = None;
    }

    /// Returns the bytes of a block of the caller's making.
    ///
    /// # Panics
    ///
    /// If there is no such block: a guest passed an offset that it had freed or made up.
    fn block(&self, offset: u64) -> &[u8] {
        self.blocks.get(&offset).expect("the offset passed to the host is that of a live block")
    }

    fn put(&mut self, bytes: &[u8]) -> u64 {
        if bytes.is_empty() {
            return 0;
        }
        // Offsets are far apart and never used again, so that a stale one hits nothing.
        self.last_offset += 1 << 32;
        self.blocks.insert(self.last_offset, bytes.to_vec());
        self.last_offset
    }

    /// Stores a value; 0 stands for none, and [`EMPTY_OFFSET`] for one without bytes.
    fn put_value(&mut self, value: Option<Vec<u8>>) -> u64 {
        match value {
            Some(value) if value.is_empty() => EMPTY_OFFSET,
            value => self.put(&value.unwrap_or_default()),
        }
    }

    /// Takes a block that the host owns from now on; 0 and [`EMPTY_OFFSET`] are without bytes.
    fn take(&mut self, offset: u64) -> Vec<u8> {
        if matches!(offset, 0 | EMPTY_OFFSET) {
            return Vec::new();
        }
        let bytes = self.block(offset).to_vec();
        self.blocks.remove(&offset);
        bytes
    }

    /// Finds the `len` bytes at `offset` within one block.
    fn span(&mut self, offset: u64, len: usize) -> Option<&mut [u8]> {
        let (block_start, block) = self.blocks.range_mut(..=offset).next_back()?;
        let start = usize::try_from(offset - block_start).ok()?;
        block.get_mut(start..start.checked_add(len)?)
    }
}

thread_local! {
    static HOST: RefCell<State> = RefCell::default();
}

/// Runs `f` on this thread's host.
pub(crate) fn with<R>(f: impl FnOnce(&mut State) -> R) -> R {
    HOST.with_borrow_mut(f)
}

/// Answers a call of the host function `name` of `namespace`.
///
/// # Errors
///
/// What the function answers, and if there is none.
pub(crate) fn call(namespace: &str, name: &str, arguments: &[u64]) -> Result<u64, crate::Error> {
    let key = (namespace.to_owned(), name.to_owned());
    let (function, arguments) = with(|host| {
        let arguments: Vec<Vec<u8>> = arguments
            .iter()
            .map(|offset| if *offset == 0 { Vec::new() } else { host.block(*offset).to_vec() })
            .collect();
        (host.functions.get(&key).map(Rc::clone), arguments)
    });
    let function = function.ok_or_else(|| {
        crate::Error::msg(format!("the mock host has no `{name}` in `{namespace}`"))
    })?;
    // The host is not borrowed here: a function may use it.
    let reply = function(&arguments)?;
    Ok(with(|host| host.put(&reply)))
}

/// Reserves a block.
pub fn alloc(length: u64) -> u64 {
    usize::try_from(length).map_or(0, |len| with(|host| host.put(&vec![0; len])))
}

/// Gives a block back.
pub fn free(offset: u64) {
    with(|host| host.blocks.remove(&offset));
}

/// Returns the length of the block that starts at `offset`.
pub fn length(offset: u64) -> u64 {
    with(|host| host.blocks.get(&offset).map_or(0, |block| block.len() as u64))
}

/// Returns the length of the block that starts at `offset`.
pub fn length_unsafe(offset: u64) -> u64 {
    length(offset)
}

/// Loads a byte.
pub fn load_u8(offset: u64) -> u8 {
    with(|host| host.span(offset, 1).map_or(0, |span| span[0]))
}

/// Loads eight bytes.
pub fn load_u64(offset: u64) -> u64 {
    with(|host| host.span(offset, 8).map_or(0, |span| word(span, 0)))
}

/// Stores a byte.
pub fn store_u8(offset: u64, byte: u8) {
    with(|host| {
        if let Some(span) = host.span(offset, 1) {
            span[0] = byte;
        }
    });
}

/// Stores eight bytes.
pub fn store_u64(offset: u64, word: u64) {
    with(|host| {
        if let Some(span) = host.span(offset, 8) {
            span.copy_from_slice(&word.to_le_bytes());
        }
    });
}

/// Returns the length of the input.
pub fn input_length() -> u64 {
    with(|host| host.input.len() as u64)
}

/// Loads a byte of the input.
pub fn input_load_u8(start: u64) -> u8 {
    with(|host| index(start).and_then(|start| host.input.get(start).copied()).unwrap_or(0))
}

/// Loads eight bytes of the input.
pub fn input_load_u64(start: u64) -> u64 {
    with(|host| index(start).map_or(0, |start| word(&host.input, start)))
}

/// Makes a run of bytes the output.
pub fn output_set(offset: u64, length: u64) {
    with(|host| {
        let bytes = match index(length) {
            Some(0) => Vec::new(),
            Some(len) => match host.span(offset, len) {
                Some(span) => span.to_vec(),
                None => return,
            },
            None => return,
        };
        host.blocks.remove(&offset);
        host.output = Some(bytes);
    });
}

/// Makes a block the error.
pub fn error_set(offset: u64) {
    with(|host| {
        host.error = if offset == 0 { None } else { Some(host.take(offset)) };
    });
}

/// Returns the error.
pub fn error_get() -> u64 {
    with(|host| {
        let error = host.error.clone().unwrap_or_default();
        host.put(&error)
    })
}

/// Returns the extensions of the interface that the stand-in has, which are all.
pub(crate) fn agreed_extensions() -> u64 {
    crate::extensions::KNOWN
}

/// Returns the value of a key in the config.
pub fn config_get(key: u64) -> u64 {
    with(|host| {
        let key = text(&host.take(key));
        let value = host.config.get(&key).map(|value| value.clone().into_bytes());
        host.put_value(value)
    })
}

/// Returns the value of a var.
pub fn var_get(key: u64) -> u64 {
    with(|host| {
        let key = text(&host.take(key));
        let value = host.vars.get(&key).cloned();
        host.put_value(value)
    })
}

/// Sets or removes a var.
pub fn var_set(key: u64, value: u64) {
    with(|host| {
        let key = text(&host.take(key));
        if value == 0 {
            host.vars.remove(&key);
        } else {
            let value = host.take(value);
            host.vars.insert(key, value);
        }
    });
}

/// Answers a request with the handler.
///
/// # Panics
///
/// If there is no handler.
pub fn http_request(request: u64, body: u64) -> u64 {
    let (handler, request, body) = with(|host| {
        let body = if body == 0 { None } else { Some(host.take(body)) };
        (host.http.clone(), host.take(request), body)
    });
    let handler = handler.expect("a test that sends requests gives the mock host an answer");
    // The host is not borrowed here: the handler may use it.
    let answer = match handler(&request, body.as_deref()) {
        Ok(answer) => answer,
        Err(message) => {
            with(|host| host.error = Some(message.into_bytes()));
            return 0;
        }
    };
    let headers = serde_json::to_vec(&answer.headers).expect("a map of text has a JSON form");
    with(|host| {
        host.last_status = i32::from(answer.status);
        host.last_headers = Some(headers);
        host.put(&answer.body)
    })
}

/// Returns the status of the last response.
pub fn http_status_code() -> i32 {
    with(|host| host.last_status)
}

/// Returns the headers of the last response.
pub fn http_headers() -> u64 {
    with(|host| {
        let headers = host.last_headers.clone().unwrap_or_default();
        host.put(&headers)
    })
}

/// Logs a block of text.
pub fn log_trace(message: u64) {
    log(0, message);
}

/// Logs a block of text.
pub fn log_debug(message: u64) {
    log(1, message);
}

/// Logs a block of text.
pub fn log_info(message: u64) {
    log(2, message);
}

/// Logs a block of text.
pub fn log_warn(message: u64) {
    log(3, message);
}

/// Logs a block of text.
pub fn log_error(message: u64) {
    log(4, message);
}

/// Returns the lowest level that is kept.
pub fn get_log_level() -> i32 {
    with(|host| host.log_level.unwrap_or(i32::MAX))
}

fn log(level: i32, message: u64) {
    with(|host| {
        let message = text(&host.take(message));
        if host.log_level.is_some_and(|lowest| level >= lowest) {
            host.log.push((level, message));
        }
    });
}

fn index(at: u64) -> Option<usize> {
    usize::try_from(at).ok()
}

/// Returns the eight bytes at `start`, or 0 if they are not all there.
fn word(bytes: &[u8], start: usize) -> u64 {
    bytes
        .get(start..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |word| u64::from_le_bytes(*word))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("a key or a message is UTF-8")
}
