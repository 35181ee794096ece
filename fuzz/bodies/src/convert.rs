//! The encodings: bytes are a value or an error, and the bytes of a value are that value.

use std::{collections::BTreeMap, fmt::Debug, io::Cursor};

use plugsmith_convert::{
    Base64, FromBytes, FromBytesOwned, Json, Msgpack, Prost, Protobuf, Raw, ToBytes, encode,
};
use protobuf::well_known_types::{duration::Duration, struct_::Struct};
use serde::{Deserialize, Serialize};

/// What people send: something of every kind.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cart {
    id: u64,
    weight: f64,
    note: Option<String>,
    lines: Vec<Line>,
    tags: BTreeMap<String, i32>,
    within: Option<Box<Self>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Line {
    Gift,
    Item { name: String, cents: i64 },
    Bundle(Vec<u8>, bool, char),
}

/// The same, as a message.
#[derive(Clone, PartialEq, prost::Message)]
struct Order {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(sint64, repeated, tag = "2")]
    amounts: Vec<i64>,
    #[prost(double, optional, tag = "3")]
    weight: Option<f64>,
    #[prost(btree_map = "string, bytes", tag = "4")]
    tags: BTreeMap<String, Vec<u8>>,
    #[prost(message, optional, boxed, tag = "5")]
    within: Option<Box<Self>>,
    #[prost(oneof = "Paid", tags = "6, 7")]
    paid: Option<Paid>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Paid {
    #[prost(fixed32, tag = "6")]
    Card(u32),
    #[prost(bool, tag = "7")]
    Cash(bool),
}

/// Decodes the bytes as every type there is, and encodes again what came of it.
///
/// # Panics
///
/// If the bytes of a value are another value.
pub fn try_types(bytes: &[u8]) -> bool {
    check_same::<Vec<u8>>(bytes);
    check_same::<Box<[u8]>>(bytes);
    check_same::<String>(bytes);
    check_same::<i32>(bytes);
    check_same::<u32>(bytes);
    check_same::<i64>(bytes);
    check_same::<u64>(bytes);
    check_same::<f32>(bytes);
    check_same::<f64>(bytes);
    check_same::<Option<String>>(bytes);
    check_same::<Option<u64>>(bytes);
    check_same::<Base64<Vec<u8>>>(bytes);
    check_same::<Base64<String>>(bytes);
    check_stable::<()>(bytes);
    check_stable::<bool>(bytes);
    check_json::<Json<Cart>>(bytes);
    check_json::<Json<serde_json::Value>>(bytes);
    check_json::<serde_json::Value>(bytes);
    check_stable::<Msgpack<Cart>>(bytes);
    check_stable::<Msgpack<serde_json::Value>>(bytes);
    check_stable::<Prost<Order>>(bytes);
    check_equal::<Protobuf<Duration>>(bytes);
    // Its entries have no order, and its numbers may be none.
    if let Ok(value) = Protobuf::<Struct>::from_bytes_owned(bytes) {
        let encoded = value.to_bytes().expect("what was decoded can be encoded");
        Protobuf::<Struct>::from_bytes_owned(&encoded).expect("what was encoded can be decoded");
    }
    check_borrowed(bytes);
    true
}

/// There is one run of bytes for each value.
fn check_same<T: FromBytesOwned + for<'a> ToBytes<'a>>(bytes: &[u8]) {
    if let Some(encoded) = again::<T>(bytes) {
        assert_eq!(encoded, bytes);
    }
}

/// There are several for some values, one of which is written.
fn check_stable<T: FromBytesOwned + for<'a> ToBytes<'a>>(bytes: &[u8]) {
    if let Some(encoded) = again::<T>(bytes) {
        assert_eq!(again::<T>(&encoded).as_ref(), Some(&encoded));
    }
}

/// As [`check_stable`], but for numbers with a fraction or an exponent: `serde_json` reads some of them as
/// the number next to the nearest one.
fn check_json<T: FromBytesOwned + for<'a> ToBytes<'a>>(bytes: &[u8]) {
    let Some(encoded) = again::<T>(bytes) else { return };
    let is_inexact = |pair: &[u8; 2]| pair[0].is_ascii_digit() && b".e".contains(&pair[1]);
    let once_more = again::<T>(&encoded).expect("what was encoded can be decoded");
    if !encoded.array_windows().any(is_inexact) {
        assert_eq!(once_more, encoded);
    }
}

/// There are several for some values, and which is written may differ.
fn check_equal<T: FromBytesOwned + for<'a> ToBytes<'a> + PartialEq + Debug>(bytes: &[u8]) {
    if let Some(encoded) = again::<T>(bytes) {
        let decode = |bytes| T::from_bytes_owned(bytes).expect("it has been decoded before");
        assert_eq!(decode(&encoded), decode(bytes));
    }
}

/// Decodes and encodes, in each of the ways that there are.
fn again<T: FromBytesOwned + for<'a> ToBytes<'a>>(bytes: &[u8]) -> Option<Vec<u8>> {
    let decoded = T::from_bytes_owned(bytes);
    let from_vec = T::from_byte_vec(bytes.to_vec());
    let cursor = Cursor::<T>::from_bytes_owned(bytes);
    assert_eq!(decoded.is_ok(), from_vec.is_ok());
    assert_eq!(decoded.is_ok(), cursor.is_ok());
    let value = match decoded {
        Ok(value) => value,
        Err(err) => {
            assert!(!err.to_string().is_empty());
            return None;
        }
    };
    let encoded = value.to_bytes().expect("what was decoded can be encoded").as_ref().to_vec();
    assert_eq!(encode(&value).expect("as before").as_ref(), encoded);
    Some(encoded)
}

/// What borrows from the bytes is at the bytes.
fn check_borrowed(bytes: &[u8]) {
    assert_eq!(<&[u8]>::from_bytes(bytes).ok(), Some(bytes));
    assert_eq!(<&str>::from_bytes(bytes).ok(), str::from_utf8(bytes).ok());
    let plain = Raw::<[u8; 12]>::from_bytes(bytes).ok().map(|raw| &raw.0[..]);
    assert_eq!(plain, Some(bytes).filter(|bytes| bytes.len() == 12));
    for start in 0..bytes.len().min(8) {
        let part = &bytes[start..];
        match Raw::<u64>::from_bytes(part) {
            Ok(raw) => assert_eq!(raw.to_bytes().expect("it has bytes"), part),
            Err(err) => assert!(!err.to_string().is_empty()),
        }
    }
}
