//! Runs a case on the published Extism library, in a process of its own that may die of it.

use std::{
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use plugsmith::{LogLevel, ValType};
use serde_json::{Value, json};

use crate::{
    case::{Case, Does, HostFunction, Step, from_hex, to_hex},
    guest::is_skipped,
    outcome::{Outcome, Reason, Report, Run},
};

/// Names the interpreter that has the library.
const PYTHON: &str = "PLUGSMITH_PEER";
/// What the library is called where it is skipped.
const NAME: &str = "peer";
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peer.py");

/// The beginning of every message that the library has for a guest that was stopped.
const STOPPED: &str = "error while executing at wasm backtrace:";

/// The interpreter that has the library; `None` if the comparison is declared to be skipped.
pub(crate) fn python() -> Option<OsString> {
    if is_skipped(NAME) {
        return None;
    }
    let python = env::var_os(PYTHON);
    assert!(python.is_some(), "`{PYTHON}` is not set; `cargo xtask test` installs the library");
    python
}

/// The process, which is started when it is needed, and again after it has died.
pub(crate) struct Peer {
    python: OsString,
    log_level: Option<LogLevel>,
    process: Option<Process>,
}

struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// A peer that logs nothing.
    pub(crate) fn new(python: OsString) -> Self {
        Self { python, log_level: None, process: None }
    }

    /// Runs a case. The level of a log is that of the whole process.
    pub(crate) fn run(&mut self, case: &Case) -> Report {
        match self.ask(case.log_level, &request(case)) {
            Some(answer) => report(&answer),
            None => Report::Died,
        }
    }

    /// Has the process hold bytes in its memory, and returns their address.
    pub(crate) fn hold(&mut self, bytes: &[u8]) -> u64 {
        let answer = self.ask(None, &json!({ "hold": to_hex(bytes) }));
        answer.expect("holding bytes kills nobody")["address"].as_u64().expect("it is a number")
    }

    /// Has the library's log begin at another level, and returns whether it does.
    pub(crate) fn change_log(&mut self, level: LogLevel) -> bool {
        let answer = self.ask(self.log_level, &json!({ "log": level.to_string() }));
        answer.expect("a log kills nobody")["is"].as_bool().expect("it is a truth")
    }

    /// Returns the answer, or `None` if the process died.
    fn ask(&mut self, log_level: Option<LogLevel>, request: &Value) -> Option<Value> {
        if self.log_level != log_level {
            (self.log_level, self.process) = (log_level, None);
        }
        let python = &self.python;
        let process = self.process.get_or_insert_with(|| Process::start(python, log_level));
        let answer = process.ask(request);
        if answer.is_none() {
            self.process = None;
        }
        answer
    }
}

impl Process {
    fn start(python: &OsString, log_level: Option<LogLevel>) -> Self {
        let mut command = Command::new(python);
        command.arg(PROGRAM).args(log_level.map(|level| level.to_string()));
        // Backtraces of the library would become part of its messages, and a proxy of its requests.
        for name in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "RUST_LOG"] {
            command.env_remove(name);
        }
        for name in ["http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = streams.spawn().unwrap_or_else(|err| panic!("starting the peer: {err}"));
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, input, output }
    }

    fn ask(&mut self, request: &Value) -> Option<Value> {
        let mut answer = String::new();
        writeln!(self.input, "{request}").ok()?;
        match self.output.read_line(&mut answer).expect("the peer answers in text") {
            0 => {
                let status = self.child.wait().expect("the peer can be waited for");
                assert_ne!(status.code(), Some(1), "the peer failed by itself");
                None
            }
            _ => Some(serde_json::from_str(&answer).expect("the peer answers in JSON")),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have died before; and it holds nothing that it would have to put away.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(case: &Case) -> Value {
    json!({
        "manifest": to_hex(&case.source()),
        "wasi": case.wasi,
        "headers": case.headers,
        "timeout_ms": case.timeout_ms(),
        "sibling": case.has_sibling(),
        "functions": case.functions.iter().map(function).collect::<Vec<_>>(),
        "steps": case.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn function(function: &HostFunction) -> Value {
    let types = |types: &[ValType]| types.iter().map(|ty| type_name(*ty)).collect::<Vec<_>>();
    json!({
        "namespace": function.namespace,
        "name": function.name,
        "params": types(function.params),
        "results": types(function.results),
        "does": match function.does {
            Does::Reply => "reply",
            Does::Nothing => "nothing",
            Does::Numbers => "numbers",
            Does::Cancel => "cancel",
            Does::CancelSibling => "cancel_sibling",
            Does::Start => "start",
            Does::Overrun => "overrun",
        },
    })
}

fn type_name(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        ValType::V128 | ValType::FuncRef | ValType::ExternRef => {
            panic!("the C interface has no {ty:?}")
        }
    }
}

fn step(step: &Step) -> Value {
    match step {
        Step::Call { export, input, .. } => {
            json!({ "do": "call", "export": export, "input": to_hex(input) })
        }
        Step::Exists { export } => json!({ "do": "exists", "export": export }),
        Step::Reset => json!({ "do": "reset" }),
        Step::Cancel => json!({ "do": "cancel" }),
    }
}

fn report(answer: &Value) -> Report {
    if let Some(reason) = answer["refused"].as_str() {
        return Report::Refused(Reason(reason.to_owned()));
    }
    let list = |key: &str| answer[key].as_array().expect("it is a list").iter();
    let texts = |entry: &Value| -> Vec<String> {
        serde_json::from_value(entry.clone()).expect("an entry is a list of texts")
    };
    Report::Loaded(Run {
        steps: list("steps").map(outcome).collect(),
        seen: list("seen").map(texts).collect(),
        log: list("log").map(texts).map(|entry| (entry[0].clone(), entry[1].clone())).collect(),
    })
}

/// Reads what the C interface returned: a status, and a message that is the guest's or its own.
fn outcome(step: &Value) -> Outcome {
    if let Some(is) = step["is"].as_bool() {
        return Outcome::Is(is);
    }
    let status = step["status"].as_i64().and_then(|status| i32::try_from(status).ok());
    let status = status.expect("a call returns an i32");
    match step["error"].as_str() {
        None if status == 0 => {
            Outcome::Output(from_hex(step["output"].as_str().expect("a call has an output")))
        }
        None => Outcome::Status(status),
        Some("timeout") => Outcome::Interrupted,
        Some(message) if message.starts_with(STOPPED) => {
            Outcome::Stopped { status, reason: Reason(message.to_owned()) }
        }
        Some(message) if message.starts_with("Function not found: ") => Outcome::NoExport,
        Some(message) if message.contains("expected 0 or 1") => Outcome::NotCallable,
        Some(message) if message.contains("arguments, got 0") => Outcome::NotCallable,
        Some(message) => Outcome::Said { status, message: message.to_owned() },
    }
}
