//! Fast start: plug-ins run on code that was compiled in a hurry, while better code is made in the
//! background.
//!
//! One thread makes it, for one plug-in after another, and ends with the last. The process may end
//! before it does. Whatever goes wrong there, panics included, leaves the plug-in with the code that it
//! has; the log says so.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
};

use crate::{
    builder::Options,
    builds::{Builds, LinkOptions},
    cache::Cache,
    compile::Compiler,
    compiled::Compiled,
    engine::{Codegen, Places, SharedEngine},
    error::LoadError,
    link::CompiledModule,
    module_limits::ModuleLimits,
    source::NamedModule,
};

/// What a plug-in starts on.
pub(crate) enum FastStart {
    /// Optimised code that was there, in this engine.
    Found(Arc<SharedEngine>, Vec<CompiledModule>),
    /// Code that was compiled in a hurry, in this engine.
    Hurried(Arc<SharedEngine>, Vec<CompiledModule>),
}

/// Finds optimised code, or else compiles modules in a hurry. Returns `None` where the engine cannot: its
/// quick compiler knows fewer proposals, and among those that it lacks is one that the kernel uses by
/// itself. What is wrong with a module is for the other compiler to say.
pub(crate) fn compile(
    optimizing: &Compiler<'_>,
    modules: &[NamedModule<'_>],
    options: &Options,
) -> Option<FastStart> {
    let engine = optimizing.engine_that_fits(modules).ok()?;
    if let Some(found) = (Compiler { engine: &engine, ..*optimizing }).find(modules) {
        return Some(FastStart::Found(engine, found));
    }
    // Few instances are made of it.
    let engine = SharedEngine::of(options, Codegen::Hurried, Places::Anew).ok()?;
    let compiler = Compiler { engine: &engine, cache: None, keeps: false, ..*optimizing };
    // Should it panic, that is no reason not to load a module.
    let modules = catch_unwind(AssertUnwindSafe(|| compiler.compile(modules))).ok()?.ok()?;
    let is_fused = modules.iter().all(|module| module.code.fused.is_some());
    is_fused.then_some(FastStart::Hurried(engine, modules))
}

/// What it takes to compile a plug-in once more.
pub(crate) struct Optimization {
    pub(crate) modules: Vec<NamedModule<'static>>,
    pub(crate) engine: Arc<SharedEngine>,
    pub(crate) cache: Option<Cache>,
    pub(crate) may_fuse: bool,
    pub(crate) keeps: bool,
    pub(crate) limits: ModuleLimits,
    pub(crate) options: Arc<LinkOptions>,
}

impl Optimization {
    /// Starts to make better code for a plug-in that was made of the same.
    pub(crate) fn begin(self, compiled: Weak<Compiled>) {
        let mut queue = Queue::lock();
        queue.jobs.push_back(Job { optimization: self, compiled });
        if queue.has_thread {
            return;
        }
        let name = "plugsmith-optimize".to_owned();
        match thread::Builder::new().name(name).spawn(work) {
            Ok(_) => queue.has_thread = true,
            Err(err) => {
                tracing::warn!("plug-ins stay as they are: no thread to optimise them: {err}");
                queue.jobs.drain(..).for_each(|job| settle(&job.compiled, None));
            }
        }
    }

    fn run(self) -> Result<Builds, LoadError> {
        let Self { ref engine, ref cache, may_fuse, keeps, limits, .. } = self;
        let compiler = Compiler { engine, cache: cache.as_ref(), may_fuse, keeps, limits };
        let (engine, modules) = compiler.compile_where_it_fits(&self.modules)?;
        Builds::new(engine, modules, self.options)
    }
}

/// An optimisation, and for whom.
struct Job {
    optimization: Optimization,
    compiled: Weak<Compiled>,
}

impl Job {
    fn run(self) {
        let Self { optimization, compiled } = self;
        // For a cache it is worth while in any case.
        if compiled.strong_count() == 0 && optimization.cache.is_none() {
            return;
        }
        let better = match catch_unwind(AssertUnwindSafe(|| optimization.run())) {
            Ok(Ok(builds)) => Some(builds),
            Ok(Err(err)) => {
                tracing::warn!("a plug-in stays as it is, since it cannot be optimised: {err}");
                None
            }
            Err(_) => {
                tracing::warn!("a plug-in stays as it is, since optimising it panicked");
                None
            }
        };
        settle(&compiled, better);
    }
}

fn settle(compiled: &Weak<Compiled>, better: Option<Builds>) {
    if let Some(compiled) = compiled.upgrade() {
        compiled.code.settle(better);
    }
}

/// What the thread has to do.
struct Queue {
    jobs: VecDeque<Job>,
    has_thread: bool,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { jobs: VecDeque::new(), has_thread: false });

impl Queue {
    fn lock() -> MutexGuard<'static, Self> {
        QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next job, or else leaves the queue without a thread.
    fn next() -> Option<Job> {
        let mut queue = Self::lock();
        let job = queue.jobs.pop_front();
        queue.has_thread = job.is_some();
        job
    }
}

fn work() {
    while let Some(job) = Queue::next() {
        job.run();
    }
}

#[cfg(all(test, feature = "fast-start", target_arch = "x86_64"))]
mod tests;
