//! What the example hosts share: the discount shop, finding the built plug-ins, and wording their
//! failures.
//!
//! The hosts themselves are in `examples/hosts`. Nothing here runs a plug-in.

#![forbid(unsafe_code)]

mod cart;
mod cart_lines;
mod complaint;
mod guest;
mod ledger;
mod money;
mod report;

pub use crate::{
    cart::{Cart, Channel, Discount},
    cart_lines::{CartLines, LineError},
    complaint::{complaint, one_line},
    guest::{GuestError, guest},
    ledger::{Ledger, Refusal, Sale},
    money::Cents,
    report::Report,
};
