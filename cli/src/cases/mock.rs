//! Host functions that a case stands in for: what they take and give, and what they must be given.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plugsmith::{CurrentPlugin, Error, Function, UserData, Val, ValType};
use serde::Deserialize;

use super::compare::{Complaint, Content, compare};

/// What a mocked function takes or returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Bytes, by the offset of a block.
    Block,
    I32,
    I64,
    F32,
    F64,
}

impl Kind {
    fn ty(self) -> ValType {
        match self {
            Self::Block | Self::I64 => ValType::I64,
            Self::I32 => ValType::I32,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
        }
    }
}

/// A host function, as a case file describes it.
#[derive(Clone, Debug)]
pub(super) struct Mock {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) params: Vec<Kind>,
    pub(super) result: Option<Kind>,
    pub(super) answers: Answers,
    /// What the plug-in must pass, call by call; and it must call so many times.
    pub(super) given: Option<Vec<Vec<Argument>>>,
}

/// What the calls of a mocked function get.
#[derive(Clone, Debug)]
pub(super) enum Answers {
    /// Every call the same.
    Always(Answer),
    /// The first call the first, and so on; there may be no more calls.
    InTurn(Vec<Answer>),
}

/// What one call of a mocked function gets.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Nothing,
    Bytes(Vec<u8>),
    Number(Val),
    /// The function fails, and says this.
    Failure(String),
}

/// What one argument must be.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    Content(Content),
    Number(Val),
}

/// What the mocked functions of one plug-in have seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    /// How often each function was called, in the order of the mocks.
    n_calls: Vec<usize>,
    complaints: Vec<Complaint>,
}

impl Journal {
    /// Makes functions for a plug-in, which write into this journal.
    pub(super) fn functions(&self, mocks: &[Mock]) -> Vec<Function> {
        self.pages().n_calls = vec![0; mocks.len()];
        let function = |(mock_idx, mock): (usize, &Mock)| {
            let params = mock.params.iter().map(|kind| kind.ty());
            let results = mock.result.map(Kind::ty);
            let (journal, script) = (self.clone(), mock.clone());
            Function::new(
                &mock.name,
                params,
                results,
                UserData::new(()),
                move |plugin, params, results, _| {
                    script.answer(&journal, mock_idx, plugin, params, results)
                },
            )
            .with_namespace(&mock.namespace)
        };
        mocks.iter().enumerate().map(function).collect()
    }

    /// Takes what was wrong with the calls so far.
    pub(super) fn take(&self) -> Vec<Complaint> {
        mem::take(&mut self.pages().complaints)
    }

    /// Returns what is wrong once there will be no more calls: those that are missing.
    pub(super) fn close(&self, mocks: &[Mock]) -> Vec<Complaint> {
        let pages = self.pages();
        let missing = |(mock, n_calls): (&Mock, &usize)| {
            let n_expected = mock.given.as_ref()?.len();
            let what = format!("call {} of `{}` in `given` never came", n_calls + 1, mock.name);
            (*n_calls < n_expected).then(|| Complaint::new(what))
        };
        mocks.iter().zip(&pages.n_calls).filter_map(missing).collect()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, and returns how many there were before.
    fn count(&self, mock_idx: usize) -> usize {
        let n_calls = &mut self.pages().n_calls[mock_idx];
        *n_calls += 1;
        *n_calls - 1
    }

    fn complain(&self, complaint: Complaint) {
        self.pages().complaints.push(complaint);
    }
}

impl Mock {
    fn answer(
        &self,
        journal: &Journal,
        mock_idx: usize,
        plugin: &mut CurrentPlugin<'_>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        let call_idx = journal.count(mock_idx);
        if let Some(given) = &self.given {
            self.check_given(journal, given, call_idx, plugin, params)?;
        }
        let answer = match &self.answers {
            Answers::Always(answer) => answer,
            Answers::InTurn(answers) => answers.get(call_idx).ok_or_else(|| {
                let what = self.one_too_many(call_idx, "answers");
                journal.complain(Complaint::new(&what));
                Error::msg(what)
            })?,
        };
        match (answer, results) {
            (Answer::Failure(message), _) => Err(Error::msg(message.clone())),
            (Answer::Bytes(bytes), [result]) => plugin.memory_set_val(result, bytes.as_slice()),
            (Answer::Number(number), [result]) => {
                *result = *number;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Compares what a call passes with what it must.
    fn check_given(
        &self,
        journal: &Journal,
        given: &[Vec<Argument>],
        call_idx: usize,
        plugin: &mut CurrentPlugin<'_>,
        params: &[Val],
    ) -> Result<(), Error> {
        let Some(arguments) = given.get(call_idx) else {
            let what = self.one_too_many(call_idx, "given");
            journal.complain(Complaint::new(what));
            return Ok(());
        };
        for (idx, (argument, param)) in arguments.iter().zip(params).enumerate() {
            let (n_call, n_argument) = (call_idx + 1, idx + 1);
            let subject = format!("argument {n_argument} of call {n_call} of `{}`", self.name);
            let complaint = match argument {
                Argument::Content(content) => {
                    compare(&subject, content, &plugin.memory_get_val::<Vec<u8>>(param)?)
                }
                Argument::Number(number) if number == param => None,
                Argument::Number(number) => {
                    let what = format!("{subject} is {}, not {}", shown(*param), shown(*number));
                    Some(Complaint::new(what))
                }
            };
            if let Some(complaint) = complaint {
                journal.complain(complaint);
            }
        }
        Ok(())
    }

    fn one_too_many(&self, call_idx: usize, key: &str) -> String {
        format!("call {} of `{}` is one more than `{key}` has", call_idx + 1, self.name)
    }
}

/// Returns a number as people write it.
fn shown(number: Val) -> String {
    match number {
        Val::I32(number) => number.to_string(),
        Val::I64(number) => number.to_string(),
        Val::F32(bits) => f32::from_bits(bits).to_string(),
        Val::F64(bits) => f64::from_bits(bits).to_string(),
        Val::V128(bits) => format!("{bits:#x}"),
    }
}
