//! One living instance: a store, the kernel, the guest's modules, and one call after another through
//! them.
//!
//! Invariant: guest code runs only between [`State::begin_call`] and [`State::end_call`], so every
//! instruction of it, start functions and initialisers included, is under the time limit, unless the host
//! wants it to run uninterrupted.

use std::sync::Arc;

use uuid::Uuid;
use wasmtime::{Instance, Store, TypedFunc, UpdateDeadline};

use crate::{
    builds::Build,
    compiled::{Callable, Compiled},
    deadline::{CancelFlag, Deadline, Interruption},
    dump,
    engine::Seat,
    error::CallError,
    host::{http::HttpSession, vars::Vars},
    kernel::{Kernel, Slack},
    limits::MemoryBudget,
    log::GuestLog,
    memory::Block,
    outcome::{Ending, Evidence, Failure},
    report::{CallReport, Meter},
    shown,
    state::{HostContext, State},
};

/// An instance of a plug-in.
pub(crate) struct LiveInstance {
    store: Store<State>,
    build: Arc<Build>,
    /// Given back after the store.
    _seat: Option<Seat>,
    kernel: Option<Kernel>,
    guest: Option<Guest>,
    /// The program ran, which may be called once only, or the guest exited.
    spent: bool,
    /// A call is under way, or a panic of the host unwound through one.
    in_call: bool,
    slack: Slack,
    /// What is left for the call under way and what it used, where fuel is counted.
    tank: Option<Tank>,
    report: Option<CallReport>,
}

/// Fuel for a call.
#[derive(Debug, Default)]
struct Tank {
    /// What was last filled in.
    filled: u64,
    /// What was used before that.
    used: u64,
}

/// The main module's instance and the exports of it that were called.
struct Guest {
    main: Instance,
    /// By place among the callable exports.
    exports: Vec<Option<Handle>>,
}

/// An export, resolved.
#[derive(Clone)]
enum Handle {
    Plain(TypedFunc<(), ()>),
    Status(TypedFunc<(), i32>),
}

/// What to call, and with what.
pub(crate) struct Request<'a> {
    pub(crate) name: &'a str,
    pub(crate) export: Callable,
    pub(crate) input: &'a [u8],
    pub(crate) context: Option<HostContext>,
}

impl LiveInstance {
    /// Makes a store; no guest code runs yet. Takes the variables when nothing can fail any more.
    ///
    /// # Errors
    ///
    /// [`CallError::Instantiate`] if there is no engine to make it in.
    pub(crate) fn new(
        compiled: &Compiled,
        id: Uuid,
        vars: &mut Vars,
        cancel: &Arc<CancelFlag>,
    ) -> Result<Self, CallError> {
        let (build, seat) = compiled
            .code
            .current()
            .next()
            .map_err(|err| CallError::Instantiate { source: err.into() })?;
        let vars = std::mem::take(vars);
        let checks = compiled.options.checks;
        let deadline = Deadline::new(compiled.time_limit, checks, Arc::clone(cancel));
        let budget = MemoryBudget::new(compiled.limits);
        let http = HttpSession::new(&compiled.http, &compiled.options.call_limits);
        let log_limit = compiled.options.call_limits.log_bytes;
        let log = GuestLog::new(id, compiled.options.log.clone(), log_limit);
        let manifest = Arc::clone(&compiled.manifest);
        let mut state = State::new(log, manifest, vars, deadline, budget, http);
        state.shared_vars.clone_from(&compiled.options.shared_vars);
        let mut store = Store::new(&build.engine.engine, state);
        store.limiter(|state| &mut state.budget);
        store.epoch_deadline_callback(|mut ctx| {
            Ok(UpdateDeadline::Continue(ctx.data_mut().deadline.interrupt()?))
        });
        if compiled.options.call_reports {
            store.call_hook(|mut ctx, hook| {
                if let Some(meter) = &mut ctx.data_mut().meter {
                    meter.note(hook);
                }
                Ok(())
            });
        }
        Ok(Self {
            store,
            build,
            _seat: seat,
            kernel: None,
            guest: None,
            spent: false,
            in_call: false,
            slack: Slack::new(!compiled.options.has_own_engine()),
            tank: None,
            report: None,
        })
    }

    /// Returns the bytes of all its memories.
    fn memory_bytes(&self) -> u64 {
        self.store.data().budget.guest_bytes() + self.exchange_bytes()
    }

    /// Returns the bytes of the kernel's memory.
    fn exchange_bytes(&self) -> u64 {
        self.kernel.as_ref().map_or(0, |kernel| kernel.bytes(&self.store).len() as u64)
    }

