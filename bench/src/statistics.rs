//! Medians and quartiles: what is left of many samples.
//!
//! The median, because single samples are disturbed by whatever else the machine does, and always
//! upwards. Ratios are taken round by round before anything is summed up, so that what slows a whole
//! round slows both sides of its ratio.

/// The middle of some values, and where the middle half of them lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// A quarter of the values is smaller.
    pub(crate) low: f64,
    /// A quarter of the values is larger.
    pub(crate) high: f64,
}

impl Spread {
    /// Sums values up; `None` if there are none.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            median: quantile(&sorted, 2)?,
            low: quantile(&sorted, 1)?,
            high: quantile(&sorted, 3)?,
        })
    }

    /// Sums up how many times as large the first is, in each round.
    pub(crate) fn of_ratios(numerators: &[f64], denominators: &[f64]) -> Option<Self> {
        let ratios = numerators.iter().zip(denominators);
        let ratios = ratios.filter(|(_, denominator)| **denominator > 0.0);
        Self::of(
            &ratios.map(|(numerator, denominator)| numerator / denominator).collect::<Vec<_>>(),
        )
    }

    /// Half the width of the middle half, in hundredths of the median.
    pub(crate) fn percent(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.high - self.low) / self.median * 50.0 }
    }
}

/// The value below which so many quarters of the sorted values lie, between two of them if need be.
fn quantile(sorted: &[f64], n_quarters: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let (idx, quarters) = (last * n_quarters / 4, last * n_quarters % 4);
    let low = sorted[idx];
    let high = sorted[(idx + 1).min(last)];
    let share = [0.0, 0.25, 0.5, 0.75][quarters];
    Some(low + (high - low) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(median: f64, low: f64, high: f64) -> Spread {
        Spread { median, low, high }
    }

    #[test]
    fn quartiles_lie_between_values() {
        let rows = [
            (&[7.0][..], spread(7.0, 7.0, 7.0)),
            (&[2.0, 1.0], spread(1.5, 1.25, 1.75)),
            (&[5.0, 1.0, 3.0, 4.0, 2.0], spread(3.0, 2.0, 4.0)),
            (&[1.0, 1.0, 1.0, 1.0, 100.0], spread(1.0, 1.0, 1.0)),
        ];
        for (values, expected) in rows {
            assert_eq!(Spread::of(values), Some(expected), "{values:?}");
        }
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // In the second round everything took ten times as long.
        let ratio = Spread::of_ratios(&[30.0, 300.0, 33.0], &[10.0, 100.0, 11.0]);
        assert_eq!(ratio, Some(spread(3.0, 3.0, 3.0)));
        assert_eq!(Spread::of_ratios(&[1.0], &[0.0]), None);
    }

    #[test]
    fn percent_is_half_of_the_middle_half() {
        let rows = [(spread(100.0, 98.0, 104.0), 3.0), (spread(0.0, 0.0, 0.0), 0.0)];
        for (spread, percent) in rows {
            assert!((spread.percent() - percent).abs() < 1e-9, "{spread:?}");
        }
    }
}
