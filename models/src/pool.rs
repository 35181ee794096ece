//! Models of a pool's slots: none is lost, none is given twice, nobody who waits is forgotten.

#[path = "../../runtime/src/pool/slots.rs"]
#[expect(dead_code, reason = "how many shelves a machine wants is a model's own choice")]
mod slots;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use loom::thread::{self, JoinHandle};

use self::slots::Slots;
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
];

/// Waits are over at once, when the thread comes to them, ...
const SOON: Duration = Duration::from_nanos(1);
/// ... or never.
const NEVER: Duration = Duration::MAX;
/// No wait at all.
const NOW: Duration = Duration::ZERO;

/// An item that is counted as long as it exists.
struct Item(Arc<AtomicUsize>);

impl Drop for Item {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Slots, and what holds of them.
#[derive(Clone)]
struct Pool {
    slots: Arc<Slots<Item>>,
    limit: usize,
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
            slots: Slots::with_shelves(limit, n_shelves),
            limit,
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
        let Some(mut slot) = self.slots.take(timeout) else { return false };
        let n_users = self.n_users.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(n_users <= self.limit, "{n_users} have a slot");
        slot.item.get_or_insert_with(|| Box::new(self.make()));
        // The checker may let others go first here.
        thread::yield_now();
        if use_it == Use::Lose {
            slot.item = None;
        }
        self.n_users.fetch_sub(1, Ordering::Relaxed);
        slot.give_back();
        true
    }

    fn make(&self) -> Item {
        let n_items = self.n_items.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(n_items <= self.limit, "{n_items} items");
        Item(Arc::clone(&self.n_items))
    }

    fn spawn(&self, timeout: Duration, use_it: Use) -> JoinHandle<bool> {
        let pool = self.clone();
        thread::spawn(move || pool.use_one(timeout, use_it))
    }

    /// Takes each slot there is, and gives all back: none is lost, and there are no more than the limit.
    fn take_all(&self) {
        let mut taken: Vec<_> = (0..self.limit)
            .map(|_| {
                let mut slot = self.slots.take(NOW).expect("a slot is free");
                slot.item.get_or_insert_with(|| Box::new(self.make()));
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
