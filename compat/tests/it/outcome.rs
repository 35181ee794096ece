//! What comes of a case, in words that both sides can be held to: what the guest gave, said or
//! returned, and else the status alone, as each side has its own words for its own errors.

use std::fmt;

/// What one side made of a case.
#[derive(Debug, PartialEq)]
pub(crate) enum Report {
    /// The plug-in could not be loaded.
    Refused(Reason),
    /// The plug-in was loaded.
    Loaded(Run),
    /// The process died.
    Died,
}

/// What came of the steps.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Run {
    pub(crate) steps: Vec<Outcome>,
    /// What the host functions were given, in the order of their calls, and their names before it.
    pub(crate) seen: Vec<Vec<String>>,
    /// What was logged: the level and the text.
    pub(crate) log: Vec<(String, String)>,
}

/// What came of one step.
#[derive(Clone, PartialEq)]
pub(crate) enum Outcome {
    /// The call succeeded.
    Output(Vec<u8>),
    /// The call failed with a message of the guest.
    Said { status: i32, message: String },
    /// The call failed with a status alone.
    Status(i32),
    /// The call was stopped: by a trap (134), by an exit (its status), by the host (-1).
    Stopped { status: i32, reason: Reason },
    /// The call ran out of time, or was cancelled.
    Interrupted,
    /// There is no such export.
    NoExport,
    /// There is such an export, but it cannot be called.
    NotCallable,
    /// Something was asked, or done.
    Is(bool),
}

/// A side's own words for why something failed. Any words equal any others.
#[derive(Debug, Clone)]
pub(crate) struct Reason(pub(crate) String);

impl PartialEq for Reason {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Outcome {
    /// Whether it is a call that succeeded.
    pub(crate) fn is_output(&self) -> bool {
        matches!(self, Self::Output(_))
    }

    /// What the call gave as text.
    pub(crate) fn output(text: &str) -> Self {
        Self::Output(text.as_bytes().to_vec())
    }

    /// What the guest said.
    pub(crate) fn said(status: i32, message: &str) -> Self {
        Self::Said { status, message: message.to_owned() }
    }

    /// The call was stopped, for whatever reason.
    pub(crate) fn stopped(status: i32) -> Self {
        Self::Stopped { status, reason: Reason(String::new()) }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// As much of an output as tells what is wrong with it.
        const N_BYTES: usize = 160;
        match self {
            Self::Output(bytes) => {
                let shown = bytes[..bytes.len().min(N_BYTES)].escape_ascii();
                write!(f, "Output({} bytes: \"{shown}\")", bytes.len())
            }
            Self::Said { status, message } => write!(f, "Said({status}, {message:?})"),
            Self::Status(status) => write!(f, "Status({status})"),
            Self::Stopped { status, reason: Reason(words) } => {
                write!(f, "Stopped({status}, {words:?})")
            }
            Self::Interrupted => f.write_str("Interrupted"),
            Self::NoExport => f.write_str("NoExport"),
            Self::NotCallable => f.write_str("NotCallable"),
            Self::Is(is) => write!(f, "Is({is})"),
        }
    }
}
