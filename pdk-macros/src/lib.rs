//! The macros of `plugsmith-pdk`: `#[plugin_fn]`, `#[shared_fn]`, `#[host_fn]` and two derives.
//!
//! Each macro is a module with three children: `parse` turns tokens into syntax, `validate` turns
//! syntax into a description that cannot be wrong, or into every mistake at once, each on the token
//! that causes it; `expand` writes a thin shim that calls `plugsmith_pdk::__private`. Nothing here
//! knows how a call works: that lives in functions of `plugsmith-pdk`, where it is tested.
//!
//! Plug-ins do not depend on this crate; `plugsmith-pdk` and `plugsmith-convert` re-export it.

#![forbid(unsafe_code)]

mod crate_path;
mod derive;
mod host_fn;
mod mistakes;
mod options;
mod plugin_fn;
mod shared_fn;
mod signature;

use proc_macro::TokenStream;

/// Exports a function to the host, as an entry that a host calls by the function's name.
///
/// The function is public, takes nothing or one value that implements `FromBytesOwned`, and returns
/// `FnResult<T>` where `T` implements `ToMemory` (which everything with `ToBytes` does). It stays an
/// ordinary Rust function: unit tests call it directly, and the export is a shim beside it.
///
/// What the host sees: the encoded value as output and status 0 (or the status of a `WithReturnCode`),
/// or an error message and the status of the error, -1 unless `WithReturnCode` says otherwise.
///
/// `#[plugin_fn(crate = path)]` names the PDK's path for crates that reach it by a re-export.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{FnResult, plugin_fn};
///
/// #[plugin_fn]
/// pub fn greet(name: String) -> FnResult<String> {
///     Ok(format!("Hello, {name}!"))
/// }
///
/// assert_eq!(greet("Ada".to_owned()).map_err(|err| err.0).ok(), Some("Hello, Ada!".to_owned()));
/// ```
#[proc_macro_attribute]
pub fn plugin_fn(args: TokenStream, item: TokenStream) -> TokenStream {
    plugin_fn::entry(args.into(), item.into()).into()
}

/// Exports a function to the other modules of the same plug-in.
///
/// Arguments and result cross as blocks in exchange memory, as those of a host function do: any
/// number of values that implement `FromBytesOwned` (or a `MemoryPointer<T>`, to decode later), and
/// `SharedFnResult<T>` out. An error becomes a panic, since the calling convention has no place
/// for it.
///
/// `#[shared_fn(crate = path)]` names the PDK's path for crates that reach it by a re-export.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{SharedFnResult, shared_fn};
///
/// #[shared_fn]
/// pub fn join(left: String, right: String) -> SharedFnResult<String> {
///     Ok(left + &right)
/// }
/// ```
#[proc_macro_attribute]
pub fn shared_fn(args: TokenStream, item: TokenStream) -> TokenStream {
    shared_fn::entry(args.into(), item.into()).into()
}

/// Imports functions that the host or another module provides.
///
/// Goes on an `extern "ExtismHost"` block. Each declaration becomes a function of the same name that
/// encodes its arguments, calls the import, and returns `Result<T, Error>`. It is `unsafe` to call
/// unless it is declared `safe fn` in an `unsafe extern` block, which says that whoever provides it
/// keeps the declared types.
///
/// `#[host_fn("namespace")]` imports from there and not from `extism:host/user`;
/// `#[host_fn(crate = path)]` names the PDK's path for crates that reach it by a re-export.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::host_fn;
///
/// #[host_fn]
/// unsafe extern "ExtismHost" {
///     safe fn translate(text: String, language: String) -> String;
/// }
///
/// fn title() -> Result<String, plugsmith_pdk::Error> {
///     translate("Hello".to_owned(), "fr".to_owned())
/// }
/// ```
#[proc_macro_attribute]
pub fn host_fn(args: TokenStream, item: TokenStream) -> TokenStream {
    host_fn::entry(args.into(), item.into()).into()
}

/// Derives `ToBytes` by way of an encoding: `#[encoding(Json)]`, or any other type like it.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{Json, ToBytes};
/// use serde::Serialize;
///
/// #[derive(Serialize, ToBytes)]
/// #[encoding(Json)]
/// struct Discount {
///     percent: u8,
/// }
///
/// # fn main() -> Result<(), plugsmith_pdk::Error> {
/// assert_eq!(Discount { percent: 20 }.to_bytes()?, br#"{"percent":20}"#);
/// # Ok(())
/// # }
/// ```
#[proc_macro_derive(ToBytes, attributes(encoding))]
pub fn to_bytes(item: TokenStream) -> TokenStream {
    derive::to_bytes(item.into()).into()
}

/// Derives `FromBytesOwned` (and by it `FromBytes`) by way of an encoding: `#[encoding(Json)]`.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{FromBytes, FromBytesOwned, Json};
/// use serde::Deserialize;
///
/// #[derive(Deserialize, FromBytes)]
/// #[encoding(Json)]
/// struct Cart {
///     total: u32,
/// }
///
/// # fn main() -> Result<(), plugsmith_pdk::Error> {
/// assert_eq!(Cart::from_bytes_owned(br#"{"total":1200}"#)?.total, 1200);
/// # Ok(())
/// # }
/// ```
#[proc_macro_derive(FromBytes, attributes(encoding))]
pub fn from_bytes(item: TokenStream) -> TokenStream {
    derive::from_bytes(item.into()).into()
}
