//! The first load of a process, with a cache on disk that another process has filled.
//!
//! A process does that once, so each look takes a process of its own: the benchmark starts itself again
//! with a flag that nobody else needs, and reads from what that prints how long it took. The process's
//! start, and opening the peer's library, are not counted: a host has other reasons to start.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};

use crate::{peer::Peer, setting, subject::check};

/// Asks for a first load, on the command line: side, where its cache is, and the file of the plug-in
/// follow.
pub(crate) const FLAG: &str = "--first";

const INPUT: &[u8] = b"the first that the plug-in is given";

/// What to load, and who.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FirstLoad {
    pub(crate) cache: FirstCache,
    /// A plug-in with an export `echo`.
    pub(crate) wasm: PathBuf,
}

/// A side, and where it has its cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FirstCache {
    /// Plugsmith, in a folder.
    Ours(PathBuf),
    /// The peer, as a configuration file says.
    Peer(PathBuf),
}

impl FirstLoad {
    /// Reads what follows [`FLAG`].
    ///
    /// # Errors
    ///
    /// A sentence for the person at the terminal.
    pub(crate) fn parse<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut read = || {
            let side = match arguments.next()? {
                "ours" => FirstCache::Ours,
                "peer" => FirstCache::Peer,
                _ => return None,
            };
            Some(Self { cache: side(arguments.next()?.into()), wasm: arguments.next()?.into() })
        };
        read().ok_or(format!("`{FLAG}` needs `ours` or `peer`, a cache, and a file"))
    }

    /// Has a process load the plug-in and call it, and returns how many nanoseconds both took.
    ///
    /// # Errors
    ///
    /// If there is no such process, or it fails.
    pub(crate) fn take(&self) -> Result<f64> {
        let (side, cache) = match &self.cache {
            FirstCache::Ours(folder) => ("ours", folder),
            FirstCache::Peer(config) => ("peer", config),
        };
        let mut command = Command::new(env::current_exe().context("finding this program")?);
        let output = command
            .args([FLAG, side])
            .args([cache, &self.wasm])
            .output()
            .context("starting this program again")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {said}", output.status);
        let nanoseconds = String::from_utf8_lossy(&output.stdout);
        nanoseconds.trim().parse().with_context(|| format!("reading `{nanoseconds}`"))
    }

    /// Loads and calls, and prints how many nanoseconds that took.
    ///
    /// # Errors
    ///
    /// If the plug-in cannot be loaded, or the call comes to something else.
    pub(crate) fn make(&self, open_peer: impl FnOnce() -> Result<Peer, String>) -> Result<()> {
        let wasm = read(&self.wasm)?;
        let nanoseconds = match &self.cache {
            FirstCache::Ours(folder) => timed(|| {
                let mut plugin = setting::builder(&wasm, false).with_cache(folder).build()?;
                check("Plugsmith", "echo", plugin.call("echo", INPUT)?, INPUT)
            })?,
            FirstCache::Peer(config) => {
                let peer = open_peer().map_err(anyhow::Error::msg)?;
                Peer::use_cache(Some(config));
                timed(|| {
                    let mut plugin = peer.compile(&wasm, false)?.instantiate()?;
                    check("Extism", "echo", plugin.call(c"echo", INPUT)?, INPUT)
                })?
            }
        };
        println!("{nanoseconds}");
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading `{}`", path.display()))
}

/// Returns how many nanoseconds something took.
fn timed(operation: impl FnOnce() -> Result<()>) -> Result<u128> {
    let started = Instant::now();
    operation()?;
    Ok(started.elapsed().as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_load_is_read_from_the_command_line() {
        let parse = |line: &str| FirstLoad::parse(line.split_whitespace());
        let cache = FirstCache::Peer("cache.toml".into());
        assert_eq!(parse("peer cache.toml a.wasm"), Ok(FirstLoad { cache, wasm: "a.wasm".into() }));
        for line in ["", "theirs folder a.wasm", "ours folder"] {
            let err = parse(line).unwrap_err();
            assert_eq!(err, "`--first` needs `ours` or `peer`, a cache, and a file", "`{line}`");
        }
    }
}
