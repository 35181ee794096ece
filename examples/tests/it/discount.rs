//! The merchant's plug-in: both of its styles follow one rule, up to the cent.

use plugsmith::{CallError, Plugin, convert::Json};
use plugsmith_examples::{Cart, CartLines, Discount};
use serde_json::json;

use crate::plugin;

/// The carts of the demo that can be read.
fn carts() -> Vec<Cart> {
    let lines = CartLines::new(include_bytes!("../../data/carts.jsonl").as_slice());
    lines.filter_map(|(_, cart)| cart.ok()).collect()
}

/// What the merchant wants: 20 % for a new customer with a cart of $100 or more.
fn wanted(cart: &Cart) -> f32 {
    if cart.is_new_customer && cart.cart_total_in_cents >= 10_000 { 20.0 } else { 0.0 }
}

fn typed(plugin: &mut Plugin, cart: &Cart) -> Discount {
    let Json(discount) = plugin
        .call::<Json<&Cart>, Json<Discount>>("before_checkout", Json(cart))
        .expect("every cart has a discount");
    discount
}

fn by_hand(plugin: &mut Plugin, cart: &Cart) -> Discount {
    let input = json!({
        "cart_total": cart.cart_total_in_cents,
        "is_new_customer": cart.is_new_customer,
        "provided_email": cart.provided_email,
    });
    let Json(discount) = plugin
        .call::<String, Json<Discount>>("before_checkout_finalize", input.to_string())
        .expect("every cart has a discount");
    discount
}

#[test]
fn every_cart_of_the_demo_gets_what_the_merchant_wants() {
    let mut plugin = plugin("discount");
    let carts = carts();
    assert!(carts.len() >= 1_000, "{} carts", carts.len());
    for cart in &carts {
        let expected = Discount { discount_percent: wanted(cart) };
        assert_eq!(typed(&mut plugin, cart), expected, "{cart:?}");
        assert_eq!(by_hand(&mut plugin, cart), expected, "{cart:?}");
    }
}

#[test]
fn the_rule_turns_at_100_dollars() {
    let mut plugin = plugin("discount");
    let template = carts().remove(0);
    let rows = [
        (true, 0, 0.0),
        (true, 9_999, 0.0),
        (true, 10_000, 20.0),
        (true, 10_001, 20.0),
        (true, u32::MAX, 20.0),
        (false, 9_999, 0.0),
        (false, 10_000, 0.0),
    ];
    for (is_new_customer, cart_total_in_cents, discount_percent) in rows {
        let cart = Cart { is_new_customer, cart_total_in_cents, ..template.clone() };
        let expected = Discount { discount_percent };
        assert_eq!(typed(&mut plugin, &cart), expected, "{cart:?}");
        assert_eq!(by_hand(&mut plugin, &cart), expected, "{cart:?}");
    }
}

#[test]
fn input_that_is_no_cart_is_the_plug_ins_error() {
    let mut plugin = plugin("discount");
    let rows = [
        ("", "EOF"),
        ("{", "EOF"),
        ("[]", "invalid"),
        (r#"{"is_new_customer":true}"#, "missing field `cart_total_in_cents`"),
        (r#"{"is_new_customer":1,"cart_total_in_cents":1}"#, "invalid type"),
    ];
    for (input, words) in rows {
        let err = plugin.call::<&str, String>("before_checkout", input).unwrap_err();
        let Some(CallError::Guest { message, status: -1, trap: None }) = err.downcast_ref() else {
            panic!("`{input}`: {err:#}");
        };
        assert!(message.contains(words), "`{input}`: {message}");

        let err = plugin.call::<&str, String>("before_checkout_finalize", input).unwrap_err();
        let status = err.downcast_ref::<CallError>().map(CallError::status);
        assert_eq!(status, Some(1), "`{input}`: {err:#}");

        let cart = &carts()[1];
        assert_eq!(typed(&mut plugin, cart), Discount { discount_percent: wanted(cart) });
    }
}

#[test]
fn the_names_of_the_exports_are_found() {
    let mut plugin = plugin("discount");
    let rows = [
        ("before_checkout", true),
        ("before_checkout_finalize", true),
        ("before_check", false),
        ("memory", false),
        ("", false),
    ];
    for (name, exists) in rows {
        assert_eq!(plugin.function_exists(name), exists, "{name}");
        if !exists {
            let err = plugin.call::<&str, String>(name, "").unwrap_err();
            let err = err.downcast_ref::<CallError>();
            assert!(
                matches!(err, Some(CallError::NoExport { .. } | CallError::ExportType { .. })),
                "{name}: {err:?}"
            );
        }
    }
}
