//! A webhook filter service: each tenant's plug-in accepts, drops or rewrites its webhooks.
//!
//! Shows how a server lives with other people's code: a pool of plug-ins for each tenant, limits that
//! no tenant can lift, and an answer to everything, also when a filter hangs or panics.

#![forbid(unsafe_code)]

mod http;
mod server;
mod service;
mod tenants;
mod tour;

use std::{
    env, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use plugsmith::Error;

use crate::{server::Server, service::Service};

const HELP: &str = "\
Filters webhooks: POST /hooks/TENANT asks the tenant's plug-in about the JSON in the body.

Usage: webhooks [--serve] [--tenants FOLDER]

  --serve           serve on a free port of this machine, till standard input ends (without it: send
                    a few requests, show the answers, and end)
  --tenants FOLDER  a manifest NAME.toml for each tenant (those that come with this program)
  --help            print this
";

fn main() -> ExitCode {
    let outcome = Request::parse(env::args().skip(1)).and_then(|request| match request {
        Request::Help => {
            print!("{HELP}");
            Ok(())
        }
        Request::Run { serve, tenants } => run(serve, &tenants),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("error: {err:#}");
            ExitCode::from(2)
        }
    }
}

fn run(serve: bool, tenants: &Path) -> Result<(), Error> {
    let server = Server::start(Service { tenants: tenants::load(tenants)? })?;
    let outcome = if serve {
        println!("listening on http://{}", server.address);
        io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
    } else {
        tour::take(server.address)
    };
    server.stop();
    println!("stopped");
    Ok(outcome?)
}

/// What the command line asks for.
enum Request {
    Help,
    Run { serve: bool, tenants: PathBuf },
}

impl Request {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Error> {
        let (mut serve, mut tenants) = (false, None);
        while let Some(word) = words.next() {
            match word.as_str() {
                "-h" | "--help" => return Ok(Self::Help),
                "--serve" => serve = true,
                "--tenants" => {
                    let folder = words.next();
                    tenants = Some(folder.ok_or_else(|| Error::msg("`--tenants` needs a folder"))?);
                }
                _ => return Err(Error::msg(format!("no argument `{word}`; `--help` lists them"))),
            }
        }
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/hosts/webhooks/tenants");
        Ok(Self::Run { serve, tenants: tenants.map_or_else(|| shipped.into(), PathBuf::from) })
    }
}
