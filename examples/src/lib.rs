//! What the example hosts share: the discount shop, finding plug-ins, wording their failures,
//! and a client for those that serve.
//!
//! The hosts themselves are in `examples/hosts`. Nothing here runs a plug-in.

#![forbid(unsafe_code)]

mod cart;
mod cart_lines;
mod complaint;
mod guest;
mod http_client;
mod ledger;
mod money;
mod plugin_folder;
mod report;

pub use crate::{
    cart::{Cart, Channel, Discount},
    cart_lines::{CartLines, LineError},
    complaint::{complaint, one_line, plain},
    guest::{GuestError, guest},
    http_client::{HttpReply, http, http_raw},
    ledger::{Ledger, Refusal, Sale},
    money::Cents,
    plugin_folder::{Bounds, Installed, plugin_folder},
    report::Report,
};
