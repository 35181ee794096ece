//! Plug-in code as an author writes it, run natively against the mock host.

mod capabilities;
mod exports;
mod imports;
mod mock;
