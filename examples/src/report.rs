//! The shop's report: some carts, sums by segment, and every line that went wrong.

use std::fmt;

use crate::{
    ledger::{Ledger, Refusal, Sale},
    money::{Cents, grouped},
};

/// How many carts the report shows one by one.
const N_SHOWN: usize = 12;

/// Prints what is in a ledger.
#[derive(Debug)]
pub struct Report<'a>(pub &'a Ledger);

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ledger) = self;
        carts(formatter, &ledger.sales)?;
        writeln!(formatter)?;
        segments(formatter, &ledger.sales)?;
        refusals(formatter, "bad lines, skipped", &ledger.bad_lines)?;
        refusals(formatter, "failed calls, sold at full price", &ledger.failed_calls)
    }
}

fn carts(formatter: &mut fmt::Formatter<'_>, sales: &[Sale]) -> fmt::Result {
    writeln!(
        formatter,
        "{:<9}{:<9}{:<11}{:>15}{:>10}{:>15}",
        "cart", "channel", "customer", "total", "discount", "to pay"
    )?;
    for Sale { cart, discount, to_pay } in sales.iter().take(N_SHOWN) {
        writeln!(
            formatter,
            "{:<9}{:<9}{:<11}{:>15}{:>8} %{:>15}",
            cart.id,
            cart.channel.name(),
            customer(cart.is_new_customer),
            cart.total(),
            discount.discount_percent,
            to_pay
        )?;
    }
    let (n_shown, n_sales) = (sales.len().min(N_SHOWN), count(sales.len()));
    writeln!(formatter, "({n_shown} of {n_sales} carts shown)")
}

fn segments(formatter: &mut fmt::Formatter<'_>, sales: &[Sale]) -> fmt::Result {
    writeln!(
        formatter,
        "{:<11}{:<14}{:>7}{:>12}{:>18}{:>18}",
        "customer", "cart total", "carts", "discounted", "before", "after"
    )?;
    for (is_new, is_large) in [(true, true), (true, false), (false, true), (false, false)] {
        let size = if is_large { "$100 or more" } else { "under $100" };
        let belongs = |sale: &&Sale| {
            sale.cart.is_new_customer == is_new && (sale.cart.total() >= Cents(10_000)) == is_large
        };
        sums(formatter, customer(is_new), size, sales.iter().filter(belongs))?;
    }
    sums(formatter, "all", "", sales.iter())
}

fn sums<'a>(
    formatter: &mut fmt::Formatter<'_>,
    customer: &str,
    size: &str,
    sales: impl Iterator<Item = &'a Sale> + Clone,
) -> fmt::Result {
    let discounted = |sale: &&Sale| sale.to_pay < sale.cart.total();
    writeln!(
        formatter,
        "{customer:<11}{size:<14}{:>7}{:>12}{:>18}{:>18}",
        count(sales.clone().count()),
        count(sales.clone().filter(discounted).count()),
        sales.clone().map(|sale| sale.cart.total()).sum::<Cents>(),
        sales.map(|sale| sale.to_pay).sum::<Cents>()
    )
}

fn refusals(formatter: &mut fmt::Formatter<'_>, what: &str, refusals: &[Refusal]) -> fmt::Result {
    if refusals.is_empty() {
        return Ok(());
    }
    writeln!(formatter, "\n{} {what}:", count(refusals.len()))?;
    for Refusal { number, reason } in refusals {
        // A merchant wrote some of this: it must neither steer a terminal nor look like a line of ours.
        let reason: String = reason.chars().map(|c| if c.is_control() { '·' } else { c }).collect();
        writeln!(formatter, "line {number:>5}  {reason}")?;
    }
    Ok(())
}

fn customer(is_new: bool) -> &'static str {
    if is_new { "new" } else { "returning" }
}

fn count(number: usize) -> String {
    u64::try_from(number).map_or_else(|_| number.to_string(), grouped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cart::{Cart, Channel, Discount};

    fn ledger(n_carts: usize) -> Ledger {
        let mut ledger = Ledger::default();
        for number in 1..=n_carts {
            let cart = Cart {
                id: format!("C-{number:05}"),
                channel: Channel::App,
                is_new_customer: true,
                provided_email: true,
                cart_total_in_cents: 12_345,
            };
            ledger.book(number, cart, Ok::<_, fmt::Error>(Discount { discount_percent: 20.0 }));
        }
        ledger
    }

    #[test]
    fn a_cart_is_a_row_and_counts_in_its_segment() {
        let text = Report(&ledger(1)).to_string();
        let rows = [
            "cart     channel  customer             total  discount         to pay",
            "C-00001  app      new                $123.45      20 %         $98.76",
            "(1 of 1 carts shown)",
            "new        $100 or more        1           1           $123.45            $98.76",
            "returning  under $100          0           0             $0.00             $0.00",
            "all                            1           1           $123.45            $98.76",
        ];
        for row in rows {
            assert!(text.lines().any(|line| line == row), "no `{row}` in:\n{text}");
        }
    }

    #[test]
    fn only_the_first_carts_are_shown() {
        let text = Report(&ledger(1_200)).to_string();
        assert!(text.contains("(12 of 1,200 carts shown)"), "{text}");
        assert!(text.contains("C-00012") && !text.contains("C-00013"), "{text}");
    }

    #[test]
    fn what_went_wrong_is_listed_by_number() {
        let mut ledger = ledger(1);
        ledger.refuse(38, "empty line");
        let text = Report(&ledger).to_string();
        assert!(text.ends_with("\n\n1 bad lines, skipped:\nline    38  empty line\n"), "{text}");
    }
    #[test]
    fn what_a_merchant_says_stays_on_its_line() {
        let mut ledger = ledger(1);
        ledger.refuse(38, "\u{1b}[2Jbroke\nline    39  all is well");
        let text = Report(&ledger).to_string();
        assert!(text.ends_with("\nline    38  ·[2Jbroke·line    39  all is well\n"), "{text}");
    }
}