    /// Says whether the instance can serve no further call.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent || self.in_call
    }

    /// Ends the instance and returns what outlives it.
    pub(crate) fn into_vars(self) -> Vars {
        self.store.into_data().vars
    }

    /// Runs one call and returns its output.
    ///
    /// # Errors
    ///
    /// The [`Failure`], which says whether the instance may be kept.
    pub(crate) fn run(
        &mut self,
        compiled: &Compiled,
        request: &mut Request<'_>,
    ) -> Result<Block, Failure> {
        self.in_call = true;
        let outcome = self.run_reported(compiled, request);
        self.in_call = false;
        if compiled.options.kept_bytes_limit.is_some_and(|limit| self.memory_bytes() > limit) {
            self.spent = true;
        }
        outcome
    }

    fn run_reported(
        &mut self,
        compiled: &Compiled,
        request: &mut Request<'_>,
    ) -> Result<Block, Failure> {
        if !compiled.options.call_reports {
            return self.run_unmeasured(compiled, request);
        }
        let input_len = request.input.len() as u64;
        self.store.data_mut().meter = Some(Meter::start());
        let outcome = self.run_unmeasured(compiled, request);
        let output_len = outcome.as_ref().map_or(0, |output| output.len());
        self.report = self.store.data_mut().meter.take().map(|meter| {
            let [time, guest_time, host_time] = meter.times();
            CallReport {
                time,
                guest_time,
                host_time,
                fuel: self.fuel_consumed(),
                guest_memory: self.store.data().budget.guest_bytes(),
                exchange_memory: self.exchange_bytes(),
                input_len,
                output_len,
            }
        });
        outcome
    }

    fn run_unmeasured(
        &mut self,
        compiled: &Compiled,
        request: &mut Request<'_>,
    ) -> Result<Block, Failure> {
        let Request { name, export, input, ref mut context } = *request;
        self.tank = compiled.options.counts_fuel().then(Tank::default);
        // Before the deadline is armed: see `CancelFlag::take`.
        self.store.set_epoch_deadline(1);
        self.store
            .data_mut()
            .begin_call(context.take())
            .map_err(|interruption| Failure { error: interruption.into(), keep_instance: true })?;
        let ended = self.run_armed(compiled, name, export, input);
        let interruption = self.store.data_mut().end_call().err();
        self.empty_tank();
        match ended {
            Ok(0)
                if interruption.is_none()
                    && let Some(output) = self.undisputed_output() =>
            {
                Ok(output)
            }
            ended => self.judge(compiled, name, ended, interruption),
        }
    }

    /// Returns the output of a call that returned success, unless there is an error message too.
    fn undisputed_output(&self) -> Option<Block> {
        self.kernel.as_ref()?.output_without_error(&self.store)
    }

    /// Concludes from all that is known whether a call succeeded. Returns its output.
    #[cold]
    fn judge(
        &mut self,
        compiled: &Compiled,
        name: &str,
        ended: Result<i32, Stop>,
        interruption: Option<Interruption>,
    ) -> Result<Block, Failure> {
        let (name, ending) = match ended {
            Ok(status) => (name, Ending::Returned(status)),
            Err(Stop::Refused(failure)) => {
                return Err(interruption.map_or(failure, |interruption| Failure {
                    error: interruption.into(),
                    keep_instance: false,
                }));
            }
            Err(Stop::Engine { ref running, err }) => {
                if let Some(path) = &compiled.options.debug.coredump {
                    dump::write_core(path, &err, &mut self.store);
                }
                (running.as_deref().unwrap_or(name), Ending::stopped(err, running.is_some()))
            }
        };
        if let Ending::Exited { .. } = ending {
            self.spent = true;
        }
        let message = self.error_message();
        let refusal = self.store.data().budget.refusal();
        let fused = self.build.plan.notes();
        let outcome = Evidence { name, ending, interruption, message, refusal, fused }.judge();
        if let (Err(_), Some(path)) = (&outcome, &compiled.options.debug.memdump)
            && let Some(kernel) = self.kernel
        {
            dump::write_memory(path, kernel.bytes(&self.store));
        }
        outcome?;
        let kernel = self.kernel.expect("a call that succeeded had a kernel");
        Ok(kernel.output(&self.store))
    }

    /// Returns the bytes of the output that a call returned.
    pub(crate) fn output(&self, output: Block) -> &[u8] {
        match &self.kernel {
            Some(kernel) => kernel.read(&self.store, output),
            None => &[],
        }
    }

    /// Frees all exchange memory; the guest's own state stays.
    pub(crate) fn reset(&mut self) {
        if let Some(kernel) = self.kernel {
            kernel.reset(&mut self.store);
        }
    }

    /// Returns how much fuel the last call used, or `None` where none is counted.
    pub(crate) fn fuel_consumed(&self) -> Option<u64> {
        self.tank.as_ref().map(|tank| tank.used)
    }

    /// Returns what the last call took, if it was measured.
    pub(crate) fn take_report(&mut self) -> Option<CallReport> {
        self.report.take()
    }

    pub(crate) fn vars(&self) -> &Vars {
        &self.store.data().vars
    }

    pub(crate) fn vars_mut(&mut self) -> &mut Vars {
        &mut self.store.data_mut().vars
    }

    /// Returns the guest's error message, if it set one that is not empty.
    fn error_message(&mut self) -> Option<String> {
        let kernel = self.kernel?;
        let block = kernel.error_block(&mut self.store)?;
        Some(shown::message(kernel.read(&self.store, block)).into_owned())
    }

    /// Gives the store fuel to use, where fuel is counted.
    fn fill_tank(&mut self, fuel: u64) -> Result<(), Stop> {
        self.empty_tank();
        let Some(tank) = &mut self.tank else { return Ok(()) };
        tank.filled = fuel;
        self.store.set_fuel(fuel).map_err(Stop::engine)
    }

    /// Counts what was used of the fuel.
    fn empty_tank(&mut self) {
        let Some(tank) = &mut self.tank else { return };
        let left = self.store.get_fuel().unwrap_or_default();
        tank.used += tank.filled.saturating_sub(left);
        tank.filled = 0;
    }

    fn run_armed(
        &mut self,
        compiled: &Compiled,
        name: &str,
        export: Callable,
        input: &[u8],
    ) -> Result<i32, Stop> {
        let limit = compiled.options.fuel_limit.unwrap_or(u64::MAX);
        if self.guest.is_none() {
            let init_limit = compiled.options.init_fuel_limit;
            self.fill_tank(init_limit.unwrap_or(limit))?;
            self.start(compiled)?;
            if init_limit.is_some() {
                self.fill_tank(limit)?;
            }
        } else {
            self.fill_tank(limit)?;
        }
        let Self { store, kernel: Some(kernel), guest: Some(guest), spent, slack, .. } = self
        else {
            unreachable!("a started instance has a kernel and a guest");
        };
        kernel
            .begin(store, slack, input)
            .map_err(|error| Stop::Refused(Failure { error, keep_instance: true }))?;
        *spent = export.is_program;
        match guest.handle(store, name, export).map_err(Stop::engine)? {
            Handle::Plain(function) => function.call(store, ()).map(|()| 0),
            Handle::Status(function) => function.call(store, ()),
        }
        .map_err(Stop::engine)
    }

    fn start(&mut self, compiled: &Compiled) -> Result<(), Stop> {
        self.store.data_mut().deadline.note_start();
        #[cfg(feature = "wasi")]
        if let Some(wasi) = &compiled.wasi {
            let state = self.store.data_mut();
            let open_limit = compiled.options.call_limits.open_files;
            state.wasi = Some(wasi.context(&state.log, open_limit).map_err(refused)?);
        }
        let Build { engine, plan } = &*self.build;
        let offered = compiled.options.extensions();
        let main = plan.instantiate(&mut self.store, &engine.kernel, offered);
        self.kernel = self.store.data().made_kernel();
        let main = main.map_err(|(running, err)| stopped_start(running, err))?;
        self.guest = Some(Guest { main, exports: vec![None; compiled.exports.n_callable()] });
        Ok(())
    }
}

