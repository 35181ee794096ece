//! What a host wants for finding mistakes: profiles, core dumps, source lines; by options or by
//! environment variables.

use std::{env, path::PathBuf};

/// Has compiled code made known to a profiler, if set to `perf`, `jitdump` or `vtune`.
const PROFILE_VARIABLE: &str = "EXTISM_PROFILE";

/// Names the file that core dumps are written to.
const COREDUMP_VARIABLE: &str = "EXTISM_COREDUMP";

/// Names the file that dumps of exchange memory are written to.
const MEMDUMP_VARIABLE: &str = "EXTISM_MEMDUMP";

/// Has debug information read, if set.
const DEBUG_VARIABLE: &str = "EXTISM_DEBUG";

/// How a native profiler learns of compiled code. All but [`ProfilingStrategy::None`] want the feature
/// `profiling`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ProfilingStrategy {
    /// Not at all.
    #[default]
    None,
    /// By a map of functions in the temporary directory, for Linux's `perf`.
    PerfMap,
    /// By a dump of code in the working directory, for `perf inject`.
    JitDump,
    /// By Intel's `VTune`.
    VTune,
}

/// Choices for finding mistakes in plug-ins.
///
/// [`DebugOptions::default`] is what the environment says: `EXTISM_PROFILE` (`perf`, `jitdump` or
/// `vtune`), `EXTISM_COREDUMP` and `EXTISM_MEMDUMP` (each the path of a file), and `EXTISM_DEBUG` (set
/// to anything).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugOptions {
    /// How a profiler learns of compiled code.
    pub profiling_strategy: ProfilingStrategy,
    /// Where to write a WebAssembly core dump when a guest traps. A later one replaces it.
    pub coredump: Option<PathBuf>,
    /// Where to write the memory through which inputs and outputs pass when a call fails. A later
    /// one replaces it.
    pub memdump: Option<PathBuf>,
    /// Read debug information: see [`with_debug_info`](crate::PluginBuilder::with_debug_info).
    pub debug_info: bool,
}

impl DebugOptions {
    /// Returns options that ask for nothing, whatever the environment says.
    #[must_use]
    pub fn none() -> Self {
        Self {
            profiling_strategy: ProfilingStrategy::None,
            coredump: None,
            memdump: None,
            debug_info: false,
        }
    }
}

impl Default for DebugOptions {
    fn default() -> Self {
        let path = |variable| env::var_os(variable).filter(|path| !path.is_empty());
        Self {
            profiling_strategy: env::var(PROFILE_VARIABLE)
                .map(|name| strategy(&name))
                .unwrap_or_default(),
            coredump: path(COREDUMP_VARIABLE).map(PathBuf::from),
            memdump: path(MEMDUMP_VARIABLE).map(PathBuf::from),
            debug_info: env::var_os(DEBUG_VARIABLE).is_some(),
        }
    }
}

/// Returns the strategy that the environment names.
fn strategy(name: &str) -> ProfilingStrategy {
    match name {
        "perf" => ProfilingStrategy::PerfMap,
        "jitdump" => ProfilingStrategy::JitDump,
        "vtune" => ProfilingStrategy::VTune,
        _ => {
            tracing::warn!(
                "`{PROFILE_VARIABLE}` is `{name}`, which is none of `perf`, `jitdump`, `vtune`"
            );
            ProfilingStrategy::None
        }
    }
}

impl ProfilingStrategy {
    pub(crate) fn to_engine(self) -> wasmtime::ProfilingStrategy {
        match self {
            Self::None => wasmtime::ProfilingStrategy::None,
            Self::PerfMap => wasmtime::ProfilingStrategy::PerfMap,
            Self::JitDump => wasmtime::ProfilingStrategy::JitDump,
            Self::VTune => wasmtime::ProfilingStrategy::VTune,
        }
    }
}

#[cfg(feature = "unstable-wasmtime")]
impl From<wasmtime::ProfilingStrategy> for ProfilingStrategy {
    fn from(strategy: wasmtime::ProfilingStrategy) -> Self {
        match strategy {
            wasmtime::ProfilingStrategy::PerfMap => Self::PerfMap,
            wasmtime::ProfilingStrategy::JitDump => Self::JitDump,
            wasmtime::ProfilingStrategy::VTune => Self::VTune,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_strategies() {
        for (name, expected) in [
            ("perf", ProfilingStrategy::PerfMap),
            ("jitdump", ProfilingStrategy::JitDump),
            ("vtune", ProfilingStrategy::VTune),
            ("gprof", ProfilingStrategy::None),
        ] {
            assert_eq!(strategy(name), expected);
        }
    }
}
