//! What the benchmark has servers call, on Extism's own PDK: without functions of the host program, since
//! a server has none.

use extism_pdk::{plugin_fn, FnResult, Json};
use serde::{Deserialize, Serialize};

/// A line of an order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    name: String,
    price: f64,
    count: u32,
}

/// What an order comes to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Total {
    count: u32,
    price: f64,
    dearest: Option<String>,
}

/// Gives what it got.
#[plugin_fn]
pub fn echo(input: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(input)
}

/// Adds up the lines of an order.
#[plugin_fn]
pub fn order(Json(lines): Json<Vec<Line>>) -> FnResult<Json<Total>> {
    let dearest = lines.iter().max_by(|left, right| left.price.total_cmp(&right.price));
    Ok(Json(Total {
        count: lines.iter().map(|line| line.count).sum(),
        price: lines.iter().map(|line| line.price * f64::from(line.count)).sum(),
        dearest: dearest.map(|line| line.name.clone()),
    }))
}
