//! A mock host, for unit tests of plug-in code with plain `cargo test`.
//!
//! Natively there is no host, and the PDK speaks to a stand-in that each thread has for itself.
//! [`MockHost`] fills it before a test and looks into it afterwards. It enforces no limits and grants
//! everything; for that, call the built plug-in from a real host.

use std::marker::PhantomData;
use std::mem;

use crate::private::{self, PluginResult};
use crate::sys::native::{self, State};
use crate::{Error, FromBytesOwned, LogLevel};

#[cfg(feature = "http")]
mod http;

#[cfg(feature = "http")]
pub use self::http::MockResponse;

const LEVELS: [LogLevel; 5] =
    [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];

/// The host of this thread, till it is dropped.
///
/// The host that was there before comes back then.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::testing::MockHost;
/// use plugsmith_pdk::{FnResult, config, plugin_fn};
///
/// #[plugin_fn]
/// pub fn greet(name: String) -> FnResult<String> {
///     let greeting = config::get("greeting")?.unwrap_or("Hello".to_owned());
///     Ok(format!("{greeting}, {name}!"))
/// }
///
/// let host = MockHost::new().with_config("greeting", "Good day");
/// let outcome = host.call("Ada", greet);
/// assert_eq!(outcome.output, b"Good day, Ada!");
/// ```
#[derive(Debug)]
pub struct MockHost {
    previous: Previous,
    // It stands for a thread's state, and stays on the thread.
    this_thread: PhantomData<*const ()>,
}

impl MockHost {
    /// Gives this thread an empty host: no input, no config, no vars, and no log.
    #[must_use]
    pub fn new() -> Self {
        let previous = native::with(mem::take);
        Self { previous: Previous(Box::new(previous)), this_thread: PhantomData }
    }

    /// Sets the input that code outside of [`call`](Self::call) sees.
    #[must_use]
    pub fn with_input(self, input: impl AsRef<[u8]>) -> Self {
        native::with(|host| host.input = input.as_ref().to_vec());
        self
    }

    /// Sets a key of the config.
    #[must_use]
    pub fn with_config(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        native::with(|host| host.config.insert(key.into(), value.into()));
        self
    }

    /// Sets a var.
    #[must_use]
    pub fn with_var(self, key: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        native::with(|host| host.vars.insert(key.into(), value.as_ref().to_vec()));
        self
    }

    /// Keeps messages of this level and above.
    #[must_use]
    pub fn with_log_level(self, level: LogLevel) -> Self {
        native::with(|host| host.log_level = Some(level.to_int()));
        self
    }

    /// Provides a host function: the bytes of each argument in, those of the reply out.
    ///
    /// An error is what the caller gets. `namespace` is `extism:host/user`, unless the plug-in's
    /// `#[host_fn("..")]` says otherwise.
    #[must_use]
    pub fn with_function(
        self,
        namespace: impl Into<String>,
        name: impl Into<String>,
        function: impl Fn(&[Vec<u8>]) -> Result<Vec<u8>, Error> + 'static,
    ) -> Self {
        let key = (namespace.into(), name.into());
        native::with(|host| host.functions.insert(key, std::rc::Rc::new(function)));
        self
    }

    /// Calls a plug-in function as a host does: decodes the input, and encodes what comes back.
    ///
    /// A function without input is called as `host.call("", |()| function())`.
    pub fn call<I: FromBytesOwned, R: PluginResult>(
        &self,
        input: impl AsRef<[u8]>,
        function: impl FnOnce(I) -> R,
    ) -> MockOutcome {
        self.call_export(input, || private::run("the plug-in function", function))
    }

    /// Calls an export written by hand.
    pub fn call_export(
        &self,
        input: impl AsRef<[u8]>,
        export: impl FnOnce() -> i32,
    ) -> MockOutcome {
        native::with(|host| host.begin_call(input.as_ref()));
        let status = export();
        MockOutcome { status, output: self.output().unwrap_or_default(), error: self.error() }
    }

    /// Returns the output, if one was set since the call began.
    #[must_use]
    pub fn output(&self) -> Option<Vec<u8>> {
        native::with(|host| host.output.clone())
    }

    /// Returns the error message, if one was set since the call began.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        native::with(|host| {
            host.error.as_ref().map(|message| String::from_utf8_lossy(message).into_owned())
        })
    }

    /// Returns the value of a var.
    #[must_use]
    pub fn var(&self, key: &str) -> Option<Vec<u8>> {
        native::with(|host| host.vars.get(key).cloned())
    }

    /// Returns the messages logged so far, oldest first.
    #[must_use]
    pub fn logs(&self) -> Vec<(LogLevel, String)> {
        let log = native::with(|host| host.log.clone());
        let level = |number: i32| LEVELS.into_iter().find(|level| level.to_int() == number);
        log.into_iter().filter_map(|(number, text)| Some((level(number)?, text))).collect()
    }

    /// Counts the blocks of exchange memory that nobody has freed since the call began.
    #[must_use]
    pub fn n_blocks(&self) -> usize {
        native::with(|host| host.n_blocks())
    }
}

impl Default for MockHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for MockHost {
    fn drop(&mut self) {
        let previous = mem::take(&mut *self.previous.0);
        native::with(|host| *host = previous);
    }
}

/// What a call left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MockOutcome {
    /// What the export returned: 0 for success.
    pub status: i32,
    /// The output; empty if none was set.
    pub output: Vec<u8>,
    /// The error message, if one was set.
    pub error: Option<String>,
}

struct Previous(Box<State>);

impl std::fmt::Debug for Previous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Previous(..)")
    }
}