impl Guest {
    fn handle(
        &mut self,
        store: &mut Store<State>,
        name: &str,
        export: Callable,
    ) -> wasmtime::Result<&Handle> {
        let slot = &mut self.exports[export.idx];
        if slot.is_none() {
            *slot = Some(if export.returns_status {
                Handle::Status(self.main.get_typed_func(store, name)?)
            } else {
                Handle::Plain(self.main.get_typed_func(store, name)?)
            });
        }
        Ok(slot.as_ref().expect("it was just filled"))
    }
}

/// Why a call came to no status.
enum Stop {
    /// The host refused before the guest ran.
    Refused(Failure),
    /// The engine stopped the guest while it ran an initialiser of this name, or the export.
    Engine { running: Option<String>, err: wasmtime::Error },
}

impl Stop {
    fn engine(err: wasmtime::Error) -> Self {
        Self::Engine { running: None, err }
    }
}

fn instantiate(err: wasmtime::Error) -> Stop {
    if err.is::<wasmtime::Trap>() {
        return Stop::engine(err);
    }
    refused(CallError::Instantiate { source: err.into() })
}

/// Refuses to make an instance.
fn refused(error: CallError) -> Stop {
    Stop::Refused(Failure { error, keep_instance: false })
}

/// Tells a guest that was stopped while it started from an instance that could not be made at all.
fn stopped_start(running: String, err: wasmtime::Error) -> Stop {
    if err.is::<wasmtime::WasmBacktrace>() || err.is::<wasmtime::Trap>() {
        Stop::Engine { running: Some(running), err }
    } else {
        instantiate(err)
    }
}
