//! Derives with encodings of any kind, on types of any kind.

use plugsmith_pdk::{FromBytes, FromBytesOwned, Json, Msgpack, ToBytes, encoding, json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

encoding!(pub Pretty, json::to_vec_pretty, json::from_slice);

#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Json)]
struct Cart {
    total: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(plugsmith_pdk::Msgpack)]
enum Choice {
    Yes,
    No(u8),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Pretty)]
struct Pair<T>(T, T);

#[derive(Serialize, ToBytes)]
#[encoding(Msgpack)]
struct Borrowed<'b> {
    text: &'b str,
}

fn round_trip<T>(value: &T) -> T
where
    T: DeserializeOwned + FromBytesOwned + for<'a> ToBytes<'a, Bytes = Vec<u8>>,
{
    T::from_bytes_owned(&value.to_bytes().unwrap()).unwrap()
}

fn main() {
    assert_eq!(round_trip(&Cart { total: 3 }), Cart { total: 3 });
    assert_eq!(round_trip(&Choice::No(3)), Choice::No(3));
    assert_eq!(round_trip(&Choice::Yes), Choice::Yes);
    assert_eq!(round_trip(&Pair(1, 2)), Pair(1, 2));
    assert_eq!(Pair(1, 2).to_bytes().unwrap(), b"[\n  1,\n  2\n]");
    assert!(Borrowed { text: "text" }.to_bytes().is_ok());
}
