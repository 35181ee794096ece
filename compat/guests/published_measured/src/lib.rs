//! What the benchmark measures, on Extism's own PDK: exports that do one thing, and exports that do the
//! same thing as often as their input says.

use extism_pdk::{config, host_fn, plugin_fn, var, FnResult, Json};
use serde::{Deserialize, Serialize};

/// A line of an order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    name: String,
    price: f64,
    count: u32,
    tags: Vec<String>,
}

/// Whom to greet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Guest {
    name: String,
}

/// How to greet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Greeting {
    text: String,
}

/// What an order comes to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Total {
    count: u32,
    price: f64,
    dearest: Option<String>,
}

#[host_fn]
extern "ExtismHost" {
    fn greeting(name: String) -> String;
}

#[link(wasm_import_module = "extism:host/user")]
extern "C" {
    /// Gives the number behind this one.
    fn next(number: i64) -> i64;
}

/// Does nothing.
#[no_mangle]
pub extern "C" fn empty() -> i32 {
    0
}

/// Gives what it got.
#[plugin_fn]
pub fn echo(input: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(input)
}

/// Greets someone.
#[plugin_fn]
pub fn greet(Json(guest): Json<Guest>) -> FnResult<Json<Greeting>> {
    Ok(Json(Greeting { text: format!("Hello, {}!", guest.name) }))
}

/// Adds a line to itself.
#[plugin_fn]
pub fn line(Json(line): Json<Line>) -> FnResult<Json<Total>> {
    Ok(Json(total(&[line])))
}

/// Adds up the lines of an order.
#[plugin_fn]
pub fn order(Json(lines): Json<Vec<Line>>) -> FnResult<Json<Total>> {
    Ok(Json(total(&lines)))
}

fn total(lines: &[Line]) -> Total {
    let dearest = lines.iter().max_by(|left, right| left.price.total_cmp(&right.price));
    Total {
        count: lines.iter().map(|line| line.count).sum(),
        price: lines.iter().map(|line| line.price * f64::from(line.count)).sum(),
        dearest: dearest.map(|line| line.name.clone()),
    }
}

/// Computes a number of Fibonacci's by calling itself.
#[plugin_fn]
pub fn fib(number: u32) -> FnResult<u32> {
    Ok(fib_of(number))
}

/// Does the same, for hosts that pass numbers as they are.
#[no_mangle]
pub extern "C" fn fib_of(number: u32) -> u32 {
    if number < 2 {
        number
    } else {
        fib_of(number - 1) + fib_of(number - 2)
    }
}

/// Calls a function over numbers so many times, and gives what it returned last.
#[plugin_fn]
pub fn counts(n_times: u32) -> FnResult<i64> {
    let mut number = 0;
    for _ in 0..n_times {
        // SAFETY: the host declares this function with the same types.
        number = unsafe { next(number) };
    }
    Ok(number)
}

/// Calls a function over texts so many times, and gives how long the answers were together.
#[plugin_fn]
pub fn greets(n_times: u32) -> FnResult<u32> {
    let mut len = 0;
    for _ in 0..n_times {
        // SAFETY: the host declares this function with the same types.
        len += unsafe { greeting("Ada".to_owned())? }.len() as u32;
    }
    Ok(len)
}

/// Reads a variable so many times, and gives how long its values were together.
#[plugin_fn]
pub fn recalls(n_times: u32) -> FnResult<u32> {
    let mut len = 0;
    for _ in 0..n_times {
        len += var::get::<String>("measured")?.map_or(0, |value| value.len() as u32);
    }
    Ok(len)
}

/// Sets a variable so many times.
#[plugin_fn]
pub fn remembers(n_times: u32) -> FnResult<u32> {
    for _ in 0..n_times {
        var::set("measured", "a value of 24 bytes here")?;
    }
    Ok(n_times)
}

/// Reads the configuration so many times, and gives how long its values were together.
#[plugin_fn]
pub fn looks_up(n_times: u32) -> FnResult<u32> {
    let mut len = 0;
    for _ in 0..n_times {
        len += config::get("measured")?.map_or(0, |value| value.len() as u32);
    }
    Ok(len)
}
