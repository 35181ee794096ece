//! The low-level style: an export written by hand, with the host as an object.
//!
//! A plug-in in this style returns its own status and encodes its own bytes; nothing here decodes.

use std::cell::OnceCell;

use crate::{Memory, input_bytes, panic_hook};

/// The host that is calling, seen from inside an export.
///
/// # Examples
///
/// An export that gives back what it was given; in a plug-in it carries `#[no_mangle]`:
///
/// ```
/// use plugsmith_pdk::{Host, testing::MockHost};
///
/// pub extern "C" fn echo() -> i32 {
///     let host = Host::new();
///     host.output(&host.input());
///     0
/// }
///
/// let outcome = MockHost::new().call_export("Ada", || echo());
/// assert_eq!((outcome.status, outcome.output.as_slice()), (0, b"Ada".as_slice()));
/// ```
#[derive(Debug, Default)]
pub struct Host {
    input: OnceCell<Vec<u8>>,
}

impl Host {
    /// Meets the host. From now on a panic tells it why.
    #[must_use]
    pub fn new() -> Self {
        panic_hook::install();
        Self::default()
    }

    /// Returns the input of this call, copied once.
    pub fn input(&self) -> &[u8] {
        self.input.get_or_init(input_bytes)
    }

    /// Makes bytes, or text, the output of this call. The last one counts.
    ///
    /// # Panics
    ///
    /// If the host has no room for the output.
    pub fn output(&self, bytes: &(impl AsRef<[u8]> + ?Sized)) {
        match Memory::from_bytes(bytes.as_ref()) {
            Ok(block) => block.set_output(),
            Err(err) => panic!("cannot set the output: {err}"),
        }
    }
}
