//! `plugsmith pull`: a plug-in comes from a registry, to be kept for `run`, or in a file.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::{
    cache,
    exit::Exit,
    failure::Failure,
    module_file,
    output::{self, Output},
    registry::{FetchOptions, Reference},
};

/// Fetches a plug-in from an OCI registry, and keeps it.
///
/// Prints the reference that means this plug-in and no other. It is kept in the cache, where `plugsmith run`
/// finds it without the registry. What comes is held to its digest and its size; if it is anything else,
/// nothing is kept.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// The plug-in: `HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]`. Without either, the tag is `latest`.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Writes the module to a file, too.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    fetch: FetchOptions,
}

impl Pull {
    /// Fetches the plug-in.
    ///
    /// # Errors
    ///
    /// If it cannot be had, or cannot be kept.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let reference = Reference::of_argument(&self.reference)?;
        let store = cache::store(output)?;
        if store.is_none() && self.output.is_none() {
            return Err(Failure::new(Exit::Usage, "there is no cache to keep the plug-in in")
                .with_help("name a file with `--output FILE`"));
        }
        let fetched = self.fetch.fetch(&reference, store.as_ref(), output)?;
        if let Some(path) = &self.output {
            module_file::replace(path, &fetched.module)?;
        }
        let pinned = reference.pinned(fetched.digest);
        if output.is_json() {
            output::print_json(&json!({
                "reference": pinned.to_string(),
                "digest": fetched.digest.to_string(),
                "bytes": fetched.module.len(),
                "path": self.output,
            }))?;
        } else {
            output::print(&format!("{pinned}\n"))?;
        }
        Ok(Exit::Success)
    }
}
