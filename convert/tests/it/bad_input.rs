//! Bytes that no decoder may take: each is refused with a typed error that says what is wrong.

use plugsmith_convert::{Base64, DecodeError, EncodeError, Error, FromBytes, Json, ToBytes};
use serde::{Deserialize, Serialize};

/// A value of any depth.
#[derive(Debug, Serialize, Deserialize)]
struct Nest(Vec<Nest>);

#[test]
fn numbers_of_another_length() {
    check::<i32>(b"", "wrong length for `i32` in bytes: expected 4, found 0");
    check::<i32>(b"abc", "wrong length for `i32` in bytes: expected 4, found 3");
    check::<u32>(b"abcde", "wrong length for `u32` in bytes: expected 4, found 5");
    check::<i64>(b"abcdefg", "wrong length for `i64` in bytes: expected 8, found 7");
    check::<u64>(b"abcdefghi", "wrong length for `u64` in bytes: expected 8, found 9");
    check::<f32>(b"abc", "wrong length for `f32` in bytes: expected 4, found 3");
    check::<f64>(b"abc", "wrong length for `f64` in bytes: expected 8, found 3");
    check::<bool>(b"", "wrong length for `bool` in bytes: expected 1, found 0");
    check::<bool>(b"\x01\x00", "wrong length for `bool` in bytes: expected 1, found 2");
    check::<Option<i32>>(b"abc", "wrong length for `i32` in bytes: expected 4, found 3");
}

#[test]
fn text_that_is_none() {
    check::<&str>(b"ab\xff", "text is not UTF-8 at byte 2");
    check::<String>(b"\xe2\x82", "text is not UTF-8 at byte 0");
    check::<Option<&str>>(b"a\x80", "text is not UTF-8 at byte 1");
    check::<Base64<String>>(b"Yf8=", "text is not UTF-8 at byte 1");
}

#[test]
fn base64_that_is_none() {
    check::<Base64<Vec<u8>>>(b"QW!h", "invalid base64: Invalid symbol 33, offset 2.");
    check::<Base64<Vec<u8>>>(b"QWRhP", "invalid base64: Invalid input length: 5");
    check::<Base64<Vec<u8>>>(b"QQ", "invalid base64: Invalid padding");
}

#[test]
fn json_that_is_none() {
    check::<Json<Vec<u8>>>(b"[1,\n 2", "invalid JSON: EOF while parsing a list at line 2 column 2");
    check::<Json<u8>>(b"1 2", "invalid JSON: trailing characters at line 1 column 3");
    check::<Json<u8>>(
        b"300",
        "invalid JSON: invalid value: integer `300`, expected u8 at line 1 column 3",
    );
    check::<Json<String>>(
        b"\"\xff\"",
        "invalid JSON: invalid unicode code point at line 1 column 2",
    );
    check::<serde_json::Value>(b"", "invalid JSON: EOF while parsing a value at line 1 column 0");
}

#[test]
fn json_errors_say_where() {
    let err = Json::<Vec<u8>>::from_bytes(b"[1,\n x").unwrap_err();
    match err.downcast_ref() {
        Some(DecodeError::Json { line: 2, column: 2, .. }) => {}
        other => panic!("found {other:?}"),
    }
}

#[test]
fn json_nested_without_end() {
    for n_levels in [128, 1 << 20] {
        let hostile = vec![b'['; n_levels];
        let err = Json::<Nest>::from_bytes(&hostile).unwrap_err();
        assert!(format!("{err:#}").contains("recursion limit exceeded"), "{err:#}");
    }
    let deep = [vec![b'['; 127], vec![b']'; 127]].concat();
    Json::<Nest>::from_bytes(&deep).unwrap();
}

#[test]
fn maps_without_text_keys_have_no_json() {
    let map = std::collections::BTreeMap::from([(vec![1], 2)]);
    let err = Json(map).to_bytes().unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(EncodeError::Json { .. })));
    assert_eq!(format!("{err:#}"), "value has no JSON form: key must be a string");
}

#[cfg(feature = "msgpack")]
mod msgpack {
    use super::*;
    use plugsmith_convert::Msgpack;

