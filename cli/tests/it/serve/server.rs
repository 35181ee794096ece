//! A server that runs as long as a test does, and clients that say exactly what they are told to.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::command::Folder;

/// How long to wait for what is sure to come.
const LONG: Duration = Duration::from_mins(2);

/// The command, serving.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    pub(super) folder: Folder,
}

/// What came back for a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// In lower case, a line each.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("the body is text")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Returns what the error says that it is.
    #[track_caller]
    pub(super) fn kind(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let error: Value = serde_json::from_slice(&self.body).expect("errors are JSON");
        assert!(error["error"]["message"].is_string(), "{error}");
        error["error"]["kind"].as_str().expect("errors have a kind").to_owned()
    }
}

impl Server {
    /// Serves `plugin.wat`, on a port that is free.
    pub(super) fn start(plugin: &str, options: &[&str]) -> Self {
        Self::start_in(Folder::with(&[("plugin.wat", plugin)]), options)
    }

    pub(super) fn start_in(folder: Folder, options: &[&str]) -> Self {
        let arguments = [&["serve", "plugin.wat", "--json", "--port", "0"], options].concat();
        let log = File::create(folder.path("log")).expect("a file is made");
        let mut child = folder
            .command(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary was built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the server says where it is");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|err| {
            panic!("{err}: {line:?}, and {:?}", fs::read_to_string(folder.path("log")))
        });
        let port = said["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let port = port.expect("the server says its port");
        assert_eq!(said["url"], format!("http://127.0.0.1:{port}"));
        Self { child, port, folder }
    }

    pub(super) fn connect(&self) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        Client::new(stream)
    }

    /// Sends one request, on a connection of its own.
    pub(super) fn ask(&self, method: &str, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.connect().ask(method, path, body)
    }

    pub(super) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.ask("POST", path, body)
    }

    /// Returns one of the server's counts, as `/metrics` has them.
    pub(super) fn count(&self, name: &str) -> u64 {
        let answer = self.ask("GET", "/metrics", "");
        let line =
            answer.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no `{name}` in {}", answer.text())).parse().expect("a count")
    }

    /// Waits until one of the server's counts is so much.
    #[track_caller]
    pub(super) fn wait_for(&self, name: &str, expected: u64) {
        let started = Instant::now();
        while self.count(name) != expected {
            assert!(started.elapsed() < LONG, "`{name}` is {}, not {expected}", self.count(name));
            thread::yield_now();
        }
    }

    /// Replaces the plug-in, as editors do.
    pub(super) fn replace(&self, plugin: impl AsRef<[u8]>) {
        self.folder.write("plugin.wat.new", plugin);
        fs::rename(self.folder.path("plugin.wat.new"), self.folder.path("plugin.wat"))
            .expect("a file is renamed");
    }

    /// Sends the server a signal.
    pub(super) fn signal(&self, name: &str) {
        let killed = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(killed.expect("there is a command for signals").success());
    }

    /// Waits for the end of the server; returns its status and its log.
    pub(super) fn wait(mut self) -> (i32, Vec<Value>) {
        let status = self.child.wait().expect("it is a child").code().expect("it was not killed");
        (status, self.log())
    }

    /// Returns the log so far, each line of which is JSON.
    #[track_caller]
    pub(super) fn log(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.folder.path("log")).expect("the log is there");
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|err| panic!("{err}: {line}"));
        log.lines().map(parse).collect()
    }

    /// Says whether the server still listens.
    pub(super) fn listens(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LONG)).expect("a limit can be set");
        Self { stream: BufReader::new(stream) }
    }

    pub(super) fn ask(&mut self, method: &str, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let body = body.as_ref();
        let len = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n");
        self.send([head.as_bytes(), body].concat());
        self.answer_to(method)
    }

    /// Sends bytes as they are. A server that has refused need not listen any more.
    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
    }

    /// Says that nothing more will be sent.
    pub(super) fn end(&self) {
        self.stream.get_ref().shutdown(Shutdown::Write).expect("the server listens");
    }

    #[track_caller]
    pub(super) fn answer(&mut self) -> Answer {
        self.answer_to("POST")
    }

    #[track_caller]
    fn answer_to(&mut self, method: &str) -> Answer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let n_bytes = self.stream.read_line(&mut head).expect("the server answers");
            assert_ne!(n_bytes, 0, "the server hung up: {head:?}");
        }
        let head = head.to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut answer =
            Answer { status: status.expect("there is a status"), head, body: Vec::new() };
        let len = answer.header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
        answer.body = vec![0; if method == "HEAD" { 0 } else { len }];
        self.stream.read_exact(&mut answer.body).expect("the body is as long as it says");
        answer
    }

    /// Waits for the server to hang up, and returns what it said before.
    pub(super) fn rest(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // By a reset, if there was more to say.
        let _ = self.stream.read_to_end(&mut bytes);
        bytes
    }
}
