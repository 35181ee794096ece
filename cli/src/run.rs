//! `plugsmith run`: `call` for a plug-in in a registry, which is named by its digest, so that what runs
//! today is what runs tomorrow.

use clap::Args;

use crate::{
    cache,
    call::Call,
    exit::Exit,
    failure::Failure,
    output::Output,
    registry::{FetchOptions, Reference},
};

/// Calls a function of a plug-in in an OCI registry, and prints its output.
///
/// The reference must have a digest, as `plugsmith push` and `plugsmith pull` print it: whoever owns the
/// registry or the tag cannot change what runs. A plug-in that was fetched before is there without the
/// registry. All else is as with `plugsmith call`.
#[derive(Debug, Args)]
#[command(
    mut_arg("source", |arg| arg
        .index(1)
        .value_name("REFERENCE")
        .help("The plug-in: `HOST[:PORT]/REPOSITORY[:TAG]@sha256:DIGEST`")),
    mut_arg("function", |arg| arg.index(2)),
    // What is for files alone.
    mut_arg("path", |arg| arg.hide(true).conflicts_with("source")),
    mut_arg("manifest", |arg| arg.hide(true).conflicts_with("source")),
)]
pub(crate) struct Run {
    #[command(flatten)]
    call: Call,
    #[command(flatten)]
    fetch: FetchOptions,
}

impl Run {
    /// Fetches the plug-in unless it is there, and calls the function.
    ///
    /// # Errors
    ///
    /// If the reference has no digest, the plug-in cannot be had, or the call fails.
    pub(crate) fn run(mut self, output: &Output) -> Result<Exit, Failure> {
        let reference = Reference::of_argument(&self.call.plugin.source)?;
        if self.fetch.registry.password_stdin && self.call.reads_stdin() {
            return Err(Failure::new(Exit::Usage, "standard input cannot be password and input")
                .with_help("give the input with `--input-file`"));
        }
        if reference.digest.is_none() {
            return Err(self.unpinned(&reference));
        }
        let store = if self.call.plugin.no_cache { None } else { cache::store(output)? };
        let fetched = self.fetch.fetch(&reference, store.as_ref(), output)?;
        self.call.plugin.take_module(fetched.module);
        self.call.run(output)
    }

    /// Refuses a reference that means something else tomorrow, and says what it means today.
    fn unpinned(&self, reference: &Reference) -> Failure {
        let message = format!("`{reference}` has no digest, so what runs could change");
        let help = match self.fetch.resolve(reference) {
            Ok(digest) => format!("today it is `{}`: run that", reference.pinned(digest)),
            Err(_) => format!("`plugsmith pull {reference}` prints it with its digest"),
        };
        Failure::new(Exit::Usage, message).with_help(help)
    }
}
