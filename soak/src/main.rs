//! A soak: threads that load plug-ins and call them in every way for minutes or hours, while faults
//! happen at random, and a check of every answer and of what the process holds.
//!
//! Time goes by in rounds. After each, all threads have ended and all that they made is dropped, so that
//! what the process still holds can be compared with what it held after earlier rounds.

#![forbid(unsafe_code)]

mod actions;
mod flags;
mod process;
mod rounds;
mod server;
mod tally;
mod world;

use std::process::ExitCode;

use anyhow::Result;

use self::flags::{Flags, HELP};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(err) => {
            eprintln!("error: {err:#}");
            ExitCode::from(2)
        }
    }
}

/// Says whether all went well.
fn run() -> Result<bool> {
    let Some(flags) = Flags::parse(std::env::args().skip(1))? else {
        print!("{HELP}");
        return Ok(true);
    };
    let report = rounds::run(&flags)?;
    print!("{report}");
    Ok(report.is_good())
}
