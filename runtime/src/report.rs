//! What a call took: where its time went, its fuel, its memory.

use std::time::{Duration, Instant};

use wasmtime::CallHook;

/// What one call took, whether it succeeded or failed.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "wat")] {
/// let mut plugin = plugsmith::PluginBuilder::new(r#"(module (func (export "ping")))"#)
///     .with_call_reports(true)
///     .build()?;
/// plugin.call::<_, ()>("ping", "hello")?;
/// let report = plugin.last_call().expect("reports are switched on");
/// assert_eq!((report.input_len, report.output_len), (5, 0));
/// assert!(report.time >= report.guest_time + report.host_time);
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallReport {
    /// Wall-clock time from entry to return, the making of an instance included.
    pub time: Duration,
    /// Of that, the time in which code of the guest ran.
    pub guest_time: Duration,
    /// Of that, the time in which host functions ran, built-in ones included.
    pub host_time: Duration,
    /// The fuel used, initialisers included; `None` where none is counted.
    pub fuel: Option<u64>,
    /// Bytes of all guest memories. They never shrink, so this is the most there was.
    pub guest_memory: u64,
    /// Bytes of the memory through which inputs and outputs pass.
    pub exchange_memory: u64,
    /// Bytes of the input.
    pub input_len: u64,
    /// Bytes of the output; 0 if the call failed.
    pub output_len: u64,
}

/// Measures where the time of a call goes.
#[derive(Debug)]
pub(crate) struct Meter {
    started: Instant,
    /// When the code that runs now began to.
    since: Instant,
    running: Running,
    /// How many host functions are under way.
    n_host: u32,
    guest_time: Duration,
    host_time: Duration,
}

/// Whose code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Running {
    /// This library's, before, between and after the guest's.
    Library,
    Guest,
    HostFunction,
}

impl Meter {
    /// Starts to measure a call.
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self {
            started: now,
            since: now,
            running: Running::Library,
            n_host: 0,
            guest_time: Duration::ZERO,
            host_time: Duration::ZERO,
        }
    }

    /// Notes that other code runs from now on.
    pub(crate) fn note(&mut self, hook: CallHook) {
        let next = match hook {
            CallHook::CallingHost => {
                self.n_host += 1;
                Running::HostFunction
            }
            CallHook::ReturningFromHost => {
                self.n_host = self.n_host.saturating_sub(1);
                Running::Guest
            }
            CallHook::CallingWasm => Running::Guest,
            CallHook::ReturningFromWasm if self.n_host > 0 => Running::HostFunction,
            CallHook::ReturningFromWasm => Running::Library,
        };
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.since);
        match self.running {
            Running::Library => {}
            Running::Guest => self.guest_time += passed,
            Running::HostFunction => self.host_time += passed,
        }
        self.since = now;
        self.running = next;
    }

    /// Returns the time of the whole call, of the guest in it, and of host functions in it.
    pub(crate) fn times(&self) -> [Duration; 3] {
        [self.started.elapsed(), self.guest_time, self.host_time]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_runs_is_known_after_each_step() {
        let mut meter = Meter::start();
        for (hook, running) in [
            (CallHook::CallingWasm, Running::Guest),
            (CallHook::CallingHost, Running::HostFunction),
            (CallHook::CallingWasm, Running::Guest),
            (CallHook::ReturningFromWasm, Running::HostFunction),
            (CallHook::ReturningFromHost, Running::Guest),
            (CallHook::ReturningFromWasm, Running::Library),
        ] {
            meter.note(hook);
            assert_eq!(meter.running, running);
        }
        let [time, guest_time, host_time] = meter.times();
        assert!(time >= guest_time + host_time);
    }
}
