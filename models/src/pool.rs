//! Models of a pool's slots: none is lost, none is given twice, nobody who waits is forgotten, and what is
//! replaced is never had again.

#[path = "../../runtime/src/pool/slots.rs"]
#[expect(dead_code, reason = "how many shelves a machine wants is a model's own choice")]
mod slots;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use loom::thread::{self, JoinHandle};

use self::slots::{Slot, Slots};
use crate::Model;

pub(crate) const MODELS: &[Model] = &[
    Model { name: "who_waits_is_served", n_preemptions: 3, run: who_waits_is_served },
    Model { name: "shelves_have_room_for_all", n_preemptions: 2, run: shelves_have_room_for_all },
    Model { name: "who_gives_up_takes_nothing", n_preemptions: 3, run: who_gives_up_takes_nothing },
    Model { name: "what_is_lost_is_made_again", n_preemptions: 3, run: what_is_lost_is_made_again },
    Model {
        name: "what_is_out_outlives_the_pool",
        n_preemptions: 4,
        run: what_is_out_outlives_the_pool,
    },
    Model { name: "replaced_items_are_gone", n_preemptions: 3, run: replaced_items_are_gone },
    Model { name: "who_waits_gets_the_new", n_preemptions: 3, run: who_waits_gets_the_new },
];

/// Waits are over at once, when the thread comes to them, ...
const SOON: Duration = Duration::from_nanos(1);
/// ... or never.
const NEVER: Duration = Duration::MAX;
/// No wait at all.
const NOW: Duration = Duration::ZERO;

/// An item that is counted as long as it exists.
struct Item {
    n_items: Arc<AtomicUsize>,
    /// What it was made of.
    version: u32,
}

impl Drop for Item {
    fn drop(&mut self) {
        self.n_items.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Slots, and what holds of them.
#[derive(Clone)]
struct Pool {
    slots: Arc<Slots<Item, u32>>,
    limit: usize,
    /// What items are certainly made of by now.
    version: Arc<AtomicU32>,
    /// The items that exist. Not the checker's: it orders nothing.
    n_items: Arc<AtomicUsize>,
    /// The threads that have a slot.
    n_users: Arc<AtomicUsize>,
}

/// What a thread does with a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Gives the item back.
    Return,
    /// Loses it, as a panic does, and gives back what is left.
    Lose,
}

impl Pool {
    fn new(limit: usize, n_shelves: usize) -> Self {
        Self {
            slots: Slots::with_shelves(limit, n_shelves, 0),
            limit,
            version: Arc::default(),
            n_items: Arc::default(),
            n_users: Arc::default(),
        }
    }

    /// A pool whose items are made, and lie on their shelves.
    fn full(limit: usize, n_shelves: usize) -> Self {
        let pool = Self::new(limit, n_shelves);
        pool.take_all();
        pool
    }

    /// Takes a slot, uses it, and says whether there was one in time.
    fn use_one(&self, timeout: Duration, use_it: Use) -> bool {
        let oldest = self.version.load(Ordering::Relaxed);
        let Some(mut slot) = self.slots.take(timeout) else { return false };
        let n_users = self.n_users.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(n_users <= self.limit, "{n_users} have a slot");
        let version = self.fill(&mut slot);
        assert!(version >= oldest, "version {version} after {oldest} had come");
        // The checker may let others go first here.
        thread::yield_now();
        if use_it == Use::Lose {
            slot.item = None;
        }
        self.n_users.fetch_sub(1, Ordering::Relaxed);
        slot.give_back();
        true
    }

    /// Makes the item of a slot that has none, and says of which version it is.
    fn fill(&self, slot: &mut Slot<Item, u32>) -> u32 {
        if slot.item.is_none() {
            let version = self.slots.source(slot);
            let n_items = self.n_items.fetch_add(1, Ordering::Relaxed) + 1;
            assert!(n_items <= self.limit, "{n_items} items");
            slot.item = Some(Box::new(Item { n_items: Arc::clone(&self.n_items), version }));
        }
        slot.item.as_ref().expect("it was just made").version
    }

