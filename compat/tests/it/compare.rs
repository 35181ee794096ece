//! Runs cases on both sides and holds one to the other.

use std::fmt;

use crate::{
    case::{Case, Step},
    here,
    outcome::{Outcome, Report, Run},
    peer::{Peer, python},
};

/// Runs each case on both sides, and fails with everything that differs.
///
/// What both do must also be what the case says of its steps, so that a case which is broken alike
/// on both sides is found.
pub(crate) fn check(cases: impl IntoIterator<Item = Case>) {
    check_with(cases, || ());
}

/// The same; and whatever else there is to see of a case afterwards must be the same, too.
pub(crate) fn check_with<T: PartialEq + fmt::Debug>(
    cases: impl IntoIterator<Item = Case>,
    look: impl Fn() -> T,
) {
    let Some(python) = python() else { return };
    let mut peer = Peer::new(python);
    let mut complaints = Vec::new();
    let mut n_comparisons = 0;
    for case in cases {
        let (ours, our_traces) = (here::run(&case), look());
        let (theirs, their_traces) = (peer.run(&case), look());
        n_comparisons += case.steps.len().max(1);
        if let Some(complaint) = complain(&case, &ours, &theirs) {
            complaints.push(format!("{}: {complaint}", case.name));
        } else if our_traces != their_traces {
            complaints.push(format!(
                "{}: {}",
                case.name,
                both("traces", &our_traces, &their_traces)
            ));
        }
    }
    assert_ne!(n_comparisons, 0, "nothing was compared");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    println!("{n_comparisons} comparisons with the peer");
}

/// What is wrong with what the two sides made of a case.
fn complain(case: &Case, ours: &Report, theirs: &Report) -> Option<String> {
    if ours == theirs {
        return match ours {
            Report::Refused(_) if case.refused => None,
            Report::Loaded(run) if !case.refused => unexpected(case, run),
            report => Some(format!("both differ from the case: {report:?}")),
        };
    }
    let (Report::Loaded(ours), Report::Loaded(theirs)) = (ours, theirs) else {
        return Some(both("", ours, theirs));
    };
    let mut texts = Vec::new();
    for (step, (ours, theirs)) in case.steps.iter().zip(ours.steps.iter().zip(&theirs.steps)) {
        if ours != theirs {
            let title = format!("{}{}", name(step), first_difference(ours, theirs));
            texts.push(both(&title, ours, theirs));
        }
    }
    if ours.seen != theirs.seen {
        texts.push(both("host functions", &ours.seen, &theirs.seen));
    }
    if ours.log != theirs.log {
        texts.push(both("log", &ours.log, &theirs.log));
    }
    Some(texts.concat())
}

fn both<T: fmt::Debug + ?Sized>(title: &str, ours: &T, theirs: &T) -> String {
    format!("\n  {title}\n    here {ours:?}\n    peer {theirs:?}")
}

/// The first step that went well, or did not, against what the case says.
fn unexpected(case: &Case, run: &Run) -> Option<String> {
    let found = case.steps.iter().zip(&run.steps).find(|(step, outcome)| {
        matches!(step, Step::Call { succeeds, .. } if *succeeds != outcome.is_output())
    });
    found.map(|(step, outcome)| format!("{} is unexpected on both: {outcome:?}", name(step)))
}

/// Where two outputs begin to differ.
fn first_difference(ours: &Outcome, theirs: &Outcome) -> String {
    let (Outcome::Output(ours), Outcome::Output(theirs)) = (ours, theirs) else {
        return String::new();
    };
    let n_equal = ours.iter().zip(theirs).take_while(|(ours, theirs)| ours == theirs).count();
    format!(": outputs differ from byte {n_equal}")
}

fn name(step: &Step) -> String {
    match step {
        Step::Call { export, input, .. } => {
            format!("{export}({})", input[..input.len().min(80)].escape_ascii())
        }
        other => format!("{other:?}"),
    }
}
