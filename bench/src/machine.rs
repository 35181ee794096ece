//! Where and with what was measured.

use std::{env::consts, fs, thread};

use crate::peer::Peer;

/// The lock file that this program was built with, which knows the engine's version.
const LOCK: &str = include_str!("../../Cargo.lock");

/// What a report says about its circumstances.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Machine {
    pub(crate) plugsmith: String,
    /// The peer's version, or why there is none.
    pub(crate) extism: Result<String, String>,
    pub(crate) wasmtime: String,
    pub(crate) processor: String,
    pub(crate) n_cores: usize,
    pub(crate) system: String,
    /// How many programs wanted to run at once before this one did, where the system tells.
    pub(crate) load: Option<f64>,
}

impl Machine {
    pub(crate) fn look(peer: &Result<Peer, String>) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let kernel = read("/proc/sys/kernel/osrelease");
        Self {
            plugsmith: env!("CARGO_PKG_VERSION").to_owned(),
            extism: peer.as_ref().map(|peer| peer.version()).map_err(Clone::clone),
            wasmtime: locked("wasmtime", LOCK).unwrap_or("of unknown version").to_owned(),
            processor: model(&read("/proc/cpuinfo")).unwrap_or(consts::ARCH).to_owned(),
            n_cores: thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", consts::OS, kernel.trim()).trim_end().to_owned(),
            load: load(&read("/proc/loadavg")),
        }
    }

    /// The versions of what is measured, in one line.
    pub(crate) fn versions(&self) -> String {
        let extism = self.extism.as_ref().map_or("none", String::as_str);
        format!("Plugsmith {}, Extism {extism}, wasmtime {}", self.plugsmith, self.wasmtime)
    }

    /// What it is measured on, in one line.
    pub(crate) fn place(&self) -> String {
        let load =
            self.load.map_or_else(String::new, |load| format!(", load {load:.1} at the start"));
        format!("{}, {} cores, {}{load}", self.processor, self.n_cores, self.system)
    }
}

/// The version of a package in a lock file.
fn locked<'a>(package: &str, lock: &'a str) -> Option<&'a str> {
    let mut lines = lock.lines();
    let name = format!("name = \"{package}\"");
    lines.find(|line| *line == name)?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The name of the first processor, as Linux tells it on most machines.
fn model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

/// The average of the last minute, which stands first.
fn load(loadavg: &str) -> Option<f64> {
    loadavg.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_the_package_alone() {
        let lock = "[[package]]\nname = \"wasmtime-wasi\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasmtime\"\nversion = \"48.0.8\"\nsource = \"x\"\n";
        assert_eq!(locked("wasmtime", lock), Some("48.0.8"));
        assert_eq!(locked("wasm", lock), None);
        assert!(locked("wasmtime", LOCK).is_some());
    }

    #[test]
    fn the_first_processor_gives_the_name() {
        let text =
            "processor\t: 0\nmodel name\t: Some CPU 7\nprocessor\t: 1\nmodel name\t: Other\n";
        assert_eq!(model(text), Some("Some CPU 7"));
        assert_eq!(model("processor : 0\n"), None);
    }

    #[test]
    fn the_load_is_that_of_the_last_minute() {
        assert_eq!(load("0.25 1.50 2.00 3/120 4711\n"), Some(0.25));
        assert_eq!(load(""), None);
    }
}
