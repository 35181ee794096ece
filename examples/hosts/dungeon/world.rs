//! The dungeon: a hero, the monster of the moment, and dice that fall alike in every game.
//!
//! All changes of health go through [`World::hurt`] and [`World::heal`], whoever makes them, so a mod
//! can do nothing that the game itself could not.

use serde::{Deserialize, Serialize};

/// The monsters, and how strong they are; after the last comes the first again.
const MONSTERS: [(&str, u32, u32); 4] =
    [("rat", 8, 2), ("goblin", 14, 4), ("orc", 25, 6), ("troll", 40, 8)];

const HERO_HEALTH: u32 = 60;

const HERO_STRENGTH: u32 = 7;

/// One of the two who fight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Hero,
    Monster,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fighter {
    pub(crate) name: &'static str,
    pub(crate) health: u32,
    pub(crate) full_health: u32,
    #[serde(skip)]
    strength: u32,
}

/// What mods are told after a blow.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Blow {
    pub(crate) tick: u32,
    pub(crate) by: Side,
    pub(crate) points: u32,
}

/// Everything there is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct World {
    pub(crate) tick: u32,
    pub(crate) hero: Fighter,
    pub(crate) monster: Fighter,
    /// How many monsters fell.
    pub(crate) n_slain: usize,
    /// How often the hero fell; a healer is always near.
    pub(crate) n_falls: u32,
    #[serde(skip)]
    dice: u32,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            tick: 0,
            hero: Fighter::new("hero", HERO_HEALTH, HERO_STRENGTH),
            monster: monster(0),
            n_slain: 0,
            n_falls: 0,
            dice: 1,
        }
    }

    /// One of the two strikes the other.
    pub(crate) fn strike(&mut self, by: Side) -> Blow {
        let (most, other) = match by {
            Side::Hero => (self.hero.strength, Side::Monster),
            Side::Monster => (self.monster.strength, Side::Hero),
        };
        let points = 1 + self.roll() % most;
        self.hurt(other, points);
        Blow { tick: self.tick, by, points }
    }

    /// Takes health. Who has none left is replaced by the next monster, or healed.
    pub(crate) fn hurt(&mut self, side: Side, points: u32) {
        let fighter = self.fighter(side);
        fighter.health = fighter.health.saturating_sub(points);
        match (side, fighter.health) {
            (Side::Hero, 0) => {
                self.n_falls += 1;
                self.hero.health = self.hero.full_health;
            }
            (Side::Monster, 0) => {
                self.n_slain += 1;
                self.monster = monster(self.n_slain);
            }
            _ => {}
        }
    }

    /// Gives health, up to what the fighter had at first.
    pub(crate) fn heal(&mut self, side: Side, points: u32) {
        let fighter = self.fighter(side);
        fighter.health = fighter.health.saturating_add(points).min(fighter.full_health);
    }

    fn fighter(&mut self, side: Side) -> &mut Fighter {
        match side {
            Side::Hero => &mut self.hero,
            Side::Monster => &mut self.monster,
        }
    }

    /// A linear congruential generator: poor dice, and the same on every machine.
    fn roll(&mut self) -> u32 {
        self.dice = self.dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.dice >> 16
    }
}

impl Fighter {
    fn new(name: &'static str, health: u32, strength: u32) -> Self {
        Self { name, health, full_health: health, strength }
    }
}

fn monster(number: usize) -> Fighter {
    let (name, health, strength) = MONSTERS[number % MONSTERS.len()];
    Fighter::new(name, health, strength)
}
