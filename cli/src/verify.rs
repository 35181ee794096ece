//! `plugsmith verify`: tells whether a module is signed by a key that is trusted.

use std::path::PathBuf;

use clap::Args;
use plugsmith_signature::{PublicKey, verify_detached};
use serde_json::json;

use crate::{
    exit::Exit,
    failure::Failure,
    module_file,
    output::{
        self, Output,
        style::{DIM, GOOD},
    },
    page::{Column, Page},
    trust::{self, Refusal},
};

/// Tells whether a module is signed by a key that you trust.
///
/// It must not have changed since. One of the keys has to have signed it, or all of them with `--all`. Nothing of the module runs. What it may
/// do is not looked at: a signature says where a plug-in comes from, not that it is harmless.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The file of the module.
    #[arg(value_name = "MODULE")]
    module: PathBuf,
    /// A public key that you trust: the file `.pub` of OpenSSH, or PEM of OpenSSL. More of them can be named.
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// Looks for signatures in this file, instead of in the module and in MODULE.sig beside it.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Wants a signature by each of the keys.
    #[arg(long)]
    all: bool,
}

impl Verify {
    /// Finds out.
    ///
    /// # Errors
    ///
    /// If the module is not signed as it has to be, or a file is of no use.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let keys = trust::read_keys(&self.key)?;
        let wasm = module_file::read(&self.module)?;
        let signers = match &self.signature {
            Some(path) => {
                let signatures = module_file::read_signatures(path)?;
                verify_detached(&wasm, &signatures, &keys).map_err(Refusal::from)
            }
            None => trust::signers(&wasm, Some(&self.module), &keys),
        };
        let what = format!("`{}`", self.module.display());
        let signers = signers.map_err(|refusal| refusal.into_failure(Exit::Check, &what))?;
        let rows: Vec<_> = self
            .key
            .iter()
            .zip(&keys)
            .map(|(path, key)| Row { path, key, has_signed: signers.contains(&key) })
            .collect();
        if let Some(missing) = rows.iter().find(|row| self.all && !row.has_signed) {
            let key = missing.path.display();
            return Err(Failure::new(Exit::Check, format!("{what} is not signed by key `{key}`"))
                .with_help("without `--all`, one of the keys is enough"));
        }
        if output.is_json() {
            let keys: Vec<_> = rows.iter().map(Row::to_json).collect();
            output::print_json(&json!({"verified": true, "keys": keys}))?;
        } else {
            page(&self.module.display().to_string(), &rows).print()?;
        }
        Ok(Exit::Success)
    }
}

/// One of the keys, and whether it has signed.
struct Row<'a> {
    path: &'a PathBuf,
    key: &'a PublicKey,
    has_signed: bool,
}

impl Row<'_> {
    fn to_json(&self) -> serde_json::Value {
        json!({"file": self.path, "key_id": self.key.id().to_string(), "signed": self.has_signed})
    }
}

fn page(module: &str, rows: &[Row<'_>]) -> Page {
    let mut page = Page::new();
    page.line(format_args!("{GOOD}✓{GOOD:#} {module} is signed {DIM}by{DIM:#}"));
    let rows: Vec<_> = rows
        .iter()
        .filter(|row| row.has_signed)
        .map(|row| [row.path.display().to_string(), format!("key {}", row.key.id())])
        .collect();
    page.table([Column::Left, Column::Dim], &rows);
    page
}
