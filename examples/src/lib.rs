//! What the example hosts share: the discount shop, and finding the built plug-ins.
//!
//! The hosts themselves are in `examples/hosts`. Nothing here knows how plug-ins are run.

#![forbid(unsafe_code)]

mod cart;
mod cart_lines;
mod guest;
mod ledger;
mod money;
mod report;

pub use crate::{
    cart::{Cart, Channel, Discount},
    cart_lines::{CartLines, LineError},
    guest::{GuestError, guest},
    ledger::{Ledger, Refusal, Sale},
    money::Cents,
    report::Report,
};
