//! Where the example plug-ins are once they are built.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Names the folder of the built plug-ins.
const FOLDER_VARIABLE: &str = "PLUGSMITH_GUESTS";

/// Returns the file of the example plug-in of this name.
///
/// Looks in the folder that the environment variable `PLUGSMITH_GUESTS` names; without it, in the
/// folder `guests` of cargo's target directory, if this program lies in one.
///
/// # Errors
///
/// If the plug-in is not there; the message says how to build it.
pub fn guest(name: &str) -> Result<PathBuf, GuestError> {
    let folder = env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
    let program = env::current_exe().unwrap_or_default();
    find(name, folder.as_deref(), &program)
}

/// The plug-in is not built, or lies elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("no plug-in `{file}` in {}: `cargo xtask guests` builds it", show(.folder.as_deref()))]
pub struct GuestError {
    /// The file that was looked for.
    pub file: String,
    /// The folder that `PLUGSMITH_GUESTS` names, if it is set.
    pub folder: Option<PathBuf>,
}

fn find(name: &str, folder: Option<&Path>, program: &Path) -> Result<PathBuf, GuestError> {
    let file = format!("{name}.wasm");
    let candidates: Vec<_> = match folder {
        Some(folder) => vec![folder.join(&file)],
        None => program.ancestors().map(|above| above.join("guests").join(&file)).collect(),
    };
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| GuestError { file, folder: folder.map(Path::to_path_buf) })
}

fn show(folder: Option<&Path>) -> String {
    folder.map_or_else(
        || "a folder `guests` above this program".to_owned(),
        |folder| format!("`{}`", folder.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_plug_in_says_how_to_build_it() {
        let rows = [
            (Some(Path::new("nowhere")), "no plug-in `x.wasm` in `nowhere`"),
            (None, "no plug-in `x.wasm` in a folder `guests` above this program"),
        ];
        for (folder, message) in rows {
            let err = find("x", folder, Path::new("target/debug/host")).unwrap_err();
            assert_eq!(err.to_string(), format!("{message}: `cargo xtask guests` builds it"));
        }
    }
}
