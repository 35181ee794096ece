//! A shop's filter for the webhooks about its orders.
//!
//! Drops orders that are not meant, and takes card numbers out of the others. What it does not know of
//! an order passes through as it is. It has a mistake, as filters do: an order without items.

#![deny(unsafe_code)]

use plugsmith_pdk::{FnResult, Json, config, plugin_fn};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An order costs so much an item at most: more is somebody's slip of the finger.
const MOST_CENTS_AN_ITEM: usize = 1_000_000;

/// An order as the shop's checkout sends it.
#[derive(Debug, Deserialize, Serialize)]
pub struct Order {
    cents: usize,
    items: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    test: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<String>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// What becomes of an order.
#[derive(Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// It passes.
    Accept,
    /// It does not pass.
    Drop {
        /// Why, for whoever reads the shop's log.
        reason: String,
    },
    /// Another passes in its place.
    Rewrite {
        /// What passes.
        body: Order,
    },
}

/// Decides about an order.
///
/// # Errors
///
/// If the input is no order, or `least_cents` of the config no number.
///
/// # Panics
///
/// If the order has no items.
#[plugin_fn]
pub fn filter(Json(mut order): Json<Order>) -> FnResult<Json<Verdict>> {
    let least_cents = config::get("least_cents")?.map_or(Ok(0), |cents| cents.parse())?;
    let drop = |reason: &str| Ok(Json(Verdict::Drop { reason: reason.to_owned() }));
    if order.test {
        return drop("a test");
    }
    if order.cents < least_cents {
        return drop("too small");
    }
    if order.cents / order.items.len() > MOST_CENTS_AN_ITEM {
        return drop("too large to be meant");
    }
    let Some(card) = order.card.take() else { return Ok(Json(Verdict::Accept)) };
    order.card = Some(masked(&card));
    Ok(Json(Verdict::Rewrite { body: order }))
}

/// Leaves the last four characters of a card's number.
fn masked(card: &str) -> String {
    let n_hidden = card.chars().count().saturating_sub(4);
    card.chars()
        .enumerate()
        .map(|(idx, c)| if idx < n_hidden && c != ' ' { '*' } else { c })
        .collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(truth: &bool) -> bool {
    !truth
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn each_order_gets_its_verdict() {
        let host = MockHost::new().with_config("least_cents", "500");
        let rows = [
            (r#"{"cents":500,"items":["pen"],"id":7}"#, r#"{"verdict":"accept"}"#),
            (r#"{"cents":499,"items":["pen"]}"#, r#"{"verdict":"drop","reason":"too small"}"#),
            (r#"{"cents":500,"items":[],"test":true}"#, r#"{"verdict":"drop","reason":"a test"}"#),
            (
                r#"{"cents":2000002,"items":["pen"]}"#,
                r#"{"verdict":"drop","reason":"too large to be meant"}"#,
            ),
            (
                r#"{"cents":500,"items":["pen"],"card":"4111 1111 1111 1234","id":7}"#,
                r#"{"verdict":"rewrite","body":{"cents":500,"items":["pen"],"card":"**** **** **** 1234","id":7}}"#,
            ),
        ];
        for (order, verdict) in rows {
            let output = host.call(order, filter).output;
            assert_eq!(String::from_utf8(output).unwrap(), verdict, "{order}");
        }
    }

    #[test]
    fn what_is_no_order_is_an_error() {
        for order in ["[]", "{}", r#"{"cents":-1,"items":["pen"]}"#, ""] {
            assert!(MockHost::new().call(order, filter).error.is_some(), "{order}");
        }
        let host = MockHost::new().with_config("least_cents", "five");
        assert!(host.call(r#"{"cents":1,"items":["pen"]}"#, filter).error.is_some());
    }

    #[test]
    fn numbers_of_any_length_are_masked() {
        for (card, expected) in
            [("", ""), ("123", "123"), ("12345", "*2345"), ("äöü1234", "***1234")]
        {
            assert_eq!(masked(card), expected);
        }
    }
}
