//! Every form of shared function.

use plugsmith_pdk::{Json, Memory, MemoryPointer, SharedFnResult, shared_fn};

#[shared_fn]
pub fn nothing() -> SharedFnResult<()> {
    Ok(())
}

#[shared_fn]
pub fn one(text: String) -> SharedFnResult<Json<usize>> {
    Ok(Json(text.len()))
}

#[shared_fn]
pub fn several(
    Json(numbers): Json<Vec<u32>>,
    scale: u32,
    later: MemoryPointer<String>,
) -> SharedFnResult<String> {
    Ok(later.get()? + &(numbers.into_iter().sum::<u32>() * scale).to_string())
}

#[shared_fn]
pub fn block() -> SharedFnResult<Memory> {
    Memory::from_bytes("text")
}

fn main() {
    assert!(nothing().is_ok());
    assert_eq!(one("four".to_owned()).ok().map(|Json(len)| len), Some(4));
}
