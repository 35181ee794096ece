//! The example hosts as programs: runs one with arguments, and gives what it printed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What a host that ended has left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("hosts print text");
        Self {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            status: output.status.code(),
        }
    }
}

/// Runs a host to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Ran {
    Command::new(program).args(arguments).output().expect("the host starts").into()
}

/// Checks that a host refuses its arguments with words that a person understands.
pub(crate) fn check_refusals(program: &str, rows: &[(&[&str], &str)]) {
    for (arguments, words) in rows {
        let ran = run(program, arguments);
        let said = &ran.stderr;
        assert!(said.starts_with("error: ") && said.contains(words), "{arguments:?}: {said}");
        assert_eq!((ran.stdout.as_str(), ran.status), ("", Some(2)), "{arguments:?}");
    }
}

/// Makes a folder for one test, without what an earlier run left there.
pub(crate) fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder for tests can be written");
    }
    fs::create_dir_all(&folder).expect("the folder for tests can be written");
    folder
}

/// Writes a file for one test.
pub(crate) fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let folder = path.parent().expect("the file has a folder");
    fs::create_dir_all(folder).expect("the folder for tests can be written");
    fs::write(&path, text).expect("the folder for tests can be written");
    path
}
