//! The mods: plug-ins whose hooks the game calls, each switched off at its first failure.

use std::{path::Path, time::Duration};

use plugsmith::{Error, Manifest, Plugin, PluginBuilder, UserData, convert::Json};
use plugsmith_examples::{Bounds, Installed, complaint, plugin_folder};
use serde::Serialize;

use crate::powers::{Table, lock, powers};

/// The time is for a machine that has much else to do; what ends a loop, after the same steps on
/// every machine, is the fuel.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(2), memory_pages: 32 };

/// About so many instructions a turn.
const FUEL: u64 = 200_000;

/// What a mod may export.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hook {
    Tick,
    Hit,
}

impl Hook {
    const ALL: [Self; 2] = [Self::Tick, Self::Hit];

    fn export(self) -> &'static str {
        match self {
            Self::Tick => "on_tick",
            Self::Hit => "on_hit",
        }
    }
}

/// A mod, on or off.
pub(crate) struct Mod {
    pub(crate) name: String,
    /// `None` once it is switched off.
    plugin: Option<Plugin>,
    pub(crate) n_turns: u32,
}

impl Mod {
    pub(crate) fn is_on(&self) -> bool {
        self.plugin.is_some()
    }

    /// Gives the mod its turn, if it is on and has the hook. Returns what it has to say.
    ///
    /// # Errors
    ///
    /// Why it was switched off now. What it changed before it failed stays changed.
    pub(crate) fn turn(
        &mut self,
        hook: Hook,
        event: &impl Serialize,
        table: &UserData<Table>,
    ) -> Result<Vec<String>, Error> {
        let Some(plugin) = &mut self.plugin else { return Ok(Vec::new()) };
        if !plugin.function_exists(hook.export()) {
            return Ok(Vec::new());
        }
        self.n_turns += 1;
        let table = table.get()?;
        // The lock is free while the mod has its turn: its powers take it.
        lock(&table).begin_turn();
        let outcome = plugin.call::<_, ()>(hook.export(), Json(event));
        let said = lock(&table).end_turn();
        outcome.map(|()| said).inspect_err(|_| self.plugin = None)
    }
}

/// Loads the mods of a folder. One that does not load is named, and does not play.
///
/// # Errors
///
/// If the folder cannot be read.
pub(crate) fn load(folder: &Path, table: &UserData<Table>) -> Result<Vec<Mod>, Error> {
    let read = plugin_folder(folder, BOUNDS)
        .map_err(|err| Error::from(err).context(format!("reading `{}`", folder.display())))?;
    let mut mods = Vec::new();
    for Installed { name, manifest } in read {
        match manifest.and_then(|manifest| plugin(&manifest, table)) {
            Ok(plugin) => mods.push(Mod { name, plugin: Some(plugin), n_turns: 0 }),
            Err(err) => println!("{name} does not play: {}", complaint(&err)),
        }
    }
    Ok(mods)
}

fn plugin(manifest: &Manifest, table: &UserData<Table>) -> Result<Plugin, Error> {
    let plugin = PluginBuilder::new(manifest)
        .with_functions(powers(table))
        .with_fuel_limit(FUEL)
        .with_exchange_page_limit(16)
        .build()?;
    if !Hook::ALL.iter().any(|hook| plugin.function_exists(hook.export())) {
        let [tick, hit] = Hook::ALL.map(Hook::export);
        return Err(Error::msg(format!("the plug-in exports neither `{tick}` nor `{hit}`")));
    }
    Ok(plugin)
}
