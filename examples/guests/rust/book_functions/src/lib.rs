//! A bookshop's functions for its database: each export is one SQL function.
//!
//! Arguments come as a JSON array, and the value goes back as JSON. What the types of an export say
//! is what SQL may pass: anything else is refused before the function runs, and names the argument.

#![deny(unsafe_code)]

mod blob;
pub mod cover;
pub mod isbn;
pub mod order;
pub mod title;

use plugsmith_pdk::{FnResult, Json, plugin_fn};
use serde::Serialize;

/// What a database has to know of a function before it can offer it.
#[derive(Debug, Serialize)]
pub struct SqlFunction {
    name: &'static str,
    n_arguments: u8,
    /// Whether equal arguments always give an equal value.
    deterministic: bool,
}

const FUNCTIONS: [SqlFunction; 7] = [
    SqlFunction { name: "isbn_ok", n_arguments: 1, deterministic: true },
    SqlFunction { name: "isbn_packed", n_arguments: 1, deterministic: true },
    SqlFunction { name: "title_key", n_arguments: 1, deterministic: true },
    SqlFunction { name: "cover_kind", n_arguments: 1, deterministic: true },
    SqlFunction { name: "price_after", n_arguments: 2, deterministic: true },
    SqlFunction { name: "n_parcels", n_arguments: 2, deterministic: true },
    SqlFunction { name: "order_number", n_arguments: 0, deterministic: false },
];

/// Lists the functions.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn functions() -> FnResult<Json<&'static [SqlFunction]>> {
    Ok(Json(&FUNCTIONS))
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn a_database_reads_the_list() {
        let outcome = MockHost::new().call("", |()| functions());
        let list = String::from_utf8(outcome.output).unwrap();
        let first = r#"[{"name":"isbn_ok","n_arguments":1,"deterministic":true},"#;
        assert!(list.starts_with(first), "{list}");
        assert_eq!(list.matches("\"name\"").count(), FUNCTIONS.len());
    }
}
