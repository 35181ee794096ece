//! Running the binary, in a folder of its own and an environment that says nothing.

use std::{
    env, fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use serde_json::Value;

/// What a run of the command came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Returns standard output as the one JSON value that it is.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|err| panic!("{err}: {self:#?}"))
    }

    /// Returns the error that standard error is, as JSON.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stderr).unwrap_or_else(|err| panic!("{err}: {self:#?}"));
        value["error"].clone()
    }
}

/// A folder that is there as long as a test runs.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes an empty folder.
    pub(crate) fn new() -> Self {
        static N_FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("plugsmith-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Self(path)
    }

    /// Makes a folder of these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self::new();
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    /// Returns the path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder is made");
        fs::write(path, bytes).expect("a file is written");
    }

    /// Runs the command in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_input(arguments, "")
    }

    /// Runs the command in the folder with this standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: impl AsRef<[u8]> + Send) -> Ran {
        finish(&mut self.command(arguments), input)
    }

    /// Returns the command, to be run in the folder, with nothing of this process's environment that
    /// could change what it does.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_plugsmith"), arguments)
    }

    /// Returns a command that runs another program in the folder, in the same environment.
    pub(crate) fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.0).env("XDG_CACHE_HOME", self.0.join(".cache"));
        for name in [
            "PLUGSMITH_CACHE",
            "EXTISM_CACHE_CONFIG",
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "RUST_BACKTRACE",
            "PLUGSMITH_PDK",
            "PLUGSMITH_RUNTIME",
        ] {
            command.env_remove(name);
        }
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the way of nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a command to its end with this standard input.
pub(crate) fn finish(command: &mut Command, input: impl AsRef<[u8]> + Send) -> Ran {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the binary was built");
    let mut stdin = child.stdin.take().expect("it is piped");
    let output = thread::scope(|scope| {
        // On a thread of its own, since the command may write before it has read all.
        scope.spawn(move || {
            // A command that does not read its input may have ended by now.
            let _ = stdin.write_all(input.as_ref());
        });
        child.wait_with_output().expect("the command ends")
    });
    Ran {
        status: output.status.code().expect("the command was not killed"),
        stdout: String::from_utf8(output.stdout).expect("the output is text"),
        stderr: String::from_utf8(output.stderr).expect("the errors are text"),
    }
}
