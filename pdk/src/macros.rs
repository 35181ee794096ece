//! The macros that are called like functions.

/// Logs a formatted message at a level, if the host keeps it.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::testing::MockHost;
/// use plugsmith_pdk::{LogLevel, log};
///
/// let host = MockHost::new().with_log_level(LogLevel::Info);
/// log!(LogLevel::Info, "{} carts", 3);
/// log!(LogLevel::Debug, "dropped");
/// assert_eq!(host.logs(), [(LogLevel::Info, "3 carts".to_owned())]);
/// ```
#[macro_export]
macro_rules! log {
    ($level:expr, $($message:tt)+) => {{
        let level = $level;
        if $crate::__private::log_is_kept(level) {
            $crate::__private::log(level, ::core::format_args!($($message)+));
        }
    }};
}

/// Logs a formatted message at the level `Trace`.
#[macro_export]
macro_rules! trace {
    ($($message:tt)+) => { $crate::log!($crate::LogLevel::Trace, $($message)+) };
}

/// Logs a formatted message at the level `Debug`.
#[macro_export]
macro_rules! debug {
    ($($message:tt)+) => { $crate::log!($crate::LogLevel::Debug, $($message)+) };
}

/// Logs a formatted message at the level `Info`.
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => { $crate::log!($crate::LogLevel::Info, $($message)+) };
}

/// Logs a formatted message at the level `Warn`.
#[macro_export]
macro_rules! warn {
    ($($message:tt)+) => { $crate::log!($crate::LogLevel::Warn, $($message)+) };
}

/// Logs a formatted message at the level `Error`.
#[macro_export]
macro_rules! error {
    ($($message:tt)+) => { $crate::log!($crate::LogLevel::Error, $($message)+) };
}

/// Gives the value of a result, or makes its error that of the call and returns status -1.
///
/// For exports written by hand, which return an `i32`.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::testing::MockHost;
/// use plugsmith_pdk::{input, output, unwrap};
///
/// pub extern "C" fn double() -> i32 {
///     let number: i32 = unwrap!(input());
///     unwrap!(output(number * 2));
///     0
/// }
///
/// assert_eq!(MockHost::new().call_export(21_i32.to_le_bytes(), || double()).status, 0);
/// assert_eq!(MockHost::new().call_export("12345", || double()).status, -1);
/// ```
#[macro_export]
macro_rules! unwrap {
    ($result:expr) => {
        match $result {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(err) => {
                return $crate::__private::fail($crate::Error::from(err));
            }
        }
    };
}

/// Sets a var to formatted text.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{set_var, testing::MockHost, var};
///
/// let _host = MockHost::new();
/// set_var!("last", "{} of {}", 2, 3)?;
/// assert_eq!(var::get::<String>("last")?.as_deref(), Some("2 of 3"));
/// # Ok::<(), plugsmith_pdk::Error>(())
/// ```
#[macro_export]
macro_rules! set_var {
    ($key:expr, $($value:tt)+) => {
        $crate::var::set($key, &$crate::__private::format!($($value)+))
    };
}
