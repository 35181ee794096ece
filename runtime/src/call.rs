//! The road of one call, shared by every method that calls: encode, resolve, run, decode.

use std::any::Any;

use plugsmith_convert::{FromBytes, ToBytes, encode};

use crate::{
    compiled::Callable,
    error::{CallError, Error},
    instance::{LiveInstance, Request},
    outcome::Failure,
    plugin::Plugin,
    state::HostContext,
};

impl Plugin {
    /// Calls the export `name` with `input` and returns its output.
    ///
    /// The output may borrow from the plug-in's memory; it is valid until the next call.
    ///
    /// # Errors
    ///
    /// A [`CallError`]. The plug-in stays usable.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// let module = r#"(module
    ///     (import "extism:host/env" "input_offset" (func $offset (result i64)))
    ///     (import "extism:host/env" "input_length" (func $length (result i64)))
    ///     (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    ///     (func (export "echo") (call $output (call $offset) (call $length))))"#;
    /// let mut plugin = plugsmith::Plugin::new(module, [], false)?;
    /// let output: &str = plugin.call("echo", "hello")?;
    /// assert_eq!(output, "hello");
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn call<'a, 'b, T: ToBytes<'a>, U: FromBytes<'b>>(
        &'b mut self,
        name: impl AsRef<str>,
        input: T,
    ) -> Result<U, Error> {
        Ok(self.run(name.as_ref(), &input, None)?)
    }

    /// Calls an export and lends `host_context` to the host functions that it calls, for this call.
    ///
    /// # Errors
    ///
    /// As [`Plugin::call`].
    pub fn call_with_host_context<'a, 'b, T, U, C>(
        &'b mut self,
        name: impl AsRef<str>,
        input: T,
        host_context: C,
    ) -> Result<U, Error>
    where
        T: ToBytes<'a>,
        U: FromBytes<'b>,
        C: Any + Send + Sync + 'static,
    {
        Ok(self.run(name.as_ref(), &input, Some(Box::new(host_context)))?)
    }

    /// Calls an export; a failure comes with the status that [`CallError::status`] gives.
    ///
    /// # Errors
    ///
    /// As [`Plugin::call`].
    pub fn call_get_error_code<'a, 'b, T: ToBytes<'a>, U: FromBytes<'b>>(
        &'b mut self,
        name: impl AsRef<str>,
        input: T,
    ) -> Result<U, (Error, i32)> {
        self.run(name.as_ref(), &input, None).map_err(|err| {
            let status = err.status();
            (err.into(), status)
        })
    }

    fn run<'a, 'b, T: ToBytes<'a>, U: FromBytes<'b>>(
        &'b mut self,
        name: &str,
        input: &T,
        context: Option<HostContext>,
    ) -> Result<U, CallError> {
        match self.compiled.shared.exports.resolve_again(name, &mut self.last_export) {
            Ok(export) => self.run_export(name, export, input, context),
            Err(err) => {
                self.forget_last_call();
                Err(err)
            }
        }
    }

    /// Of a call that is refused before it runs there is nothing to tell.
    fn forget_last_call(&mut self) {
        if self.compiled.shared.options.measures_calls() {
            self.fuel_consumed = None;
            self.report = None;
        }
    }

    /// Runs a call of an export that was looked up.
    ///
    /// # Errors
    ///
    /// A [`CallError`].
    pub(crate) fn run_export<'a, 'b, T: ToBytes<'a>, U: FromBytes<'b>>(
        &'b mut self,
        name: &str,
        export: Callable,
        input: &T,
        context: Option<HostContext>,
    ) -> Result<U, CallError> {
        self.forget_last_call();
        let input =
            encode(input).map_err(|source| CallError::Encode { name: name.to_owned(), source })?;
        let output =
            self.run_bytes(&mut Request { name, export, input: input.as_ref(), context })?;
        U::from_bytes(output).map_err(|source| CallError::Decode { name: name.to_owned(), source })
    }

    fn run_bytes(&mut self, request: &mut Request<'_>) -> Result<&[u8], CallError> {
        self.discard_spent_instance();
        let live = match &mut self.live {
            Some(live) => live,
            empty @ None => {
                let (compiled, vars) = (&self.compiled.shared, &mut self.vars);
                empty.insert(LiveInstance::new(compiled, self.id, vars, &self.cancel)?)
            }
        };
        let outcome = live.run(&self.compiled.shared, request);
        if self.compiled.shared.options.measures_calls() {
            self.fuel_consumed = live.fuel_consumed();
            self.report = live.take_report();
        }
        match outcome {
            Ok(output) => Ok(self.live.as_ref().map_or(&[], |live| live.output(output))),
            Err(Failure { error, keep_instance }) => {
                if !keep_instance {
                    self.discard_instance();
                }
                Err(error)
            }
        }
    }
}
