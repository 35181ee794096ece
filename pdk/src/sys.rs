//! The functions of `extism:host/env`, the only place where a plug-in meets its host.
//!
//! Everything here is numbers: an offset names a place in exchange memory, which is the host's and not
//! the guest's own, so that no number passed can break a rule of Rust. The imports are declared safe
//! for that reason, and a wrong offset is an error of the host's. Past this file, offsets travel as
//! `MemoryHandle` and `Memory`.
//!
//! Only the names that every Extism 1.x host provides are imported: one that is missing would keep a
//! plug-in from loading. What a host offers beyond, it says through an export. Anywhere but on
//! WebAssembly, `native` stands in for a host.

#![cfg_attr(
    target_family = "wasm",
    expect(unsafe_code, reason = "the declaration of the host's functions is our promise")
)]

#[cfg(not(target_family = "wasm"))]
pub(crate) mod native;

#[cfg(not(target_family = "wasm"))]
pub(crate) use self::native::agreed_extensions;
#[cfg(not(target_family = "wasm"))]
pub use self::native::{
    alloc, config_get, error_get, error_set, free, get_log_level, http_headers, http_request,
    http_status_code, input_length, input_load_u8, input_load_u64, length, length_unsafe, load_u8,
    load_u64, log_debug, log_error, log_info, log_trace, log_warn, output_set, store_u8, store_u64,
    var_get, var_set,
};

// SAFETY: the names and types are those of the guest ABI. All of them take and give plain numbers, and
// none touches the guest's own memory.
#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "extism:host/env")]
unsafe extern "C" {
    /// Reserves a block of `length` bytes; 0 if there is none.
    pub safe fn alloc(length: u64) -> u64;
    /// Gives a block back.
    pub safe fn free(offset: u64);
    /// Returns the length of the block that starts at `offset`, or 0 if none does.
    pub safe fn length(offset: u64) -> u64;
    /// Returns the same for an offset that is known to start a block, at less cost.
    pub safe fn length_unsafe(offset: u64) -> u64;
    /// Loads a byte.
    pub safe fn load_u8(offset: u64) -> u8;
    /// Loads eight bytes, the lowest first.
    pub safe fn load_u64(offset: u64) -> u64;
    /// Stores a byte.
    pub safe fn store_u8(offset: u64, byte: u8);
    /// Stores eight bytes, the lowest first.
    pub safe fn store_u64(offset: u64, word: u64);
    /// Returns the length of the input.
    pub safe fn input_length() -> u64;
    /// Loads the byte of the input at `start`, counted from the input's first.
    pub safe fn input_load_u8(start: u64) -> u8;
    /// Loads eight bytes of the input at `start`.
    pub safe fn input_load_u64(start: u64) -> u64;
    /// Makes a run of bytes the output of this call; the host owns it from then on.
    pub safe fn output_set(offset: u64, length: u64);
    /// Makes a block the error of this call; the host owns it from then on.
    pub safe fn error_set(offset: u64);
    /// Returns the error of this call, 0 if none is set.
    pub safe fn error_get() -> u64;
    /// Returns a block with the value of a key in the config, 0 if missing; frees the key.
    pub safe fn config_get(key: u64) -> u64;
    /// Returns a block with the value of a var, 0 if missing; frees the key.
    pub safe fn var_get(key: u64) -> u64;
    /// Sets a var, or removes it if `value` is 0; frees both blocks.
    pub safe fn var_set(key: u64, value: u64);
    /// Sends a request, and returns a block with the body of the response; frees both blocks.
    pub safe fn http_request(request: u64, body: u64) -> u64;
    /// Returns the status of the last response, 0 before the first.
    pub safe fn http_status_code() -> i32;
    /// Returns a block with the headers of the last response as JSON, or 0.
    pub safe fn http_headers() -> u64;
    /// Logs a block of text; frees it.
    pub safe fn log_trace(message: u64);
    /// Logs a block of text; frees it.
    pub safe fn log_debug(message: u64);
    /// Logs a block of text; frees it.
    pub safe fn log_info(message: u64);
    /// Logs a block of text; frees it.
    pub safe fn log_warn(message: u64);
    /// Logs a block of text; frees it.
    pub safe fn log_error(message: u64);
    /// Returns the lowest level that the host keeps; `i32::MAX` if it keeps none.
    pub safe fn get_log_level() -> i32;
}

/// The extensions that hold.
#[cfg(target_family = "wasm")]
static AGREED: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);

/// Tells the host which of the extensions that it offers this plug-in takes.
// SAFETY: the name begins with this project's own and is exported by nothing else.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
extern "C" fn plugsmith_extensions(offered: u64) -> u64 {
    let agreed = offered & crate::extensions::KNOWN;
    AGREED.store(agreed, core::sync::atomic::Ordering::Relaxed);
    agreed
}

/// Returns the extensions that hold.
#[cfg(target_family = "wasm")]
pub(crate) fn agreed_extensions() -> u64 {
    AGREED.load(core::sync::atomic::Ordering::Relaxed)
}

/// Fills `bytes` from exchange memory, from `offset` on.
#[cfg_attr(
    not(target_family = "wasm"),
    expect(clippy::redundant_closure, reason = "an import is no `Fn`, its stand-in is")
)]
pub fn load(offset: u64, bytes: &mut [u8]) {
    fill(offset, bytes, |at| load_u64(at), |at| load_u8(at));
}

/// Copies the input.
#[cfg_attr(
    not(target_family = "wasm"),
    expect(clippy::redundant_closure, reason = "an import is no `Fn`, its stand-in is")
)]
#[must_use]
pub fn load_input() -> Vec<u8> {
    // A guest's memory is smaller than any length that does not fit, so the host cannot mean one.
    let len = usize::try_from(input_length()).unwrap_or(0);
    let mut bytes = vec![0; len];
    fill(0, &mut bytes, |at| input_load_u64(at), |at| input_load_u8(at));
    bytes
}

/// Copies `bytes` to exchange memory, from `offset` on.
pub fn store(offset: u64, bytes: &[u8]) {
    let mut at = offset;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut buffer = [0; 8];
        buffer.copy_from_slice(word);
        store_u64(at, u64::from_le_bytes(buffer));
        at = at.wrapping_add(8);
    }
    for byte in words.remainder() {
        store_u8(at, *byte);
        at = at.wrapping_add(1);
    }
}

fn fill(start: u64, bytes: &mut [u8], word_at: impl Fn(u64) -> u64, byte_at: impl Fn(u64) -> u8) {
    let mut at = start;
    let mut words = bytes.chunks_exact_mut(8);
    for word in &mut words {
        word.copy_from_slice(&word_at(at).to_le_bytes());
        at = at.wrapping_add(8);
    }
    for byte in words.into_remainder() {
        *byte = byte_at(at);
        at = at.wrapping_add(1);
    }
}
