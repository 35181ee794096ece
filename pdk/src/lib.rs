//! Write WebAssembly plug-ins in Rust, for Plugsmith and for Extism 1.x hosts.
//!
//! A plug-in is a `cdylib` crate; each function with `#[plugin_fn]` is an entry that a host calls by
//! name, with bytes in and bytes out. What the bytes mean is in the types:
//!
//! ```
//! use plugsmith_pdk::*;
//!
//! #[plugin_fn]
//! pub fn greet(name: String) -> FnResult<String> {
//!     Ok(format!("Hello, {name}!"))
//! }
//! ```
//!
//! Build it with `cargo build --release --target wasm32-unknown-unknown`.
//!
//! An error that a function returns, and the message and place of a panic, reach the host's caller.
//! Around a call there are [`config`], [`var`], [`http`] and the log macros ([`info!`] and the like);
//! [`host_fn`] imports what else a host provides. Exports can be written by hand, too: see [`Host`].
//!
//! Plug-in code runs natively as well, against a mock host: see [`testing`].
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `http` | yes | [`http`] |
//! | `msgpack` | yes | `Msgpack<T>` |
//! | `prost` | no | `Prost<T>` |
//! | `protobuf` | no | `Protobuf<T>` |
//! | `raw` | no | `Raw<T>` |

#![deny(unsafe_code)]
#![cfg_attr(
    not(feature = "http"),
    expect(rustdoc::broken_intra_doc_links, reason = "`http` is there only with its feature")
)]

// The macros name this crate as any other crate does, and so do its own tests.
extern crate self as plugsmith_pdk;

pub mod config;
mod error;
mod extensions;
mod host;
#[cfg(feature = "http")]
pub mod http;
mod input;
mod log;
mod macros;
pub mod memory;
mod output;
mod panic_hook;
mod private;
mod sys;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod var;

#[cfg(target_arch = "wasm32")]
pub use core::arch::wasm32::v128;

pub use anyhow::Error;
#[cfg(feature = "msgpack")]
pub use plugsmith_convert::Msgpack;
#[cfg(feature = "prost")]
pub use plugsmith_convert::Prost;
#[cfg(feature = "protobuf")]
pub use plugsmith_convert::Protobuf;
#[cfg(all(feature = "raw", target_endian = "little"))]
pub use plugsmith_convert::Raw;
pub use plugsmith_convert::{
    self as convert, Base64, FromBytes, FromBytesOwned, Json, MemoryHandle, ToBytes, encoding,
};
#[cfg(feature = "http")]
pub use plugsmith_manifest::HttpRequest;
pub use plugsmith_pdk_macros::{host_fn, plugin_fn, shared_fn};
pub use serde_json as json;

pub use crate::error::{FnResult, HostError, SharedFnResult, WithReturnCode};
pub use crate::host::Host;
#[cfg(feature = "http")]
pub use crate::http::HttpResponse;
pub use crate::input::{input, input_bytes};
pub use crate::log::LogLevel;
pub use crate::memory::{ManagedMemory, Memory, MemoryError, MemoryPointer};
pub use crate::output::{ToMemory, output};

/// The functions of the host as they are: numbers in and numbers out.
///
/// For exports written by hand that go below everything else here. What takes ownership of a block is
/// said at each function. Where the host lets plug-ins catch its errors, a function that failed has
/// returned zero and left a message, which `error_get` finds; taken back with `error_set(0)` or not, it
/// is then the error of the call.
pub mod extism {
    pub use crate::sys::{
        alloc, config_get, error_get, error_set, free, get_log_level, http_headers, http_request,
        http_status_code, input_length, input_load_u8, input_load_u64, length, length_unsafe, load,
        load_input, load_u8, load_u64, log_debug, log_error, log_info, log_trace, log_warn,
        output_set, store, store_u8, store_u64, var_get, var_set,
    };
}

#[doc(hidden)]
pub mod __private {
    #[cfg(not(target_family = "wasm"))]
    pub use crate::private::call_mock;
    pub use crate::private::{
        PluginResult, SharedArgument, check_host, decode_argument, decode_reply, encode_argument,
        fail, format, log, log_is_kept, offset, run, run_shared, run_shared_without_reply,
        run_without_input,
    };
}
