//! A thread that loads a plug-in again when its files change. Feature `watch`.
//!
//! The system tells of changes in folders, not in files: editors and compilers write a new file and give
//! it the old one's name. So what happens to that name in its folder is a reason to look, and content
//! decides. The thread waits until the files are quiet, since a file is seldom written at once. Of a file
//! that is half written all the same, what it reads is most often refused, and the rest is another change;
//! but half a file may be whole by itself.
//!
//! Invariant: a folder is watched before the files in it are read, so no change falls in between.

mod folders;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use self::folders::Folders;
use crate::{compiled::CompiledPlugin, error::Error, reload::Reloader};

/// How long files must be quiet.
const SETTLING_TIME: Duration = Duration::from_millis(50);

/// How many times that files that are never quiet are waited for.
const PATIENCE: u32 = 20;

/// When a watch looks for changes.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct WatchOptions {
    /// How long nothing must happen to the files before they are read, but at most twenty times that
    /// after the first change.
    pub settling_time: Duration,
    /// How often to look although the system told of no change, as it cannot for URLs, nor for folders of
    /// some networks. `None`, the default, is never.
    pub period: Option<Duration>,
}

impl WatchOptions {
    /// Waits a twentieth of a second for files to settle, and looks when the system tells of changes.
    pub fn new() -> Self {
        Self { settling_time: SETTLING_TIME, period: None }
    }

    /// Sets how long nothing must happen to the files before they are read.
    pub fn with_settling_time(mut self, time: Duration) -> Self {
        self.settling_time = time;
        self
    }

