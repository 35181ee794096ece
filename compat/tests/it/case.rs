//! What is run on both sides: a manifest, the functions of its host, and steps. Plain data, which
//! each side interprets by itself.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use plugsmith::{LogLevel, ValType};
use serde_json::{Value, json};

/// A plug-in and what is done with it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) plugin: Source,
    pub(crate) wasi: bool,
    /// Whether the guest may read the headers of HTTP responses.
    pub(crate) headers: bool,
    pub(crate) functions: Vec<HostFunction>,
    pub(crate) steps: Vec<Step>,
    /// Whether both sides are to refuse to load it.
    pub(crate) refused: bool,
    /// The least level that is logged; nothing is logged without one.
    pub(crate) log_level: Option<LogLevel>,
}

/// What is loaded.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A manifest in JSON, of which a case says only what matters to it.
    Manifest(Value),
    /// Bytes as they are: a module, or the text of a manifest.
    Bytes(Vec<u8>),
}

/// One thing that is done with a loaded plug-in.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Calls an export, and says whether that is to go well on both sides.
    Call { export: String, input: Vec<u8>, succeeds: bool },
    /// Asks whether there is an export to call.
    Exists { export: String },
    /// Frees the exchange memory.
    Reset,
    /// Cancels, although nothing runs.
    Cancel,
}

/// A function of the host.
#[derive(Debug, Clone)]
pub(crate) struct HostFunction {
    /// Without one, the namespace is the default.
    pub(crate) namespace: Option<&'static str>,
    pub(crate) name: &'static str,
    pub(crate) params: &'static [ValType],
    pub(crate) results: &'static [ValType],
    pub(crate) does: Does,
}

/// What a host function does. Each of them also notes what it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// Returns a block with its name and the bytes of its arguments.
    Reply,
    /// Returns zeros.
    Nothing,
    /// Takes its arguments as numbers, and returns them.
    Numbers,
    /// Cancels the call that it runs in.
    Cancel,
    /// Has the sibling of the plug-in `spin`, and cancels it once it has started.
    CancelSibling,
    /// Says that the sibling has started.
    Start,
    /// Takes twice the time that the manifest allows.
    Overrun,
}

impl Case {
    /// A module, or several: WebAssembly text, or bytes.
    pub(crate) fn new(name: impl Into<String>, module: impl AsRef<[u8]>) -> Self {
        Self::manifest(name, json!({ "wasm": [data(module)] }))
    }

    /// A manifest in JSON.
    pub(crate) fn manifest(name: impl Into<String>, manifest: Value) -> Self {
        Self::from_source(name, Source::Manifest(manifest))
    }

    /// Bytes that are loaded as they are.
    pub(crate) fn bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::from_source(name, Source::Bytes(bytes.into()))
    }

    fn from_source(name: impl Into<String>, plugin: Source) -> Self {
        Self {
            name: name.into(),
            plugin,
            wasi: false,
            headers: false,
            functions: Vec::new(),
            steps: Vec::new(),
            refused: false,
            log_level: None,
        }
    }

    /// Sets a key of the manifest.
    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        let Source::Manifest(manifest) = &mut self.plugin else { panic!("there is no manifest") };
        manifest[key] = value;
        self
    }

    /// Grants WASI.
    pub(crate) fn with_wasi(mut self) -> Self {
        self.wasi = true;
        self
    }

    /// Lets the guest read the headers of HTTP responses.
    pub(crate) fn with_headers(mut self) -> Self {
        self.headers = true;
        self
    }

    /// Adds a host function.
    pub(crate) fn with_function(mut self, function: HostFunction) -> Self {
        self.functions.push(function);
        self
    }

    /// Logs from this level on.
    pub(crate) fn with_log_level(mut self, level: LogLevel) -> Self {
        self.log_level = Some(level);
        self
    }

    /// Says that neither side loads it.
    pub(crate) fn refused(mut self) -> Self {
        self.refused = true;
        self
    }

    /// Calls an export, which succeeds on both sides.
    pub(crate) fn call(self, export: impl Into<String>, input: impl AsRef<[u8]>) -> Self {
        self.step(Step::Call {
            export: export.into(),
            input: input.as_ref().to_vec(),
            succeeds: true,
        })
    }

    /// Calls an export, which fails on both sides.
    pub(crate) fn fail(self, export: impl Into<String>, input: impl AsRef<[u8]>) -> Self {
        self.step(Step::Call {
            export: export.into(),
            input: input.as_ref().to_vec(),
            succeeds: false,
        })
    }

    /// Adds a step.
    pub(crate) fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// What the plug-in is loaded from.
    pub(crate) fn source(&self) -> Vec<u8> {
        match &self.plugin {
            Source::Manifest(manifest) => manifest.to_string().into_bytes(),
            Source::Bytes(bytes) => bytes.clone(),
        }
    }

    /// Whether another plug-in is made of what this one is compiled to.
    pub(crate) fn has_sibling(&self) -> bool {
        self.functions.iter().any(|function| function.does == Does::CancelSibling)
    }

    /// The time limit in the manifest, 0 without one.
    pub(crate) fn timeout_ms(&self) -> u64 {
        match &self.plugin {
            Source::Manifest(manifest) => manifest["timeout_ms"].as_u64().unwrap_or(0),
            Source::Bytes(_) => 0,
        }
    }
}

impl HostFunction {
    /// A function in the default namespace.
    pub(crate) const fn new(
        name: &'static str,
        params: &'static [ValType],
        results: &'static [ValType],
        does: Does,
    ) -> Self {
        Self { namespace: None, name, params, results, does }
    }

    /// The same in another namespace.
    pub(crate) const fn within(mut self, namespace: &'static str) -> Self {
        self.namespace = Some(namespace);
        self
    }
}

/// A module as a manifest has it: WebAssembly text, or bytes.
pub(crate) fn data(module: impl AsRef<[u8]>) -> Value {
    json!({ "data": STANDARD.encode(module) })
}

/// The same, with a name.
pub(crate) fn named(name: &str, module: impl AsRef<[u8]>) -> Value {
    let mut data = data(module);
    data["name"] = name.into();
    data
}

/// Bytes as the peer is told of them, and tells of them.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
}

/// The bytes that were written so.
pub(crate) fn from_hex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("it is hexadecimal");
    (0..hex.len()).step_by(2).map(digit).collect()
}
