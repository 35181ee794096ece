//! The slots of a pool: which are free, who has one, and who waits.
//!
//! A slot is the right to have one item, with the item once it is made. Free ones lie on *shelves*,
//! several of them so that threads do not meet: a thread looks first where it found an item last, and
//! an item goes back to the shelf that it was made for. That is all that happens in a pool that is
//! large enough, and costs an uncontended lock each way. Everything else happens under the lock of
//! the *line*, by which those wait for whom there is none.
//!
//! Invariants, whenever nobody holds the line's lock:
//!
//! - All shelves are watched if anyone waits, and none is otherwise.
//! - A watched shelf is empty: what comes back to it goes to the one who waits longest. So nobody
//!   overtakes those who wait, and nothing lies idle while they do: what came back before its shelf
//!   was watched is found by the one who watches it.
//! - No more items are counted than the limit. An item, or the right to make one, is on a shelf, in one
//!   [`Slot`], or on its way to one who waits.
//!
//! All of that is read and written under locks, which alone order it. Who holds the line's lock may take
//! a shelf's, never the other way about, and nobody holds those of two shelves. Items are made and
//! dropped under none. `models` tries every order in which few threads can do so.

use std::{
    cell::Cell,
    collections::VecDeque,
    sync::{Arc, PoisonError, Weak},
    thread,
    time::Duration,
};

use crate::sync::{Mutex, MutexGuard, Receiver, Sender, mpsc, thread_local};

/// How many shelves there are for each thread that can run at once. More than one, since threads that
/// wait for something while they have an item leave room for others.
const SHELVES_PER_THREAD: usize = 4;

thread_local! {
    /// Where this thread looks first, in whatever pool. It moves to where something was found, so
    /// that threads that meet on one shelf part.
    static HOME: Cell<usize> = const { Cell::new(0) };
}

/// Slots for up to so many items, which threads take and give back.
pub(super) struct Slots<T> {
    limit: usize,
    shelves: Box<[Arc<Shelf<T>>]>,
    line: Mutex<Line<T>>,
}

/// A slot that somebody has, to be given back by [`Slot::give_back`].
pub(super) struct Slot<T> {
    /// `None` until it is made.
    pub(super) item: Option<Box<T>>,
    shelf: Arc<Shelf<T>>,
}

/// A place for free items. It has cache lines of its own, two of them: some processors fetch pairs.
#[repr(align(128))]
struct Shelf<T> {
    idx: usize,
    slots: Weak<Slots<T>>,
    content: Mutex<Content<T>>,
}

struct Content<T> {
    items: Vec<Box<T>>,
    is_watched: bool,
}

/// Those who wait, and what is counted.
struct Line<T> {
    /// Longest first.
    queue: VecDeque<Waiter<T>>,
    next_ticket: u64,
    /// For each shelf, the items that exist or are being made.
    n_made: Box<[usize]>,
}

struct Waiter<T> {
    ticket: u64,
    turn: Sender<Slot<T>>,
}

