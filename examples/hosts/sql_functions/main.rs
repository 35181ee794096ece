//! User-defined functions in a database: SQLite, whose functions come from a plug-in.
//!
//! Shows how other people's code gets into queries, a CHECK constraint and an index without being
//! able to harm the database: a function that fails, hangs or answers nonsense fails its statement.

#![forbid(unsafe_code)]

mod functions;
mod shell;
mod value;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use plugsmith::Error;
use plugsmith_examples::guest;
use rusqlite::Connection;

const HELP: &str = "\
Runs SQL statements on an empty database that has the functions of a plug-in.

Usage: sql_functions [--plugin FILE] [SCRIPT]

  SCRIPT          a file of SQL statements, each ending a line with `;` (a tour of what there is)
  --plugin FILE   a plug-in that lists SQL functions (the one in examples/guests/rust/book_functions)
  --help          print this

Ends with 0 if every statement of SCRIPT went well, with 1 if some failed, with 2 if none could be run.
";

/// Statements for those who bring none; some fail, to show how.
const TOUR: &str = include_str!("tour.sql");

fn main() -> ExitCode {
    let outcome = Request::parse(env::args().skip(1)).and_then(|request| match request {
        Request::Help => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Request::Run { plugin, script } => run(&plugin, script.as_deref()),
    });
    outcome.unwrap_or_else(|err| {
        eprintln!("error: {err:#}");
        ExitCode::from(2)
    })
}

fn run(plugin: &Path, script: Option<&Path>) -> Result<ExitCode, Error> {
    let statements = script.map(fs::read_to_string).transpose().map_err(|err| {
        let script = script.unwrap_or(Path::new("")).display();
        Error::from(err).context(format!("reading the script `{script}`"))
    })?;
    let database = Connection::open_in_memory()?;
    functions::install(&database, plugin)?;
    let n_failed =
        shell::run(&database, statements.as_deref().unwrap_or(TOUR), &mut io::stdout().lock())?;
    Ok(ExitCode::from(u8::from(script.is_some() && n_failed > 0)))
}

/// What the command line asks for.
enum Request {
    Help,
    Run { plugin: PathBuf, script: Option<PathBuf> },
}

impl Request {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Error> {
        let (mut plugin, mut script) = (None, None);
        while let Some(word) = words.next() {
            match word.as_str() {
                "-h" | "--help" => return Ok(Self::Help),
                "--plugin" => {
                    let file = words.next();
                    plugin = Some(file.ok_or_else(|| Error::msg("`--plugin` needs a file"))?);
                }
                _ if word.starts_with('-') || script.is_some() => {
                    return Err(Error::msg(format!("no argument `{word}`; `--help` lists them")));
                }
                _ => script = Some(PathBuf::from(word)),
            }
        }
        let plugin = plugin.map(PathBuf::from).map_or_else(|| guest("book_functions"), Ok)?;
        Ok(Self::Run { plugin, script })
    }
}
