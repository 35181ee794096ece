//! A plug-in project as it looks after a move from Extism: only the dependency has another package.
//!
//! It is here so that every macro and both styles keep working under the old name, in the old edition.
//! The modules are public because what they hold is; a host sees the exports alone.

pub mod low_level;
pub mod typed;
