//! Orders: what they cost, how they are sent, and their numbers.

use std::sync::atomic::{AtomicI64, Ordering};

use plugsmith_pdk::{Error, FnResult, Json, plugin_fn};

static LAST_NUMBER: AtomicI64 = AtomicI64::new(0);

/// Gives a price less a discount, both sums in whole cents.
///
/// # Errors
///
/// If the discount is not between 0 and 100 percent.
#[plugin_fn]
pub fn price_after(Json((cents, percent)): Json<(i64, f64)>) -> FnResult<Json<i64>> {
    if !(0.0..=100.0).contains(&percent) {
        return Err(Error::msg(format!("a discount is 0 to 100 percent, not {percent}")).into());
    }
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 10,000 by the check above")]
    let basis_points = (percent * 100.0).round() as i128;
    let off = (i128::from(cents) * basis_points + 5_000).div_euclid(10_000);
    Ok(Json(i64::try_from(i128::from(cents) - off)?))
}

/// Counts the parcels that it takes to send so many grams.
///
/// # Errors
///
/// None. Its author forgot about parcels that hold nothing: then it never ends.
#[plugin_fn]
pub fn n_parcels(Json((grams, parcel_grams)): Json<(u32, u32)>) -> FnResult<Json<u32>> {
    let (mut left, mut n_parcels) = (grams, 0_u32);
    while left > 0 {
        left = left.saturating_sub(parcel_grams);
        n_parcels = n_parcels.wrapping_add(1);
    }
    Ok(Json(n_parcels))
}

/// Gives the next number, which is another each time.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn order_number(Json([]): Json<[(); 0]>) -> FnResult<Json<i64>> {
    Ok(Json(LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1))
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn discounts_round_to_whole_cents() {
        let rows = [
            ("[1000,12.5]", "875"),
            ("[999,50]", "499"),
            ("[999,0]", "999"),
            ("[999,100.0]", "0"),
            ("[9223372036854775807,0]", "9223372036854775807"),
        ];
        for (arguments, value) in rows {
            let outcome = MockHost::new().call(arguments, price_after);
            assert_eq!(outcome.output, value.as_bytes(), "{arguments}");
        }
    }

    #[test]
    fn discounts_beyond_the_price_are_refused() {
        for percent in ["-1", "100.5", "1e300"] {
            let outcome = MockHost::new().call(format!("[1000,{percent}]"), price_after);
            let message = outcome.error.unwrap();
            assert!(message.starts_with("a discount is 0 to 100 percent"), "{message}");
        }
    }

    #[test]
    fn what_is_left_over_takes_a_parcel_too() {
        for (arguments, n_parcels_wanted) in
            [("[5000,2000]", "3"), ("[4000,2000]", "2"), ("[0,1]", "0")]
        {
            let outcome = MockHost::new().call(arguments, n_parcels);
            assert_eq!(outcome.output, n_parcels_wanted.as_bytes(), "{arguments}");
        }
    }

    #[test]
    fn numbers_go_up() {
        let host = MockHost::new();
        let [first, second] = [(), ()].map(|()| host.call("[]", order_number).output);
        assert_ne!(first, second);
    }
}
