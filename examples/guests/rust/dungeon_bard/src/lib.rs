//! A mod: a bard heals the hero whom he sees in need, and sings now and then.
//!
//! How often, and what, is in the mod's config: `every` and `verse`.

#![deny(unsafe_code)]

use plugsmith_pdk::{Error, FnResult, Json, config, host_fn, plugin_fn};
use serde::Deserialize;

/// Below this health the bard helps, and so many points.
const IN_NEED: u32 = 20;

const HELP: u32 = 2;

#[host_fn]
unsafe extern "ExtismHost" {
    safe fn look() -> Json<World>;
    safe fn heal(side: Json<&'static str>, points: u32);
    safe fn say(text: String);
}

/// What the bard looks at.
#[derive(Debug, Deserialize)]
pub struct World {
    hero: Fighter,
    n_slain: u32,
}

/// Somebody who fights.
#[derive(Debug, Deserialize)]
pub struct Fighter {
    health: u32,
}

/// What the game tells each tick.
#[derive(Debug, Deserialize)]
pub struct Tick {
    tick: u32,
}

/// Helps and sings.
///
/// # Errors
///
/// If the game does not let him, or `every` of the config is no number.
#[plugin_fn]
pub fn on_tick(Json(Tick { tick }): Json<Tick>) -> FnResult<()> {
    let Json(world) = look()?;
    if world.hero.health < IN_NEED {
        heal(Json("hero"), HELP)?;
    }
    let every = config::get("every")?.map_or(Ok(1_000), |every| every.parse::<u32>())?;
    if every == 0 {
        return Err(Error::msg("`every` of the config is 0").into());
    }
    if tick % every == 0 {
        let verse = config::get("verse")?.unwrap_or("la, la".to_owned());
        say(format!("{verse}, and {} are slain", world.n_slain))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::{testing::MockHost, var};

    use super::*;

    const USER: &str = "extism:host/user";

    fn host(health: u32) -> MockHost {
        MockHost::new()
            .with_config("every", "10")
            .with_function(USER, "look", move |_| {
                Ok(format!(r#"{{"hero":{{"health":{health}}},"n_slain":7}}"#).into_bytes())
            })
            .with_function(USER, "heal", |arguments| {
                var::set("healed", arguments.concat())?;
                Ok(Vec::new())
            })
            .with_function(USER, "say", |arguments| {
                var::set("said", &arguments[0])?;
                Ok(Vec::new())
            })
    }

    #[test]
    fn a_hero_in_need_is_healed() {
        for (health, is_healed) in [(19, true), (20, false)] {
            let host = host(health);
            assert_eq!(host.call(r#"{"tick":9}"#, on_tick).error, None);
            assert_eq!(host.var("healed").is_some(), is_healed, "{health}");
            assert_eq!(host.var("said"), None);
        }
    }

    #[test]
    fn every_tenth_tick_has_a_verse() {
        let host = host(60);
        host.call(r#"{"tick":20}"#, on_tick);
        assert_eq!(host.var("said"), Some(b"la, la, and 7 are slain".to_vec()));
    }

    #[test]
    fn a_config_that_makes_no_sense_is_an_error() {
        for every in ["0", "often"] {
            let host = host(60).with_config("every", every);
            assert!(host.call(r#"{"tick":20}"#, on_tick).error.is_some(), "{every}");
        }
    }
}
