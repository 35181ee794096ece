//! C, by clang and its linker for WebAssembly, or by Zig, which has both inside.
//!
//! Not every clang compiles for WebAssembly, and not every one has the linker beside it. Each is
//! tried on a small program.

use std::{ffi::OsString, fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::{Recipe, Site, zig::Zig};
use crate::{
    tools::{self, debian, program_in, search_path},
    workspace,
};

pub(super) const ADVICE: &str =
    "on Debian, `apt-get install clang lld`; elsewhere clang and lld of LLVM 14 or later, or Zig";

/// What every compiler is told besides its target.
const ARGUMENTS: [&str; 8] = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-O2",
    "-ffreestanding",
    "-nostdlib",
    "-Wl,--no-entry",
];

/// A program that only a usable compiler accepts.
const PROBE: &str = "\
#include <stdint.h>
__attribute__((import_module(\"host\"), import_name(\"ask\"))) int64_t ask(void);
__attribute__((export_name(\"answer\"))) int64_t answer(void) { return ask(); }
";

/// Finds a clang that works, has Debian install one, or makes do with Zig.
pub(super) fn find(site: &Site) -> Result<Recipe> {
    let compiler = find_compiler(site)?;
    let built = site.scratch.join("plugin.wasm");
    let mut command = compiler.command(site);
    command.args(["plugin.c", "-o"]).arg(&built);
    Ok(Recipe { compiler: compiler.description, command, built })
}

struct Compiler {
    program: OsString,
    /// What comes before the arguments of a compiler.
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    description: String,
}

impl Compiler {
    fn clang(program: &Path) -> Result<Self> {
        let printed = workspace::output(Command::new(program).arg("--version"))?;
        let description = printed.lines().next().context("clang says no version")?.to_owned();
        Ok(Self {
            program: program.into(),
            arguments: vec!["--target=wasm32".into()],
            environment: Vec::new(),
            description,
        })
    }

    fn zig(zig: &Zig) -> Self {
        let mut arguments = zig.arguments.clone();
        arguments.extend(["cc".into(), "--target=wasm32-freestanding".into()]);
        Self {
            program: zig.program.clone(),
            arguments,
            environment: zig.environment.clone(),
            description: format!("the C compiler of Zig {}", zig.version),
        }
    }

    fn command(&self, site: &Site) -> Command {
        let mut command = site.command(&self.program);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(&self.arguments).args(ARGUMENTS);
        command
    }

    /// Refuses a compiler that does not compile for WebAssembly.
    fn check(self, site: &Site) -> Result<Self> {
        let source = site.scratch.join("probe.c");
        fs::write(&source, PROBE).with_context(|| format!("writing `{}`", source.display()))?;
        let mut command = self.command(site);
        command.arg(&source).arg("-o").arg(site.scratch.join("probe.wasm"));
        workspace::output(&mut command)?;
        Ok(self)
    }
}

fn find_compiler(site: &Site) -> Result<Compiler> {
    let mut reasons = Vec::new();
    let routes: [fn(&Site) -> Result<Compiler>; 3] = [installed, from_debian, from_zig];
    for route in routes {
        match route(site) {
            Ok(compiler) => return Ok(compiler),
            Err(err) => reasons.push(format!("{err:#}")),
        }
    }
    bail!("{}", reasons.join("; "))
}

fn installed(site: &Site) -> Result<Compiler> {
    let path = search_path();
    let plain = program_in(&path, "clang");
    let numbered = tools::newest_numbered(&path, "clang");
    let mut last = anyhow::anyhow!("there is no clang");
    for program in plain.into_iter().chain(numbered) {
        match Compiler::clang(&program).and_then(|compiler| compiler.check(site)) {
            Ok(compiler) => return Ok(compiler),
            Err(err) => last = err,
        }
    }
    Err(last)
}

fn from_debian(site: &Site) -> Result<Compiler> {
    debian::install(&[&["clang", "lld"]])?;
    installed(site)
}

fn from_zig(site: &Site) -> Result<Compiler> {
    Compiler::zig(&Zig::find(site.workspace)?).check(site)
}
