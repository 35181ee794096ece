//! What a mod can do to the world: host functions that share it, and a budget for each turn.
//!
//! A mod that asks for more than its budget gets an error, which ends its turn.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use plugsmith::{Error, Function, PTR, UserData, convert::Json, host_fn};
use plugsmith_examples::one_line;

use crate::world::{Side, World};

/// How much health a mod may change in one turn.
const POINTS_A_TURN: u32 = 5;

/// How many lines a mod may say in one turn.
const LINES_A_TURN: usize = 1;

/// The world, and how far the mod has come whose turn it is.
pub(crate) struct Table {
    pub(crate) world: World,
    points_left: u32,
    said: Vec<String>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { world: World::new(), points_left: 0, said: Vec::new() }
    }

    /// Begins the turn of a mod.
    pub(crate) fn begin_turn(&mut self) {
        self.points_left = POINTS_A_TURN;
    }

    /// Ends it, and gives what the mod said.
    pub(crate) fn end_turn(&mut self) -> Vec<String> {
        mem::take(&mut self.said)
    }

    fn spend(&mut self, points: u32) -> Result<(), Error> {
        let left = self.points_left.checked_sub(points).ok_or_else(|| {
            Error::msg(format!("a mod may change {POINTS_A_TURN} points of health a turn"))
        })?;
        self.points_left = left;
        Ok(())
    }
}

host_fn!(look(table: Table;) -> Json<World> {
    Ok(Json(lock(&*table.get()?).world.clone()))
});

host_fn!(hurt(table: Table; side: Json<Side>, points: u32) {
    let table = table.get()?;
    let mut table = lock(&table);
    table.spend(points)?;
    table.world.hurt(side.0, points);
    Ok(())
});

host_fn!(heal(table: Table; side: Json<Side>, points: u32) {
    let table = table.get()?;
    let mut table = lock(&table);
    table.spend(points)?;
    table.world.heal(side.0, points);
    Ok(())
});

host_fn!(say(table: Table; text: String) {
    let table = table.get()?;
    let mut table = lock(&table);
    if table.said.len() >= LINES_A_TURN {
        return Err(Error::msg(format!("a mod may say {LINES_A_TURN} line a turn")));
    }
    table.said.push(one_line(&text));
    Ok(())
});

/// The functions that mods may import.
pub(crate) fn powers(table: &UserData<Table>) -> [Function; 4] {
    [
        Function::new("look", [], [PTR], table.clone(), look),
        Function::new("hurt", [PTR, PTR], [], table.clone(), hurt),
        Function::new("heal", [PTR, PTR], [], table.clone(), heal),
        Function::new("say", [PTR], [], table.clone(), say),
    ]
}

/// Locks the table. Whoever panicked with the lock left numbers that are all allowed.
pub(crate) fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
