//! A help desk's filter for the webhooks about its tickets.
//!
//! A ticket may be a duplicate of another, and that of a third: it passes under the first one's number.
//! It has a mistake, as filters do: tickets that are duplicates of each other in a circle.

#![deny(unsafe_code)]

use std::collections::BTreeMap;

use plugsmith_pdk::{FnResult, Json, plugin_fn};
use serde::{Deserialize, Serialize};

/// A ticket as the help desk sends it.
#[derive(Debug, Deserialize, Serialize)]
pub struct Ticket {
    ticket: u32,
    /// Which ticket is a duplicate of which.
    #[serde(skip_serializing)]
    duplicate_of: BTreeMap<u32, u32>,
}

/// What becomes of a ticket.
#[derive(Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// It passes.
    Accept,
    /// Another passes in its place.
    Rewrite {
        /// What passes.
        body: Ticket,
    },
}

/// Decides about a ticket.
///
/// # Errors
///
/// If the input is no ticket.
#[plugin_fn]
pub fn filter(Json(mut ticket): Json<Ticket>) -> FnResult<Json<Verdict>> {
    let mut first = ticket.ticket;
    while let Some(earlier) = ticket.duplicate_of.get(&first) {
        first = *earlier;
    }
    if first == ticket.ticket {
        return Ok(Json(Verdict::Accept));
    }
    ticket.ticket = first;
    Ok(Json(Verdict::Rewrite { body: ticket }))
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn duplicates_pass_as_the_first() {
        let rows = [
            (r#"{"ticket":7,"duplicate_of":{}}"#, r#"{"verdict":"accept"}"#),
            (r#"{"ticket":7,"duplicate_of":{"8":3}}"#, r#"{"verdict":"accept"}"#),
            (
                r#"{"ticket":7,"duplicate_of":{"7":3,"3":1}}"#,
                r#"{"verdict":"rewrite","body":{"ticket":1}}"#,
            ),
        ];
        for (ticket, verdict) in rows {
            let output = MockHost::new().call(ticket, filter).output;
            assert_eq!(String::from_utf8(output).unwrap(), verdict, "{ticket}");
        }
        assert!(MockHost::new().call(r#"{"ticket":7}"#, filter).error.is_some());
    }
}
