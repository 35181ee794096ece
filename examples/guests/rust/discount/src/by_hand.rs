//! The low-level style: an export written by hand, which asks the host for everything itself.

use plugsmith_pdk::Host;
use serde::{Deserialize, Serialize};

use crate::rule::discount_percent;

/// The status of a call that was given no cart.
const NOT_A_CART: i32 = 1;

/// The status of a call whose discount cannot be written as JSON.
const NO_OUTPUT: i32 = 2;

#[derive(Deserialize)]
struct Cart {
    cart_total: u64,
    is_new_customer: bool,
}

#[derive(Serialize)]
struct Discount {
    discount_percent: f32,
}

/// Decides on a discount, and returns 0, or another status without an output.
#[expect(unsafe_code, reason = "the export's name is a promise that no other symbol has it")]
#[unsafe(no_mangle)]
pub extern "C" fn before_checkout_finalize() -> i32 {
    let host = Host::new();
    let Ok(cart) = serde_json::from_slice::<Cart>(host.input()) else { return NOT_A_CART };
    let discount =
        Discount { discount_percent: discount_percent(cart.cart_total, cart.is_new_customer) };
    let Ok(output) = serde_json::to_string(&discount) else { return NO_OUTPUT };
    host.output(&output);
    0
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn a_cart_becomes_a_discount_and_all_else_a_status() {
        let rows = [
            (r#"{"cart_total":10000,"is_new_customer":true}"#, 0, r#"{"discount_percent":20.0}"#),
            (r#"{"cart_total":9999,"is_new_customer":true}"#, 0, r#"{"discount_percent":0.0}"#),
            (r#"{"cart_total":10000,"is_new_customer":false}"#, 0, r#"{"discount_percent":0.0}"#),
            (r#"{"cart_total":-1,"is_new_customer":true}"#, NOT_A_CART, ""),
            ("", NOT_A_CART, ""),
        ];
        for (cart, status, output) in rows {
            let outcome = MockHost::new().call_export(cart, || before_checkout_finalize());
            assert_eq!((outcome.status, outcome.output.as_slice()), (status, output.as_bytes()));
        }
    }
}
