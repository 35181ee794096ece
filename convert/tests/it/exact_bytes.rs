//! The bytes themselves, which guests in other languages rely on.

use plugsmith_convert::{Base64, FromBytesOwned, Json, ToBytes};
use serde::Serialize;

/// A message as a `.proto` file would declare it.
#[cfg(feature = "prost")]
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Order {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(sint64, repeated, tag = "2")]
    pub(crate) amounts: Vec<i64>,
    #[prost(message, optional, boxed, tag = "3")]
    pub(crate) next: Option<Box<Order>>,
}

#[derive(Serialize)]
struct Item {
    name: &'static str,
    n_pieces: u8,
}

#[test]
fn plain_values_are_little_endian() {
    check((), &[]);
    check(true, &[1]);
    check(false, &[0]);
    check(-2_i32, &[0xfe, 0xff, 0xff, 0xff]);
    check(0x0102_0304_u32, &[4, 3, 2, 1]);
    check(-2_i64, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    check(0x0102_0304_0506_0708_u64, &[8, 7, 6, 5, 4, 3, 2, 1]);
    check(1.0_f32, &[0, 0, 0x80, 0x3f]);
    check(-1.0_f64, &[0, 0, 0, 0, 0, 0, 0xf0, 0xbf]);
}

#[test]
fn text_and_bytes_are_themselves() {
    check("Ädä", "Ädä".as_bytes());
    check(String::from("Ada"), b"Ada");
    check(&b"\0\xff"[..], b"\0\xff");
    check(b"\0\xff", b"\0\xff");
    check(vec![0, 0xff], b"\0\xff");
    check(Some("Ada"), b"Ada");
    check(None::<&str>, b"");
}

#[test]
fn nothing_takes_any_bytes_and_any_other_byte_is_true() {
    <()>::from_bytes_owned(b"whatever").unwrap();
    assert!(bool::from_bytes_owned(&[2]).unwrap());
}

#[test]
fn encodings() {
    check(Base64("Ada?"), b"QWRhPw==");
    check(Json(Item { name: "cup", n_pieces: 6 }), br#"{"name":"cup","n_pieces":6}"#);
    check(Json(&Item { name: "cup", n_pieces: 6 }), br#"{"name":"cup","n_pieces":6}"#);
    check(serde_json::json!({"b": [1, null]}), br#"{"b":[1,null]}"#);
}

#[cfg(feature = "msgpack")]
#[test]
fn msgpack_writes_structs_as_arrays_and_reads_maps_too() {
    use plugsmith_convert::Msgpack;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Owned {
        name: String,
        n_pieces: u8,
    }

    check(Msgpack(Item { name: "cup", n_pieces: 6 }), b"\x92\xa3cup\x06");
    let cup = Owned { name: "cup".into(), n_pieces: 6 };
    let Msgpack(read) = Msgpack::<Owned>::from_bytes_owned(b"\x92\xa3cup\x06").unwrap();
    assert_eq!(read, cup);
    let map = b"\x82\xa4name\xa3cup\xa8n_pieces\x06";
    assert_eq!(Msgpack::<Owned>::from_bytes_owned(map).unwrap().into_inner(), cup);
}

#[cfg(feature = "prost")]
#[test]
fn prost_borrowed_and_owned_agree() {
    use plugsmith_convert::Prost;

    let order = Order { name: "cup".into(), amounts: vec![-1, 1], next: None };
    assert_eq!(Prost(&order).to_bytes().unwrap(), b"\x0a\x03cup\x12\x02\x01\x02");
    check(Prost(order), b"\x0a\x03cup\x12\x02\x01\x02");
}

#[cfg(feature = "protobuf")]
#[test]
fn protobuf_borrowed_and_owned_agree() {
    use plugsmith_convert::Protobuf;
    use protobuf::well_known_types::duration::Duration;

    let duration = Duration { seconds: 300, ..Duration::new() };
    assert_eq!(Protobuf(&duration).to_bytes().unwrap(), [0x08, 0xac, 0x02]);
    check(Protobuf(duration), &[0x08, 0xac, 0x02]);
}

#[cfg(all(feature = "raw", target_endian = "little"))]
#[test]
fn raw_is_the_bytes_in_memory() {
    check(plugsmith_convert::Raw(&0x0102_0304_u32), &[4, 3, 2, 1]);
}

fn check<'a>(value: impl ToBytes<'a>, expected: &[u8]) {
    assert_eq!(value.to_bytes().expect("encodes").as_ref(), expected);
}
