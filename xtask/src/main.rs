//! Builds, tests and checks Plugsmith: `cargo xtask`.
//!
//! Hands a command to its file and does nothing else: each is a file of its own. The tool depends
//! on no other crate of the workspace, so that it builds when they do not.

#![forbid(unsafe_code)]

mod bench;
mod book;
mod carts;
mod ci;
mod cli;
mod commands;
mod curl;
mod demo;
mod examples;
mod flags;
mod fuzz;
mod guests;
mod kernel;
mod languages;
mod man;
mod miri;
mod models;
mod oldest_compiler;
mod peer;
mod progress;
mod registry;
mod sbom;
mod screens;
mod setup;
mod skips;
mod soak;
mod supply;
mod test;
mod tidy;
mod toml_file;
mod tools;
mod workspace;

use std::{env, process::ExitCode};

use anyhow::Result;

use crate::{commands::Command, flags::Invocation, progress::Paint, workspace::Workspace};

fn main() -> ExitCode {
    if let Some(status) = fuzz::compile_if_asked() {
        return status;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let paint = Paint::for_stderr();
    let invocation = match flags::parse(&arguments) {
        Ok(invocation) => invocation,
        Err(err) => {
            eprintln!("{} {err}", paint.red("error:"));
            return ExitCode::from(2);
        }
    };
    match run(&invocation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("{} {err:#}", paint.red("error:"));
            ExitCode::FAILURE
        }
    }
}

fn run(invocation: &Invocation) -> Result<()> {
    let flags = match invocation {
        Invocation::Help(text) => {
            print!("{text}");
            return Ok(());
        }
        Invocation::Run(flags) => flags,
    };
    let workspace = Workspace::find()?;
    match flags.command {
        Command::Setup => setup::run(&workspace, flags.value("--route")),
        Command::Guests => guests::run(&workspace),
        Command::Kernel => kernel::run(flags.has("--check")),
        Command::Demo => demo::run(&workspace, &flags.rest),
        Command::Test => test::run(&workspace, &flags.rest),
        Command::Bench => bench::run(&workspace, &flags.rest),
        Command::Soak => soak::run(&workspace, &flags.rest),
        Command::Fuzz => fuzz::run(&workspace, flags),
        Command::Examples => examples::run(&workspace, flags.has("--write")),
        Command::Carts => carts::run(&workspace, flags.has("--check")),
        Command::Miri => miri::run(&workspace, &flags.rest),
        Command::Models => models::run(&workspace, &flags.rest),
        Command::Man => man::run(&workspace),
        Command::Supply => supply::run(&workspace),
        Command::Sbom => sbom::run(&workspace, &flags.rest),
        Command::Screens => screens::run(&workspace, flags.has("--check")),
        Command::Book => book::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
        Command::Ci => ci::run(&workspace),
    }
}
