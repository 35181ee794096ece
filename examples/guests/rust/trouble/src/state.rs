//! Exports that remember, in the guest's own memory or in vars.

use std::sync::atomic::{AtomicU32, Ordering};

use plugsmith_pdk::{FnResult, Json, Memory, plugin_fn, var};

static N_CALLS: AtomicU32 = AtomicU32::new(0);

/// Counts its calls in the guest's memory, which a fresh instance has lost.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn counts() -> FnResult<Json<u32>> {
    Ok(Json(N_CALLS.fetch_add(1, Ordering::Relaxed) + 1))
}

/// Counts its calls in a var, which outlives the instance.
///
/// # Errors
///
/// If the var holds no number.
#[plugin_fn]
pub fn counts_in_var() -> FnResult<Json<u32>> {
    let n_calls = var::get::<u32>("n_calls")?.unwrap_or(0) + 1;
    var::set("n_calls", n_calls)?;
    Ok(Json(n_calls))
}

/// Counts a call in the guest's memory and in a var, and panics.
///
/// # Errors
///
/// If the var holds no number.
///
/// # Panics
///
/// Always.
#[plugin_fn]
pub fn counts_and_panics() -> FnResult<()> {
    let n_calls = counts().map(|Json(n_calls)| n_calls)?;
    counts_in_var()?;
    panic!("call {n_calls} went wrong")
}

/// Gives the input back.
///
/// # Errors
///
/// If there is no room for the output.
#[plugin_fn]
pub fn echo(input: Vec<u8>) -> FnResult<Memory> {
    Ok(Memory::from_bytes(input)?)
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn vars_count_calls() {
        let host = MockHost::new().with_var("n_calls", 6_u32.to_le_bytes());
        let outcome = host.call("", |()| counts_in_var());
        assert_eq!(
            (outcome.output.as_slice(), host.var("n_calls")),
            (b"7".as_slice(), Some(vec![7, 0, 0, 0]))
        );
    }

    #[test]
    fn an_echo_is_what_went_in() {
        assert_eq!(MockHost::new().call("Ada", echo).output, b"Ada");
    }
}
