//! What a plug-in needs of its host, by capability: what it could do, and what grants it.
//!
//! Importing a function is not calling it: many toolchains import all that a library has.

use std::collections::BTreeMap;

use plugsmith::{EXTISM_ENV_MODULE, EXTISM_USER_MODULE};

use super::{Import, ModuleFacts};
use crate::page::counted;

/// Something that a plug-in needs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) capability: Capability,
    /// What of it, such as the names of functions.
    pub(crate) what: Vec<String>,
}

/// What a host can grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Capability {
    /// Functions of the host program, in a namespace.
    HostFunctions(String),
    /// Another module of the plug-in.
    Module(String),
    /// HTTP requests.
    Http,
    /// The system interface, and which part of it.
    Wasi(WasiPart),
    /// Settings of the plug-in. There for all.
    Config,
    /// What it keeps from call to call. There for all.
    Vars,
    /// There for all.
    Log,
    /// Bytes pass between host and plug-in. There for all.
    Exchange,
}

/// A part of WASI preview 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WasiPart {
    Files,
    Output,
    Clocks,
    Randomness,
    Surroundings,
    Network,
    Rest,
}

impl Capability {
    /// Returns its name for people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Exchange => "input and output".to_owned(),
            Self::Config => "configuration".to_owned(),
            Self::Vars => "variables".to_owned(),
            Self::Log => "log".to_owned(),
            Self::Http => "HTTP".to_owned(),
            Self::Wasi(part) => format!("WASI {}", part.name()),
            Self::HostFunctions(namespace) if namespace == EXTISM_USER_MODULE => {
                "host functions".to_owned()
            }
            Self::HostFunctions(namespace) => format!("host functions in `{namespace}`"),
            Self::Module(name) => format!("module `{name}`"),
        }
    }

    /// Returns its name for scripts.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Config => "config",
            Self::Vars => "vars",
            Self::Log => "log",
            Self::Http => "http",
            Self::Wasi(_) => "wasi",
            Self::HostFunctions(_) => "host_functions",
            Self::Module(_) => "module",
        }
    }

    /// Says what grants it; `None` for what every plug-in has.
    pub(crate) fn grant(&self) -> Option<&'static str> {
        match self {
            Self::Exchange | Self::Config | Self::Vars | Self::Log => None,
            Self::Http => Some("--allow-host HOST"),
            Self::Wasi(WasiPart::Files) => Some("--wasi --allow-path PATH"),
            Self::Wasi(WasiPart::Network) => Some("never granted"),
            Self::Wasi(_) => Some("--wasi"),
            Self::HostFunctions(_) => Some("by the host program"),
            Self::Module(_) => Some("one of its modules"),
        }
    }

    fn of(namespace: &str, name: &str, modules: &[&str]) -> Self {
        if namespace.starts_with("wasi_") {
            return Self::Wasi(WasiPart::of(name));
        }
        if modules.contains(&namespace) {
            return Self::Module(namespace.to_owned());
        }
        let own_name = match namespace {
            EXTISM_ENV_MODULE => Some(name),
            "extism:env" => Some(name.strip_prefix("extism_").unwrap_or(name)),
            "env" => name.strip_prefix("extism_"),
            _ => None,
        };
        match own_name {
            Some("config_get") => Self::Config,
            Some("var_get" | "var_set") => Self::Vars,
            Some("http_request" | "http_status_code" | "http_headers") => Self::Http,
            Some(name) if name.starts_with("log_") || name == "get_log_level" => Self::Log,
            Some(_) => Self::Exchange,
            None => match namespace {
                "env" | "extism:user" | "extism:env/user" => {
                    Self::HostFunctions(EXTISM_USER_MODULE.to_owned())
                }
                _ => Self::HostFunctions(namespace.to_owned()),
            },
        }
    }
}

impl WasiPart {
    fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Output => "output",
            Self::Clocks => "clocks",
            Self::Randomness => "randomness",
            Self::Surroundings => "arguments and environment",
            Self::Network => "network",
            Self::Rest => "basics",
        }
    }

    fn of(name: &str) -> Self {
        match name.split('_').next() {
            Some("sock") => Self::Network,
            Some("clock") => Self::Clocks,
            Some("random") => Self::Randomness,
            Some("args" | "environ") => Self::Surroundings,
            Some("fd") if matches!(name, "fd_write" | "fd_fdstat_get" | "fd_close" | "fd_seek") => {
                Self::Output
            }
            // Every start of a C library asks which directories there are.
            Some("fd") if name.starts_with("fd_prestat") => Self::Rest,
            Some("path" | "fd") => Self::Files,
            _ => Self::Rest,
        }
    }
}

/// Returns the imports that a host program is to provide.
pub(crate) fn host_imports(modules: &[ModuleFacts]) -> impl Iterator<Item = &Import> {
    let names: Vec<_> = modules.iter().map(|module| module.name.as_str()).collect();
    modules.iter().flat_map(|module| &module.imports).filter(move |import| {
        let capability = Capability::of(&import.namespace, &import.name, &names);
        matches!(capability, Capability::HostFunctions(_))
    })
}

/// Returns what all modules of a plug-in need together, what is there for all last.
pub(crate) fn needs(modules: &[ModuleFacts]) -> Vec<Need> {
    let names: Vec<_> = modules.iter().map(|module| module.name.as_str()).collect();
    let mut needs: BTreeMap<Capability, Vec<String>> = BTreeMap::new();
    for import in modules.iter().flat_map(|module| &module.imports) {
        let capability = Capability::of(&import.namespace, &import.name, &names);
        let what = needs.entry(capability).or_default();
        if !what.contains(&import.name) {
            what.push(import.name.clone());
        }
    }
    needs.into_iter().map(|(capability, what)| Need { capability, what }).collect()
}

impl Need {
    /// Returns what of the capability is needed, as far as a person wants to know.
    pub(crate) fn summary(&self) -> String {
        match self.capability {
            Capability::HostFunctions(_) | Capability::Module(_) => self.what.join(", "),
            _ => counted(self.what.len(), "function"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_belong_to_capabilities() {
        let user = || Capability::HostFunctions(EXTISM_USER_MODULE.to_owned());
        let rows = [
            (EXTISM_ENV_MODULE, "alloc", Capability::Exchange),
            (EXTISM_ENV_MODULE, "config_get", Capability::Config),
            (EXTISM_ENV_MODULE, "log_info", Capability::Log),
            (EXTISM_ENV_MODULE, "http_request", Capability::Http),
            ("env", "extism_var_get", Capability::Vars),
            ("extism:env", "extism_alloc", Capability::Exchange),
            ("env", "greet", user()),
            (EXTISM_USER_MODULE, "greet", user()),
            ("mine", "greet", Capability::HostFunctions("mine".to_owned())),
            ("side", "greet", Capability::Module("side".to_owned())),
            ("wasi_snapshot_preview1", "path_open", Capability::Wasi(WasiPart::Files)),
            ("wasi_snapshot_preview1", "fd_readdir", Capability::Wasi(WasiPart::Files)),
            ("wasi_snapshot_preview1", "fd_write", Capability::Wasi(WasiPart::Output)),
            ("wasi_snapshot_preview1", "fd_prestat_get", Capability::Wasi(WasiPart::Rest)),
            ("wasi_snapshot_preview1", "proc_exit", Capability::Wasi(WasiPart::Rest)),
            ("wasi_snapshot_preview1", "sock_send", Capability::Wasi(WasiPart::Network)),
        ];
        for (namespace, name, capability) in rows {
            assert_eq!(Capability::of(namespace, name, &["main", "side"]), capability, "{name}");
        }
    }
}
