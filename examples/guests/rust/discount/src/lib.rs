//! A merchant's discount: 20 % for a new customer who spends $100 or more.
//!
//! The rule is exported twice, in the two styles that a plug-in can be written in. `before_checkout` is
//! typed: the PDK decodes the cart and encodes the discount. `before_checkout_finalize` is written by
//! hand, as plug-ins in other languages are: bytes in, bytes out, and a status.

#![deny(unsafe_code)]

pub mod by_hand;
mod rule;
pub mod typed;
