//! Inputs and outputs of every type that the PDK passes.

use extism_pdk::{encoding, plugin_fn, FnResult, FromBytes, Json, Memory, Msgpack, ToBytes};
use serde::{Deserialize, Serialize};

/// A place with a name.
#[derive(Debug, Clone, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Json)]
pub struct Place {
    name: String,
    x: f64,
    y: Option<i64>,
    tags: Vec<String>,
}

/// The same in another encoding.
#[derive(Debug, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Msgpack)]
pub struct Packed {
    name: String,
    place: Vec<u32>,
}

/// Pretty JSON.
pub mod pretty {
    use extism_pdk::json;

    super::encoding!(pub Pretty, json::to_vec_pretty, json::from_slice);
}

/// Gives text in capitals.
#[plugin_fn]
pub fn text(input: String) -> FnResult<String> {
    Ok(input.to_uppercase())
}

/// Gives bytes in reverse.
#[plugin_fn]
pub fn bytes(mut input: Vec<u8>) -> FnResult<Vec<u8>> {
    input.reverse();
    Ok(input)
}

/// Gives what it got.
#[plugin_fn]
pub fn echo(input: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(input)
}

/// Takes nothing and gives nothing.
#[plugin_fn]
pub fn nothing() -> FnResult<()> {
    Ok(())
}

/// Takes the input as nothing.
#[plugin_fn]
pub fn unit(_: ()) -> FnResult<&'static str> {
    Ok("unit")
}

/// Reads JSON and writes it.
#[plugin_fn]
pub fn json(Json(place): Json<Place>) -> FnResult<Json<Vec<Place>>> {
    Ok(Json(vec![place.clone(), place]))
}

/// Reads any JSON and writes it.
#[plugin_fn]
pub fn any_json(value: extism_pdk::json::Value) -> FnResult<extism_pdk::json::Value> {
    Ok(value)
}

/// Reads and writes by derived encodings.
#[plugin_fn]
pub fn derived(mut place: Place) -> FnResult<Place> {
    place.tags.push("seen".to_owned());
    Ok(place)
}

/// Writes by an encoding of its own.
#[plugin_fn]
pub fn pretty_json(Json(place): Json<Place>) -> FnResult<pretty::Pretty<Place>> {
    Ok(pretty::Pretty(place))
}

/// Reads MessagePack and writes it.
#[plugin_fn]
pub fn msgpack(Msgpack(numbers): Msgpack<Vec<u32>>) -> FnResult<Msgpack<Packed>> {
    Ok(Msgpack(Packed { name: "packed".to_owned(), place: numbers }))
}

/// Turns JSON into MessagePack.
#[plugin_fn]
pub fn packs(Json(place): Json<Vec<u32>>) -> FnResult<Packed> {
    Ok(Packed { name: "derived".to_owned(), place })
}

/// Reads a number and writes another.
#[plugin_fn]
pub fn number(input: u64) -> FnResult<u32> {
    Ok((input % 1_000).try_into()?)
}

/// Reads a float and writes it in words.
#[plugin_fn]
pub fn float(input: f64) -> FnResult<String> {
    Ok(format!("{input:?}"))
}

/// Turns a truth around.
#[plugin_fn]
pub fn truth(input: bool) -> FnResult<bool> {
    Ok(!input)
}

/// Says something, or nothing.
#[plugin_fn]
pub fn option(input: String) -> FnResult<Option<String>> {
    Ok((!input.is_empty()).then(|| format!("some {input}")))
}

/// Gives a block of exchange memory.
#[plugin_fn]
pub fn block(input: String) -> FnResult<Memory> {
    Ok(Memory::from_bytes(format!("in a block: {input}"))?)
}
