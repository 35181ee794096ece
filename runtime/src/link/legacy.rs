//! Namespaces that plug-ins were built against before Extism 1.0, and what stands there now.

use super::{EXTISM_ENV_MODULE, EXTISM_USER_MODULE};

/// What the names of the interface began with in the oldest namespaces.
const PREFIX: &str = "extism_";

/// Returns the namespace and name by which an import of an older interface is provided today.
///
/// Before 1.0 everything came from `env`, and the interface's own functions were told from the
/// host's by their prefix; release candidates of 1.0 had `extism:env`, `extism:env/user` and
/// `extism:user`.
pub(crate) fn successor<'a>(namespace: &str, name: &'a str) -> Option<(&'static str, &'a str)> {
    let own_name = name.strip_prefix(PREFIX);
    match namespace {
        "env" => {
            Some(own_name.map_or((EXTISM_USER_MODULE, name), |name| (EXTISM_ENV_MODULE, name)))
        }
        "extism:env" => Some((EXTISM_ENV_MODULE, own_name.unwrap_or(name))),
        "extism:env/user" | "extism:user" => Some((EXTISM_USER_MODULE, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_names_have_successors() {
        let rows = [
            ("env", "extism_alloc", Some((EXTISM_ENV_MODULE, "alloc"))),
            ("env", "greet", Some((EXTISM_USER_MODULE, "greet"))),
            ("extism:env", "alloc", Some((EXTISM_ENV_MODULE, "alloc"))),
            ("extism:env", "extism_alloc", Some((EXTISM_ENV_MODULE, "alloc"))),
            ("extism:env/user", "greet", Some((EXTISM_USER_MODULE, "greet"))),
            ("extism:user", "greet", Some((EXTISM_USER_MODULE, "greet"))),
            ("extism:host/env", "alloc", None),
            ("other", "extism_alloc", None),
        ];
        for (namespace, name, expected) in rows {
            assert_eq!(successor(namespace, name), expected);
        }
    }
}
