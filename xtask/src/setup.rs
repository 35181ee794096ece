//! `cargo xtask setup`: finds a way to compile plug-ins to WebAssembly, or makes one.
//!
//! Owns the order of the routes and the [`GuestToolchain`] through which every other command
//! compiles for the guest. A route that is not there costs nothing; the first that works is taken.
//! Nothing here compiles: the standard library of the route `build-std` is built by the first
//! command that uses the toolchain.

mod compiler;

use std::{env, ffi::OsString, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use crate::{
    progress::{self, Paint},
    setup::compiler::{Compiler, Linker},
    tools::{debian, program_in, search_path},
    workspace::{self, Workspace},
};

/// What plug-ins are compiled for, if they do not ask for more.
pub(crate) const PLAIN: &str = "wasm32-unknown-unknown";

/// What plug-ins are compiled for that use files, the clock and the like.
pub(crate) const WASI: &str = "wasm32-wasip1";

/// How to get the standard library for [`WASI`].
pub(crate) const WASI_ADVICE: &str = "`rustup target add wasm32-wasip1`";

/// The variable that forces a route.
const ROUTE_VARIABLE: &str = "PLUGSMITH_ROUTE";

/// Debian's packages of a compiler with its library sources and a linker, the newest compiler first.
const DEBIAN_PACKAGES: [&[&str]; 3] = [
    &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"],
    &["rustc-web", "cargo-web", "rust-web-src", "lld"],
    &["rustc", "cargo", "rust-src", "lld"],
];

const ADVICE: &str = "\
install one of these, then run the command again:
  rustup   rustup target add wasm32-unknown-unknown
           or, with the sources that compile it: rustup component add rust-src
  Debian   apt-get install rustc-web cargo-web rust-web-src rust-web-llvm
           or, beside a packaged rustc: apt-get install libstd-rust-dev-wasm32 lld
  Fedora   dnf install rust-std-static-wasm32-unknown-unknown lld
  Arch     pacman -S rust-wasm lld
  macOS    brew install rustup, then rustup target add wasm32-unknown-unknown";

/// A cargo that compiles for the guest, with what it needs to be told.
#[derive(Debug)]
pub(crate) struct GuestToolchain {
    /// What it compiles for: [`PLAIN`] or [`WASI`].
    pub(crate) triple: &'static str,
    program: OsString,
    environment: Vec<(String, OsString)>,
    arguments: Vec<OsString>,
    root: PathBuf,
    target: PathBuf,
    /// What was found, for people.
    description: String,
}

impl GuestToolchain {
    /// A command that runs `cargo SUBCOMMAND` for the guest, at the workspace's root.
    ///
    /// Flags of the host's compiler are not passed on: they are rarely meant for plug-ins, which
    /// should come out alike on every machine.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.root).arg(subcommand).args(&self.arguments);
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Where cargo puts what it compiles for the guest with this profile.
    pub(crate) fn artifacts(&self, profile: &str) -> PathBuf {
        self.target.join(self.triple).join(profile)
    }

    /// The standard library is installed beside this compiler.
    fn installed(
        workspace: &Workspace,
        compiler: &Compiler,
        triple: &'static str,
        how: &str,
    ) -> Result<Self> {
        Ok(Self {
            triple,
            program: compiler.cargo.clone().into(),
            environment: linker_variable(triple, compiler.linker()?),
            arguments: vec!["--target".into(), triple.into()],
            root: workspace.root.clone(),
            target: workspace.target.clone(),
            description: format!("{how} (rustc {})", compiler.version),
        })
    }

    /// This compiler builds the standard library from its sources, in a target folder of its own
    /// because the variable that allows it would make cargo rebuild what lies in the common one.
    fn building_std(workspace: &Workspace, compiler: &Compiler, linker: Linker) -> Self {
        let target = workspace.target.join("build-std");
        let mut environment = linker_variable(PLAIN, linker);
        environment.push(("RUSTC".to_owned(), compiler.rustc.clone().into()));
        environment.push(("RUSTC_BOOTSTRAP".to_owned(), "1".into()));
        Self {
            triple: PLAIN,
            program: compiler.cargo.clone().into(),
            environment,
            arguments: vec![
                "--target".into(),
                PLAIN.into(),
                "-Zbuild-std=std,panic_abort".into(),
                "--target-dir".into(),
                target.clone().into(),
            ],
            root: workspace.root.clone(),
            target,
            description: format!(
                "{} (rustc {}) compiles the standard library from its sources; \
                 the first time takes a minute more",
                compiler.rustc.display(),
                compiler.version
            ),
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// If no route, or not the one asked for, leads to a toolchain.
pub(crate) fn run(workspace: &Workspace, route: Option<&str>) -> Result<()> {
    let routes = match route {
        Some(name) => vec![Route::parse(name)?],
        None => routes_from_environment()?,
    };
    let toolchain = try_routes(workspace, &routes)?;
    println!("plug-ins can be compiled: {}", toolchain.description);
    Ok(())
}

/// Finds a toolchain, installing one where that is possible, and says what it found.
///
/// # Errors
///
/// If no route leads to a toolchain; the message lists what was tried and what to install.
pub(crate) fn find(workspace: &Workspace) -> Result<GuestToolchain> {
    let toolchain = try_routes(workspace, &routes_from_environment()?)?;
    progress::note(Paint::for_stderr(), &toolchain.description);
    Ok(toolchain)
}

/// Finds a toolchain for [`WASI`], installing it where rustup can, and says what it found.
///
/// # Errors
///
/// If the standard library for it is not there, and cannot be installed.
pub(crate) fn find_wasi(workspace: &Workspace) -> Result<GuestToolchain> {
    let compiler = Compiler::current()?;
    let toolchain = beside(workspace, &compiler, WASI).or_else(|missing| {
        by_rustup(workspace, &compiler, WASI).map_err(|err| anyhow!("{missing:#}; {err:#}"))
    })?;
    progress::note(Paint::for_stderr(), &toolchain.description);
    Ok(toolchain)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Std,
    Rustup,
    BuildStd,
}

impl Route {
    const ALL: [Self; 3] = [Self::Std, Self::Rustup, Self::BuildStd];

    fn name(self) -> &'static str {
        match self {
            Self::Std => "std",
            Self::Rustup => "rustup",
            Self::BuildStd => "build-std",
        }
    }

    fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|route| route.name() == name).with_context(|| {
            format!("no route `{name}`: it is one of `std`, `rustup`, `build-std`")
        })
    }

    fn attempt(self, workspace: &Workspace) -> Result<GuestToolchain> {
        let compiler = Compiler::current()?;
        match self {
            Self::Std => beside(workspace, &compiler, PLAIN),
            Self::Rustup => by_rustup(workspace, &compiler, PLAIN),
            Self::BuildStd => build_std(workspace, &compiler),
        }
    }
}

fn routes_from_environment() -> Result<Vec<Route>> {
    match env::var(ROUTE_VARIABLE) {
        Ok(name) if !name.is_empty() => {
            let route = Route::parse(&name).with_context(|| format!("in {ROUTE_VARIABLE}"))?;
            Ok(vec![route])
        }
        _ => Ok(Route::ALL.to_vec()),
    }
}

fn try_routes(workspace: &Workspace, routes: &[Route]) -> Result<GuestToolchain> {
    let mut tried = Vec::new();
    for route in routes {
        match route.attempt(workspace) {
            Ok(toolchain) => return Ok(toolchain),
            Err(err) => tried.push(format!("  {:<11}{err:#}", route.name())),
        }
    }
    Err(anyhow!(
        "nothing here compiles plug-ins to WebAssembly; tried:\n{}\n{ADVICE}",
        tried.join("\n")
    ))
}

/// The standard library lies beside this compiler.
fn beside(
    workspace: &Workspace,
    compiler: &Compiler,
    triple: &'static str,
) -> Result<GuestToolchain> {
    ensure!(
        compiler.has_std(triple),
        "rustc {} has no standard library for {triple}",
        compiler.version
    );
    let how = format!("the standard library for {triple} is installed");
    GuestToolchain::installed(workspace, compiler, triple, &how)
}

/// Rustup puts the standard library beside this compiler.
fn by_rustup(
    workspace: &Workspace,
    compiler: &Compiler,
    triple: &'static str,
) -> Result<GuestToolchain> {
    ensure!(program_in(&search_path(), "rustup").is_some(), "there is no rustup");
    let mut command = Command::new("rustup");
    command.args(["target", "add", triple]);
    progress::note(Paint::for_stderr(), &format!("running `{}`", workspace::line(&command)));
    workspace::run(&mut command)?;
    ensure!(
        compiler.has_std(triple),
        "rustup installed it, but not beside {}",
        compiler.rustc.display()
    );
    let how = format!("rustup has the standard library for {triple} installed");
    GuestToolchain::installed(workspace, compiler, triple, &how)
}

fn build_std(workspace: &Workspace, current: &Compiler) -> Result<GuestToolchain> {
    let usable = |compiler: &Compiler| -> Result<GuestToolchain> {
        compiler.check_version()?;
        ensure!(
            compiler.has_sources(),
            "{} has no library sources beside it",
            compiler.rustc.display()
        );
        // The system's compiler may come without a linker; any newer one will do.
        let linker = compiler.linker().or_else(|err| current.linker_to_lend().ok_or(err))?;
        Ok(GuestToolchain::building_std(workspace, compiler, linker))
    };
    let mut reasons = Vec::new();
    for compiler in [Ok(current.clone()), Compiler::system()] {
        match compiler.and_then(|compiler| usable(&compiler)) {
            Ok(toolchain) => return Ok(toolchain),
            Err(err) => reasons.push(format!("{err:#}")),
        }
    }
    match debian::install(&DEBIAN_PACKAGES) {
        Ok(()) => usable(&Compiler::system()?),
        Err(err) => {
            reasons.push(format!("{err:#}"));
            bail!("{}", reasons.join("; "))
        }
    }
}

fn linker_variable(triple: &str, linker: Linker) -> Vec<(String, OsString)> {
    let name = triple.to_uppercase().replace('-', "_");
    match linker {
        Linker::Default => Vec::new(),
        Linker::At(path) => {
            vec![(format!("CARGO_TARGET_{name}_LINKER"), path.into_os_string())]
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn routes_are_known_by_name() {
        for route in Route::ALL {
            assert_eq!(Route::parse(route.name()).expect("it is a route"), route);
        }
        let err = Route::parse("cargo").unwrap_err();
        assert!(err.to_string().starts_with("no route `cargo`"), "{err}");
    }

    #[test]
    fn a_toolchain_compiles_for_the_guest() {
        let toolchain = GuestToolchain {
            triple: PLAIN,
            program: "cargo".into(),
            environment: linker_variable(PLAIN, Linker::At("wasm-ld-19".into())),
            arguments: vec!["--target".into(), PLAIN.into()],
            root: "root".into(),
            target: "target".into(),
            description: String::new(),
        };
        let command = toolchain.cargo("build");
        assert_eq!(workspace::line(&command), format!("cargo build --target {PLAIN}"));
        let environment: Vec<_> = command.get_envs().collect();
        assert!(environment.contains(&("RUSTFLAGS".as_ref(), None)), "{environment:?}");
        assert!(
            environment.contains(&(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER".as_ref(),
                Some("wasm-ld-19".as_ref())
            )),
            "{environment:?}"
        );
        assert_eq!(toolchain.artifacts("guest"), Path::new("target").join(PLAIN).join("guest"));
    }

    #[test]
    fn the_error_names_every_route_and_every_system() {
        let system = ["rustup", "Debian", "Fedora", "Arch", "macOS"];
        assert!(system.iter().all(|name| ADVICE.contains(name)));
    }
}
