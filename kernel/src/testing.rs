//! Holds a kernel to its promises: calls at random, and a model that says what must come of each.
//!
//! The same generator and the same model drive the heap natively, the real module in an engine, and a
//! fuzzer. A [`Subject`] is one of these; a [`Trial`] makes it take steps and compares every result,
//! every register and every byte that is not the kernel's own.

mod function;
mod generator;
mod model;
mod trial;

pub use function::{Call, Function, Step, Width};
pub use generator::{Generator, Temper};
pub use model::Model;
pub use trial::{Native, Subject, Trial};
