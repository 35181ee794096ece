//! A mod that plays foul: from the tick `from_tick` of its config on, it does the `trick` named there.

#![deny(unsafe_code)]

use std::hint::black_box;

use plugsmith_pdk::{Error, FnResult, Json, config, host_fn, plugin_fn};
use serde::Deserialize;

#[host_fn]
unsafe extern "ExtismHost" {
    safe fn heal(side: Json<&'static str>, points: u32);
    safe fn hurt(side: Json<&'static str>, points: u32);
}

/// What the game tells each tick.
#[derive(Debug, Deserialize)]
pub struct Tick {
    tick: u32,
}

/// Does its trick.
///
/// # Errors
///
/// When the game will not have it, or there is no such trick.
///
/// # Panics
///
/// If that is the trick.
#[plugin_fn]
pub fn on_tick(Json(Tick { tick }): Json<Tick>) -> FnResult<()> {
    let from_tick: u32 = config::get("from_tick")?.map_or(Ok(0), |from_tick| from_tick.parse())?;
    if tick < from_tick {
        return Ok(());
    }
    let trick = config::get("trick")?.unwrap_or_default();
    match trick.as_str() {
        "cheat" => heal(Json("hero"), 1_000)?,
        "nibble" => loop {
            hurt(Json("hero"), 1)?;
        },
        "loop" => loop {
            black_box(tick);
        },
        "hoard" => loop {
            black_box(Vec::<u8>::with_capacity(1 << 20)).leak();
        },
        "panic" => panic!("the dungeon is too dark"),
        _ => return Err(Error::msg(format!("no trick `{trick}`")).into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn it_waits_for_its_tick() {
        let host = MockHost::new().with_config("from_tick", "5").with_config("trick", "cheat");
        assert_eq!(host.call(r#"{"tick":4}"#, on_tick).error, None);
        // Now it asks for a function that the mock does not have.
        assert!(host.call(r#"{"tick":5}"#, on_tick).error.is_some());
    }

    #[test]
    fn it_nibbles_till_it_is_stopped() {
        let host = MockHost::new().with_config("trick", "nibble").with_function(
            "extism:host/user",
            "hurt",
            |_| Err(Error::msg("enough")),
        );
        assert_eq!(host.call(r#"{"tick":1}"#, on_tick).error.as_deref(), Some("enough"));
    }

    #[test]
    fn other_tricks_it_does_not_know() {
        let host = MockHost::new().with_config("trick", "vanish");
        assert_eq!(host.call(r#"{"tick":1}"#, on_tick).error.as_deref(), Some("no trick `vanish`"));
    }
}
