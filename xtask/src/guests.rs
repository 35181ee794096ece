//! `cargo xtask guests`: compiles the example plug-ins and puts them where hosts look for them.
//!
//! A plug-in in Rust is a package in `examples/guests/rust`; its file is named for its library. It is
//! compiled for [`setup::PLAIN`], unless its `Cargo.toml` lists other targets under
//! `package.metadata.guest`. Plug-ins that only the comparison with Extism needs are in
//! `compat/guests`. Plug-ins in other languages are the matter of `languages.rs`.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::{
    languages,
    progress::Progress,
    setup::{self, GuestToolchain},
    skips::Skips,
    workspace::{self, Package, Workspace},
};

/// How many steps [`build`] takes.
pub(crate) const N_STEPS: usize = 2;

/// How many steps [`build_all`] takes.
pub(crate) const N_ALL_STEPS: usize = N_STEPS + 2 + languages::N_STEPS;

const EXAMPLES: &str = "examples/guests/rust/";
const COMPARISON: &str = "compat/guests/";

/// Runs the command.
///
/// # Errors
///
/// If there is no toolchain for Rust, a plug-in does not compile, a file cannot be copied, or
/// something is skipped where nothing may be.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(N_ALL_STEPS);
    let mut skips = Skips::default();
    let guests = build_all(workspace, &mut progress, &mut skips)?;
    for guest in &guests {
        println!("{:>9} bytes  {}", guest.len, guest.path.display());
    }
    skips.report()?;
    progress.finish("Plug-ins are built");
    Ok(())
}

/// A built plug-in.
pub(crate) struct Guest {
    pub(crate) path: PathBuf,
    /// Size of the file.
    len: u64,
}

impl Guest {
    /// The plug-in in this file.
    ///
    /// # Errors
    ///
    /// If there is no such file.
    pub(crate) fn at(path: PathBuf) -> Result<Self> {
        let metadata =
            fs::metadata(&path).with_context(|| format!("looking at `{}`", path.display()))?;
        Ok(Self { len: metadata.len(), path })
    }
}

/// Finds a toolchain and compiles what the example hosts load: the plug-ins in Rust, in [`N_STEPS`]
/// steps of the caller's progress.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn build(workspace: &Workspace, progress: &mut Progress) -> Result<Vec<Guest>> {
    progress.step("Finding what compiles plug-ins to WebAssembly", "");
    let toolchain = setup::find(workspace)?;
    progress.step(
        "Building the example plug-ins",
        "the first build compiles what they depend on and takes about a minute",
    );
    compile(workspace, &toolchain, EXAMPLES)
}

/// Compiles every plug-in, in [`N_ALL_STEPS`] steps of the caller's progress. What lacks a tool is
/// skipped, but for plug-ins in Rust that need nothing but its standard library.
///
/// # Errors
///
/// As [`run`], though what is skipped is the caller's matter.
pub(crate) fn build_all(
    workspace: &Workspace,
    progress: &mut Progress,
    skips: &mut Skips,
) -> Result<Vec<Guest>> {
    let mut guests = build(workspace, progress)?;
    progress.step("Building the plug-ins to compare with Extism", "");
    guests.extend(compile(workspace, &setup::find(workspace)?, COMPARISON)?);
    progress.step("Building the plug-ins that use WASI", "");
    match setup::find_wasi(workspace) {
        Ok(toolchain) => guests.extend(compile(workspace, &toolchain, EXAMPLES)?),
        Err(err) => {
            progress.note("skipped");
            skips.add("wasip1", &err, setup::WASI_ADVICE);
        }
    }
    guests.extend(languages::build(workspace, progress, skips)?);
    Ok(guests)
}

/// Compiles the plug-ins of one folder together, and apart from those of the other: cargo unites the
/// features of what is compiled together.
fn compile(workspace: &Workspace, toolchain: &GuestToolchain, folder: &str) -> Result<Vec<Guest>> {
    let mut command = toolchain.cargo("build");
    command.args(["--profile", "guest"]);
    let mut names = Vec::new();
    for package in packages(&workspace.packages, folder, toolchain.triple) {
        command.args(["--package", &package.name]);
        let cdylib = |kinds: &[String]| kinds.iter().any(|kind| kind == "cdylib");
        let targets = package.targets.iter().filter(|target| cdylib(&target.kinds));
        names.extend(targets.map(|target| target.name.replace('-', "_")));
    }
    ensure!(!names.is_empty(), "`{folder}` holds no plug-in for {}", toolchain.triple);
    workspace::run(&mut command)?;

    let built = workspace.guests();
    fs::create_dir_all(&built).with_context(|| format!("creating `{}`", built.display()))?;
    let artifacts = toolchain.artifacts("guest");
    let copy = |name: &String| {
        let from = artifacts.join(format!("{name}.wasm"));
        let path = built.join(file_name(name, toolchain.triple));
        fs::copy(&from, &path)
            .with_context(|| format!("copying `{}` to `{}`", from.display(), path.display()))?;
        Guest::at(path)
    };
    names.iter().map(copy).collect()
}

/// The plug-ins that want to be compiled for this target.
fn packages<'a>(
    all: &'a [Package],
    folder: &str,
    triple: &str,
) -> impl Iterator<Item = &'a Package> {
    all.iter().filter(move |package| {
        let targets = &package.guest_targets;
        let wants_plain = targets.is_empty() && triple == setup::PLAIN;
        let wants = wants_plain || targets.iter().any(|target| target == triple);
        wants && package.folder.starts_with(folder)
    })
}

/// `count_vowels.wasm`, or `count_vowels.wasip1.wasm`.
fn file_name(name: &str, triple: &str) -> String {
    match triple.strip_prefix("wasm32-") {
        Some(system) if triple != setup::PLAIN => format!("{name}.{system}.wasm"),
        _ => format!("{name}.wasm"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_compiled_for_the_targets_they_list() {
        let package = |name: &str, folder: &str, targets: &[&str]| Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            guest_targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            ..Package::default()
        };
        let all = [
            package("discount", "examples/guests/rust/discount", &[]),
            package("guest_book", "examples/guests/rust/guest_book", &[setup::WASI]),
            package("vowels", "examples/guests/rust/vowels", &[setup::PLAIN, setup::WASI]),
            package("published", "compat/guests/published", &[]),
            package("plugsmith", "runtime", &[]),
        ];
        let names = |folder, triple| {
            let chosen = packages(&all, folder, triple);
            chosen.map(|package| package.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(names(EXAMPLES, setup::PLAIN), ["discount", "vowels"]);
        assert_eq!(names(EXAMPLES, setup::WASI), ["guest_book", "vowels"]);
        assert_eq!(names(COMPARISON, setup::PLAIN), ["published"]);
    }

    #[test]
    fn files_are_named_for_library_and_system() {
        assert_eq!(file_name("a_b", setup::PLAIN), "a_b.wasm");
        assert_eq!(file_name("a_b", setup::WASI), "a_b.wasip1.wasm");
    }
}
