//! Counting coverage in our own packages: this program stands between cargo and the compiler, and adds to what
//! the compiler is told.

use std::{
    env,
    ffi::OsString,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result};

/// Says, in the environment, that this program was started by cargo as the compiler's wrapper.
const VARIABLE: &str = "PLUGSMITH_COUNT_COVERAGE";

/// What the names of our packages begin with.
const OURS: &str = "plugsmith";

/// What the compiler is told, as `cargo fuzz` does.
const FLAGS: [&str; 8] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions=on",
    "-Ccodegen-units=1",
];

/// Has a build count coverage.
///
/// # Errors
///
/// If nobody knows where this program is.
pub(super) fn count(command: &mut Command) -> Result<()> {
    let wrapper = env::current_exe().context("finding the file of this program")?;
    command.env("RUSTC_WRAPPER", wrapper).env(VARIABLE, "1");
    Ok(())
}

/// Does a wrapper's work, if this program was started as one.
pub(crate) fn compile_if_asked() -> Option<ExitCode> {
    env::var_os(VARIABLE)?;
    let mut arguments = env::args_os().skip(1);
    let mut compiler = Command::new(arguments.next()?);
    let arguments: Vec<OsString> = arguments.collect();
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    if is_counted(&package, &arguments) {
        compiler.args(FLAGS);
    }
    let status = compiler.args(arguments).status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(err) => {
            eprintln!("the compiler cannot be started: {err}");
            ExitCode::FAILURE
        }
    })
}

/// Says whether the compiler is about to compile something of ours that ends up in a fuzzer: what only
/// compilers run would miss the functions that count.
fn is_counted(package: &str, arguments: &[OsString]) -> bool {
    let for_compilers =
        |argument: &OsString| argument == "proc-macro" || argument == "build_script_build";
    package.starts_with(OURS) && !arguments.iter().any(for_compilers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_fuzzer_runs_is_counted() {
        let rows: [(&str, &[&str], bool); 5] = [
            ("plugsmith-kernel", &["--crate-type", "lib"], true),
            ("plugsmith-fuzz", &["--crate-type", "bin"], true),
            ("plugsmith-pdk-macros", &["--crate-type", "proc-macro"], false),
            ("wasmtime", &["--crate-type", "lib"], false),
            ("", &["-vV"], false),
        ];
        for (package, arguments, counted) in rows {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(is_counted(package, &arguments), counted, "{package} {arguments:?}");
        }
    }
}
