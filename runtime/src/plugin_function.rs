//! An export that was looked up once, for those who call it often.

use std::{fmt, marker::PhantomData, sync::Arc};

use plugsmith_convert::{FromBytes, ToBytes};

use crate::{
    compiled::{Callable, CompiledPlugin},
    error::{CallError, Error},
    plugin::Plugin,
};

/// An export of a plug-in, with the types of its input and output.
///
/// It belongs to what the plug-in was compiled from, so one serves all plug-ins that were made of the
/// same [`CompiledPlugin`], a pool's for example.
///
/// # Examples
///
/// ```
/// use plugsmith::{PluginBuilder, PluginFunction};
///
/// # #[cfg(feature = "wat")] {
/// let module = r#"(module
///     (import "extism:host/env" "input_offset" (func $offset (result i64)))
///     (import "extism:host/env" "input_length" (func $length (result i64)))
///     (import "extism:host/env" "output_set" (func $output (param i64 i64)))
///     (func (export "echo") (call $output (call $offset) (call $length))))"#;
/// let compiled = PluginBuilder::new(module).compile()?;
/// let echo: PluginFunction<&str, String> = compiled.function("echo")?;
/// let mut plugin = plugsmith::Plugin::new_from_compiled(&compiled)?;
/// for word in ["one", "two"] {
///     assert_eq!(echo.call(&mut plugin, word)?, word);
/// }
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
pub struct PluginFunction<In, Out> {
    name: Arc<str>,
    export: Callable,
    compiled: CompiledPlugin,
    types: PhantomData<fn(In) -> Out>,
}

impl CompiledPlugin {
    /// Looks up an export.
    ///
    /// # Errors
    ///
    /// [`CallError::NoExport`], [`CallError::ExportType`].
    pub fn function<In, Out>(
        &self,
        name: impl AsRef<str>,
    ) -> Result<PluginFunction<In, Out>, Error> {
        let name = name.as_ref();
        let export = self.shared.exports.resolve(name)?;
        let (name, compiled) = (name.into(), self.clone());
        Ok(PluginFunction { name, export, compiled, types: PhantomData })
    }
}

impl<In, Out> PluginFunction<In, Out> {
    /// Returns the export's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls the export of `plugin`, as [`Plugin::call`] does.
    ///
    /// # Errors
    ///
    /// As [`Plugin::call`], and [`CallError::OtherPlugin`] if `plugin` was compiled apart from what the
    /// function was looked up in.
    pub fn call<'a, 'b>(&self, plugin: &'b mut Plugin, input: In) -> Result<Out, Error>
    where
        In: ToBytes<'a>,
        Out: FromBytes<'b>,
    {
        if !Arc::ptr_eq(&self.compiled.shared, &plugin.compiled.shared) {
            return Err(CallError::OtherPlugin { name: self.name.to_string() }.into());
        }
        Ok(plugin.run_export(&self.name, self.export, &input, None)?)
    }
}

impl<In, Out> Clone for PluginFunction<In, Out> {
    fn clone(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            export: self.export,
            compiled: self.compiled.clone(),
            types: PhantomData,
        }
    }
}

impl<In, Out> fmt::Debug for PluginFunction<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PluginFunction({})", self.name)
    }
}
