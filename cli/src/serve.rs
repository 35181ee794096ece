//! `plugsmith serve`: a plug-in's exports as HTTP endpoints.
//!
//! Owns the options, and the order in which things start and end. `plugins.rs` has what is called,
//! `reloads.rs` new versions, `signals.rs` what the system says. The server itself is a package of its own,
//! `serve`, which the benchmark has other things behind.

mod logs;
mod plugins;
mod reloads;
mod signals;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::{NonZeroU16, NonZeroU32},
    sync::Arc,
    thread,
    time::Duration,
};

use clap::Args;
use plugsmith_serve::{CallLimits, ClientLimits, Metrics, Origins, Server};
use serde_json::json;
use tokio::{net::TcpListener, time};
use url::Url;

use self::{plugins::Plugins, reloads::Reloads, signals::Signals};
use crate::{
    exit::Exit,
    failure::Failure,
    output::{self, Output},
    plugin_options::{self, KeyOption, PluginOptions},
};

/// What is blocked besides calls: loading a new version.
const N_OTHERS: usize = 2;

/// Serves a plug-in's exports over HTTP.
///
/// `POST /NAME` calls the export NAME: the body is its input, and the response's body its output. `GET
/// /metrics` has counts for Prometheus, `/healthz` says whether the server lives, and `/readyz` whether
/// it takes requests. Failures are JSON: 404 for a missing export, 413 for too large an input, 422 for a
/// plug-in's error, 503 if too many wait, 504 for one that ran past its time limit.
///
/// SIGHUP has a new version of the plug-in loaded, SIGTERM and Ctrl-C end the server when all requests
/// that were begun are answered.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) plugin: PluginOptions,
    #[command(flatten)]
    key: KeyOption,
    /// The address to listen on; `0.0.0.0` is open to the network.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), help_heading = "Server")]
    listen: IpAddr,
    /// The port to listen on; 0 is any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 8080, help_heading = "Server")]
    port: u16,
    /// How many calls run at once; the default is as many as the machine runs threads.
    #[arg(long, value_name = "N", help_heading = "Server")]
    instances: Option<NonZeroU16>,
    /// How many requests may wait for others to end.
    #[arg(long, value_name = "N", default_value_t = 256, help_heading = "Server")]
    queue: usize,
    /// How long a request may wait for others to end.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = plugin_options::duration, help_heading = "Server")]
    queue_time: Duration,
    /// Limits the body of a request, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, help_heading = "Server")]
    body_max: usize,
    /// How long a client may take to send the head of a request, and how long for its body.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = plugin_options::duration, help_heading = "Server")]
    client_time: Duration,
    /// How many clients may be connected at once; more wait until one leaves.
    #[arg(long, value_name = "N", default_value = "1024", help_heading = "Server")]
    connections: NonZeroU32,
    /// Lets web pages of this origin call, such as `https://example.com`, and see the answers; `*` is all
    /// pages. None can otherwise, wherever the browser is. Repeat it for more.
    #[arg(long, value_name = "ORIGIN", value_parser = origin, help_heading = "Server")]
    allow_origin: Vec<String>,
    /// How long the server waits, when it is told to end, for requests that were begun.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = plugin_options::duration, help_heading = "Server")]
    grace: Duration,
    /// Loads the plug-in again when its files change; one that is broken is refused, and the old one
    /// goes on serving.
    #[arg(long, help_heading = "Server")]
    watch: bool,
    /// Looks this often for a new version: for URLs, of whose changes nothing tells.
    #[arg(long, value_name = "TIME", value_parser = plugin_options::duration, help_heading = "Server")]
    poll: Option<Duration>,
    /// Logs every request.
    #[arg(long, help_heading = "Server")]
    log_requests: bool,
}

