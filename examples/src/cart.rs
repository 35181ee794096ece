//! A customer's cart, and the discount that a merchant's plug-in gives on it.
//!
//! Both cross the boundary as JSON; the field names are the interface between shop and merchant.

use serde::{Deserialize, Serialize};

use crate::money::Cents;

/// What a customer is about to pay for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Cart {
    /// The shop's name for the cart.
    pub id: String,
    /// Where the customer filled it.
    pub channel: Channel,
    /// Whether this is the customer's first order.
    pub is_new_customer: bool,
    /// Whether the customer left an address for mail.
    pub provided_email: bool,
    /// The sum before any discount. A `u32` holds carts of up to 42 million dollars.
    pub cart_total_in_cents: u32,
}

impl Cart {
    /// The sum before any discount.
    pub fn total(&self) -> Cents {
        Cents(self.cart_total_in_cents.into())
    }
}

/// Where a cart was filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The shop's pages in a browser.
    Web,
    /// The shop's own program.
    App,
    /// A till.
    Store,
    /// A call.
    Phone,
}

impl Channel {
    /// The name in the shop's files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::App => "app",
            Self::Store => "store",
            Self::Phone => "phone",
        }
    }
}

/// What the merchant's plug-in answers.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Discount {
    /// Percent off the cart's total. The shop believes only 0 to 100.
    pub discount_percent: f32,
}
