//! As many instances of one plug-in as live at once, in a process of their own.
//!
//! What they use up, such as the system's maps of memory, would be missing elsewhere; and the process may
//! die of it, which is no reason to end. So the benchmark starts itself again with a flag that nobody
//! else needs, and reads what that prints: a line now and then, which says how far it is.

use std::{
    env, fs,
    path::PathBuf,
    process::{self, Command},
};

use anyhow::{Context as _, Result, bail};
use plugsmith::{CallError, Plugin};

use crate::{peer::Peer, resident, setting};

/// Asks for a crowd, on the command line: side, number, and the file of the plug-in follow.
pub(crate) const FLAG: &str = "--crowd";

/// How many instances to make from one line to the next.
const STEP: u64 = 50;

/// Begins the line that says why there are no more.
const REFUSED: &str = "refused: ";

/// What to make, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crowd {
    pub(crate) side: CrowdSide,
    pub(crate) n_wanted: u64,
    /// A plug-in with an export `echo`.
    pub(crate) wasm: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrowdSide {
    Ours,
    Peer,
}

/// How far it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gathered {
    pub(crate) n_instances: u64,
    /// What all of them added to the memory that is the process's own.
    pub(crate) bytes: u64,
    /// Why there are no more, if more were wanted.
    pub(crate) refusal: Option<String>,
}

impl Crowd {
    /// Reads what follows [`FLAG`].
    ///
    /// # Errors
    ///
    /// A sentence for the person at the terminal.
    pub(crate) fn parse<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut read = || {
            let side = match arguments.next()? {
                "ours" => CrowdSide::Ours,
                "peer" => CrowdSide::Peer,
                _ => return None,
            };
            Some(Self {
                side,
                n_wanted: arguments.next()?.parse().ok()?,
                wasm: arguments.next()?.into(),
            })
        };
        read().ok_or(format!("`{FLAG}` needs `ours` or `peer`, a number, and a file"))
    }

    /// Has a process make the instances, and waits for its end.
    ///
    /// # Errors
    ///
    /// If there is no such process, or it ends by anything but a refusal that it could tell. Of the peer
    /// that is a refusal, too.
    pub(crate) fn gather(&self) -> Result<Gathered> {
        let side = match self.side {
            CrowdSide::Ours => "ours",
            CrowdSide::Peer => "peer",
        };
        let mut command = Command::new(env::current_exe().context("finding this program")?);
        command.args([FLAG, side, &self.n_wanted.to_string()]).arg(&self.wasm);
        let output = command.output().context("starting this program again")?;
        let mut gathered = Gathered::read(&String::from_utf8_lossy(&output.stdout));
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if self.side == CrowdSide::Ours {
                bail!("{}, after {} instances: {said}", output.status, gathered.n_instances);
            }
            gathered.refusal = Some(match said.lines().find(|line| line.contains("panicked")) {
                Some(_) => "it panics".to_owned(),
                None => output.status.to_string(),
            });
        }
        Ok(gathered)
    }

    /// Makes the instances, and prints how far it is. Ends the process, which spares it the cleaning up.
    ///
    /// # Errors
    ///
    /// If the plug-in cannot be loaded, or one of Plugsmith's instances is refused by anything but a
    /// [`CallError`].
    pub(crate) fn make(&self, open_peer: impl FnOnce() -> Result<Peer, String>) -> Result<()> {
        let wasm =
            fs::read(&self.wasm).with_context(|| format!("reading `{}`", self.wasm.display()))?;
        match self.side {
            CrowdSide::Ours => {
                let compiled = setting::builder(&wasm, false).with_cache_disabled().compile()?;
                let (refusal, _instances) = self.fill(|| {
                    let mut plugin = Plugin::new_from_compiled(&compiled)?;
                    plugin.call::<&[u8], &[u8]>("echo", b"present")?;
                    Ok(plugin)
                })?;
                if let Some(err) = refusal.as_ref().filter(|err| !err.is::<CallError>()) {
                    bail!("an instance is refused by an error of no type: {err:#}");
                }
                tell_refusal(refusal.as_ref());
            }
            CrowdSide::Peer => {
                let compiled = open_peer().map_err(anyhow::Error::msg)?.compile(&wasm, false)?;
                let (refusal, _instances) = self.fill(|| {
                    let mut plugin = compiled.instantiate()?;
                    plugin.call(c"echo", b"present")?;
                    Ok(plugin)
                })?;
                tell_refusal(refusal.as_ref());
            }
        }
        process::exit(0);
    }

    /// Makes instances as long as they are wanted and can be had. Returns them, and why there are no
    /// more.
    fn fill<Instance>(
        &self,
        mut make: impl FnMut() -> Result<Instance>,
    ) -> Result<(Option<anyhow::Error>, Vec<Instance>)> {
        let mut instances = Vec::new();
        let before = resident::bytes()?;
        let tell = |n_instances: u64| {
            let bytes = resident::bytes()?.saturating_sub(before);
            println!("{n_instances} {bytes}");
            anyhow::Ok(())
        };
        for n_before in 0..self.n_wanted {
            if n_before % STEP == 0 {
                tell(n_before)?;
            }
            match make() {
                Ok(instance) => instances.push(instance),
                Err(refusal) => {
                    tell(n_before)?;
                    return Ok((Some(refusal), instances));
                }
            }
        }
        tell(self.n_wanted)?;
        Ok((None, instances))
    }
}

