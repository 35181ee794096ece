//! Tests of the guide: that it leads where it says, shows what there is, and leaves no error out.
//!
//! The code in Rust is compiled and run by the documentation tests of this package; files of cases and
//! project files by those of the command.

mod code;
mod commands;
mod errors;
mod includes;
mod links;
