//! A mod: each third blow of the hero poisons the monster, which then suffers for a few ticks.
//!
//! How many ticks are left is kept in the mod's own memory, from hook to hook.

#![deny(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use plugsmith_pdk::{FnResult, Json, host_fn, plugin_fn};
use serde::Deserialize;

const BLOWS_TO_POISON: u32 = 3;

const TICKS_OF_POISON: u32 = 4;

static N_BLOWS: AtomicU32 = AtomicU32::new(0);

static TICKS_LEFT: AtomicU32 = AtomicU32::new(0);

#[host_fn]
unsafe extern "ExtismHost" {
    safe fn hurt(side: Json<&'static str>, points: u32);
}

/// A blow that was struck.
#[derive(Debug, Deserialize)]
pub struct Blow {
    by: String,
}

/// Counts the hero's blows.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn on_hit(Json(blow): Json<Blow>) -> FnResult<()> {
    if blow.by == "hero" && (N_BLOWS.fetch_add(1, Relaxed) + 1) % BLOWS_TO_POISON == 0 {
        TICKS_LEFT.store(TICKS_OF_POISON, Relaxed);
    }
    Ok(())
}

/// Lets the poison do its work.
///
/// # Errors
///
/// If the game does not let it.
#[plugin_fn]
pub fn on_tick() -> FnResult<()> {
    let left = TICKS_LEFT.load(Relaxed);
    if left > 0 {
        TICKS_LEFT.store(left - 1, Relaxed);
        hurt(Json("monster"), 1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn the_third_blow_poisons_for_four_ticks() {
        let n_hurt = Rc::new(Cell::new(0));
        let counter = Rc::clone(&n_hurt);
        let host = MockHost::new().with_function("extism:host/user", "hurt", move |arguments| {
            assert_eq!(arguments, [br#""monster""#.to_vec(), vec![1, 0, 0, 0]]);
            counter.set(counter.get() + 1);
            Ok(Vec::new())
        });
        for (by, n_hurt_then) in
            [("hero", 0), ("monster", 0), ("hero", 0), ("monster", 0), ("hero", 1), ("monster", 2)]
        {
            host.call(format!(r#"{{"tick":1,"by":"{by}","points":3}}"#), on_hit);
            host.call(r#"{"tick":1}"#, |_: Vec<u8>| on_tick());
            assert_eq!(n_hurt.get(), n_hurt_then, "{by}");
        }
        for _ in 0..5 {
            host.call("", |()| on_tick());
        }
        assert_eq!(n_hurt.get(), 4);
    }
}
