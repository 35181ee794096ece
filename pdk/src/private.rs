//! What the macros call: the steps of an export and of an import. Not for use by hand.
//!
//! A shim has no logic of its own, so that all there is to test is here. Everything that does not
//! depend on the plug-in's types is kept out of the generic functions, which are compiled once for each
//! export.

use core::fmt::Arguments;

use crate::memory::internal;
use crate::{
    Error, FnResult, FromBytesOwned, LogLevel, ManagedMemory, Memory, MemoryPointer,
    SharedFnResult, ToMemory, WithReturnCode, error, extensions, input, log as logging, panic_hook,
};

pub use std::format;

/// What a plug-in function may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a plug-in function returns",
    label = "returns `{Self}`",
    note = "return `FnResult<T>`, where `T` can be made into bytes"
)]
pub trait PluginResult {
    /// What becomes the output.
    type Output: ToMemory;

    /// Returns it as the result that it is.
    ///
    /// # Errors
    ///
    /// The plug-in function's own.
    fn into_result(self) -> FnResult<Self::Output>;
}

impl<T: ToMemory> PluginResult for FnResult<T> {
    type Output = T;

    fn into_result(self) -> FnResult<T> {
        self
    }
}

/// What a shared function may take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a shared function takes",
    note = "take a type that can be made of bytes, such as `Json<T>`, or a `MemoryPointer<T>`"
)]
pub trait SharedArgument: Sized {
    /// Makes the argument of the offset that crossed.
    ///
    /// # Errors
    ///
    /// If the offset is that of no block, or the block's bytes are not a value of the type.
    fn from_offset(offset: u64) -> Result<Self, Error>;
}

impl<T: FromBytesOwned> SharedArgument for T {
    fn from_offset(offset: u64) -> Result<Self, Error> {
        MemoryPointer::at(offset).get()
    }
}

impl<T> SharedArgument for MemoryPointer<T> {
    fn from_offset(offset: u64) -> Result<Self, Error> {
        Ok(Self::at(offset))
    }
}

/// Runs an export that takes the input, and returns its status.
pub fn run<I: FromBytesOwned, R: PluginResult>(export: &str, f: impl FnOnce(I) -> R) -> i32 {
    panic_hook::install();
    match input::<I>() {
        Ok(input) => finish(f(input)),
        Err(err) => fail(err.context(format!("cannot decode the input of `{export}`"))),
    }
}

/// Runs an export that takes nothing, and returns its status.
pub fn run_without_input<R: PluginResult>(f: impl FnOnce() -> R) -> i32 {
    panic_hook::install();
    finish(f())
}

fn finish<R: PluginResult>(result: R) -> i32 {
    match result.into_result() {
        Ok(value) => set_output(value.to_memory(), value.status()),
        Err(WithReturnCode(err, status)) => {
            error::report(&err);
            status
        }
    }
}

fn set_output(block: Result<Memory, Error>, status: i32) -> i32 {
    match block {
        Ok(block) => {
            block.set_output();
            status
        }
        Err(err) => fail(err.context("cannot set the output")),
    }
}

/// Makes `err` the error of the call, and returns the status that goes with it.
#[expect(clippy::needless_pass_by_value, reason = "the error ends here")]
pub fn fail(err: Error) -> i32 {
    error::report(&err);
    -1
}

/// Runs a shared function, and returns the offset of the block that holds its reply.
///
/// # Panics
///
/// If the function fails: the calling convention has no place for an error.
pub fn run_shared<T: ToMemory>(export: &str, f: impl FnOnce() -> SharedFnResult<T>) -> u64 {
    panic_hook::install();
    match f().and_then(|value| value.to_memory()) {
        Ok(block) => block.offset(),
        Err(err) => fail_shared(export, &err),
    }
}

/// Runs a shared function that has no reply.
///
/// # Panics
///
/// If the function fails: the calling convention has no place for an error.
pub fn run_shared_without_reply(export: &str, f: impl FnOnce() -> SharedFnResult<()>) {
    panic_hook::install();
    if let Err(err) = f() {
        fail_shared(export, &err);
    }
}

fn fail_shared(export: &str, err: &Error) -> ! {
    panic!("`{export}` failed: {err:#}")
}

/// Decodes an argument of a shared function.
///
/// # Errors
///
/// If the offset is that of no block, or the block's bytes are not a value of the type.
pub fn decode_argument<T: SharedArgument>(offset: u64) -> Result<T, Error> {
    T::from_offset(offset)
}

/// Encodes an argument of a host function. The caller frees it, by dropping it after the call.
///
/// # Errors
///
/// What the encoding refuses, and if the host has no room for the block.
pub fn encode_argument(value: &impl ToMemory) -> Result<ManagedMemory, Error> {
    value.to_memory().map(ManagedMemory)
}

/// Returns the offset to pass for an argument.
pub fn offset(argument: &ManagedMemory) -> u64 {
    argument.offset()
}

/// Decodes the reply of a host function. The block stays: hosts may answer with one of the arguments.
///
/// # Errors
///
/// What the encoding refuses, and if the function failed where that can be caught.
pub fn decode_reply<T: FromBytesOwned>(offset: u64) -> Result<T, Error> {
    internal::answered(extensions::check(offset)?).to()
}

/// Asks whether a host function that has no reply failed.
///
/// # Errors
///
/// If it did, where that can be caught.
pub fn check_host() -> Result<(), Error> {
    Ok(extensions::check(())?)
}

/// Asks the mock host for what a host function answers.
///
/// # Errors
///
/// What the function answers, and if there is none.
#[cfg(not(target_family = "wasm"))]
pub fn call_mock(namespace: &str, name: &str, arguments: &[u64]) -> Result<u64, Error> {
    crate::sys::native::call(namespace, name, arguments)
}

/// Whether the host keeps messages of this level.
pub fn log_is_kept(level: LogLevel) -> bool {
    logging::is_kept(level)
}

/// Puts a message together and logs it.
pub fn log(level: LogLevel, message: Arguments<'_>) {
    logging::write(level, message);
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::testing::MockHost;

    #[test]
    fn a_shared_function_replies_with_a_block() {
        let host = MockHost::new();
        let argument = Memory::from_bytes("text").expect("there is room");
        let reply = run_shared("shout", || {
            let text: String = decode_argument(argument.offset())?;
            Ok(text.to_uppercase())
        });
        assert_eq!(Memory::from(reply).to_vec(), b"TEXT");
        assert_eq!(run_shared("empty", || Ok("")), 0);
        run_shared_without_reply("nothing", || Ok(()));
        // The argument is the caller's to free, and so is the reply.
        assert_eq!(host.n_blocks(), 2);
    }

    #[test]
    fn a_shared_function_that_fails_panics_with_its_name() {
        fn fails() -> Error {
            Error::msg("cause").context("what failed")
        }

        let _host = MockHost::new();
        let panics: [fn(); 2] = [
            || assert_eq!(run_shared::<()>("shout", || Err(fails())), 0),
            || run_shared_without_reply("shout", || Err(fails())),
        ];
        for panic in panics {
            let said = catch_unwind(panic).expect_err("it panics");
            let said = said.downcast_ref::<String>().map(String::as_str);
            assert_eq!(said, Some("`shout` failed: what failed: cause"));
        }
    }

    #[test]
    fn an_export_is_named_where_its_input_is_wrong() {
        let host = MockHost::new().with_input("five");
        assert_eq!(run("parse", |_: u64| Ok(())), -1);
        let message = host.error().expect("there is an error");
        assert!(
            message.starts_with("cannot decode the input of `parse`\n\nCaused by:"),
            "{message}"
        );
    }
}
