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
//! - All items on shelves are made of the source that there is now. What items are made of may be replaced;
//!   those that are out then belong to an earlier generation, and are dropped when they come back. None is
//!   made of the new source before the old ones are off all shelves, since that wants the line's lock: who
//!   has seen the new generation never meets an old one again.
//!
//! All of that is read and written under locks, which alone order it. Who holds the line's lock may take
//! a shelf's, never the other way about, and nobody holds those of two shelves. Items are made and
//! dropped under none, and a slot goes on even if dropping its item panics. `models` tries every order in
//! which few threads can do so.

use std::{
    cell::Cell,
    collections::VecDeque,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
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

/// Slots for up to so many items, made of some source, which threads take and give back.
pub(super) struct Slots<T, S> {
    limit: usize,
    shelves: Box<[Arc<Shelf<T, S>>]>,
    line: Mutex<Line<T, S>>,
}

/// A slot that somebody has, to be given back by [`Slot::give_back`].
pub(super) struct Slot<T, S> {
    /// `None` until it is made.
    pub(super) item: Option<Box<T>>,
    /// Of which source the item is, if there is one.
    generation: u64,
    shelf: Arc<Shelf<T, S>>,
}

/// A place for free items. It has cache lines of its own, two of them: some processors fetch pairs.
#[repr(align(128))]
struct Shelf<T, S> {
    idx: usize,
    slots: Weak<Slots<T, S>>,
    content: Mutex<Content<T>>,
}

struct Content<T> {
    items: Vec<Box<T>>,
    generation: u64,
    is_watched: bool,
}

/// Those who wait, what is counted, and what items are made of.
struct Line<T, S> {
    /// Longest first.
    queue: VecDeque<Waiter<T, S>>,
    next_ticket: u64,
    /// For each shelf, the items that exist or are being made.
    n_made: Box<[usize]>,
    source: S,
    generation: u64,
}

struct Waiter<T, S> {
    ticket: u64,
    turn: Sender<Slot<T, S>>,
}

impl<T, S: Clone> Slots<T, S> {
    pub(super) fn new(limit: usize, source: S) -> Arc<Self> {
        let n_threads = thread::available_parallelism().map_or(1, usize::from);
        Self::with_shelves(limit, n_threads.saturating_mul(SHELVES_PER_THREAD), source)
    }

    pub(super) fn with_shelves(limit: usize, n_shelves: usize, source: S) -> Arc<Self> {
        let n_shelves = n_shelves.min(limit).max(1);
        Arc::new_cyclic(|slots| {
            let shelf = |idx| Arc::new(Shelf::new(idx, Weak::clone(slots)));
            Self {
                limit,
                shelves: (0..n_shelves).map(shelf).collect(),
                line: Mutex::new(Line::new(n_shelves, source)),
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

    /// Has items made of `source` from now on. Those that are free are dropped, and those that are out
    /// when they come back.
    pub(super) fn replace(&self, source: S) {
        let mut outdated = Vec::new();
        let mut line = lock(&self.line);
        let old_source = mem::replace(&mut line.source, source);
        line.generation += 1;
        for shelf in &self.shelves {
            let mut content = lock(&shelf.content);
            let generation = mem::replace(&mut content.generation, line.generation);
            let items = content.items.drain(..);
            outdated.extend(items.map(|item| shelf.slot(Some(item), generation)));
        }
        drop(line);
        let mut first_panic = None;
        for slot in &mut outdated {
            // What one item's destructor does is no reason to keep the others.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| slot.give_back())) {
                first_panic.get_or_insert(panic);
            }
        }
        // Last, since it is the caller's and may panic, too.
        drop(old_source);
        if let Some(panic) = first_panic {
            resume_unwind(panic);
        }
    }

    /// Returns what an item for `slot`, which has none, is to be made of.
    pub(super) fn source(&self, slot: &mut Slot<T, S>) -> S {
        let line = lock(&self.line);
        slot.generation = line.generation;
        line.source.clone()
    }

    /// Takes a slot, or returns `None` after `timeout`.
    #[inline]
    pub(super) fn take(&self, timeout: Duration) -> Option<Slot<T, S>> {
        let found = self.shelves.get(HOME.with(Cell::get)).and_then(Shelf::try_take);
        found.or_else(|| self.take_elsewhere(timeout))
    }

    #[cold]
    fn take_elsewhere(&self, timeout: Duration) -> Option<Slot<T, S>> {
        let slot = self.take_or_wait(timeout)?;
        HOME.with(|home| home.set(slot.shelf.idx));
        Some(slot)
    }

    fn take_or_wait(&self, timeout: Duration) -> Option<Slot<T, S>> {
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
    fn wait(
        &self,
        ticket: u64,
        turn: &Receiver<Slot<T, S>>,
        timeout: Duration,
    ) -> Option<Slot<T, S>> {
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

    /// Hands on what came back, without its item if that is outdated.
    #[cold]
    fn hand_on(&self, mut slot: Slot<T, S>) {
        let mut line = lock(&self.line);
        let mut dropped = Ok(());
        if slot.generation != line.generation && slot.item.is_some() {
            drop(line);
            let outdated = slot.item.take();
            // Before another can be made in its place: there are never more than the limit.
            dropped = catch_unwind(AssertUnwindSafe(|| drop(outdated)));
            line = lock(&self.line);
        }
        self.hand_to_first(line, slot);
        if let Err(panic) = dropped {
            resume_unwind(panic);
        }
    }

    /// Gives a slot to the one who waits longest, or else puts it away.
    fn hand_to_first(&self, mut line: MutexGuard<'_, Line<T, S>>, mut slot: Slot<T, S>) {
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
        let Slot { item, shelf, .. } = slot;
        match item {
            Some(item) => lock(&shelf.content).items.push(item),
            None => line.n_made[shelf.idx] -= 1,
        }
    }

    /// Looks for an item on all shelves, this thread's own first.
    fn find(
        &self,
        _: &MutexGuard<'_, Line<T, S>>,
        look: impl Fn(&Arc<Shelf<T, S>>) -> Option<Slot<T, S>>,
    ) -> Option<Slot<T, S>> {
        let home = HOME.with(Cell::get).min(self.shelves.len());
        let (before, from_home) = self.shelves.split_at(home);
        from_home.iter().chain(before).find_map(look)
    }

    fn unwatch(&self, _: &MutexGuard<'_, Line<T, S>>) {
        for shelf in &self.shelves {
            lock(&shelf.content).is_watched = false;
        }
    }

    /// Returns the right to make an item if there is room for one, for the shelf that has fewest.
    fn room(&self, line: &mut MutexGuard<'_, Line<T, S>>) -> Option<Slot<T, S>> {
        if line.n_made() >= self.limit {
            return None;
        }
        let (idx, _) = line.n_made.iter().enumerate().min_by_key(|(_, n_items)| **n_items)?;
        line.n_made[idx] += 1;
        Some(self.shelves[idx].slot(None, line.generation))
    }
}

impl<T, S: Clone> Slot<T, S> {
    /// Gives the slot back, with its item or, if that is gone, without. What is left has no use.
    #[inline]
    pub(super) fn give_back(&mut self) {
        if let Some(item) = self.item.take() {
            match self.shelf.put(item, self.generation) {
                Ok(()) => return,
                Err(item) => self.item = Some(item),
            }
        }
        // Without a pool, it all ends with the slot.
        if let Some(slots) = self.shelf.slots.upgrade() {
            slots.hand_on(self.shelf.slot(self.item.take(), self.generation));
        }
    }
}

impl<T, S> Shelf<T, S> {
    fn new(idx: usize, slots: Weak<Slots<T, S>>) -> Self {
        let content = Content { items: Vec::new(), generation: 0, is_watched: false };
        Self { idx, slots, content: Mutex::new(content) }
    }

    fn slot(self: &Arc<Self>, item: Option<Box<T>>, generation: u64) -> Slot<T, S> {
        Slot { item, generation, shelf: Arc::clone(self) }
    }

    /// Takes an item, unless there is none or another thread is busy here.
    fn try_take(self: &Arc<Self>) -> Option<Slot<T, S>> {
        let mut content = self.content.try_lock().ok()?;
        let (item, generation) = (content.items.pop()?, content.generation);
        drop(content);
        Some(self.slot(Some(item), generation))
    }

    fn take(self: &Arc<Self>) -> Option<Slot<T, S>> {
        let mut content = lock(&self.content);
        let item = content.items.pop()?;
        Some(self.slot(Some(item), content.generation))
    }

    /// Takes an item, or if there is none, sees to it that the next to come back goes to the line.
    fn watch(self: &Arc<Self>) -> Option<Slot<T, S>> {
        let mut content = lock(&self.content);
        let item = content.items.pop();
        content.is_watched = item.is_none();
        Some(self.slot(Some(item?), content.generation))
    }

    /// Puts an item here, or returns it if the shelf is watched or the item is of another generation.
    fn put(&self, item: Box<T>, generation: u64) -> Result<(), Box<T>> {
        let mut content = lock(&self.content);
        if content.is_watched || content.generation != generation {
            return Err(item);
        }
        content.items.push(item);
        Ok(())
    }
}

impl<T, S> Line<T, S> {
    fn new(n_shelves: usize, source: S) -> Self {
        let n_made = vec![0; n_shelves].into();
        Self { queue: VecDeque::new(), next_ticket: 0, n_made, source, generation: 0 }
    }

    fn n_made(&self) -> usize {
        self.n_made.iter().sum()
    }

    fn join(&mut self) -> (u64, Receiver<Slot<T, S>>) {
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
