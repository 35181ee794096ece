//! Measures Plugsmith, the published Extism library and the limit on the same work: `cargo xtask bench`.
//!
//! Owns the order of a run: what is measured, what the person at the terminal sees meanwhile, and where
//! the report goes. It builds nothing and installs nothing; the build tool does, and says by variables
//! where things are.

#![deny(unsafe_code)]

mod crowd;
mod first;
mod flags;
mod host_functions;
mod limit;
mod machine;
mod measures;
mod peer;
mod report;
mod resident;
mod sampling;
mod serving;
mod setting;
mod startup;
mod statistics;
mod subject;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    flags::{Flags, Invocation},
    machine::Machine,
    measures::{Measure, Unit},
    peer::Peer,
    report::{Figures, Outcome, Report, Row, chart, json, table},
    sampling::Effort,
    setting::Setting,
};

/// Names the folder of the built plug-ins.
const GUESTS_VARIABLE: &str = "PLUGSMITH_GUESTS";
/// Names the file of the library to compare with.
const PEER_VARIABLE: &str = "PLUGSMITH_PEER_LIBRARY";

/// What making a measure's subjects takes, about, on a machine of middling speed.
const SET_UP: Duration = Duration::from_millis(1_200);

/// From which load on other programs disturb.
const BUSY: f64 = 0.5;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match flags::parse(&arguments) {
        Ok(Invocation::Help) => {
            print!("{}", flags::HELP);
            Ok(())
        }
        Ok(Invocation::List) => {
            for measure in measures::all() {
                println!("{:<24}{}", measure.name, measure.about);
            }
            Ok(())
        }
        Ok(Invocation::Crowd(crowd)) => crowd.make(open_peer),
        Ok(Invocation::First(first)) => first.make(open_peer),
        Ok(Invocation::Server(served)) => served.serve(open_peer),
        Ok(Invocation::Serving { is_quick, json }) => serve(is_quick, json.as_deref()),
        Ok(Invocation::Draw { run, svg }) => draw(&run, &svg),
        Ok(Invocation::Startup { json }) => start_up(json.as_deref()),
        Ok(Invocation::Measure(flags)) => run(&flags),
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("error: {err:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<()> {
    let all = measures::all();
    let names: Vec<&str> = all.iter().map(|measure| measure.name.as_str()).collect();
    if let Some(pattern) = flags.unmatched(&names) {
        bail!("no measure `{pattern}`; `--list` prints them");
    }
    refuse_backtraces()?;
    let setting = Setting::new(guests(), open_peer())?;
    let machine = Machine::look(&setting.peer);
    let wanted: Vec<Measure> =
        all.into_iter().filter(|measure| flags.wants(&measure.name)).collect();
    let effort = if flags.quick { Effort::QUICK } else { Effort::FULL };
    introduce(&machine, wanted.len(), effort);

    let (n_measures, started) = (wanted.len(), Instant::now());
    let mut taken = Vec::with_capacity(n_measures);
    for (n_before, (place, measure)) in in_order(wanted).into_iter().enumerate() {
        eprintln!("[{}/{n_measures}] {}: {}", n_before + 1, measure.name, measure.about);
        let row = take(measure, &setting, effort);
        eprintln!("      {}", table::brief(&row));
        taken.push((place, row));
    }
    taken.sort_by_key(|(place, _)| *place);
    let rows = taken.into_iter().map(|(_, row)| row).collect();
    eprintln!("measured in {} s\n", started.elapsed().as_secs());

    let report = Report { machine, is_quick: flags.quick, rows };
    print!("{}", table::write(&report));
    save(flags.json.as_deref(), || json::write(&report))?;
    save(flags.svg.as_deref(), || chart::write(&json::value(&report)))?;
    let failures = report.failures();
    ensure!(failures.is_empty(), "these measures failed: {}", failures.join(", "));
    Ok(())
}

/// Draws the chart of an earlier run.
fn draw(run: &Path, svg: &Path) -> Result<()> {
    let text = fs::read_to_string(run).with_context(|| format!("reading `{}`", run.display()))?;
    let run =
        serde_json::from_str(&text).with_context(|| format!("reading `{}`", run.display()))?;
    save(Some(svg), || chart::write(&run))
}

/// Loads servers instead of measuring calls.
fn serve(is_quick: bool, json: Option<&Path>) -> Result<()> {
    refuse_backtraces()?;
    let setting = Setting::new(guests(), open_peer())?;
    let (table, value) = serving::measure(&setting, is_quick)?;
    print!("{table}");
    save(json, || format!("{value:#}\n"))
}

fn start_up(json: Option<&Path>) -> Result<()> {
    let (table, value) = startup::measure()?;
    print!("{table}");
    save(json, || format!("{value:#}\n"))
}

/// Puts what looks at memory first, each measure with its place in the report: what others leave free
/// would be used again, and not be seen to grow.
fn in_order(measures: Vec<Measure>) -> Vec<(usize, Measure)> {
    let mut measures: Vec<_> = measures.into_iter().enumerate().collect();
    measures.sort_by_key(|(_, measure)| measure.unit != Unit::Bytes);
    measures
}

/// Says what is to come, and about how long it takes.
fn introduce(machine: &Machine, n_measures: usize, effort: Effort) {
    if cfg!(debug_assertions) {
        eprintln!("warning: this program is built without optimisation; its numbers say nothing");
    }
    if let Err(reason) = &machine.extism {
        eprintln!("warning: there is nothing to compare with: {reason}");
    }
    if machine.load.is_some_and(|load| load >= BUSY) {
        eprintln!(
            "warning: other programs are at work; what wakes other threads measures too slow"
        );
    }
    eprintln!("{}\n{}", machine.versions(), machine.place());
    let each = effort.measure + SET_UP;
    let seconds = each.as_secs_f64() * sampling::as_float(n_measures as u64);
    eprintln!(
        "{n_measures} measures, about {seconds:.0} s; best on a machine that does nothing else\n"
    );
}

/// Takes one measure, whatever comes of it.
fn take(measure: Measure, setting: &Setting, effort: Effort) -> Row {
    let effort = if measure.unit.is_steady() { Effort::ONCE } else { effort };
    let outcome = if setting.has(measure.guest) {
        let subjects = (measure.subjects)(setting);
        let samples = subjects.and_then(|subjects| sampling::sample(subjects, effort));
        let figures =
            samples.and_then(|samples| Figures::of(&samples, measure.unit).context("no samples"));
        figures.map_or_else(|err| Outcome::Failed(format!("{err:#}")), Outcome::Measured)
    } else {
        Outcome::Skipped(format!("`{}.wasm` was not built", measure.guest.file))
    };
    let Measure { name, about, unit, against, .. } = measure;
    Row { name, about, unit, against, outcome }
}

fn save(path: Option<&Path>, text: impl FnOnce() -> String) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    fs::write(path, text()).with_context(|| format!("writing `{}`", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

/// The folder that the build tool names, or else the one where it puts plug-ins by default.
fn guests() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests");
    env::var_os(GUESTS_VARIABLE).map_or_else(default, PathBuf::from)
}

fn open_peer() -> Result<Peer, String> {
    let path = env::var_os(PEER_VARIABLE).filter(|path| !path.is_empty());
    let path = path.ok_or("the Extism library is not there; `cargo xtask bench` installs it")?;
    Peer::open(Path::new(&path)).map_err(|err| format!("{err:#}"))
}

/// With backtraces asked for, the peer makes one for errors that it drops again on its way to success.
fn refuse_backtraces() -> Result<()> {
    for name in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE"] {
        let is_on = env::var_os(name).is_some_and(|value| value != "0");
        ensure!(!is_on, "`{name}` is set, which slows Extism's library down; unset it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_looked_at_first() {
        let measures = in_order(measures::all());
        let is_time: Vec<_> =
            measures.iter().map(|(_, measure)| measure.unit != Unit::Bytes).collect();
        assert!(is_time.is_sorted() && is_time.contains(&false), "{is_time:?}");
        let mut places: Vec<_> = measures.iter().map(|(place, _)| *place).collect();
        places.sort_unstable();
        assert_eq!(places, (0..measures.len()).collect::<Vec<_>>());
    }
}