    #[test]
    fn truncated_or_too_long() {
        let eof = "failed to fill whole buffer";
        check::<Msgpack<u8>>(
            b"",
            &format!("invalid MessagePack: IO error while reading marker: {eof}: {eof}"),
        );
        check::<Msgpack<u32>>(
            b"\xce\x00\x00",
            &format!("invalid MessagePack: IO error while reading data: {eof}: {eof}"),
        );
        check::<Msgpack<u8>>(b"\x01\x02", "bytes follow the end of the MessagePack value");
        check::<Msgpack<u8>>(b"\x01\xc1", "bytes follow the end of the MessagePack value");
        check::<Msgpack<u8>>(b"\x01\xdd\xff", "bytes follow the end of the MessagePack value");
    }

    #[test]
    fn of_another_type() {
        let err = Msgpack::<String>::from_bytes(b"\x93\x01\x02\x03").unwrap_err();
        assert!(matches!(err.downcast_ref(), Some(DecodeError::Msgpack { .. })), "{err:#}");
    }

    /// 32 KiB, so that no address space holds 2^32 of them: to reserve that many aborts.
    type Wide = [[[u64; 32]; 32]; 4];

    #[test]
    fn a_claimed_length_reserves_nothing() {
        // Text, bytes, an array, a map: each claims 4 GiB and brings one byte.
        for marker in [0xdb, 0xc6, 0xdd, 0xdf] {
            let hostile = [marker, 0xff, 0xff, 0xff, 0xff, 0x01];
            Msgpack::<String>::from_bytes(&hostile).unwrap_err();
            assert!(Msgpack::<Vec<Wide>>::from_bytes(&hostile).is_err());
            Msgpack::<serde_json::Value>::from_bytes(&hostile).unwrap_err();
            Msgpack::<serde_json::Map<String, serde_json::Value>>::from_bytes(&hostile)
                .unwrap_err();
        }
    }

    #[test]
    fn nested_without_end() {
        for n_levels in [128, 1 << 20] {
            let hostile = vec![0x91; n_levels];
            check::<Msgpack<Nest>>(&hostile, "invalid MessagePack: depth limit exceeded");
        }
        let deep = [vec![0x91; 126], vec![0x90]].concat();
        Msgpack::<Nest>::from_bytes(&deep).unwrap();
    }
}

#[cfg(feature = "prost")]
mod prost {
    use super::*;
    use crate::exact_bytes::Order;
    use plugsmith_convert::Prost;

    #[test]
    fn truncated_or_hostile() {
        // A name of three bytes that brings two, one of 4 GiB, and a tag that no field can have.
        for hostile in [&b"\x0a\x03cu"[..], b"\x0a\xff\xff\xff\xff\x0f", b"\x00\x00"] {
            let err = Prost::<Order>::from_bytes(hostile).unwrap_err();
            assert!(matches!(err.downcast_ref(), Some(DecodeError::Prost { .. })), "{err:#}");
        }
    }

    #[test]
    fn nested_without_end() {
        let mut hostile = Vec::new();
        for _ in 0..200 {
            let mut outer = vec![0x1a];
            let mut len = hostile.len();
            while len >= 0x80 {
                outer.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
                len >>= 7;
            }
            outer.push(u8::try_from(len).unwrap());
            outer.append(&mut hostile);
            hostile = outer;
        }
        let err = Prost::<Order>::from_bytes(&hostile).unwrap_err();
        assert!(format!("{err:#}").contains("recursion limit"), "{err:#}");
    }
}

#[cfg(feature = "protobuf")]
#[test]
fn protobuf_truncated() {
    use plugsmith_convert::Protobuf;
    use protobuf::well_known_types::duration::Duration;

    let err = Protobuf::<Duration>::from_bytes(b"\x08").unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(DecodeError::Protobuf { .. })), "{err:#}");
}

#[cfg(all(feature = "raw", target_endian = "little"))]
#[test]
fn raw_of_another_length_or_place() {
    use plugsmith_convert::Raw;

    let words = [0_u64; 2];
    let bytes: &[u8] = bytemuck::bytes_of(&words);
    check::<Raw<u64>>(&bytes[..7], "wrong length for `u64` in bytes: expected 8, found 7");
    check::<Raw<u64>>(bytes, "wrong length for `u64` in bytes: expected 8, found 16");
    check::<Raw<u64>>(&bytes[1..9], "`u64` must lie at a multiple of 8 bytes, and does not");
    assert!(Option::<Raw<u64>>::from_bytes(b"").unwrap().is_none());
}

fn check<'a, T: FromBytes<'a>>(bytes: &'a [u8], expected: &str) {
    let err: Error = T::from_bytes(bytes).err().expect("the bytes are refused");
    assert!(err.is::<DecodeError>());
    assert_eq!(format!("{err:#}"), expected);
}
