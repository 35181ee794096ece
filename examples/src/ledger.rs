//! The shop's book: what each cart came to, and what was refused and why.

use std::fmt;

use crate::{
    cart::{Cart, Discount},
    money::Cents,
};

/// Every line of the shop's file, as a sale or a refusal.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Carts with their discounts, in the order of the file.
    pub sales: Vec<Sale>,
    /// Lines that are no carts.
    pub bad_lines: Vec<Refusal>,
    /// Carts on which the plug-in gave no discount that the shop believes. They sell at full price.
    pub failed_calls: Vec<Refusal>,
}

impl Ledger {
    /// Books a cart with the plug-in's answer, or what went wrong while asking.
    pub fn book<E: fmt::Display>(
        &mut self,
        number: usize,
        cart: Cart,
        answer: Result<Discount, E>,
    ) {
        let total = cart.total();
        let full_price = |reason: String| (Discount { discount_percent: 0.0 }, total, Some(reason));
        let (discount, to_pay, trouble) = match answer {
            Ok(discount) => match total.after(discount) {
                Some(to_pay) => (discount, to_pay, None),
                None => full_price(format!(
                    "a discount of {} % is not believed",
                    discount.discount_percent
                )),
            },
            // What follows the first line is where in the plug-in it happened: for its author.
            Err(err) => full_price(format!("{err:#}").lines().take(1).collect()),
        };
        self.failed_calls.extend(trouble.map(|reason| Refusal { number, reason }));
        self.sales.push(Sale { cart, discount, to_pay });
    }

    /// Books a line that is no cart.
    pub fn refuse(&mut self, number: usize, reason: impl fmt::Display) {
        self.bad_lines.push(Refusal { number, reason: reason.to_string() });
    }
}

/// A cart that was sold.
#[derive(Debug)]
pub struct Sale {
    /// What was in it.
    pub cart: Cart,
    /// What the merchant gave.
    pub discount: Discount,
    /// What the customer pays.
    pub to_pay: Cents,
}

/// A line of the file that did not go as it should.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its number; the first is 1.
    pub number: usize,
    /// What was wrong, for people.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cart::Channel;

    fn cart() -> Cart {
        Cart {
            id: "C-1".to_owned(),
            channel: Channel::Web,
            is_new_customer: true,
            provided_email: false,
            cart_total_in_cents: 10_000,
        }
    }

    fn booked(answer: Result<f32, &str>) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.book(7, cart(), answer.map(|discount_percent| Discount { discount_percent }));
        ledger
    }

    #[test]
    fn a_discount_lowers_the_price() {
        let ledger = booked(Ok(20.0));
        assert_eq!(ledger.sales[0].to_pay, Cents(8_000));
        assert_eq!(ledger.failed_calls, []);
    }

    #[test]
    fn trouble_sells_at_full_price_and_is_kept() {
        let rows = [
            (Err("out of time\n   0: before_checkout"), "out of time"),
            (Ok(200.0), "a discount of 200 % is not believed"),
            (Ok(-5.0), "a discount of -5 % is not believed"),
        ];
        for (answer, reason) in rows {
            let ledger = booked(answer);
            assert_eq!(ledger.sales[0].to_pay, Cents(10_000));
            let reason = reason.to_owned();
            assert_eq!(ledger.failed_calls, [Refusal { number: 7, reason }]);
        }
    }
}
