//! What differs by intention, one test a difference, asserted on both sides: where one of them does
//! something else than it says here, the difference is no longer one, and its test fails.
//!
//! | the published library, 1.41 | Plugsmith | test |
//! | --- | --- | --- |
//! | a guest crashes the host process | no guest can | `hostile::a_guest_cannot_crash_its_host` |
//! | a guest reads what the kernel keeps, and what another call left | it reads what was handed out to it, all zeros at first | `hostile::a_guest_reads_nothing_but_what_is_its_own`, `hostile::a_new_block_is_all_zeros` |
//! | redirects are followed unasked | each is asked about | `hostile::redirects_are_asked_about_again` |
//! | scheme and port of a request are not looked at | patterns may name them | `hostile::patterns_of_hosts_may_name_scheme_and_port` |
//! | a manifest reads the memory of the process | it does not | `hostile::a_manifest_names_no_memory_of_the_host` |
//! | modules in a circle crash the process | they are linked | `hostile::modules_may_import_from_each_other_in_a_circle` |
//! | cancelling one plug-in stops its siblings | it stops that one | `limits::cancelling_one_plugin_leaves_its_siblings_alone` |
//! | the time limit begins after initialisers, and host functions overrun it | it covers both | `limits::the_time_limit_covers_initialisers`, `limits::the_time_limit_covers_host_functions` |
//! | a cancellation before a call is lost | it ends the next call | `limits::a_cancellation_before_a_call_is_kept` |
//! | a cancelled call has timed out | these are two errors | `limits::cancelled_and_timed_out_are_two_errors` |
//! | growth beyond the limit stops the guest | it is refused with -1 | `limits::growth_beyond_the_limit_is_refused_as_webassembly_says` |
//! | the limit counts from after the start | it counts everything | `limits::what_a_guest_starts_with_counts` |
//! | exchange memory counts as the guest's | it has a limit of its own | `limits::exchange_memory_has_a_limit_of_its_own` |
//! | memory does not grow to its declared maximum | it does | `limits::memory_grows_to_the_maximum_it_declares` |
//! | memory has no limit unless the manifest sets one | it has one of 1 GiB, as time has one of a minute | `limits::memory_has_a_limit_by_default` |
//! | the main module is instantiated twice | once | `life::main_is_instantiated_once` |
//! | an instance lives on after a trap | the next call gets a fresh one | `life::a_trap_leaves_nothing_of_the_instance` |
//! | vars are lost after `_start` | they are kept | `life::vars_outlive_a_command` |
//! | all plug-ins of a process share one log | each has its own | `life::each_plugin_has_a_log_of_its_own` |
//! | the status of a response is seen in later calls | it is not | `life::the_status_of_a_response_is_known_in_its_own_call` |
//! | an output of nothing changes nothing | it is the output | `life::an_output_of_nothing_replaces_the_one_before` |
//! | constructors run in the main module | in every module | `life::constructors_run_in_every_module_that_has_them` |
//! | an export of another type returns -1, a memory is missing | the error names the type | `words::exports_that_cannot_be_called_are_told_from_others` |
//! | "Unknown manifest format" | the error names the field | `words::a_manifest_with_a_mistake_is_told_where` |
//! | the cause of a trap is lost | it is told | `words::a_failure_is_told_with_its_cause` |
//! | an initialiser that traps is an error of its own kind | it is a trap | `words::a_failure_of_an_initialiser_is_a_trap_like_any_other` |
//! | an exit has a status below 126, or -1 | any | `words::an_exit_has_any_status` |
//! | an exit with a message has the status -1 | it keeps its status | `words::an_exit_with_a_message_keeps_its_status` |
//! | commands to a terminal are passed on in errors | they are spelt out | `words::an_error_does_nothing_to_a_terminal` |
//! | a log message that is no text is dropped | it is logged as far as it is | `words::a_message_that_is_no_text_is_logged_all_the_same` |
//! | plug-ins of before 1.0 are refused | they are loaded | `more::plugins_of_before_version_one_are_loaded` |
//! | a module is a command or a reactor | it may be both | `more::a_module_may_be_command_and_reactor` |
//! | a var that is replaced counts twice | once | `more::a_var_that_is_replaced_counts_once` |
//! | an empty value is none | plug-ins on our PDK know the two apart | `more::an_empty_value_is_told_from_none_by_plugins_on_our_pdk` |
//! | text is a module if it begins as one, a hash is in small letters, memory is not null | these need not be so | `more::more_ways_to_write_a_manifest_are_read` |
//! | only folders are allowed | single files, too | `more::a_single_file_may_be_allowed` |

mod hostile;
mod life;
mod limits;
mod more;
mod words;

use crate::{
    case::Case,
    here,
    outcome::{Outcome, Reason, Report, Run},
    peer::{Peer, python},
};

/// Runs a case on both sides and compares each with what is expected of it.
fn differ(case: Case, theirs: impl Into<Expected>, ours: impl Into<Expected>) {
    let Some(python) = python() else { return };
    let (ours, theirs) = (ours.into().0, theirs.into().0);
    let (here, peer) = (here::run(&case), Peer::new(python).run(&case));
    assert_ne!(ours, theirs, "{}: both are expected to do the same", case.name);
    assert_eq!(peer, theirs, "{}: the peer", case.name);
    assert_eq!(here, ours, "{}: here", case.name);
}

/// What one side is expected to make of a case.
struct Expected(Report);

/// The plug-in is not loaded.
fn refused() -> Expected {
    Expected(Report::Refused(Reason(String::new())))
}

/// The process dies.
fn died() -> Expected {
    Expected(Report::Died)
}

impl<const N: usize> From<[Outcome; N]> for Expected {
    fn from(steps: [Outcome; N]) -> Self {
        Self(Report::Loaded(Run { steps: steps.into(), ..Run::default() }))
    }
}

impl Expected {
    /// The host functions get calls, too.
    fn with_seen(mut self, names: &[&str]) -> Self {
        let Report::Loaded(run) = &mut self.0 else { panic!("nothing is loaded") };
        run.seen = names.iter().map(|name| vec![(*name).to_owned()]).collect();
        self
    }

    /// Guests log messages, too.
    fn with_log(mut self, log: &[(&str, &str)]) -> Self {
        let Report::Loaded(run) = &mut self.0 else { panic!("nothing is loaded") };
        run.log = log.iter().map(|(level, text)| ((*level).into(), (*text).into())).collect();
        self
    }
}

/// Numbers as probes emit them.
fn numbers<const N: usize>(numbers: [u64; N]) -> Outcome {
    Outcome::Output(numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
}

fn ok() -> Outcome {
    Outcome::output("")
}

/// What both sides said when a plug-in was not loaded, or a call was stopped.
fn reasons(case: &Case, peer: &mut Peer) -> (String, String) {
    let reason = |report| match report {
        Report::Refused(Reason(reason)) => reason,
        Report::Loaded(Run { steps, .. }) => match &steps[..] {
            [Outcome::Stopped { reason: Reason(reason), .. }] => reason.clone(),
            steps => panic!("{}: {steps:?}", case.name),
        },
        Report::Died => panic!("{}: the peer died", case.name),
    };
    (reason(here::run(case)), reason(peer.run(case)))
}
