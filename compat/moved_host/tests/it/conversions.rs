//! Conversions: what passes as bytes, and as which.

use extism::{
    convert::{Base64, Json, Msgpack, Prost, Raw, encoding},
    *,
};
use serde::{Deserialize, Serialize};

use crate::GUEST;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Json)]
struct Place {
    name: String,
    x: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Msgpack)]
struct Packed(u8, String);

#[derive(Clone, PartialEq, prost::Message, ToBytes, FromBytes)]
#[encoding(Prost)]
struct Message {
    #[prost(string, tag = "1")]
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C)]
struct Pixel {
    rgb: [u8; 3],
    alpha: u8,
}

encoding!(Pretty, serde_json::to_vec_pretty, serde_json::from_slice);

fn place() -> Place {
    Place { name: "home".to_string(), x: 1.5 }
}

/// Sends a value through a plug-in that echoes it.
fn pass<'a, T: ToBytes<'a>, U: FromBytesOwned>(value: T) -> Result<U, Error> {
    let bytes: Vec<u8> = Plugin::new(GUEST, [], false)?.call("echo", value)?;
    U::from_bytes_owned(&bytes)
}

#[test]
fn values_pass_unchanged() -> Result<(), Error> {
    assert_eq!(pass::<_, String>("text")?, "text");
    assert_eq!(pass::<_, Vec<u8>>(&b"bytes"[..])?, b"bytes");
    assert_eq!(pass::<_, i32>(-1_i32)?, -1);
    assert_eq!(pass::<_, u32>(1_u32)?, 1);
    assert_eq!(pass::<_, i64>(i64::MIN)?, i64::MIN);
    assert_eq!(pass::<_, u64>(u64::MAX)?, u64::MAX);
    assert_eq!(pass::<_, f32>(1.5_f32)?.to_bits(), 1.5_f32.to_bits());
    assert_eq!(pass::<_, f64>(0.1_f64)?.to_bits(), 0.1_f64.to_bits());
    assert!(pass::<_, bool>(true)?);
    assert_eq!(pass::<_, serde_json::Value>(serde_json::json!({ "a": 1 }))?["a"], 1);
    assert_eq!(pass::<_, Json<Vec<u8>>>(Json(vec![1_u8]))?.0, [1]);
    assert_eq!(pass::<_, Msgpack<Vec<u8>>>(Msgpack(vec![1_u8]))?.0, [1]);
    assert_eq!(pass::<_, String>(Base64("text"))?, "dGV4dA==");
    assert_eq!(pass::<_, Base64<Vec<u8>>>("dGV4dA==")?.0, b"text");
    assert_eq!(pass::<_, Place>(place())?, place());
    assert_eq!(pass::<_, Place>(Json(place()))?, place());
    assert_eq!(pass::<_, Packed>(Packed(1, "x".to_string()))?, Packed(1, "x".to_string()));
    let message = Message { text: "text".to_string() };
    assert_eq!(pass::<_, Message>(message.clone())?, message);
    assert_eq!(pass::<_, Prost<Message>>(Prost(message.clone()))?.0, message);
    assert!(pass::<_, String>(Pretty(place()))?.contains('\n'));
    assert_eq!(pass::<_, Pretty<Place>>(Json(place()))?.0, place());
    assert_eq!(pass::<_, String>(None::<String>)?, "");
    assert_eq!(pass::<_, String>(Some("text"))?, "text");
    pass::<_, ()>(())
}

#[test]
fn bytes_are_borrowed_where_they_can_be() -> Result<(), Error> {
    let mut plugin = Plugin::new(GUEST, [], false)?;
    let pixel = Pixel { rgb: [1, 2, 3], alpha: 255 };
    let Raw(found) = plugin.call::<Raw<Pixel>, Raw<Pixel>>("echo", Raw(&pixel))?;
    assert_eq!(*found, pixel);
    assert_eq!(plugin.call::<_, Option<String>>("echo", "")?, None);
    assert_eq!(plugin.call::<_, Option<String>>("echo", "x")?, Some("x".to_string()));
    Ok(())
}

#[test]
fn conversions_are_traits_to_call() -> Result<(), Error> {
    assert_eq!(place().to_bytes()?, br#"{"name":"home","x":1.5}"#);
    assert_eq!(Place::from_bytes(br#"{"name":"home","x":1.5}"#)?, place());
    assert_eq!(u32::from_bytes_owned(&[7, 0, 0, 0])?, 7);
    assert!(u32::from_bytes_owned(&[7]).is_err());
    assert!(Place::from_bytes(b"{}").is_err());
    Ok(())
}