fn tell_refusal(refusal: Option<&anyhow::Error>) {
    if let Some(refusal) = refusal {
        println!("{REFUSED}{refusal:#}");
    }
}

impl Gathered {
    /// Reads what the process printed; the last word counts.
    fn read(text: &str) -> Self {
        let mut gathered = Self::default();
        for line in text.lines() {
            if let Some(refusal) = line.strip_prefix(REFUSED) {
                gathered.refusal = Some(refusal.to_owned());
            }
            let mut numbers = line.split(' ').map(str::parse);
            if let (Some(Ok(n_instances)), Some(Ok(bytes))) = (numbers.next(), numbers.next()) {
                (gathered.n_instances, gathered.bytes) = (n_instances, bytes);
            }
        }
        gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_read_from_the_command_line() {
        let parse = |line: &str| Crowd::parse(line.split_whitespace());
        let expected = Crowd { side: CrowdSide::Peer, n_wanted: 10, wasm: PathBuf::from("a.wasm") };
        assert_eq!(parse("peer 10 a.wasm"), Ok(expected));
        for line in ["", "theirs 10 a.wasm", "ours many a.wasm", "ours 10"] {
            let err = parse(line).unwrap_err();
            assert_eq!(err, "`--crowd` needs `ours` or `peer`, a number, and a file", "`{line}`");
        }
    }

    #[test]
    fn the_last_word_counts() {
        let rows = [
            ("", (0, 0, None)),
            ("0 0\n50 409600\n", (50, 409_600, None)),
            (
                "50 4096\n73 8192\nrefused: no room for 1 more\n",
                (73, 8_192, Some("no room for 1 more")),
            ),
            // Cut off by the process's end.
            ("50 4096\n100", (50, 4_096, None)),
        ];
        for (text, (n_instances, bytes, refusal)) in rows {
            let refusal = refusal.map(str::to_owned);
            assert_eq!(Gathered::read(text), Gathered { n_instances, bytes, refusal }, "{text}");
        }
    }

    #[test]
    fn instances_are_made_till_one_is_refused() {
        let crowd = |n_wanted| Crowd { side: CrowdSide::Ours, n_wanted, wasm: PathBuf::new() };
        let mut n_left = 7;
        let mut make = || {
            anyhow::ensure!(n_left > 0, "no more");
            n_left -= 1;
            Ok(n_left)
        };
        let (refusal, instances) = crowd(3).fill(&mut make).unwrap();
        assert!(refusal.is_none());
        assert_eq!(instances, [6, 5, 4]);
        let (refusal, instances) = crowd(100).fill(&mut make).unwrap();
        assert_eq!(refusal.unwrap().to_string(), "no more");
        assert_eq!(instances.len(), 4);
    }
}
