//! `plugsmith doctor`: what of this machine matters to plug-ins, and how to mend what is amiss.

use std::{env, fs, thread};

use plugsmith::{CacheFolder, LoadError, Plugin, PluginBuilder};
use serde_json::{Value, json};

use crate::{
    build, cache,
    exit::Exit,
    failure::Failure,
    lang::Lang,
    output::{
        self, Output,
        style::{BAD, DIM, GOOD, WARNING},
    },
    page::{Page, counted},
    printable::bytes_in_words,
};

/// A plug-in that is as small as can be.
const PING: &str = r#"(module (func (export "ping")))"#;

/// Maps of memory that a process may have on usual Linux systems.
const USUAL_MAPS: u64 = 65_530;

/// What was found of one thing.
struct Finding {
    what: &'static str,
    state: State,
    found: String,
    /// How to mend it.
    help: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// It works, but not as well as it could.
    Odd,
    Bad,
}

/// Looks at everything.
///
/// # Errors
///
/// If standard output is closed. What is amiss is a status.
pub(crate) fn run(output: &Output) -> Result<Exit, Failure> {
    let findings = findings();
    if output.is_json() {
        output::print_json(&findings.iter().map(Finding::to_json).collect::<Value>())?;
    } else {
        page(&findings).print()?;
    }
    let is_bad = findings.iter().any(|finding| finding.state == State::Bad);
    Ok(if is_bad { Exit::Check } else { Exit::Success })
}

fn findings() -> Vec<Finding> {
    let mut findings = vec![version(), cores()];
    findings.extend(engine());
    findings.extend(memory_maps());
    findings.push(cache());
    findings.push(backtraces());
    findings.extend(Lang::COMPILED.map(compiler));
    findings
}

fn version() -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    let system = format!("{version} on {} {}", env::consts::OS, env::consts::ARCH);
    Finding::good("version", system)
}

fn cores() -> Finding {
    match thread::available_parallelism() {
        Ok(cores) => Finding::good("processors", format!("{cores} to run plug-ins on")),
        Err(err) => Finding::odd("processors", err.to_string(), "pools have one plug-in each"),
    }
}

/// Compiles a plug-in and calls it, and looks where its instances are made.
fn engine() -> Vec<Finding> {
    let compiled = match PluginBuilder::new(PING).with_cache_disabled().compile() {
        Ok(compiled) => compiled,
        Err(err) => return vec![engine_failed(&err)],
    };
    let called = Plugin::new_from_compiled(&compiled)
        .and_then(|mut plugin| plugin.call::<(), ()>("ping", ()));
    if let Err(err) = called {
        return vec![engine_failed(&err)];
    }
    let seats = match compiled.n_seats() {
        0 => Finding::odd(
            "address space",
            "no room for instances to be kept ready".to_owned(),
            "give processes more address space (`ulimit -v unlimited`): fresh instances then take \
             some microseconds",
        ),
        n_seats => {
            let found = format!("room for {n_seats} instances, kept ready");
            if n_seats < 1_000 {
                Finding::odd("address space", found, "give processes more (`ulimit -v unlimited`)")
            } else {
                Finding::good("address space", found)
            }
        }
    };
    vec![Finding::good("engine", "compiles and runs plug-ins".to_owned()), seats]
}

fn engine_failed(err: &plugsmith::Error) -> Finding {
    let help =
        "plug-ins need a 64-bit processor, and a system that lets a process run code that it made";
    Finding::bad("engine", format!("{err:#}"), help)
}

/// Looks how many maps of memory a process may have, where the system tells. Each instance takes some.
fn memory_maps() -> Option<Finding> {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    let n_maps: u64 = text.trim().parse().ok()?;
    let found = format!("{n_maps} for a process");
    Some(if n_maps < USUAL_MAPS {
        let help = format!(
            "for thousands of instances at once: `sysctl -w vm.max_map_count={USUAL_MAPS}`"
        );
        Finding::odd("memory maps", found, help)
    } else {
        Finding::good("memory maps", found)
    })
}

/// Looks whether compiled code can be kept.
fn cache() -> Finding {
    let folder = match cache::folder() {
        Ok(Some(folder)) => folder,
        Ok(None) => {
            let help = "name a folder with `PLUGSMITH_CACHE`, or unset it for your own";
            return Finding::odd("cache", "switched off".to_owned(), help);
        }
        Err(failure) => {
            return Finding::bad("cache", failure.in_one_line(), "mend the configuration");
        }
    };
    match PluginBuilder::new(PING).with_cache(folder.path()).compile() {
        Ok(_) => Finding::good("cache", contents(&folder)),
        Err(err) if matches!(err.downcast_ref(), Some(LoadError::Cache(_))) => {
            let help = "name another folder with `PLUGSMITH_CACHE`";
            Finding::bad("cache", format!("{err:#}"), help)
        }
        // The engine has told of itself.
        Err(_) => Finding::good("cache", folder.path().display().to_string()),
    }
}

fn contents(folder: &CacheFolder) -> String {
    let path = folder.path().display();
    match folder.modules() {
        Ok(modules) => {
            let size = bytes_in_words(modules.iter().map(|module| module.bytes).sum());
            format!("{path}, {}, {size}", counted(modules.len(), "module"))
        }
        Err(_) => path.to_string(),
    }
}

fn backtraces() -> Finding {
    let is_on = |name| env::var_os(name).is_some_and(|value| value != "0");
    if is_on("RUST_BACKTRACE") || is_on("RUST_LIB_BACKTRACE") {
        let help = "unset `RUST_BACKTRACE` where speed matters";
        Finding::odd("backtraces", "made for every error, which takes time".to_owned(), help)
    } else {
        Finding::good("backtraces", "off".to_owned())
    }
}

/// Looks whether projects in a language can be built. Nobody needs every language.
fn compiler(lang: Lang) -> Finding {
    match build::find_compiler(lang) {
        Ok(compiler) => Finding::good(lang.key(), compiler),
        Err(failure) => {
            let help = failure.help_text().unwrap_or_default().to_owned();
            Finding::odd(lang.key(), failure.in_one_line(), help)
        }
    }
}

impl Finding {
    fn good(what: &'static str, found: String) -> Self {
        Self { what, state: State::Good, found, help: None }
    }

    fn odd(what: &'static str, found: String, help: impl Into<String>) -> Self {
        Self { what, state: State::Odd, found, help: Some(help.into()) }
    }

    fn bad(what: &'static str, found: String, help: impl Into<String>) -> Self {
        Self { what, state: State::Bad, found, help: Some(help.into()) }
    }

    fn to_json(&self) -> Value {
        let state = match self.state {
            State::Good => "ok",
            State::Odd => "warning",
            State::Bad => "error",
        };
        json!({"what": self.what, "state": state, "found": self.found, "help": self.help})
    }
}

fn page(findings: &[Finding]) -> Page {
    let mut page = Page::new();
    for finding in findings {
        let (mark, style) = match finding.state {
            State::Good => ("✓", GOOD),
            State::Odd => ("!", WARNING),
            State::Bad => ("×", BAD),
        };
        page.line(format_args!("{style}{mark}{style:#} {:<14} {}", finding.what, finding.found));
        if let Some(help) = &finding.help {
            page.line(format_args!("  {:<14} {DIM}{help}{DIM:#}", ""));
        }
    }
    page
}
