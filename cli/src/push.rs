//! `plugsmith push`: a plug-in goes to a registry, for others to fetch.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use plugsmith::{Manifest, Wasm, WasmInput};
use serde_json::json;

use crate::{
    exit::Exit,
    failure::Failure,
    module_facts::ModuleFacts,
    output::{self, Output},
    plugin_options::{Pair, pair},
    registry::{Access, Artifact, CREATED, Reference, Registry, RegistryOptions, USUAL_TAG},
};

const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";

/// Puts a plug-in into an OCI registry, for others to fetch.
///
/// Prints the reference by which it can be fetched. That ends in a digest, which means this plug-in and
/// never another; a tag can be moved. The same module with the same annotations has the same digest,
/// wherever and whenever it is pushed.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The plug-in: the file of a module, or of WebAssembly text, which is translated.
    #[arg(value_name = "PLUGIN")]
    file: PathBuf,
    /// Where it goes: `HOST[:PORT]/REPOSITORY[:TAG]`. The tag is `latest` unless there is another.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Says what the plug-in is called.
    #[arg(long, value_name = "TEXT", help_heading = "Annotations")]
    title: Option<String>,
    /// Says which version of it this is.
    #[arg(long, value_name = "TEXT", help_heading = "Annotations")]
    plugin_version: Option<String>,
    /// Says when it was made: `2026-11-21T12:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Annotations")]
    created: Option<String>,
    /// Says anything else, under a name such as `org.opencontainers.image.source`.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, help_heading = "Annotations")]
    annotation: Vec<Pair>,
    #[command(flatten)]
    registry: RegistryOptions,
}

impl Push {
    /// Uploads the plug-in.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or the registry does not take it.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let reference = Reference::of_argument(&self.reference)?;
        if reference.digest.is_some() {
            return Err(Failure::new(Exit::Usage, "the digest is what comes of a push")
                .with_help("leave it out: it is printed in the end"));
        }
        let artifact = Artifact::new(self.module()?, self.annotations());
        let mut registry = Registry::new(&reference, Access::Push, &self.registry)?;
        let tag = reference.tag.as_deref().unwrap_or(USUAL_TAG);
        let digest = registry.upload(&artifact, tag, output)?;
        let pinned = reference.pinned(digest);
        if output.is_json() {
            let bytes = artifact.module.len();
            output::print_json(&json!({
                "reference": pinned.to_string(),
                "digest": digest.to_string(),
                "bytes": bytes,
            }))?;
        } else {
            output::print(&format!("{pinned}\n"))?;
        }
        Ok(Exit::Success)
    }

    /// Reads the module, and looks through it: what is broken helps nobody.
    fn module(&self) -> Result<Vec<u8>, Failure> {
        let manifest = Manifest::new([Wasm::file(&self.file)]);
        let mut modules = WasmInput::from(manifest).into_modules()?;
        let module = modules.pop().expect("a manifest of one module has one");
        ModuleFacts::read(&module)?;
        Ok(module.bytes)
    }

    fn annotations(&self) -> BTreeMap<String, String> {
        let named =
            [(TITLE, &self.title), (VERSION, &self.plugin_version), (CREATED, &self.created)];
        let named =
            named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let others = self.annotation.iter().map(|pair| (pair.key.clone(), pair.value.clone()));
        others.chain(named).collect()
    }
}

/// Reads a date and time as RFC 3339 has it, whose parts are numbers of so many digits.
fn time(text: &str) -> Result<String, String> {
    const FORM: &str = "0000-00-00T00:00:00";
    let wrong = || "expected a time such as `2026-11-21T12:00:00Z`".to_owned();
    let is_like = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(byte, expected)| match expected {
                b'0' => byte.is_ascii_digit(),
                expected => byte == expected,
            })
    };
    let (start, rest) = text.split_at_checked(FORM.len()).ok_or_else(wrong)?;
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
            if zone.len() == fraction.len() { "" } else { zone }
        }
    };
    let number = |start: usize| text[start..start + 2].parse::<u8>().unwrap_or(u8::MAX);
    let is_zone = zone == "Z" || is_like(zone, "+00:00") || is_like(zone, "-00:00");
    if !is_zone || !is_like(start, FORM) {
        return Err(wrong());
    }
    let is_date = (1..=12).contains(&number(5)) && (1..=31).contains(&number(8));
    let is_time = number(11) < 24 && number(14) < 60 && number(17) <= 60;
    if is_date && is_time { Ok(text.to_owned()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_date_and_zone() {
        let rows = [
            ("2026-11-21T12:00:00Z", true),
            ("2026-11-21T12:00:00.25Z", true),
            ("2026-11-21T12:00:00+01:00", true),
            ("2026-11-21T12:00:00", false),
            ("2026-11-21", false),
            ("2026-13-21T12:00:00Z", false),
            ("2026-11-32T12:00:00Z", false),
            ("2026-11-21T24:00:00Z", false),
            ("2026-11-21T12:00:00.Z", false),
            ("2026-11-21T12:00:00z", false),
            ("2026-11-21T12:00:00é", false),
            ("now", false),
        ];
        for (text, expected) in rows {
            assert_eq!(time(text).is_ok(), expected, "{text}");
        }
    }
}
