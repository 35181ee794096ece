//! A terminal, which `script` of util-linux makes, and a shell's line that runs at it.
//!
//! Nothing here waits for time to pass: a line is waited for until it has shown something, or has ended.

use std::{
    env,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use crate::command::Folder;

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_mins(5);

/// What Ctrl-C sends.
pub(crate) const CTRL_C: &str = "\u{3}";

/// Returns a command that runs a line at a terminal, in a folder, with nothing in the environment that
/// could change what `plugsmith` does.
pub(crate) fn command(folder: &Folder, line: &str) -> Command {
    // Found here, since the line may be given another `PATH`.
    let script = search_path().map(|folder| folder.join("script")).find(|path| path.is_file());
    let mut command = Command::new(script.expect("util-linux has `script`"));
    command.args(["--quiet", "--return", "--command", line, "/dev/null"]);
    command.current_dir(folder.path("")).env("XDG_CACHE_HOME", folder.path(".cache"));
    command.env("XDG_STATE_HOME", folder.path(".state")).env("TERM", "xterm-256color");
    command.env("SHELL", "/bin/sh");
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PLUGSMITH_CACHE", "CI"] {
        command.env_remove(name);
    }
    command
}

/// A line that runs at a terminal until the test ends, if not before.
pub(crate) struct Terminal {
    script: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    shown: Vec<u8>,
    /// How much of it was waited for already.
    seen: usize,
}

impl Terminal {
    /// Starts what [`command`] returned. The line's `plugsmith` is the command of this package.
    pub(crate) fn start(mut command: Command) -> Self {
        let set = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path);
        let path: Vec<_> = match set {
            Some(path) => env::split_paths(path).collect(),
            None => search_path().collect(),
        };
        let binary = Path::new(env!("CARGO_BIN_EXE_plugsmith")).parent().map(Path::to_path_buf);
        let path = env::join_paths(binary.into_iter().chain(path));
        command.env("PATH", path.expect("no folder has a separator in its name"));

        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut script = piped.spawn().expect("there is a terminal");
        let keys = script.stdin.take().expect("it is piped");
        let mut stdout = script.stdout.take().expect("it is piped");
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(len @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { script, keys, output, shown: Vec::new(), seen: 0 }
    }

    /// Waits until a text is shown, behind what was waited for before. Returns what is between.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let news = &self.shown[self.seen..];
            if let Some(at) = news.windows(text.len()).position(|some| some == text.as_bytes()) {
                let between = String::from_utf8_lossy(&news[..at]).into_owned();
                self.seen += at + text.len();
                return between;
            }
            let left = end.saturating_duration_since(Instant::now());
            let more = self.output.recv_timeout(left);
            self.shown.extend(more.unwrap_or_else(|_| panic!("no {text:?} in {}", self.shown())));
        }
    }

    /// Presses keys.
    #[track_caller]
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("somebody reads");
    }

    /// Presses Ctrl-C, and waits for the end. Returns the status that a shell sees.
    #[track_caller]
    pub(crate) fn interrupt(&mut self) -> Option<i32> {
        self.press(CTRL_C);
        self.finish()
    }

    /// Waits for the end. Returns the status that a shell sees.
    #[track_caller]
    pub(crate) fn finish(&mut self) -> Option<i32> {
        while let Ok(bytes) = self.output.recv() {
            self.shown.extend(bytes);
        }
        self.script.wait().expect("it is a child").code()
    }

    /// Returns all that was shown.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.script.try_wait(), Ok(Some(_))) {
            return;
        }
        // Passed on by `script`, which could not do so if it were killed outright.
        let id = self.script.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &id]).stderr(Stdio::null()).status();
        let _ = self.script.wait();
    }
}

fn search_path() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}
