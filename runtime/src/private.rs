//! What the macros of this crate expand to calls of, and what the benchmark measures by itself. Not part
//! of the interface.

use plugsmith_convert::{FromBytesOwned, ToBytes};

use crate::{
    current_plugin::CurrentPlugin,
    error::{CallError, Error},
    host::HostError,
    plugin::Plugin,
    val::Val,
};

/// Decodes the next of a host function's arguments.
///
/// # Errors
///
/// [`HostError::MissingArgument`] if the function was declared with fewer parameters, else as
/// [`CurrentPlugin::memory_get_val`].
pub fn argument<'a, T: FromBytesOwned>(
    plugin: &mut CurrentPlugin<'_>,
    params: &mut impl Iterator<Item = &'a Val>,
) -> Result<T, Error> {
    let param = params.next().ok_or(HostError::MissingArgument)?;
    plugin.memory_get_val(param)
}

/// Encodes a host function's output into a new block, if the function was declared with a result.
///
/// # Errors
///
/// As [`CurrentPlugin::memory_set_val`].
pub fn result<'a>(
    plugin: &mut CurrentPlugin<'_>,
    results: &mut [Val],
    output: &impl ToBytes<'a>,
) -> Result<(), Error> {
    match results.first_mut() {
        Some(result) => {
            let handle = plugin.memory_new(output)?;
            *result = plugin.memory_to_val(handle);
            Ok(())
        }
        None => Ok(()),
    }
}

/// Insists that a plug-in has an export.
///
/// # Errors
///
/// [`CallError::NoExport`], [`CallError::ExportType`].
pub fn require_export(plugin: &Plugin, name: &str) -> Result<(), CallError> {
    plugin.compiled.shared.exports.resolve(name).map(drop)
}

/// Makes the kernel part of a valid module, and returns the new module, if it is of a kind that can be
/// rewritten.
pub fn rewrite(module: &[u8]) -> Option<Vec<u8>> {
    Some(crate::fuse::fuse(module)?.bytes)
}

/// Makes a guest of bytes, and holds its fused form to its linked one. Returns whether there was a guest.
///
/// # Panics
///
/// If the forms differ.
#[cfg(feature = "testing")]
pub fn try_rewriter(bytes: &[u8]) -> bool {
    crate::fuse::trial::of_choices(bytes)
}

/// Holds the fused form of a module to its linked one, with arguments made of `bytes`. Returns whether the
/// module has both.
///
/// # Panics
///
/// If the forms differ.
#[cfg(feature = "testing")]
pub fn try_rewriter_on(module: &[u8], bytes: &[u8]) -> bool {
    crate::fuse::trial::of_module(module, bytes)
}

/// Names the type of an output that may be left out.
#[doc(hidden)]
#[macro_export]
macro_rules! __output {
    () => {
        ()
    };
    ($output:ty) => {
        $output
    };
}

pub use crate::__output as output;
