//! A Rust compiler on this machine: what it can do for the guest, and which linker it can use.
//!
//! Only looks; installs nothing.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    tools::{self, program_in, search_path, version::Version},
    workspace,
};

/// The oldest compiler that the guest's crates keep to.
const OLDEST: Version = Version { major: 1, minor: 85 };

/// A rustc with the cargo that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Compiler {
    pub(super) rustc: PathBuf,
    pub(super) cargo: PathBuf,
    pub(super) version: Version,
    host: String,
    sysroot: PathBuf,
}

/// What links WebAssembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Linker {
    /// The one that rustc looks for by itself.
    Default,
    /// A program that rustc must be told of.
    At(PathBuf),
}

impl Compiler {
    /// The compiler that belongs to the cargo that started this tool.
    pub(super) fn current() -> Result<Self> {
        let cargo = PathBuf::from(workspace::cargo());
        let beside = cargo.parent().map(Path::to_path_buf).into_iter().collect::<Vec<_>>();
        let rustc = env::var_os("RUSTC")
            .map(PathBuf::from)
            .or_else(|| program_in(&beside, "rustc"))
            .unwrap_or_else(|| "rustc".into());
        Self::ask(rustc, cargo)
    }

    /// The compiler that the system's packages install, whatever stands first in `PATH`.
    pub(super) fn system() -> Result<Self> {
        let folders = [PathBuf::from("/usr/bin")];
        let rustc = program_in(&folders, "rustc").context("the system has no rustc package")?;
        let cargo = program_in(&folders, "cargo").context("the system has no cargo package")?;
        Self::ask(rustc, cargo)
    }

    fn ask(rustc: PathBuf, cargo: PathBuf) -> Result<Self> {
        let verbose = workspace::output(Command::new(&rustc).arg("-vV"))?;
        let sysroot = workspace::output(Command::new(&rustc).args(["--print", "sysroot"]))?;
        let field = |name: &str| {
            let mut lines = verbose.lines();
            lines
                .find_map(|line| line.strip_prefix(name))
                .with_context(|| format!("`rustc -vV` says no `{name}`"))
        };
        Ok(Self {
            version: Version::find(field("release: ")?).context("`rustc -vV` says no version")?,
            host: field("host: ")?.to_owned(),
            sysroot: sysroot.trim_end().into(),
            rustc,
            cargo,
        })
    }

    /// Whether the standard library for a target is installed beside this compiler.
    pub(super) fn has_std(&self, triple: &str) -> bool {
        let Ok(entries) = self.rustlib().join(triple).join("lib").read_dir() else { return false };
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    }

    /// Whether the sources of the standard library lie beside this compiler.
    pub(super) fn has_sources(&self) -> bool {
        self.rustlib().join("src/rust/library/std/Cargo.toml").is_file()
    }

    /// Refuses a compiler that is too old for the guest's crates.
    pub(super) fn check_version(&self) -> Result<()> {
        ensure!(
            self.version >= OLDEST,
            "{} is rustc {}, plug-ins need {OLDEST}",
            self.rustc.display(),
            self.version
        );
        Ok(())
    }

    /// The linker that this compiler finds, or must be told of.
    pub(super) fn linker(&self) -> Result<Linker> {
        let path = search_path();
        if self.own_linker().is_some() || program_in(&path, "rust-lld").is_some() {
            return Ok(Linker::Default);
        }
        match tools::newest_numbered(&path, "wasm-ld").or_else(|| program_in(&path, "wasm-ld")) {
            Some(linker) => Ok(Linker::At(linker)),
            None => bail!("no linker for WebAssembly: neither `rust-lld` nor `wasm-ld`"),
        }
    }

    /// This compiler's own linker, for another compiler that has none.
    pub(super) fn linker_to_lend(&self) -> Option<Linker> {
        self.own_linker().map(Linker::At)
    }

    fn own_linker(&self) -> Option<PathBuf> {
        program_in(&[self.rustlib().join(&self.host).join("bin")], "rust-lld")
    }

    fn rustlib(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_compiler_answers() {
        let compiler = Compiler::current().expect("a compiler has built this test");
        assert!(compiler.check_version().is_ok());
        assert!(!compiler.host.is_empty());
    }

    #[test]
    fn a_program_that_is_no_compiler_is_refused() {
        let err = Compiler::ask("no-such-rustc".into(), "cargo".into()).unwrap_err();
        assert_eq!(err.to_string(), "starting `no-such-rustc -vV`");
    }
}