    fn replace(&self, version: u32) {
        self.slots.replace(version);
        self.version.store(version, Ordering::Relaxed);
    }

    fn spawn(&self, timeout: Duration, use_it: Use) -> JoinHandle<bool> {
        let pool = self.clone();
        thread::spawn(move || pool.use_one(timeout, use_it))
    }

    /// Takes each slot there is, and gives all back: none is lost, there are no more than the limit, and
    /// all items are made of what there is now.
    fn take_all(&self) {
        let mut taken: Vec<_> = (0..self.limit)
            .map(|_| {
                let mut slot = self.slots.take(NOW).expect("a slot is free");
                assert_eq!(self.fill(&mut slot), self.version.load(Ordering::Relaxed));
                slot
            })
            .collect();
        assert!(self.slots.take(NOW).is_none(), "there are too many slots");
        assert_eq!(self.n_items.load(Ordering::Relaxed), self.limit);
        assert_eq!(self.slots.n_made(), self.limit);
        for slot in &mut taken {
            slot.give_back();
        }
    }
}

fn who_waits_is_served() {
    let pool = Pool::new(1, 1);
    let others = [pool.spawn(NEVER, Use::Return), pool.spawn(NEVER, Use::Return)];
    assert!(pool.use_one(NEVER, Use::Return));
    for other in others {
        assert!(other.join().expect("it does not panic"));
    }
    pool.take_all();
}

fn shelves_have_room_for_all() {
    let pool = Pool::full(2, 2);
    let others = [pool.spawn(NEVER, Use::Return), pool.spawn(NEVER, Use::Return)];
    assert!(pool.use_one(NEVER, Use::Return));
    for other in others {
        assert!(other.join().expect("it does not panic"));
    }
    pool.take_all();
}

/// One waits as long as it takes, one gives up, and one has what both want.
fn who_gives_up_takes_nothing() {
    let pool = Pool::full(1, 1);
    let (patient, hasty) = (pool.spawn(NEVER, Use::Return), pool.spawn(SOON, Use::Return));
    pool.use_one(SOON, Use::Return);
    assert!(patient.join().expect("it does not panic"));
    hasty.join().expect("it does not panic");
    pool.take_all();
}

fn what_is_lost_is_made_again() {
    let pool = Pool::full(1, 1);
    let others = [pool.spawn(NEVER, Use::Lose), pool.spawn(NEVER, Use::Return)];
    assert!(pool.use_one(NEVER, Use::Lose));
    for other in others {
        assert!(other.join().expect("it does not panic"));
    }
    pool.take_all();
}

/// A slot is given back while its pool is dropped: its item is dropped either way, once.
fn what_is_out_outlives_the_pool() {
    let pool = Pool::full(2, 2);
    let n_items = Arc::clone(&pool.n_items);
    let mut slot = pool.slots.take(NOW).expect("a slot is free");
    let user = thread::spawn(move || slot.give_back());
    drop(pool);
    user.join().expect("it does not panic");
    assert_eq!(n_items.load(Ordering::Relaxed), 0);
}

/// Items are replaced while two threads use them.
fn replaced_items_are_gone() {
    let pool = Pool::full(2, 2);
    let user = pool.spawn(NEVER, Use::Return);
    let replacing = {
        let pool = pool.clone();
        thread::spawn(move || pool.replace(1))
    };
    assert!(pool.use_one(NEVER, Use::Return));
    assert!(pool.use_one(NEVER, Use::Return));
    assert!(user.join().expect("it does not panic"));
    replacing.join().expect("it does not panic");
    pool.take_all();
}

/// There is one item for two, and it is replaced while one has it and one waits.
fn who_waits_gets_the_new() {
    let pool = Pool::full(1, 1);
    let user = pool.spawn(NEVER, Use::Return);
    let replacing = {
        let pool = pool.clone();
        thread::spawn(move || pool.replace(1))
    };
    assert!(pool.use_one(NEVER, Use::Lose));
    assert!(user.join().expect("it does not panic"));
    replacing.join().expect("it does not panic");
    pool.take_all();
}
