//! The merchant's decision, apart from how carts come in and discounts go out.

/// What a cart has to be worth: $100, in cents.
const LEAST_TOTAL: u64 = 10_000;

/// Returns the discount in percent for a cart of `total` cents.
pub(crate) fn discount_percent(total: u64, is_new_customer: bool) -> f32 {
    if is_new_customer && total >= LEAST_TOTAL { 20.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_customer_with_100_dollars_gets_20_percent() {
        let rows = [
            (0, true, 0.0),
            (9_999, true, 0.0),
            (10_000, true, 20.0),
            (10_001, true, 20.0),
            (u64::MAX, true, 20.0),
            (9_999, false, 0.0),
            (10_000, false, 0.0),
        ];
        for (total, is_new_customer, percent) in rows {
            let found = discount_percent(total, is_new_customer);
            assert!((found - percent).abs() < f32::EPSILON, "{total} {is_new_customer}: {found}");
        }
    }
}
