//! Makes cases of what is written in a file, and refuses what makes no sense: in its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use plugsmith::{EXTISM_USER_MODULE, Val};
use toml::Spanned;

use super::{Case, CaseFile, Expected, Setup, WrittenCall, WrittenCase, WrittenFile, WrittenMock};
use crate::{
    cases::{
        compare::Content,
        item::Item,
        mock::{Answer, Answers, Argument, Kind, Mock},
    },
    failure::Failure,
    toml_file::TomlFile,
};

/// What may stand only at the top of a file whose cases share an instance.
const ONCE: &str =
    "the cases of this file share an instance, so this belongs to the top of the file";

/// In front of a path that is only read.
const READ_ONLY: &str = "ro:";

/// Checks one file.
pub(super) struct Checker<'a> {
    file: &'a TomlFile,
    /// What files are named from.
    folder: &'a Path,
}

impl<'a> Checker<'a> {
    pub(super) fn new(file: &'a TomlFile, path: &'a Path) -> Self {
        Self { file, folder: path.parent().unwrap_or(Path::new("")) }
    }

    /// Makes cases of what is written.
    pub(super) fn check(&self, written: WrittenFile) -> Result<CaseFile, Failure> {
        let shared = Setup {
            config: written.config,
            timeout_ms: written.timeout_ms,
            allowed_hosts: written.allowed_hosts,
            allowed_paths: written.allowed_paths.map(|paths| self.paths(paths)),
            mocks: self.mocks(written.host)?,
        };
        let mut names = BTreeSet::new();
        let mut cases = Vec::new();
        for case in written.case {
            if !names.insert(case.name.get_ref().clone()) {
                return Err(self.refuse(case.name.span(), "another case has this name"));
            }
            if written.same_instance {
                self.check_shared(&case)?;
            }
            cases.push(self.case(case, &shared)?);
        }
        Ok(CaseFile {
            name: self.file.name.clone(),
            same_instance: written.same_instance,
            wasi: written.wasi,
            cases,
        })
    }

    /// Names folders of the host from the file's own.
    fn paths(&self, written: BTreeMap<String, PathBuf>) -> BTreeMap<String, PathBuf> {
        let from_here = |(host_path, guest_path): (String, PathBuf)| {
            let (mark, path) = match host_path.strip_prefix(READ_ONLY) {
                Some(path) => (READ_ONLY, path),
                None => ("", host_path.as_str()),
            };
            (format!("{mark}{}", self.folder.join(path).display()), guest_path)
        };
        written.into_iter().map(from_here).collect()
    }

    /// Refuses a case that wants a plug-in of its own.
    fn check_shared(&self, case: &WrittenCase) -> Result<(), Failure> {
        let config = case.config.as_ref().map(Spanned::span);
        let timeout = case.timeout_ms.as_ref().map(Spanned::span);
        let host = case.host.first().map(|mock| mock.name.span());
        match config.or(timeout).or(host) {
            Some(span) => Err(self.refuse(span, ONCE)),
            None => Ok(()),
        }
    }

    fn case(&self, written: WrittenCase, shared: &Setup) -> Result<Case, Failure> {
        let mut setup = shared.clone();
        if let Some(config) = written.config {
            setup.config.extend(config.into_inner());
        }
        if let Some(timeout_ms) = written.timeout_ms {
            setup.timeout_ms = Some(timeout_ms.into_inner());
        }
        for mock in self.mocks(written.host)? {
            let is_other =
                |other: &Mock| (&other.namespace, &other.name) != (&mock.namespace, &mock.name);
            setup.mocks.retain(is_other);
            setup.mocks.push(mock);
        }
        let expected = match (written.output, written.error) {
            (None, None) => Expected::Success,
            (Some(output), None) => Expected::Output(self.content(output)?),
            (None, Some(error)) => Expected::Error(error.into_inner()),
            (Some(_), Some(error)) => {
                return Err(self.refuse(error.span(), "a call has an `output` or an `error`"));
            }
        };
        let input = written.input.map(|input| self.content(input)).transpose()?;
        let vars = self.contents(written.vars)?;
        Ok(Case {
            line: self.file.line(written.name.span().start),
            name: written.name.into_inner(),
            export: written.export,
            input: input.map(|input| input.bytes).unwrap_or_default(),
            expected,
            vars: vars.into_iter().map(|(key, value)| (key, value.bytes)).collect(),
            vars_after: written.vars_after.map(|vars| self.contents(vars)).transpose()?,
            setup,
        })
    }

    fn contents(
        &self,
        written: BTreeMap<String, Spanned<Item>>,
    ) -> Result<BTreeMap<String, Content>, Failure> {
        written.into_iter().map(|(key, item)| Ok((key, self.content(item)?))).collect()
    }

