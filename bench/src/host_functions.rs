//! The two functions that the measured plug-ins import, the same for every side.

use plugsmith::{CurrentPlugin, Function};

/// What plug-ins import [`next`] as.
pub(crate) const NEXT: &str = "next";
/// What plug-ins import [`greeting`] as.
pub(crate) const GREETING: &str = "greeting";

/// Gives the number behind this one.
pub(crate) fn next(number: i64) -> i64 {
    number.wrapping_add(1)
}

/// Greets someone.
pub(crate) fn greeting(name: &str) -> String {
    format!("Hello, {name}!")
}

/// Both, as functions of Plugsmith.
pub(crate) fn ours() -> [Function; 2] {
    [
        Function::numeric(NEXT, |_: &mut CurrentPlugin<'_>, number: i64| Ok(next(number))),
        Function::typed(GREETING, |_: &mut CurrentPlugin<'_>, name: String| Ok(greeting(&name))),
    ]
}
