//! Tests that need a process of their own, to limit or to kill: they start themselves once more.

use std::{
    env,
    process::{Child, Command, Stdio},
};

/// Tells the process what it is to do. Without it, it is a test.
const TASK: &str = "PLUGSMITH_FAULTS_TASK";

/// What stands before a line that a task has printed, on a line that a test may have begun.
const MARK: &str = "task: ";

/// Returns what this process was started for, if that was by [`run`] or [`start`].
pub(crate) fn task() -> Option<String> {
    env::var(TASK).ok()
}

/// Prints a line for the test that waits for it.
pub(crate) fn say(line: &str) {
    // In one piece: the process may be killed at any moment.
    println!("\n{MARK}{line}");
}

/// Returns what a line of a task's output says.
pub(crate) fn said(line: &str) -> Option<&str> {
    line.strip_prefix(MARK)
}

/// Runs this program's test `name` with a task, behind a line for the shell such as `ulimit -f 8`, and
/// returns what it said. Fails if the task does.
#[track_caller]
pub(crate) fn run(name: &str, task: &str, shell: &str) -> Vec<String> {
    let output = command(name, task, shell).output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "`{task}` ended with {}\n{stdout}{stderr}", output.status);
    stdout.lines().filter_map(said).map(str::to_owned).collect()
}

/// Starts the same, whose output is to be read.
pub(crate) fn start(name: &str, task: &str) -> Child {
    command(name, task, "true").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn command(name: &str, task: &str, shell: &str) -> Command {
    let mut command = Command::new("sh");
    // The program takes the shell's place, with its limits and the signals that it ignores.
    command.args(["-c", &format!(r#"{shell} && exec "$0" "$@""#)]).arg(env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(TASK, task);
    command
}
