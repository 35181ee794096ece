//! Types that derive their conversions from an encoding.

use core::fmt::Debug;

use plugsmith_convert::{FromBytes, FromBytesOwned, Json, ToBytes, encode, encoding};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Json)]
struct Cart {
    cents: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Json)]
enum Shipping {
    Pickup,
    Parcel { grams: u32 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Json)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
struct Page<T: Debug> {
    items: Vec<T>,
}

encoding!(Pretty, serde_json::to_vec_pretty, serde_json::from_slice);

#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Pretty)]
struct Note(Vec<u8>);

#[test]
fn structs_and_enums() {
    check(&Cart { cents: 100 }, br#"{"cents":100}"#);
    check(&Shipping::Pickup, br#""Pickup""#);
    check(&Shipping::Parcel { grams: 5 }, br#"{"Parcel":{"grams":5}}"#);
}

#[test]
fn generic_types() {
    check(&Page { items: vec![Cart { cents: 1 }] }, br#"{"items":[{"cents":1}]}"#);
}

#[test]
fn encodings_declared_elsewhere() {
    check(&Note(vec![1]), b"[\n  1\n]");
}

#[test]
fn wrong_bytes_are_refused() {
    let err = Cart::from_bytes(b"{}").unwrap_err();
    assert_eq!(format!("{err:#}"), "invalid JSON: missing field `cents` at line 1 column 2");
}

#[cfg(feature = "msgpack")]
#[test]
fn by_msgpack() {
    use plugsmith_convert::Msgpack;

    #[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
    #[encoding(Msgpack)]
    struct Point {
        x: u8,
        y: u8,
    }

    check(&Point { x: 1, y: 2 }, &[0x92, 1, 2]);
}

#[cfg(feature = "prost")]
#[test]
fn by_prost() {
    use plugsmith_convert::Prost;

    #[derive(PartialEq, prost::Message, ToBytes, FromBytes)]
    #[encoding(Prost)]
    struct Point {
        #[prost(uint32, tag = "1")]
        x: u32,
    }

    check(&Point { x: 1 }, &[8, 1]);
}

fn check<T>(value: &T, expected: &[u8])
where
    T: for<'a> ToBytes<'a> + FromBytesOwned + PartialEq + Debug,
{
    assert_eq!(encode(value).expect("encodes").as_ref(), expected);
    assert_eq!(&T::from_bytes_owned(expected).expect("decodes"), value);
}
