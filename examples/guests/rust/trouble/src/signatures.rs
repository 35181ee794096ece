//! Exports by hand, some with signatures that no host can call.

use plugsmith_pdk::Host;

/// Returns a status without an error message.
#[expect(unsafe_code, reason = "the export's name is a promise that no other symbol has it")]
#[unsafe(no_mangle)]
pub extern "C" fn returns_status() -> i32 {
    3
}

/// Returns nothing, which means success.
#[expect(unsafe_code, reason = "the export's name is a promise that no other symbol has it")]
#[unsafe(no_mangle)]
pub extern "C" fn returns_nothing() {
    Host::new().output("done");
}

/// Returns a number that is no status.
#[expect(unsafe_code, reason = "the export's name is a promise that no other symbol has it")]
#[unsafe(no_mangle)]
pub extern "C" fn returns_i64() -> i64 {
    3
}

/// Takes an argument, which no host passes.
#[expect(unsafe_code, reason = "the export's name is a promise that no other symbol has it")]
#[unsafe(no_mangle)]
pub extern "C" fn takes_argument(status: i32) -> i32 {
    status
}
