//! Servers, each a process of its own: the command, which lies beside this program, and this program once
//! more, with other things behind the command's server.

use std::{
    env::{self, consts},
    fs, future,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use plugsmith_serve::{Backend, CallLimits, ClientLimits, Metrics, Origins};
use serde_json::json;
use tokio::net::TcpListener;

use super::backends::{FixedAnswers, PeerPlugins};
use crate::peer::Peer;

/// Asks for a server, on the command line: what is behind it, and how many calls run at once, follow.
pub(crate) const FLAG: &str = "--server";

/// What this program can put behind the command's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// The published library.
    Peer { n_running: usize, manifest: PathBuf },
    /// Answers that are known.
    Fixed { n_running: usize },
}

impl Served {
    /// Reads what follows [`FLAG`].
    ///
    /// # Errors
    ///
    /// A sentence for the person at the terminal.
    pub(crate) fn parse<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut read = || {
            let what = arguments.next()?;
            let n_running = arguments.next()?.parse().ok()?;
            match what {
                "peer" => Some(Self::Peer { n_running, manifest: arguments.next()?.into() }),
                "fixed" => Some(Self::Fixed { n_running }),
                _ => None,
            }
        };
        read()
            .ok_or(format!("`{FLAG}` needs `fixed` or `peer`, a number, and for `peer` a manifest"))
    }

    /// Serves until the process is killed. Prints where, as the command does.
    ///
    /// # Errors
    ///
    /// If the library is not to be had, or no port.
    pub(crate) fn serve(self, open_peer: impl FnOnce() -> Result<Peer, String>) -> Result<()> {
        let (n_running, backend): (_, Arc<dyn Backend>) = match self {
            Self::Peer { n_running, manifest } => {
                let peer = open_peer().map_err(anyhow::Error::msg)?;
                (n_running, Arc::new(PeerPlugins::new(peer, fs::read(manifest)?)))
            }
            Self::Fixed { n_running } => (n_running, Arc::new(FixedAnswers)),
        };
        // As the command has them, unless told otherwise.
        let time = Duration::from_secs(10);
        let calls = CallLimits { n_running, n_waiting: 256, waiting_time: time };
        let clients =
            ClientLimits { n_connections: 1024, time, body: 1 << 20, origins: Origins::default() };
        let runtime = plugsmith_serve::start_runtime(n_running, 0)?;
        runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            println!("{}", json!({ "port": listener.local_addr()?.port() }));
            let server = plugsmith_serve::Server::new(
                &runtime,
                backend,
                Arc::new(Metrics::default()),
                calls,
                clients,
            );
            server.serve(listener, future::pending()).await;
            Ok(())
        })
    }

    fn arguments(&self) -> Vec<String> {
        let (what, n_running, manifest) = match self {
            Self::Peer { n_running, manifest } => ("peer", n_running, Some(manifest)),
            Self::Fixed { n_running } => ("fixed", n_running, None),
        };
        let mut arguments = vec![FLAG.to_owned(), what.to_owned(), n_running.to_string()];
        arguments.extend(manifest.map(|manifest| manifest.display().to_string()));
        arguments
    }
}

/// A process that serves, and ends with this value.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts the command, which is built beside this program.
    pub(super) fn command(manifest: &Path, n_running: usize) -> Result<Self> {
        let own = env::current_exe().context("finding this program")?;
        let program = own.with_file_name(format!("plugsmith{}", consts::EXE_SUFFIX));
        let mut command = Command::new(&program);
        command.arg("serve").arg(manifest).args(["--json", "--port", "0", "--no-cache"]);
        command.args(["--instances", &n_running.to_string()]);
        Self::start(&mut command).with_context(|| format!("starting `{}`", program.display()))
    }

    /// Starts this program once more.
    pub(super) fn own(served: &Served) -> Result<Self> {
        let mut command = Command::new(env::current_exe().context("finding this program")?);
        Self::start(command.args(served.arguments())).context("starting this program again")
    }

    fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output is not piped")?;
        // Killed if it does not say where it is.
        let mut server = Self { child, address: (Ipv4Addr::LOCALHOST, 0).into() };
        BufReader::new(stdout).read_line(&mut line)?;
        let said: serde_json::Value =
            serde_json::from_str(&line).context("it does not say where it serves")?;
        let port = said["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        server.address.set_port(port.context("it does not say at which port it serves")?);
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_is_read_from_the_command_line() {
        for served in [
            Served::Fixed { n_running: 2 },
            Served::Peer { n_running: 3, manifest: PathBuf::from("a.json") },
        ] {
            let arguments = served.arguments();
            assert_eq!(arguments[0], FLAG);
            let rest = arguments[1..].iter().map(String::as_str);
            assert_eq!(Served::parse(rest), Ok(served));
        }
        for line in ["", "ours 2", "fixed", "fixed many", "peer 2"] {
            let err = Served::parse(line.split_whitespace()).expect_err(line);
            assert!(err.starts_with("`--server` needs"), "{err}");
        }
    }
}
