//! Types that do not say how they become bytes.

use plugsmith_pdk::{FromBytes, Json, ToBytes};

#[derive(ToBytes)]
struct None;

#[derive(FromBytes)]
#[encoding(Json)]
#[encoding(Json)]
struct Several;

#[derive(ToBytes)]
#[encoding("Json")]
struct Quoted;

#[derive(FromBytes)]
#[encoding]
struct Empty;

fn main() {}
