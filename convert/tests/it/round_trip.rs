//! What was encoded comes back as it was.

use core::fmt::Debug;
use std::collections::BTreeMap;
use std::io::Cursor;

use plugsmith_convert::{Base64, FromBytesOwned, Json, ToBytes, encode};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cart {
    id: u64,
    note: Option<String>,
    lines: Vec<Line>,
    tags: BTreeMap<String, i32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Line {
    Gift,
    Item { name: String, cents: i64 },
    Bundle(Vec<u8>, bool),
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 1 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn plain_values(
        bytes: Vec<u8>, text: String, truth: bool,
        a: i32, b: u32, c: i64, d: u64, e: u32, f: u64,
    ) {
        check(&bytes);
        check(&bytes.clone().into_boxed_slice());
        check(&Base64(bytes.clone()));
        check(&text);
        check(&Base64(text.clone()));
        check(&truth);
        check(&a);
        check(&b);
        check(&c);
        check(&d);
        check(&Some(d));
        check(&None::<u64>);
        check(&());
        // By bits, since the patterns include NaN.
        let bytes_of_e = f32::from_bits(e).to_bytes().expect("encodes");
        prop_assert_eq!(f32::from_bytes_owned(&bytes_of_e).expect("decodes").to_bits(), e);
        let bytes_of_f = f64::from_bits(f).to_bytes().expect("encodes");
        prop_assert_eq!(f64::from_bytes_owned(&bytes_of_f).expect("decodes").to_bits(), f);
        let cursor = Cursor::<Vec<u8>>::from_bytes_owned(&bytes).expect("decodes");
        prop_assert_eq!(cursor.into_inner(), bytes);
    }

    #[test]
    fn carts_as_json(cart in carts()) {
        check(&serde_json::to_value(&cart).expect("a cart has a JSON form"));
        check(&Json(cart));
    }

    #[cfg(feature = "msgpack")]
    #[test]
    fn carts_as_msgpack(cart in carts()) {
        check(&plugsmith_convert::Msgpack(cart));
    }

    #[cfg(feature = "prost")]
    #[test]
    fn messages_as_prost(name: String, amounts: Vec<i64>) {
        check(&plugsmith_convert::Prost(crate::exact_bytes::Order { name, amounts, next: None }));
    }

    #[cfg(feature = "protobuf")]
    #[test]
    fn messages_as_protobuf(seconds: i64, nanos: i32) {
        use protobuf::well_known_types::duration::Duration;
        check(&plugsmith_convert::Protobuf(Duration { seconds, nanos, ..Duration::new() }));
    }

    #[cfg(all(feature = "raw", target_endian = "little"))]
    #[test]
    fn arrays_as_raw(bytes: [u8; 12]) {
        use plugsmith_convert::{FromBytes, Raw};
        let encoded = Raw(&bytes).to_bytes().expect("encodes");
        prop_assert_eq!(Raw::<[u8; 12]>::from_bytes(encoded).expect("decodes").0, &bytes);
    }
}

fn check<T>(value: &T)
where
    T: for<'a> ToBytes<'a> + FromBytesOwned + PartialEq + Debug,
{
    let made = value.to_bytes().expect("encodes");
    assert_eq!(encode(value).expect("encodes").as_ref(), made.as_ref());
    assert_eq!(T::from_byte_vec(made.as_ref().to_vec()).expect("decodes"), *value);
    assert_eq!(T::from_bytes_owned(made.as_ref()).expect("decodes"), *value);
}

fn carts() -> impl Strategy<Value = Cart> {
    let line = prop_oneof![
        Just(Line::Gift),
        (any::<String>(), any::<i64>()).prop_map(|(name, cents)| Line::Item { name, cents }),
        (any::<Vec<u8>>(), any::<bool>()).prop_map(|(bytes, truth)| Line::Bundle(bytes, truth)),
    ];
    (
        any::<u64>(),
        any::<Option<String>>(),
        prop::collection::vec(line, 0..8),
        prop::collection::btree_map(any::<String>(), any::<i32>(), 0..8),
    )
        .prop_map(|(id, note, lines, tags)| Cart { id, note, lines, tags })
}
