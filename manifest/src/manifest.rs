//! The manifest as a value: its fields, and the steps that build one.
//!
//! Every value of these fields is allowed here; [`Manifest::named_modules`] says whether the
//! modules make a plug-in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::{MemoryOptions, Wasm};

/// What a plug-in is made of, and what it may use.
///
/// # Examples
///
/// ```
/// use plugsmith_manifest::{Manifest, Wasm};
///
/// let manifest = Manifest::new([Wasm::url("https://example.com/filter.wasm")])
///     .with_allowed_host("api.example.com")
///     .with_memory_max(160);
/// assert_eq!(manifest.memory.max_pages, Some(160));
/// ```
// Not `#[non_exhaustive]`: programs written for Extism build it as a struct literal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The modules. One of them is called [`MAIN_MODULE`](crate::MAIN_MODULE): its exports are the
    /// plug-in's.
    pub wasm: Vec<Wasm>,
    /// What the plug-in may store.
    pub memory: MemoryOptions,
    /// Values the plug-in can read, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    /// Patterns of the hosts that the plug-in may send HTTP requests to, as
    /// [`Manifest::with_allowed_host`] says. `None` allows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_hosts: Option<Vec<String>>,
    /// Directories that the plug-in may open: from the path on the host, which the prefix `ro:`
    /// makes read-only, to the path that the plug-in sees. `None` allows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_paths: Option<BTreeMap<String, PathBuf>>,
    /// How long one call may take, in milliseconds. `None` is without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

