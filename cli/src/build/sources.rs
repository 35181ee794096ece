//! What a project's compiler is given: the sources that a project in each language must have.

use std::{ffi::OsString, fs, io, path::Path};

use crate::{exit::Exit, failure::Failure, lang::Lang, project::FILE};

/// Returns what the compiler's command ends with.
///
/// # Errors
///
/// If a source is missing.
pub(super) fn of(lang: Lang, folder: &Path) -> Result<Vec<OsString>, Failure> {
    let (needed, arguments) = match lang {
        Lang::Rust => ("Cargo.toml", vec![]),
        Lang::C => return c_files(folder),
        Lang::Zig => ("src/plugin.zig", vec!["src/plugin.zig".into()]),
        Lang::AssemblyScript => ("assembly/index.ts", vec!["assembly/index.ts".into()]),
        Lang::Go => ("go.mod", vec![".".into()]),
        Lang::Wat => ("plugin.wat", vec![]),
    };
    if folder.join(needed).is_file() { Ok(arguments) } else { Err(missing(needed, folder)) }
}

/// Every `*.c` file in the folder, in order.
fn c_files(folder: &Path) -> Result<Vec<OsString>, Failure> {
    let list = || -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
    };
    let mut names = list().map_err(|err| {
        Failure::new(Exit::Input, format!("cannot read `{}`", folder.display())).with_cause(err)
    })?;
    names.retain(|name| Path::new(name).extension().is_some_and(|end| end == "c"));
    names.sort();
    if names.is_empty() { Err(missing("*.c", folder)) } else { Ok(names) }
}

fn missing(name: &str, folder: &Path) -> Failure {
    Failure::new(Exit::Input, format!("no `{name}` in `{}`", folder.display()))
        .with_help(format!("a `command` in `{FILE}` can compile what lies elsewhere"))
}
