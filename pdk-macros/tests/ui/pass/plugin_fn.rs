//! Every form of plug-in function, and that each stays a function.

use plugsmith_pdk::{Base64, Error, FnResult, Json, Memory, Msgpack, WithReturnCode, plugin_fn};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub struct Cart {
    total: u32,
}

#[plugin_fn]
pub fn nothing_to_nothing() -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub fn unit_to_unit(_: ()) -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub fn pattern(Json(Cart { total }): Json<Cart>) -> FnResult<Json<Cart>> {
    Ok(Json(Cart { total: total + 1 }))
}

#[plugin_fn]
pub fn mutable(mut text: String) -> FnResult<String> {
    text.push('!');
    Ok(text)
}

#[plugin_fn]
pub fn other_encodings(Msgpack(cart): Msgpack<Cart>) -> FnResult<Base64> {
    Ok(Base64(cart.total.to_string()))
}

#[plugin_fn]
pub fn optional(text: Option<String>) -> FnResult<Option<Vec<u8>>> {
    Ok(text.map(String::into_bytes))
}

#[plugin_fn]
pub fn with_status(number: i64) -> FnResult<WithReturnCode<i64>> {
    Ok(WithReturnCode::new(number, 2))
}

#[plugin_fn]
pub fn block(bytes: Vec<u8>) -> FnResult<Memory> {
    Ok(Memory::from_bytes(bytes)?)
}

#[plugin_fn]
pub fn spelled_out(text: String) -> Result<String, WithReturnCode<Error>> {
    Ok(text)
}

type Answer = FnResult<String>;

#[plugin_fn]
pub fn open_result() -> FnResult<Json<impl Serialize>> {
    Ok(Json([1, 2]))
}

/// Documented, and under an alias.
#[plugin_fn]
#[inline]
pub fn aliased(text: String) -> Answer {
    Ok(text)
}

#[plugin_fn]
pub fn r#type() -> FnResult<&'static str> {
    Ok("keyword")
}

#[plugin_fn]
#[cfg(any())]
pub fn left_out(_: Missing) -> FnResult<()> {
    Ok(())
}

#[plugin_fn(crate = ::plugsmith_pdk)]
pub fn by_path() -> FnResult<()> {
    Ok(())
}

fn main() {
    assert_eq!(mutable("a".to_owned()).ok().as_deref(), Some("a!"));
    assert_eq!(r#type().ok(), Some("keyword"));
    assert!(nothing_to_nothing().is_ok() && by_path().is_ok() && open_result().is_ok());
}
