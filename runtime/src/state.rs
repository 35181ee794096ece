//! What one instance carries while it lives: the data of its store, which host functions see.

use std::{any::Any, sync::Arc};

use plugsmith_manifest::Manifest;
use uuid::Uuid;

#[cfg(feature = "wasi")]
use crate::wasi::WasiContext;
use crate::{
    call_limits::CallLimits,
    deadline::{Checks, Deadline, Interruption},
    extensions::Extensions,
    host::{http::HttpSession, vars::Vars},
    kernel::Kernel,
    limits::{MemoryBudget, MemoryLimits},
    log::{GuestLog, LogOptions},
    report::Meter,
    shared_vars::SharedVars,
};

/// A value that the caller lends to the host functions of one call.
pub(crate) type HostContext = Box<dyn Any + Send + Sync>;

/// The data of an instance's store.
pub(crate) struct State {
    pub(crate) log: GuestLog,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) vars: Vars,
    /// Takes the place of `vars`.
    pub(crate) shared_vars: Option<SharedVars>,
    /// Measures the call under way, where reports are asked for.
    pub(crate) meter: Option<Meter>,
    pub(crate) deadline: Deadline,
    pub(crate) http: HttpSession,
    pub(crate) budget: MemoryBudget,
    pub(crate) host_context: Option<HostContext>,
    /// How many instances of modules that are commands were made.
    pub(crate) n_commands: u32,
    /// What the guest agreed to, once it was asked.
    pub(crate) extensions: Extensions,
    /// Set before any guest code runs, if the guest uses the system interface.
    #[cfg(feature = "wasi")]
    pub(crate) wasi: Option<WasiContext>,
    /// Set before any guest code runs.
    kernel: Option<Kernel>,
}

impl State {
    pub(crate) fn new(
        log: GuestLog,
        manifest: Arc<Manifest>,
        vars: Vars,
        deadline: Deadline,
        budget: MemoryBudget,
        http: HttpSession,
    ) -> Self {
        Self {
            log,
            manifest,
            vars,
            shared_vars: None,
            meter: None,
            deadline,
            http,
            budget,
            host_context: None,
            n_commands: 0,
            extensions: Extensions::NONE,
            #[cfg(feature = "wasi")]
            wasi: None,
            kernel: None,
        }
    }

    /// Starts to watch a call. The store's epoch deadline has been set before.
    pub(crate) fn begin_call(&mut self, context: Option<HostContext>) -> Result<(), Interruption> {
        self.deadline.arm()?;
        self.budget.begin_call();
        self.http.begin_call();
        self.log.begin_call();
        self.host_context = context;
        Ok(())
    }

    /// Ends the watch, and takes back what the caller lent.
    pub(crate) fn end_call(&mut self) -> Result<(), Interruption> {
        self.host_context = None;
        #[cfg(feature = "wasi")]
        if let Some(wasi) = &self.wasi {
            wasi.end_call();
        }
        self.deadline.disarm()
    }

    pub(crate) fn set_kernel(&mut self, kernel: Kernel) {
        self.kernel = Some(kernel);
    }

    /// Returns the kernel of this instance, if it has been made.
    pub(crate) fn made_kernel(&self) -> Option<Kernel> {
        self.kernel
    }

    /// Returns the kernel of this instance, which is there whenever guest code runs.
    pub(crate) fn kernel(&self) -> Kernel {
        self.kernel.expect("the kernel is made before the guest")
    }
}

/// Returns the data of a store in which nothing will run.
pub(crate) fn scratch(manifest: &Arc<Manifest>, limits: MemoryLimits) -> State {
    State::new(
        GuestLog::new(Uuid::nil(), LogOptions::default(), None),
        Arc::clone(manifest),
        Vars::default(),
        Deadline::new(None, Checks::default(), Arc::default()),
        MemoryBudget::new(limits),
        HttpSession::new(&Arc::default(), &CallLimits::default()),
    )
}