    /// Looks at least this often.
    pub fn with_period(mut self, period: Duration) -> Self {
        self.period = Some(period);
        self
    }
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Why files are not watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The system does not tell of changes: it knows no way to, or all its watches are in use.
    #[error("the plug-in's files cannot be watched")]
    System {
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system gave no thread to watch from.
    #[error("no thread could be started to watch the plug-in's files")]
    NoThread {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Loading the new version panicked. It is refused like any that cannot be loaded.
    #[error("loading the new version of the plug-in panicked")]
    Panicked,
}

/// Loads a plug-in again whenever its files change, in the background, until it is dropped.
///
/// Each version that differs from the one before is compiled in a thread of its own, and given to the
/// function that the watch was started with; a version that cannot be loaded is given to it as an error,
/// while the old one goes on serving. A file that is removed is such a version.
///
/// Files are best written under another name, in the same folder, and then renamed. Of a file that is
/// written in its place, and for longer than [`WatchOptions::settling_time`], a part may be read. Most
/// parts are refused, but a manifest in TOML that ends with a line may be a manifest, and a module that
/// ends with a section may be a module.
///
/// The system tells what happens to the files, to links on the way to them, and to the folders that hold
/// either. If a folder further above is renamed, and another takes its name, nobody tells: then
/// [`Watch::check_now`] looks, or a [`WatchOptions::period`]. A system may also have a limit of watches:
/// Linux allows a user 128 by default (`fs.inotify.max_user_instances`), in all programs together. Many
/// plug-ins may be better off with a [`Reloader`] each, and one thread that checks them in turn.
///
/// Dropping a watch waits for the thread, and thus for what it is compiling; after that, the function is
/// called no more. A panic of the function ends the watch.
///
/// # Examples
///
/// ```no_run
/// use plugsmith::{Manifest, Plugin, PluginBuilder, Pool, Reloader, Wasm, Watch, WatchOptions};
///
/// let mut reloader = Reloader::new(|| {
///     Ok(PluginBuilder::new(Manifest::new([Wasm::file("plugin.wasm")])))
/// });
/// let compiled = reloader.load()?;
/// let pool = Pool::new(move || Plugin::new_from_compiled(&compiled));
///
/// let served = pool.clone();
/// let watch = Watch::start(reloader, WatchOptions::new(), move |version| match version {
///     Ok(compiled) => served.replace(move || Plugin::new_from_compiled(&compiled)),
///     Err(refusal) => eprintln!("the old version goes on serving: {refusal:#}"),
/// })?;
/// # drop((pool, watch));
/// # Ok::<(), plugsmith::Error>(())
/// ```
///
/// Where the plug-in is not in a pool, the thread that has it asks for new versions between calls:
///
/// ```no_run
/// use std::sync::mpsc;
///
/// use plugsmith::{
///     Manifest, OwnVars, Plugin, PluginBuilder, Reloader, Wasm, Watch, WatchOptions,
/// };
///
/// let mut reloader = Reloader::new(|| {
///     Ok(PluginBuilder::new(Manifest::new([Wasm::file("plugin.wasm")])))
/// });
/// let mut plugin = Plugin::new_from_compiled(&reloader.load()?)?;
///
/// let (sender, versions) = mpsc::channel();
/// let watch = Watch::start(reloader, WatchOptions::new(), move |version| match version {
///     Ok(compiled) => drop(sender.send(compiled)),
///     Err(refusal) => eprintln!("the old version goes on serving: {refusal:#}"),
/// })?;
/// for line in std::io::stdin().lines() {
///     if let Some(newest) = versions.try_iter().last() {
///         plugin.replace(&newest, OwnVars::Keep);
///     }
///     println!("{}", plugin.call::<_, String>("answer", line?)?);
/// }
/// # drop(watch);
/// # Ok::<(), plugsmith::Error>(())
/// ```
pub struct Watch {
    news: Sender<News>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts to watch the files of `reloader`, which has loaded the version that is serving. Each new
    /// version, or why it is refused, is given to `receive`.
    ///
    /// # Errors
    ///
    /// [`WatchError::System`], [`WatchError::NoThread`].
    pub fn start(
        reloader: Reloader,
        options: WatchOptions,
        receive: impl FnMut(Result<CompiledPlugin, Error>) + Send + 'static,
    ) -> Result<Self, WatchError> {
        let (news, arrivals) = mpsc::channel();
        let mut folders = Folders::new(news.clone())?;
        folders.follow(reloader.paths())?;
        let mut watcher = Watcher { reloader, folders, receive: Box::new(receive) };
        let thread = thread::Builder::new()
            .name("plugsmith-watch".to_owned())
            .spawn(move || watcher.run(&arrivals, &options))
            .map_err(|source| WatchError::NoThread { source })?;
        Ok(Self { news, thread: Some(thread) })
    }

    /// Has the thread look for changes now, also at URLs, and try once more what was refused. Does not
    /// wait for it.
    pub fn check_now(&self) {
        // Without a thread, there is nothing to tell.
        let _ = self.news.send(News::Asked);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.news.send(News::Over);
        // The function that gets the versions may be the owner. Then the thread ends after this.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // If it panicked, it has said so.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// What the thread hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// Something happened to a file.
    Changed,
    /// Somebody wants to know.
    Asked,
    /// The watch was dropped.
    Over,
}

/// What the thread has.
struct Watcher {
    reloader: Reloader,
    folders: Folders,
    receive: Box<dyn FnMut(Result<CompiledPlugin, Error>) + Send>,
}

impl Watcher {
    fn run(&mut self, arrivals: &Receiver<News>, options: &WatchOptions) {
        let mut looked = Instant::now();
        // What changed between the loading and the watching.
        self.check(Reloader::check);
        while let Some(news) = next(arrivals, options, looked) {
            let is_due = options.period.is_some_and(|period| looked.elapsed() >= period);
            if news == News::Asked {
                self.reloader.forget_refusal();
            }
            if news == News::Asked || is_due {
                looked = Instant::now();
                self.check(Reloader::check);
            } else {
                self.check(Reloader::check_files);
            }
        }
    }

    /// Loads what `look` finds changed, and watches what that is made of.
    fn check(&mut self, mut look: fn(&mut Reloader) -> Result<Option<CompiledPlugin>, Error>) {
        // Another folder may have the name of one that was watched.
        self.follow();
        loop {
            let checked = catch_unwind(AssertUnwindSafe(|| look(&mut self.reloader)));
            let checked = checked.unwrap_or_else(|_| Err(WatchError::Panicked.into()));
            if let Some(version) = checked.transpose() {
                (self.receive)(version);
            }
            // What is new here was read before it was watched.
            if !self.follow() {
                return;
            }
            look = Reloader::check_files;
        }
    }

    /// Watches the files that there are now. Says whether one is new.
    fn follow(&mut self) -> bool {
        self.folders.follow(self.reloader.paths()).unwrap_or_else(|err| {
            let err = Error::from(err);
            tracing::warn!("changes of a plug-in's files may go unnoticed: {err:#}");
            false
        })
    }
}

/// Waits for a reason to look; returns `None` when the watch is over. URLs were `looked` at then.
fn next(arrivals: &Receiver<News>, options: &WatchOptions, looked: Instant) -> Option<News> {
    let first = match options.period {
        Some(period) => match arrivals.recv_timeout(period.saturating_sub(looked.elapsed())) {
            Err(RecvTimeoutError::Timeout) => return Some(News::Changed),
            first => first.ok(),
        },
        None => arrivals.recv().ok(),
    };
    match first? {
        News::Changed => settle(arrivals, options.settling_time),
        News::Asked => Some(News::Asked),
        News::Over => None,
    }
}

/// Waits until nothing has changed for `quiet`, or somebody asks.
fn settle(arrivals: &Receiver<News>, quiet: Duration) -> Option<News> {
    let started = Instant::now();
    while started.elapsed() <= quiet.saturating_mul(PATIENCE) {
        match arrivals.recv_timeout(quiet) {
            Ok(News::Changed) => {}
            Ok(News::Asked) => return Some(News::Asked),
            Ok(News::Over) | Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    Some(News::Changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a thread with these options is woken by, if it hears this before it sleeps for the first time.
    fn woken_by(heard: &[News], options: &WatchOptions) -> Vec<News> {
        let (sender, arrivals) = mpsc::channel();
        for news in heard {
            sender.send(*news).expect("there is a receiver");
        }
        drop(sender);
        std::iter::from_fn(|| next(&arrivals, options, Instant::now())).collect()
    }

    #[test]
    fn changes_in_a_row_are_one() {
        use News::{Asked, Changed, Over};

        let options = WatchOptions::new().with_settling_time(Duration::from_mins(10));
        let rows: [(&[News], &[News]); 7] = [
            (&[], &[]),
            (&[Changed, Changed, Asked], &[Asked]),
            (&[Changed, Changed, Asked, Changed, Asked], &[Asked, Asked]),
            (&[Asked, Asked], &[Asked, Asked]),
            (&[Over, Changed], &[]),
            (&[Changed, Over, Asked], &[]),
            (&[Asked, Over, Asked], &[Asked]),
        ];
        for (heard, expected) in rows {
            let mut woken_by = woken_by(heard, &options);
            // What was heard after the end is heard by nobody.
            woken_by.truncate(expected.len());
            assert_eq!(woken_by, expected, "{heard:?}");
        }
    }

    #[test]
    fn no_settling_time_is_too_long() {
        let options = WatchOptions::new().with_settling_time(Duration::MAX);
        let heard = [News::Changed, News::Changed, News::Asked];
        assert_eq!(woken_by(&heard, &options), [News::Asked]);
    }

    #[test]
    fn a_folder_that_is_never_quiet_is_looked_at_all_the_same() {
        let (sender, arrivals) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| while sender.send(News::Changed).is_ok() {});
            let options = WatchOptions::new().with_settling_time(Duration::from_millis(1));
            assert_eq!(next(&arrivals, &options, Instant::now()), Some(News::Changed));
            drop(arrivals);
        });
    }

    #[test]
    fn a_period_is_a_reason_to_look() {
        let (_sender, arrivals) = mpsc::channel();
        let options = WatchOptions::new().with_period(Duration::from_nanos(1));
        assert_eq!(next(&arrivals, &options, Instant::now()), Some(News::Changed));
    }
}
