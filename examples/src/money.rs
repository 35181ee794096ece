//! Sums of money, in whole cents.

use std::{fmt, iter::Sum, ops::AddAssign};

use crate::cart::Discount;

/// A sum of money, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub u64);

impl Cents {
    /// What remains of the sum after the discount, rounded to whole cents.
    ///
    /// `None` if the discount is not between 0 and 100 percent: a plug-in may answer anything.
    pub fn after(self, discount: Discount) -> Option<Self> {
        let percent = discount.discount_percent;
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 10,000 by the check above"
        )]
        let basis_points = (percent * 100.0).round() as u64;
        let off = (u128::from(self.0) * u128::from(basis_points) + 5_000) / 10_000;
        Some(Self(self.0 - u64::try_from(off).ok()?))
    }
}

impl AddAssign for Cents {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), |mut total, sum| {
            total += sum;
            total
        })
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("${}.{:02}", grouped(self.0 / 100), self.0 % 100))
    }
}

/// A number with a comma before every three digits: `1,200`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discounts_round_to_whole_cents() {
        let rows = [
            (10_000, 20.0, Some(8_000)),
            (9_999, 20.0, Some(7_999)),
            (9_999, 0.0, Some(9_999)),
            (9_999, 100.0, Some(0)),
            (1, 50.0, Some(0)),
            (10_000, 12.5, Some(8_750)),
            (u64::MAX, 100.0, Some(0)),
            (10_000, -1.0, None),
            (10_000, 100.5, None),
            (10_000, f32::NAN, None),
            (10_000, f32::INFINITY, None),
        ];
        for (cents, discount_percent, expected) in rows {
            let after = Cents(cents).after(Discount { discount_percent });
            assert_eq!(after, expected.map(Cents), "{cents} less {discount_percent} %");
        }
    }

    #[test]
    fn sums_are_written_in_dollars() {
        let rows = [
            (0, "$0.00"),
            (5, "$0.05"),
            (99_999, "$999.99"),
            (100_000, "$1,000.00"),
            (2_147_483_647, "$21,474,836.47"),
        ];
        for (cents, text) in rows {
            assert_eq!(Cents(cents).to_string(), text);
        }
        assert_eq!(format!("{:>8}", Cents(5)), "   $0.05");
    }
}