impl Manifest {
    /// Returns a manifest of the modules given, which grants nothing.
    #[must_use]
    pub fn new(wasm: impl IntoIterator<Item = impl Into<Wasm>>) -> Self {
        Self { wasm: wasm.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Adds a module.
    #[must_use]
    pub fn with_wasm(mut self, wasm: impl Into<Wasm>) -> Self {
        self.wasm.push(wasm.into());
        self
    }

    /// Replaces what the plug-in may store.
    #[must_use]
    pub fn with_memory_options(mut self, memory: MemoryOptions) -> Self {
        self.memory = memory;
        self
    }

    /// Limits the plug-in's memory, in pages of 64 KiB.
    #[must_use]
    pub fn with_memory_max(mut self, max_pages: u32) -> Self {
        self.memory.max_pages = Some(max_pages);
        self
    }

    /// Takes back every host allowed so far.
    #[must_use]
    pub fn disallow_all_hosts(mut self) -> Self {
        self.allowed_hosts = Some(Vec::new());
        self
    }

    /// Allows HTTP requests to the hosts that match `host`.
    ///
    /// A name such as `api.example.com` may have wildcards: `*` for any characters, dots included,
    /// `?` for one, `[a-z]` and `[!a-z]` for one of a set. An IPv6 address stands in brackets. A host
    /// alone means every scheme and port; `api.example.com:8443` means that port,
    /// `https://api.example.com` that scheme at its own port, and the port `*` means any.
    #[must_use]
    pub fn with_allowed_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.get_or_insert_default().push(host.into());
        self
    }

    /// Allows HTTP requests to `hosts`, and to no others.
    #[must_use]
    pub fn with_allowed_hosts(
        mut self,
        hosts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.allowed_hosts = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// Allows the directory `host_path`, under the name `guest_path`.
    ///
    /// `ro:` in front of `host_path` makes it read-only.
    #[must_use]
    pub fn with_allowed_path(
        mut self,
        host_path: impl Into<String>,
        guest_path: impl AsRef<Path>,
    ) -> Self {
        let guest_path = guest_path.as_ref().to_owned();
        self.allowed_paths.get_or_insert_default().insert(host_path.into(), guest_path);
        self
    }

    /// Allows the directories `paths`, from host path to guest path, and no others.
    #[must_use]
    pub fn with_allowed_paths(
        mut self,
        paths: impl IntoIterator<Item = (impl Into<String>, impl AsRef<Path>)>,
    ) -> Self {
        let paths = paths.into_iter();
        self.allowed_paths =
            Some(paths.map(|(host, guest)| (host.into(), guest.as_ref().to_owned())).collect());
        self
    }

    /// Adds values that the plug-in can read.
    #[must_use]
    pub fn with_config(
        mut self,
        config: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.config.extend(config.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Adds a value that the plug-in can read.
    #[must_use]
    pub fn with_config_key(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }

    /// Limits how long one call may take.
    ///
    /// The manifest counts whole milliseconds; what is left over counts as one more.
    #[must_use]
    pub fn with_timeout(mut self, time: Duration) -> Self {
        let timeout_ms = time.as_nanos().div_ceil(1_000_000);
        self.timeout_ms = Some(u64::try_from(timeout_ms).unwrap_or(u64::MAX));
        self
    }
}

impl From<Manifest> for Cow<'_, [u8]> {
    /// Returns the manifest as JSON.
    ///
    /// # Panics
    ///
    /// If a path is not UTF-8, for JSON has no form for it. `serde_json::to_vec` returns that as an
    /// error, which this signature cannot.
    fn from(manifest: Manifest) -> Self {
        Cow::from(&manifest)
    }
}

impl From<&Manifest> for Cow<'_, [u8]> {
    /// Returns the manifest as JSON.
    ///
    /// # Panics
    ///
    /// If a path is not UTF-8, for JSON has no form for it. `serde_json::to_vec` returns that as an
    /// error, which this signature cannot.
    fn from(manifest: &Manifest) -> Self {
        Cow::Owned(serde_json::to_vec(manifest).expect("the paths of the manifest are UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builder_fills_the_fields() {
        let memory = MemoryOptions::new().with_max_var_bytes(0);
        let manifest = Manifest::new([Wasm::file("a.wasm")])
            .with_wasm(Wasm::data(*b"\0asm").with_name("side"))
            .with_memory_options(memory)
            .with_memory_max(3)
            .with_allowed_hosts(["replaced", "below"])
            .disallow_all_hosts()
            .with_allowed_host("*.example.com")
            .with_allowed_path("ro:/srv", "/data")
            .with_config([("a", "1")])
            .with_config_key("b", "2")
            .with_timeout(Duration::from_secs(2));
        let expected = Manifest {
            wasm: vec![Wasm::file("a.wasm"), Wasm::data(*b"\0asm").with_name("side")],
            memory: MemoryOptions { max_pages: Some(3), ..memory },
            config: BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]),
            allowed_hosts: Some(vec!["*.example.com".into()]),
            allowed_paths: Some(BTreeMap::from([("ro:/srv".into(), PathBuf::from("/data"))])),
            timeout_ms: Some(2000),
        };
        assert_eq!(manifest, expected);
    }

    #[test]
    fn paths_given_together_replace() {
        let manifest = Manifest::default()
            .with_allowed_path("/old", "/")
            .with_allowed_paths([("/new".to_owned(), PathBuf::from("/"))]);
        let expected = BTreeMap::from([("/new".to_owned(), PathBuf::from("/"))]);
        assert_eq!(manifest.allowed_paths, Some(expected));
    }

    #[test]
    fn a_timeout_never_rounds_down_to_none_at_all() {
        let timeout_ms = |time| Manifest::default().with_timeout(time).timeout_ms;
        assert_eq!(timeout_ms(Duration::from_nanos(1)), Some(1));
        assert_eq!(timeout_ms(Duration::from_micros(1001)), Some(2));
        assert_eq!(timeout_ms(Duration::ZERO), Some(0));
        assert_eq!(timeout_ms(Duration::MAX), Some(u64::MAX));
    }

    #[test]
    fn the_bytes_of_a_manifest_are_json() {
        let manifest = Manifest::new([Wasm::data(*b"abc")]).with_memory_max(1);
        let bytes: Cow<'_, [u8]> = (&manifest).into();
        let text = br#"{"wasm":[{"data":"YWJj"}],"memory":{"max_pages":1,"max_var_bytes":null}}"#;
        assert_eq!(bytes, &text[..]);
    }
}