impl<T> Slots<T> {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        let n_threads = thread::available_parallelism().map_or(1, usize::from);
        Self::with_shelves(limit, n_threads.saturating_mul(SHELVES_PER_THREAD))
    }

    pub(super) fn with_shelves(limit: usize, n_shelves: usize) -> Arc<Self> {
        let n_shelves = n_shelves.min(limit).max(1);
        Arc::new_cyclic(|slots| {
            let shelf = |idx| Arc::new(Shelf::new(idx, Weak::clone(slots)));
            Self {
                limit,
                shelves: (0..n_shelves).map(shelf).collect(),
                line: Mutex::new(Line::new(n_shelves)),
            }
        })
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Returns how many items exist or are being made.
    pub(super) fn n_made(&self) -> usize {
        lock(&self.line).n_made()
    }

    /// Takes a slot, or returns `None` after `timeout`.
    #[inline]
    pub(super) fn take(&self, timeout: Duration) -> Option<Slot<T>> {
        let found = self.shelves.get(HOME.with(Cell::get)).and_then(|shelf| {
            let item = shelf.try_take()?;
            Some(shelf.slot(Some(item)))
        });
        found.or_else(|| self.take_elsewhere(timeout))
    }

    #[cold]
    fn take_elsewhere(&self, timeout: Duration) -> Option<Slot<T>> {
        let slot = self.take_or_wait(timeout)?;
        HOME.with(|home| home.set(slot.shelf.idx));
        Some(slot)
    }

    fn take_or_wait(&self, timeout: Duration) -> Option<Slot<T>> {
        let mut line = lock(&self.line);
        if line.queue.is_empty() {
            let found = self.find(&line, Shelf::take);
            if let Some(slot) = found.or_else(|| self.room(&mut line)) {
                return Some(slot);
            }
        }
        if timeout.is_zero() {
            return None;
        }
        if line.queue.is_empty()
            && let Some(slot) = self.find(&line, Shelf::watch)
        {
            self.unwatch(&line);
            return Some(slot);
        }
        let (ticket, turn) = line.join();
        drop(line);
        self.wait(ticket, &turn, timeout)
    }

    /// Waits for a slot to be handed on, and leaves the line if none is in time.
    fn wait(&self, ticket: u64, turn: &Receiver<Slot<T>>, timeout: Duration) -> Option<Slot<T>> {
        turn.recv_timeout(timeout).ok().or_else(|| {
            self.leave(ticket);
            // It may have come while this thread was on its way out.
            turn.try_recv().ok()
        })
    }

    fn leave(&self, ticket: u64) {
        let mut line = lock(&self.line);
        let n_before = line.queue.len();
        line.queue.retain(|waiter| waiter.ticket != ticket);
        if n_before == 1 && line.queue.is_empty() {
            self.unwatch(&line);
        }
    }

    /// Gives what came back to the one who waits longest, or else puts it away.
    #[cold]
    fn hand_on(&self, mut slot: Slot<T>) {
        let mut line = lock(&self.line);
        while let Some(waiter) = line.queue.pop_front() {
            if line.queue.is_empty() {
                self.unwatch(&line);
            }
            match waiter.turn.send(slot) {
                Ok(()) => return,
                // Who waits no longer has left the line; if not, it is the next one's turn.
                Err(mpsc::SendError(refused)) => slot = refused,
            }
        }
        let Slot { item, shelf } = slot;
        match item {
            Some(item) => lock(&shelf.content).items.push(item),
            None => line.n_made[shelf.idx] -= 1,
        }
    }

    /// Looks for an item on all shelves, this thread's own first.
    fn find(
        &self,
        _: &MutexGuard<'_, Line<T>>,
        look: impl Fn(&Shelf<T>) -> Option<Box<T>>,
    ) -> Option<Slot<T>> {
        let home = HOME.with(Cell::get).min(self.shelves.len());
        let (before, from_home) = self.shelves.split_at(home);
        let mut shelves = from_home.iter().chain(before);
        shelves.find_map(|shelf| Some(shelf.slot(Some(look(shelf)?))))
    }

    fn unwatch(&self, _: &MutexGuard<'_, Line<T>>) {
        for shelf in &self.shelves {
            lock(&shelf.content).is_watched = false;
        }
    }

    /// Returns the right to make an item if there is room for one, for the shelf that has fewest.
    fn room(&self, line: &mut MutexGuard<'_, Line<T>>) -> Option<Slot<T>> {
        if line.n_made() >= self.limit {
            return None;
        }
        let (idx, _) = line.n_made.iter().enumerate().min_by_key(|(_, n_items)| **n_items)?;
        line.n_made[idx] += 1;
        Some(self.shelves[idx].slot(None))
    }
}

impl<T> Slot<T> {
    /// Gives the slot back, with its item or, if that is gone, without. What is left has no use.
    #[inline]
    pub(super) fn give_back(&mut self) {
        if let Some(item) = self.item.take() {
            match self.shelf.put(item) {
                Ok(()) => return,
                Err(item) => self.item = Some(item),
            }
        }
        // Without a pool, it all ends with the slot.
        if let Some(slots) = self.shelf.slots.upgrade() {
            slots.hand_on(self.shelf.slot(self.item.take()));
        }
    }
}

impl<T> Shelf<T> {
    fn new(idx: usize, slots: Weak<Slots<T>>) -> Self {
        let content = Content { items: Vec::new(), is_watched: false };
        Self { idx, slots, content: Mutex::new(content) }
    }

    fn slot(self: &Arc<Self>, item: Option<Box<T>>) -> Slot<T> {
        Slot { item, shelf: Arc::clone(self) }
    }

    /// Takes an item, unless there is none or another thread is busy here.
    fn try_take(&self) -> Option<Box<T>> {
        self.content.try_lock().ok()?.items.pop()
    }

    fn take(&self) -> Option<Box<T>> {
        lock(&self.content).items.pop()
    }

    /// Takes an item, or if there is none, sees to it that the next to come back goes to the line.
    fn watch(&self) -> Option<Box<T>> {
        let mut content = lock(&self.content);
        let item = content.items.pop();
        content.is_watched = item.is_none();
        item
    }

    /// Puts an item here, or returns it if the shelf is watched.
    fn put(&self, item: Box<T>) -> Result<(), Box<T>> {
        let mut content = lock(&self.content);
        if content.is_watched {
            return Err(item);
        }
        content.items.push(item);
        Ok(())
    }
}

impl<T> Line<T> {
    fn new(n_shelves: usize) -> Self {
        Self { queue: VecDeque::new(), next_ticket: 0, n_made: vec![0; n_shelves].into() }
    }

    fn n_made(&self) -> usize {
        self.n_made.iter().sum()
    }

    fn join(&mut self) -> (u64, Receiver<Slot<T>>) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let (turn, slot) = mpsc::channel();
        self.queue.push_back(Waiter { ticket, turn });
        (ticket, slot)
    }
}

/// Locks what no panic can leave half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// Named by its path, since `models` has this file in another place.
#[cfg(test)]
#[path = "slots/tests.rs"]
mod tests;