impl Serve {
    /// Serves until it is told to end.
    ///
    /// # Errors
    ///
    /// If the plug-in cannot be loaded, or the address is not to be had.
    pub(crate) fn run(mut self, output: &Output) -> Result<Exit, Failure> {
        self.plugin.key = self.key.clone();
        if self.is_reloading() && self.plugin.is_stdin() {
            return Err(Failure::new(Exit::Usage, "standard input can be read only once")
                .with_help("name a file or a URL, or leave out `--watch` and `--poll`"));
        }
        logs::start(output, self.log_requests);
        let n_instances =
            self.instances.map_or_else(default_instances, |number| usize::from(number.get()));
        let mut reloader = reloads::reloader(self.plugin.clone(), output.clone());
        let spinner = output.spinner(format!("Compiling {}", self.plugin.source));
        let compiled = reloader.load();
        spinner.finish_and_clear();
        let compiled = compiled.map_err(reloads::failure_of)?;
        let plugins = Arc::new(Plugins::new(compiled, n_instances));
        let metrics = Arc::new(Metrics::default());
        let runtime = plugsmith_serve::start_runtime(n_instances, N_OTHERS)
            .map_err(|err| Failure::new(Exit::Input, "the server cannot start").with_cause(err))?;
        let ended = runtime.block_on(async {
            let listener = listen(SocketAddr::new(self.listen, self.port)).await?;
            let address = address(&listener)?;
            let signals = Signals::new()?;
            let reloads = Reloads::start(reloader, &plugins, &metrics, self.watch_options())?;
            self.announce(address, output)?;
            let server = Server::new(
                &runtime,
                plugins,
                metrics,
                self.call_limits(n_instances),
                self.client_limits(),
            );
            Ok(self.serve(listener, &server, signals, &reloads).await)
        });
        // Whatever still runs was given its time.
        runtime.shutdown_background();
        ended
    }

    /// Answers requests until a signal says to end, and then those that were begun.
    async fn serve(
        &self,
        listener: TcpListener,
        server: &Server,
        mut signals: Signals,
        reloads: &Reloads,
    ) -> Exit {
        server.serve(listener, signals.end(|| reloads.ask())).await;
        tracing::info!(grace = ?self.grace, "ending: requests that were begun are answered");
        tokio::select! {
            () = server.finish() => {
                tracing::info!("ended");
                Exit::Success
            }
            () = time::sleep(self.grace) => {
                tracing::warn!("ended before all requests were answered");
                Exit::Time
            }
            () = signals.end(|| {}) => {
                tracing::warn!("ended at once, before all requests were answered");
                Exit::Time
            }
        }
    }

    fn call_limits(&self, n_running: usize) -> CallLimits {
        CallLimits { n_running, n_waiting: self.queue, waiting_time: self.queue_time }
    }

    fn client_limits(&self) -> ClientLimits {
        ClientLimits {
            n_connections: self.connections.get(),
            time: self.client_time,
            body: self.body_max,
            origins: Origins::new(self.allow_origin.iter().cloned()),
        }
    }

    fn is_reloading(&self) -> bool {
        self.watch || self.poll.is_some()
    }

    fn watch_options(&self) -> Option<plugsmith::WatchOptions> {
        let options = plugsmith::WatchOptions::new();
        match self.poll {
            Some(period) => Some(options.with_period(period)),
            None => self.watch.then_some(options),
        }
    }

    /// Tells where the server is.
    fn announce(&self, address: SocketAddr, output: &Output) -> Result<(), Failure> {
        let url = format!("http://{address}");
        tracing::info!(%url, plugin = self.plugin.source, "serving");
        if output.is_json() {
            return output::print_json(&json!({ "url": url, "port": address.port() }));
        }
        output::print(&format!("Serving {} at {url}\n", self.plugin.source))
    }
}

/// Reads an origin, as browsers write it, or `*`.
fn origin(text: &str) -> Result<String, String> {
    let is_origin =
        |url: Url| url.origin().is_tuple() && url.origin().ascii_serialization() == text;
    if text == "*" || Url::parse(text).is_ok_and(is_origin) {
        return Ok(text.to_owned());
    }
    Err("an origin is a scheme, a host, and a port if it is not the usual one, in lower case and \
         with nothing behind: https://example.com"
        .to_owned())
}

fn default_instances() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Starts to listen.
///
/// # Errors
///
/// If the address is not to be had.
async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|err| {
        let help = match err.kind() {
            io::ErrorKind::AddrInUse => "name another port with `--port`; 0 is any that is free",
            io::ErrorKind::PermissionDenied => "ports below 1024 are the system's",
            _ => "`--listen` takes an address of this machine",
        };
        let message = format!("cannot listen on {address}");
        Failure::new(Exit::Input, message).with_help(help).with_cause(err)
    })
}

/// Returns where a listener is.
///
/// # Errors
///
/// If the system does not know.
fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    let address = listener.local_addr();
    address.map_err(|err| Failure::new(Exit::Input, "the server has no address").with_cause(err))
}
