//! New versions of the plug-in, while the old one serves.

use std::sync::{Arc, Mutex, PoisonError};

use plugsmith::{CompiledPlugin, Error, Reloader, Watch, WatchOptions};
use plugsmith_serve::Metrics;

use super::{logs, plugins::Plugins};
use crate::{exit::Exit, failure::Failure, output::Output, plugin_options::PluginOptions};

/// Who looks for a new version, and when.
pub(super) enum Reloads {
    /// A thread, whenever files change, and when it is asked.
    Watched(Watch),
    /// Whoever is asked.
    Asked(Arc<Mutex<Asked>>),
}

/// What it takes to look for a new version.
pub(super) struct Asked {
    reloader: Reloader,
    receive: Box<dyn FnMut(Result<CompiledPlugin, Error>) + Send>,
}

/// Returns what loads the plug-in, again and again.
pub(super) fn reloader(options: PluginOptions, output: Output) -> Reloader {
    let paths = options.own_paths();
    let recipe = move || {
        let level = options.log_level();
        let builder = options.builder(&output).map_err(Error::new)?;
        Ok(builder.with_cache_disabled().with_log_level(level).with_log_sink(logs::guest))
    };
    paths.into_iter().fold(Reloader::new(recipe), Reloader::with_path)
}

/// Returns why the plug-in could not be loaded.
pub(super) fn failure_of(err: Error) -> Failure {
    // What the options came to is a failure already.
    err.downcast::<Failure>().unwrap_or_else(Failure::from)
}

impl Reloads {
    /// Has new versions served: those that a watch with `options` finds, or else those that are asked
    /// for.
    ///
    /// # Errors
    ///
    /// If files cannot be watched.
    pub(super) fn start(
        reloader: Reloader,
        plugins: &Arc<Plugins>,
        metrics: &Arc<Metrics>,
        options: Option<WatchOptions>,
    ) -> Result<Self, Failure> {
        let (plugins, metrics) = (Arc::clone(plugins), Arc::clone(metrics));
        let receive = move |version| receive(version, &plugins, &metrics);
        let Some(options) = options else {
            let receive = Box::new(receive);
            return Ok(Self::Asked(Arc::new(Mutex::new(Asked { reloader, receive }))));
        };
        let watch = Watch::start(reloader, options, receive);
        let failed = |err| Failure::new(Exit::Input, "cannot watch the plug-in").with_cause(err);
        watch.map(Self::Watched).map_err(failed)
    }

    /// Has somebody look for a new version, and does not wait for it.
    pub(super) fn ask(&self) {
        match self {
            Self::Watched(watch) => watch.check_now(),
            Self::Asked(asked) => {
                let asked = Arc::clone(asked);
                // Compiling takes a while, and clients are not to wait for it.
                drop(tokio::task::spawn_blocking(move || {
                    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
                    asked.check();
                }));
            }
        }
    }
}

impl Asked {
    fn check(&mut self) {
        self.reloader.forget_refusal();
        if let Some(version) = self.reloader.check().transpose() {
            (self.receive)(version);
        } else {
            tracing::info!("the plug-in has not changed");
        }
    }
}

/// Serves a new version, or says why not.
fn receive(version: Result<CompiledPlugin, Error>, plugins: &Plugins, metrics: &Metrics) {
    match version {
        Ok(compiled) => {
            plugins.replace(compiled);
            metrics.count_reload();
            tracing::info!("serving a new version of the plug-in");
        }
        Err(refusal) => {
            metrics.count_refused_reload();
            tracing::warn!(
                error = format!("{refusal:#}"),
                "refused a new version of the plug-in; the old one goes on serving"
            );
        }
    }
}
