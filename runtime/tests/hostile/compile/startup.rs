//! Modules that take a compiler long before any function of theirs: of all that is computed when an
//! instance is made it makes one function.

use crate::{
    attack::{Attack, Ends, attack},
    run,
};

use super::{beside, past};

/// A type with ten thousand fields.
fn large() -> String {
    format!("(type $s (struct {}))", "(field i64)".repeat(10_000))
}

pub(crate) fn startups() -> Vec<Attack> {
    vec![
        attack(
            "objects in a segment",
            "has a segment of a thousand objects of ten thousand fields",
            beside(&format!(
                "{} (elem anyref {})",
                large(),
                "(item (struct.new_default $s))".repeat(1_000)
            )),
            past("the work to compile the startup"),
        ),
        attack(
            "objects in globals",
            "has a thousand globals, each of which is an object of ten thousand fields",
            beside(&format!(
                "{} {}",
                large(),
                "(global anyref (struct.new_default $s))".repeat(1_000)
            )),
            past("the work to compile the startup"),
        ),
        attack(
            "an object for a table",
            "fills a thousand tables with such an object each",
            beside(&format!(
                "{} {}",
                large(),
                "(table 1 (ref null $s) (struct.new_default $s))".repeat(1_000)
            )),
            past("the work to compile the startup"),
        ),
        attack(
            "arrays of ten thousand functions",
            "has an array of ten thousand functions as one element of a segment",
            beside(&format!(
                "(type $t (array funcref)) (func $f) (elem arrayref (item {} (array.new_fixed $t 10000)))",
                "(ref.func $f)".repeat(10_000)
            )),
            past("the work to compile the startup"),
        ),
        attack(
            "elements by the million",
            "has a segment of a million functions, of one byte each",
            beside(&format!("(func $f) (elem func {})", "$f ".repeat(1_000_000))),
            past("the work to compile the startup"),
        ),
        attack(
            "elements at a place that is not known",
            "has a table filled with so many functions that there has to be code for it",
            beside(&format!(
                "(func $f) (table 300000 funcref) (global $g i32 (i32.const 0))
                (elem (offset (global.get $g)) func {})",
                "$f ".repeat(300_000)
            )),
            past("the work to compile the startup"),
        ),
        attack(
            "more elements than a table may have",
            "keeps them in segments, where the host has lifted the limit of work",
            beside(&format!("(func $f) (elem func {})", "$f ".repeat((1 << 20) + 1))),
            past("the number of elements of passive segments is 1048577, the limit is 1048576"),
        )
        .with(|setup| {
            setup.module_limits.function_work = None;
            setup.module_limits.work = None;
        }),
        attack(
            "elements of a usual number",
            "has a table of a hundred thousand functions, and a segment of a thousand",
            beside(&format!(
                "(func $f) (table 100000 funcref) (elem (i32.const 0) func {}) (elem func {})",
                "$f ".repeat(100_000),
                "$f ".repeat(1_000)
            )),
            Ends::Harmless,
        ),
    ]
}

#[test]
fn startups_that_are_bombs_are_not_compiled() {
    run::all(&startups());
}
