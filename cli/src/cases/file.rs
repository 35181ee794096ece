//! A file of cases: what may stand in it, and what it means.
//!
//! Everything that can be wrong with a file is found when it is read, and shown in its place: before
//! the first case runs.

mod check;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::Spanned;

use super::{
    compare::Content,
    item::Item,
    mock::{Kind, Mock},
};
use crate::{failure::Failure, toml_file::TomlFile};

/// A file of cases, checked.
#[derive(Debug)]
pub(super) struct CaseFile {
    /// Its path, as people know it.
    pub(super) name: String,
    /// Whether the cases run one after another in the same instance.
    pub(super) same_instance: bool,
    /// Whether the plug-in is granted WASI, if the file says.
    pub(super) wasi: Option<bool>,
    pub(super) cases: Vec<Case>,
}

/// One call, and what is to come of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// The line of the file that its name is in.
    pub(super) line: usize,
    pub(super) export: String,
    pub(super) input: Vec<u8>,
    pub(super) expected: Expected,
    /// The variables that are set before the call.
    pub(super) vars: BTreeMap<String, Vec<u8>>,
    /// All variables that are there after the call, if the case says.
    pub(super) vars_after: Option<BTreeMap<String, Content>>,
    pub(super) setup: Setup,
}

/// How a call is to end.
#[derive(Debug)]
pub(super) enum Expected {
    /// Well, whatever the output.
    Success,
    Output(Content),
    /// With an error in which this text is.
    Error(String),
}

/// What a case's plug-in is given when it is loaded.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) config: BTreeMap<String, String>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) allowed_hosts: Option<Vec<String>>,
    /// From the path on the host, perhaps with `ro:` in front, to the path that the plug-in sees.
    pub(super) allowed_paths: Option<BTreeMap<String, PathBuf>>,
    pub(super) mocks: Vec<Mock>,
}

impl CaseFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or something in it is wrong: where, and what.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let file = TomlFile::read(path)?;
        let written: WrittenFile = file.parse()?;
        check::Checker::new(&file, path).check(written)
    }
}

/// A file, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    #[serde(default)]
    same_instance: bool,
    wasi: Option<bool>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    config: BTreeMap<String, String>,
    allowed_hosts: Option<Vec<String>>,
    allowed_paths: Option<BTreeMap<String, PathBuf>>,
    #[serde(default)]
    host: Vec<WrittenMock>,
    #[serde(default)]
    case: Vec<WrittenCase>,
}

/// A case, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCase {
    name: Spanned<String>,
    export: String,
    input: Option<Spanned<Item>>,
    output: Option<Spanned<Item>>,
    error: Option<Spanned<String>>,
    #[serde(default)]
    vars: BTreeMap<String, Spanned<Item>>,
    vars_after: Option<BTreeMap<String, Spanned<Item>>>,
    config: Option<Spanned<BTreeMap<String, String>>>,
    timeout_ms: Option<Spanned<u64>>,
    #[serde(default)]
    host: Vec<WrittenMock>,
}

/// A mocked host function, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMock {
    name: Spanned<String>,
    namespace: Option<String>,
    #[serde(default)]
    params: Vec<Kind>,
    result: Option<Kind>,
    answer: Option<Spanned<Item>>,
    answers: Option<Spanned<Vec<Spanned<Item>>>>,
    given: Option<Vec<WrittenCall>>,
}

/// What one call passes, as it is written.
type WrittenCall = Spanned<Vec<Spanned<Item>>>;
