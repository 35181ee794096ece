//! The lines that were typed in earlier sessions: a file of the user's own, which other users cannot
//! read, since inputs may be secret. Without such a file there is no history, and nothing else is
//! missing.

use std::{
    env,
    fs::{self, OpenOptions},
    io::Write as _,
    path::PathBuf,
};

use super::line_editor::HISTORY_LIMIT;

/// Reads the history, the last line at the end.
pub(super) fn read() -> Vec<String> {
    let text = path().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    let start = lines.len().saturating_sub(HISTORY_LIMIT);
    lines[start..].iter().map(|line| (*line).to_owned()).collect()
}

/// Writes the history; that it cannot be written is no failure.
pub(super) fn write(lines: &[String]) {
    let Some(path) = path() else { return };
    let Some(folder) = path.parent() else { return };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text: Vec<_> = lines.iter().map(|line| format!("{line}\n")).collect();
    let _ = fs::create_dir_all(folder)
        .and_then(|()| options.open(&path))
        .and_then(|mut file| file.write_all(text.concat().as_bytes()));
}

/// Returns where the history is: in the user's folder for what programs remember.
fn path() -> Option<PathBuf> {
    let folder =
        |variable| env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let state = if cfg!(windows) {
        folder("LOCALAPPDATA")?
    } else {
        folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?
    };
    Some(state.join("plugsmith/history"))
}
