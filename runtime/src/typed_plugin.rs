//! `typed_plugin!`: a type whose methods are a plug-in's exports.

/// Defines a type that wraps a plug-in and has a method for each of its exports.
///
/// Making one of a plug-in that lacks an export is an error.
///
/// # Examples
///
/// ```
/// use plugsmith::{Plugin, typed_plugin};
///
/// typed_plugin!(
///     #[derive(Debug)]
///     pub Pinger {
///         ping(()) -> ();
///         echo<T: plugsmith::FromBytes<'a>>(&str) -> T;
///     }
/// );
///
/// # #[cfg(feature = "wat")] {
/// let module = r#"(module (func (export "ping")) (func (export "echo")))"#;
/// let mut pinger = Pinger::try_from(Plugin::new(module, [], false)?)?;
/// pinger.ping(())?;
/// let silence: String = pinger.echo("hello")?;
/// assert_eq!(silence, "");
///
/// let other = Plugin::new("(module)", [], false)?;
/// assert_eq!(Pinger::try_from(other).unwrap_err().to_string(), "no exported function `ping`");
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
#[macro_export]
macro_rules! typed_plugin {
    ($(#[$meta:meta])* $vis:vis $name:ident {
        $($(#[$fn_meta:meta])* $f:ident
            $(< $($param:ident $(: $bound:path $(: $more:path)*)?),+ >)?
            ($input:ty) $(-> $output:ty)?);+ $(;)?
    }) => {
        $(#[$meta])*
        $vis struct $name(pub $crate::Plugin);

        impl ::core::convert::TryFrom<$crate::Plugin> for $name {
            type Error = $crate::Error;

            fn try_from(plugin: $crate::Plugin) -> ::core::result::Result<Self, Self::Error> {
                $($crate::__private::require_export(&plugin, stringify!($f))?;)+
                Ok(Self(plugin))
            }
        }

        impl ::core::convert::From<$name> for $crate::Plugin {
            fn from(typed: $name) -> Self {
                typed.0
            }
        }

        impl $name {
            $(
                $(#[$fn_meta])*
                /// Calls the export of the same name.
                ///
                /// # Errors
                ///
                /// As `Plugin::call`.
                #[allow(dead_code, clippy::allow_attributes, reason = "a caller may need only some")]
                $vis fn $f<'a $($(, $param $(: $bound $(+ $more)*)?)+)?>(
                    &'a mut self,
                    input: $input,
                ) -> ::core::result::Result<
                    $crate::__private::output!($($output)?),
                    $crate::Error,
                > {
                    self.0.call(stringify!($f), input)
                }
            )+
        }
    };
}
