//! `plugsmith watch`.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{command::Folder, guests::ASKING};

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_mins(2);

/// A command that runs till the test ends.
struct Watching {
    child: Child,
    stdout: Receiver<Value>,
    stderr: Receiver<Value>,
}

impl Watching {
    fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = folder.command(&[&["watch", "--json"], arguments].concat());
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the binary was built");
        let stdout = lines(child.stdout.take().expect("it is piped"));
        let stderr = lines(child.stderr.take().expect("it is piped"));
        Self { child, stdout, stderr }
    }

    fn next_output(&self) -> Value {
        self.stdout.recv_timeout(PATIENCE).expect("the command goes on")["output"].clone()
    }

    fn next_error(&self) -> Value {
        self.stderr.recv_timeout(PATIENCE).expect("the command goes on")["error"].clone()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has a thread read lines of JSON.
fn lines(reader: impl std::io::Read + Send + 'static) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            let value = serde_json::from_str(&line).unwrap_or_else(|err| panic!("{err}: {line}"));
            if sender.send(value).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Puts another file in a file's place, so that nobody reads half of it.
fn replace(folder: &Folder, name: &str, text: &str) {
    folder.write("next", text);
    fs::rename(folder.path("next"), folder.path(name)).unwrap();
}

/// A plug-in that says one letter.
fn saying(letter: char) -> String {
    let byte = format!("(i32.const {})", u32::from(letter));
    ASKING.replace("(i32.add (i32.const 48) (global.get $count))", &byte)
}

#[test]
fn a_project_is_built_and_called_at_each_change() {
    let folder =
        Folder::with(&[("p/plugsmith.toml", "lang = 'wat'\n"), ("p/plugin.wat", &saying('a'))]);
    let watching = Watching::start(&folder, &["p", "count"]);
    assert_eq!(watching.next_output(), json!("a"));
    replace(&folder, "p/plugin.wat", "(module");
    assert_eq!(watching.next_error()["kind"], json!("build"));
    replace(&folder, "p/plugin.wat", &saying('b'));
    assert_eq!(watching.next_output(), json!("b"));
}

#[cfg(unix)]
#[test]
fn what_a_command_writes_is_no_change() {
    let project =
        "lang = 'c'\ncommand = ['sh', '-c', 'echo built >> log; cp in.wat plugin.wasm']\n";
    let folder = Folder::with(&[("p/plugsmith.toml", project), ("p/in.wat", &saying('a'))]);
    let watching = Watching::start(&folder, &["p", "count"]);
    assert_eq!(watching.next_output(), json!("a"));
    for letter in ['b', 'c'] {
        replace(&folder, "p/in.wat", &saying(letter));
        assert_eq!(watching.next_output(), json!(letter.to_string()));
    }
    let log = fs::read_to_string(folder.path("p/log")).unwrap();
    assert_eq!(log.lines().count(), 3, "one for each change, and the first");
}

#[test]
fn a_file_is_called_at_each_change() {
    let folder = Folder::with(&[
        ("plugin.wat", &saying('a')),
        ("other.wat", ""),
        ("plugin.toml", "[[wasm]]\npath = 'plugin.wat'\n"),
    ]);
    let watching = Watching::start(&folder, &["plugin.toml", "count"]);
    assert_eq!(watching.next_output(), json!("a"));
    // The first does not matter.
    folder.write("other.wat", "(module)");
    replace(&folder, "plugin.wat", &saying('b'));
    assert_eq!(watching.next_output(), json!("b"));
    replace(&folder, "plugin.toml", "[[wasm]]\npath = 'gone.wat'\n");
    assert_eq!(watching.next_error()["kind"], json!("load"));
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let folder = Folder::with(&[("empty/file", "")]);
    let rows = [
        ("-", 2, "only files can be watched"),
        ("https://example.com/p.wasm", 2, "only files can be watched"),
        ("empty", 5, "no `plugsmith.toml`"),
        ("gone.wasm", 3, "cannot read plug-in `gone.wasm`"),
    ];
    for (source, status, message) in rows {
        let ran = folder.run(&["watch", source, "run", "--json"]);
        assert_eq!(ran.status, status, "{ran:#?}");
        assert!(ran.error()["message"].as_str().unwrap().contains(message), "{ran:#?}");
    }
}
