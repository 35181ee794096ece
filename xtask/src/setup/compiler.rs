//! A Rust compiler on this machine: what it can do for the guest, and which linker it can use.
//!
//! Only looks; installs nothing.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    setup::TARGET,
    tools::{program_in, search_path},
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
            version: Version::parse(field("release: ")?)?,
            host: field("host: ")?.to_owned(),
            sysroot: sysroot.trim_end().into(),
            rustc,
            cargo,
        })
    }

    /// Whether the guest's standard library is installed beside this compiler.
    pub(super) fn has_std(&self) -> bool {
        let Ok(entries) = self.rustlib().join(TARGET).join("lib").read_dir() else { return false };
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
        match newest_wasm_ld(&path) {
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

/// A release of Rust, without what does not matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    fn parse(text: &str) -> Result<Self> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => bail!("`{text}` is not a version of Rust"),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// Distributions name the linker `wasm-ld-19`; the plain name is often an older one.
fn newest_wasm_ld(folders: &[PathBuf]) -> Option<PathBuf> {
    let mut numbered = Vec::new();
    for entry in folders.iter().flat_map(|folder| folder.read_dir()).flatten().flatten() {
        if let Some(number) = wasm_ld_number(&entry.file_name().to_string_lossy()) {
            numbered.push((number, entry.path()));
        }
    }
    let newest = numbered.into_iter().max().map(|(_, path)| path);
    newest.or_else(|| program_in(folders, "wasm-ld"))
}

fn wasm_ld_number(name: &str) -> Option<u32> {
    name.strip_prefix("wasm-ld-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let version = |text| Version::parse(text).expect("it is a version");
        assert!(version("1.85.0") >= OLDEST);
        assert!(version("1.100.0-nightly") > OLDEST);
        assert!(version("1.84.1") < OLDEST);
        assert_eq!(version("1.96.0").to_string(), "1.96");
        assert!(Version::parse("nightly").is_err());
    }

    #[test]
    fn linkers_are_numbered() {
        let rows = [("wasm-ld-19", Some(19)), ("wasm-ld", None), ("wasm-ld-x", None), ("ld", None)];
        for (name, number) in rows {
            assert_eq!(wasm_ld_number(name), number, "{name}");
        }
    }

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
