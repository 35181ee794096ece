//! The typed style: a cart in, a discount out, and errors with `?`.

use plugsmith_pdk::{FnResult, Json, plugin_fn};
use serde::{Deserialize, Serialize};

use crate::rule::discount_percent;

/// The cart, as the shop sends it before checkout.
#[derive(Debug, Deserialize)]
pub struct Cart {
    /// The worth of the cart in cents.
    pub cart_total_in_cents: u64,
    /// Whether this is the customer's first cart.
    pub is_new_customer: bool,
}

/// What the merchant grants.
#[derive(Debug, Serialize)]
pub struct Discount {
    /// The discount in percent.
    pub discount_percent: f32,
}

/// Decides on a discount before checkout.
///
/// # Errors
///
/// None: each cart has a discount, if only of 0 %.
#[plugin_fn]
pub fn before_checkout(Json(cart): Json<Cart>) -> FnResult<Json<Discount>> {
    let percent = discount_percent(cart.cart_total_in_cents, cart.is_new_customer);
    Ok(Json(Discount { discount_percent: percent }))
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn a_cart_becomes_a_discount() {
        let cart = Cart { cart_total_in_cents: 10_000, is_new_customer: true };
        let Json(discount) = before_checkout(Json(cart)).map_err(|err| err.0).unwrap();
        assert!((discount.discount_percent - 20.0).abs() < f32::EPSILON);
    }

    #[test]
    fn the_host_gets_json_or_an_error() {
        let host = MockHost::new();
        let outcome =
            host.call(r#"{"cart_total_in_cents":9999,"is_new_customer":true}"#, before_checkout);
        assert_eq!(
            (outcome.status, outcome.output.as_slice()),
            (0, br#"{"discount_percent":0.0}"#.as_slice())
        );

        let outcome = host.call(r#"{"cart_total_in_cents":9999}"#, before_checkout);
        let message = outcome.error.unwrap();
        assert_eq!((outcome.status, outcome.output.as_slice()), (-1, b"".as_slice()));
        assert!(message.contains("missing field `is_new_customer`"), "{message}");
    }
}
