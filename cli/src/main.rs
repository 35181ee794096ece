//! The command `plugsmith`: calls plug-ins, looks into them, and says what is wrong with them.
//!
//! Reads the command line, hands it to the file of the command, and ends with the status that came of
//! it. Each command is a file of its own; whatever loads a plug-in takes `plugin_options.rs`, and
//! whatever is printed goes through `output.rs`. The command uses nothing of the host but its public
//! interface.

#![forbid(unsafe_code)]

mod arguments;
mod bench;
mod build;
mod cache;
mod call;
mod cases;
mod doctor;
mod exit;
mod failure;
mod input;
mod inspect;
mod lang;
mod module_facts;
mod module_file;
mod new;
mod output;
mod page;
mod plugin_options;
mod precompile;
mod pretty;
mod printable;
mod project;
mod pull;
mod push;
mod registry;
mod repl;
mod run;
mod serve;
mod shell;
mod sign;
mod stand_ins;
mod toml_file;
mod trust;
mod unfinished;
mod validate;
mod verify;
mod watch;

use std::{env, io, process::ExitCode};

use clap::Parser as _;

use crate::{arguments::Arguments, exit::Exit, failure::Failure, output::Output};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(err) => return refuse(&arguments::advise(err)).into(),
    };
    let output = Output::new(arguments.output);
    match arguments.command.run(&output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}

/// Prints what is wrong with the command line, or the help that was asked for.
fn refuse(err: &clap::Error) -> Exit {
    let wants_json = env::args_os().take_while(|word| word != "--").any(|word| word == "--json");
    if wants_json && err.use_stderr() {
        output::print_json_failure(&Failure::new(Exit::Usage, arguments::first_lines(err)));
        return Exit::Usage;
    }
    let printed = err.print();
    match (err.use_stderr(), printed) {
        (true, _) => Exit::Usage,
        (false, Err(err)) if err.kind() != io::ErrorKind::BrokenPipe => Exit::Input,
        (false, _) => Exit::Success,
    }
}