    /// Makes bytes of a value. A file whose name ends in `.json` is compared as JSON.
    fn content(&self, written: Spanned<Item>) -> Result<Content, Failure> {
        let span = written.span();
        match written.into_inner() {
            Item::Text(text) => Ok(Content { bytes: text.into_bytes(), json: None }),
            Item::Json(value) => {
                Ok(Content { bytes: value.to_string().into_bytes(), json: Some(value) })
            }
            Item::Base64(bytes) => Ok(Content { bytes, json: None }),
            Item::File(path) => {
                let path = self.folder.join(path);
                let bytes = fs::read(&path).map_err(|err| {
                    self.refuse(span, format!("cannot read `{}`", path.display())).with_cause(err)
                })?;
                let is_json = path.extension().is_some_and(|end| end == "json");
                let json = if is_json { serde_json::from_slice(&bytes).ok() } else { None };
                Ok(Content { bytes, json })
            }
            Item::Integer(_) | Item::Float(_) => {
                Err(self.refuse(span, "bytes stand here: text, or `{ json = … }` for a number"))
            }
            Item::Error(_) => {
                Err(self.refuse(span, "only a mocked function answers with an error"))
            }
        }
    }

    fn mocks(&self, written: Vec<WrittenMock>) -> Result<Vec<Mock>, Failure> {
        written.into_iter().map(|mock| self.mock(mock)).collect()
    }

    fn mock(&self, written: WrittenMock) -> Result<Mock, Failure> {
        let WrittenMock { name, namespace, params, result, answer, answers, given } = written;
        let answers = match (answer, answers) {
            (Some(answer), None) => Answers::Always(self.answer(answer, result)?),
            (None, Some(answers)) => {
                let answers = answers.into_inner().into_iter();
                let answers = answers.map(|answer| self.answer(answer, result));
                Answers::InTurn(answers.collect::<Result<_, _>>()?)
            }
            (None, None) if result.is_none() => Answers::Always(Answer::Nothing),
            (None, None) => {
                return Err(self.refuse(name.span(), "it has a result, so it wants an `answer`"));
            }
            (Some(_), Some(answers)) => {
                return Err(self.refuse(answers.span(), "either one `answer` or `answers` in turn"));
            }
        };
        let given = given.map(|given| {
            given.into_iter().map(|call| self.arguments(call, &params)).collect::<Result<_, _>>()
        });
        Ok(Mock {
            namespace: namespace.unwrap_or_else(|| EXTISM_USER_MODULE.to_owned()),
            name: name.into_inner(),
            answers,
            given: given.transpose()?,
            params,
            result,
        })
    }

    fn answer(&self, written: Spanned<Item>, result: Option<Kind>) -> Result<Answer, Failure> {
        if let Item::Error(message) = written.get_ref() {
            return Ok(Answer::Failure(message.clone()));
        }
        match result {
            None => {
                let what = "it has no `result`, so it can answer with `{ error = … }` alone";
                Err(self.refuse(written.span(), what))
            }
            Some(Kind::Block) => Ok(Answer::Bytes(self.content(written)?.bytes)),
            Some(kind) => Ok(Answer::Number(self.number(&written, kind)?)),
        }
    }

    fn arguments(&self, written: WrittenCall, params: &[Kind]) -> Result<Vec<Argument>, Failure> {
        let (span, n_given) = (written.span(), written.get_ref().len());
        if n_given != params.len() {
            let what = format!("{n_given} arguments, but {} `params`", params.len());
            return Err(self.refuse(span, what));
        }
        let argument = |(item, kind): (Spanned<Item>, &Kind)| match kind {
            Kind::Block => self.content(item).map(Argument::Content),
            kind => self.number(&item, *kind).map(Argument::Number),
        };
        written.into_inner().into_iter().zip(params).map(argument).collect()
    }

    fn number(&self, written: &Spanned<Item>, kind: Kind) -> Result<Val, Failure> {
        number(written.get_ref(), kind).ok_or_else(|| {
            self.refuse(written.span(), format!("this is no number of type {kind:?}"))
        })
    }

    fn refuse(&self, span: Range<usize>, label: impl Into<String>) -> Failure {
        self.file.refuse(format!("`{}` is not as it must be", self.file.name), span, label)
    }
}

/// Returns a number of this type. An integer may be meant without sign.
fn number(item: &Item, kind: Kind) -> Option<Val> {
    match (kind, item) {
        (Kind::I32, Item::Integer(number)) => i32::try_from(*number)
            .or_else(|_| u32::try_from(*number).map(u32::cast_signed))
            .ok()
            .map(Val::I32),
        (Kind::I64, Item::Integer(number)) => Some(Val::I64(*number)),
        (Kind::F32, Item::Float(number)) => Some(Val::F32(narrow(*number).to_bits())),
        (Kind::F64, Item::Float(number)) => Some(Val::F64(number.to_bits())),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float in a file is the nearest of its type")]
fn narrow(number: f64) -> f32 {
    number as f32
}
