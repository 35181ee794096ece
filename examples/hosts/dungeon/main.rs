//! A game with mods: a hero fights monsters, and plug-ins look on and meddle.
//!
//! Shows hooks that are called thousands of times, guests that remember, host functions that change
//! the game's own state, and what a game does with a mod that hangs, panics or cheats: it switches the
//! mod off, says so, and goes on.

#![forbid(unsafe_code)]

mod mods;
mod powers;
mod world;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use plugsmith::{Error, UserData};
use plugsmith_examples::complaint;
use serde::Serialize;
use serde_json::json;

use crate::{
    mods::{Hook, Mod},
    powers::{Table, lock},
    world::{Side, World},
};

const HELP: &str = "\
Lets a hero fight monsters, with mods.

Usage: dungeon [--mods FOLDER] [--ticks N]

  --mods FOLDER  a manifest NAME.toml for each mod (those that come with this program)
  --ticks N      how long to play (2000)
  --help         print this
";

/// How often the game says how it stands.
const N_REPORTS: u32 = 5;

fn main() -> ExitCode {
    let outcome = Request::parse(env::args().skip(1)).and_then(|request| match request {
        Request::Help => {
            print!("{HELP}");
            Ok(())
        }
        Request::Play { mods, n_ticks } => play(&mods, n_ticks),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("error: {err:#}");
            ExitCode::from(2)
        }
    }
}

fn play(folder: &Path, n_ticks: u32) -> Result<(), Error> {
    let table = UserData::new(Table::new());
    let mut mods = mods::load(folder, &table)?;
    let world = table.get()?;
    for tick in 1..=n_ticks {
        lock(&world).world.tick = tick;
        tell(&mut mods, Hook::Tick, &json!({ "tick": tick }), &table)?;
        for side in [Side::Hero, Side::Monster] {
            let blow = lock(&world).world.strike(side);
            tell(&mut mods, Hook::Hit, &blow, &table)?;
        }
        if tick % (n_ticks / N_REPORTS).max(1) == 0 {
            report(&lock(&world).world);
        }
    }
    println!();
    for one in &mods {
        let state = if one.is_on() { "on" } else { "off" };
        println!("{:<10}{:>8} turns, {state}", one.name, one.n_turns);
    }
    Ok(())
}

/// Gives each mod its turn.
fn tell(
    mods: &mut [Mod],
    hook: Hook,
    event: &impl Serialize,
    table: &UserData<Table>,
) -> Result<(), Error> {
    let tick = lock(&*table.get()?).world.tick;
    for one in mods {
        match one.turn(hook, event, table) {
            Ok(said) => said.iter().for_each(|line| println!("tick {tick}: {}: {line}", one.name)),
            Err(err) => println!("tick {tick}: {} is switched off: {}", one.name, complaint(&err)),
        }
    }
    Ok(())
}

fn report(World { tick, hero, monster, n_slain, n_falls, .. }: &World) {
    let [hero, monster] =
        [hero, monster].map(|who| format!("{} {}/{}", who.name, who.health, who.full_health));
    println!("tick {tick}: {hero}, {monster}, {n_slain} slain, {n_falls} falls");
}

/// What the command line asks for.
enum Request {
    Help,
    Play { mods: PathBuf, n_ticks: u32 },
}

impl Request {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Error> {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/hosts/dungeon/mods");
        let (mut mods, mut n_ticks) = (PathBuf::from(shipped), 2_000);
        while let Some(word) = words.next() {
            let mut value = || {
                let value = words.next();
                value.ok_or_else(|| Error::msg(format!("`{word}` needs a value")))
            };
            match word.as_str() {
                "-h" | "--help" => return Ok(Self::Help),
                "--mods" => mods = value()?.into(),
                "--ticks" => {
                    let text = value()?;
                    n_ticks = text.parse().map_err(|_| {
                        Error::msg(format!("`--ticks` needs a whole number, not `{text}`"))
                    })?;
                }
                _ => return Err(Error::msg(format!("no argument `{word}`; `--help` lists them"))),
            }
        }
        Ok(Self::Play { mods, n_ticks })
    }
}
