//! `plugsmith serve` under load, beside the published Extism library behind the same server, the server
//! with nothing behind it, and the same functions called without a server.
//!
//! Owns what is asked, of whom, and in what order. Every server is a process of its own, started before
//! anything is measured; they are loaded in turns, round by round, and idle otherwise. A closed loop loads
//! them: each connection has one request under way, and sends the next when it has the answer.

mod backends;
mod in_process;
mod load;
mod process;
mod summary;

use std::{fs, path::Path, thread, time::Duration};

use anyhow::{Context as _, Result};

pub(crate) use self::process::{FLAG, Served};
use self::{
    in_process::Callers,
    process::Server,
    summary::{Summary, Taken},
};
use crate::{
    machine::Machine,
    peer::Peer,
    sampling::as_float,
    setting::{Guest, Setting},
};

/// How many clients there are at once.
const N_CONNECTIONS: usize = 16;

/// How long each subject is asked before anything counts.
const WARM_UP: Duration = Duration::from_millis(300);

/// On Extism's own PDK, as it is published; without functions of the host program, which a server has not.
const SERVED: Guest = Guest::new("published_served");

/// A function of [`SERVED`], what it is asked, and what it answers.
#[derive(Clone, Copy, Debug)]
struct Question {
    function: &'static str,
    about: &'static str,
    input: &'static str,
    output: &'static str,
}

const QUESTIONS: [Question; 2] = [
    Question {
        function: "echo",
        about: "64 bytes, there and back",
        input: "sixty-four bytes, which the plug-in sends back just as they are.",
        output: "sixty-four bytes, which the plug-in sends back just as they are.",
    },
    Question {
        function: "order",
        about: "JSON in and JSON out",
        input: r#"[{"name":"pen","price":1.5,"count":2},{"name":"ink","price":4.25,"count":1}]"#,
        output: r#"{"count":3,"price":7.25,"dearest":"ink"}"#,
    },
];

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The command, as it ships.
    Serve,
    /// The published library behind the command's server.
    PeerServed,
    /// The command's server with a fixed answer behind it: as fast as it gets.
    Limit,
    /// Threads that share a pool.
    InProcess,
    /// Threads with a plug-in of the published library each.
    PeerInProcess,
}

impl Subject {
    const ALL: [Self; 5] =
        [Self::Serve, Self::PeerServed, Self::Limit, Self::InProcess, Self::PeerInProcess];

    const fn name(self) -> &'static str {
        match self {
            Self::Serve => "plugsmith serve",
            Self::PeerServed => "Extism behind the same server",
            Self::Limit => "the server with no plug-in",
            Self::InProcess => "Plugsmith, without a server",
            Self::PeerInProcess => "Extism, without a server",
        }
    }
}

/// How long each subject is asked each time, and how often.
#[derive(Clone, Copy, Debug)]
struct Pace {
    turn: Duration,
    n_rounds: usize,
}

/// What a subject did in one turn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Turn {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

impl Turn {
    /// Sums a turn up.
    fn of(mut latencies: Vec<Duration>, time: Duration) -> Result<Self> {
        latencies.sort_unstable();
        let rank = |percent: usize| latencies.get(latencies.len() * percent / 100).copied();
        Ok(Self {
            per_second: as_float(latencies.len() as u64) / time.as_secs_f64(),
            p50: rank(50).context("nothing was answered in time")?,
            p99: rank(99).context("nothing was answered in time")?,
        })
    }
}

/// Measures, and returns a table and JSON.
///
/// # Errors
///
/// If a server does not start, or anything is answered wrongly.
pub(crate) fn measure(setting: &Setting, is_quick: bool) -> Result<(String, serde_json::Value)> {
    let pace = if is_quick {
        Pace { turn: Duration::from_millis(500), n_rounds: 3 }
    } else {
        Pace { turn: Duration::from_secs(2), n_rounds: 7 }
    };
    let n_running = thread::available_parallelism().map_or(1, usize::from);
    let manifest = setting.scratch.join("served.json");
    fs::write(&manifest, setting.manifest(SERVED)).context("writing a manifest")?;
    let machine = Machine::look(&setting.peer);
    eprintln!("{}\n{}", machine.versions(), machine.place());
    let mut asked = Asked::start(setting, &manifest, n_running)?;
    let mut summaries = Vec::new();
    for question in QUESTIONS {
        eprintln!("`{}`: {}", question.function, question.about);
        let mut taken = Taken::default();
        for subject in Subject::ALL {
            asked.take(subject, question, WARM_UP)?;
        }
        for round in 1..=pace.n_rounds {
            eprintln!("  round {round} of {}", pace.n_rounds);
            for subject in Subject::ALL {
                if let Some(turn) = asked.take(subject, question, pace.turn)? {
                    taken.add(subject, turn);
                }
            }
        }
        summaries.push(Summary { question, n_running, taken });
    }
    let table = summaries.iter().map(Summary::table).collect();
    let json = serde_json::json!({
        "machine": machine.place(),
        "versions": machine.versions(),
        "is_quick": is_quick,
        "connections": N_CONNECTIONS,
        "running": n_running,
        "questions": summaries.iter().map(Summary::json).collect::<Vec<_>>(),
    });
    Ok((table, json))
}

/// Everyone who is asked, ready to answer.
struct Asked {
    serve: Server,
    limit: Server,
    in_process: Callers,
    /// With and without a server, where the library is to be had.
    peer: Option<(Server, Callers)>,
}

impl Asked {
    fn start(setting: &Setting, manifest: &Path, n_running: usize) -> Result<Self> {
        let peer = |peer: Peer| -> Result<_> {
            let served = Served::Peer { n_running, manifest: manifest.to_owned() };
            Ok((Server::own(&served)?, Callers::of_peer(peer, setting, n_running)))
        };
        Ok(Self {
            serve: Server::command(manifest, n_running)?,
            limit: Server::own(&Served::Fixed { n_running })?,
            in_process: Callers::of_pool(setting, n_running)?,
            peer: setting.peer.as_ref().ok().copied().map(peer).transpose()?,
        })
    }

    /// Asks one subject for a while. Returns `None` if there is none.
    fn take(
        &mut self,
        subject: Subject,
        question: Question,
        time: Duration,
    ) -> Result<Option<Turn>> {
        let turn = match (subject, &mut self.peer) {
            (Subject::Serve, _) => load::ask(self.serve.address, question, time),
            (Subject::Limit, _) => load::ask(self.limit.address, question, time),
            (Subject::InProcess, _) => self.in_process.call(question, time),
            (Subject::PeerServed, Some((server, _))) => load::ask(server.address, question, time),
            (Subject::PeerInProcess, Some((_, callers))) => callers.call(question, time),
            (Subject::PeerServed | Subject::PeerInProcess, None) => return Ok(None),
        };
        turn.map(Some).with_context(|| format!("{}, `{}`", subject.name(), question.function))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_summed_up_by_rank() {
        let latencies = (1..=200).rev().map(Duration::from_millis).collect();
        let turn = Turn::of(latencies, Duration::from_secs(2)).expect("there are latencies");
        let ms = Duration::from_millis;
        assert_eq!(turn, Turn { per_second: 100.0, p50: ms(101), p99: ms(199) });
        assert!(Turn::of(Vec::new(), ms(1)).is_err());
    }
}
