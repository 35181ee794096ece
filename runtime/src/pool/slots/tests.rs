//! Slots in every state: who is served when, and that none is lost.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread::ScopedJoinHandle,
};

use super::*;

const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_mins(10);

/// Takes a slot that is there, and makes its item, if it has none, of what `make` says.
fn take<T>(slots: &Slots<T, ()>, make: impl FnOnce() -> T) -> Slot<T, ()> {
    let mut slot = slots.take(LONG).unwrap();
    slot.item.get_or_insert_with(|| Box::new(make()));
    slot
}

/// Slots whose items were made and are back, with their numbers.
fn full(limit: usize, n_shelves: usize) -> Arc<Slots<usize, ()>> {
    let slots = Slots::with_shelves(limit, n_shelves, ());
    let taken: Vec<_> = (0..limit).map(|number| take(&slots, || number)).collect();
    for mut slot in taken {
        slot.give_back();
    }
    slots
}

/// Starts a thread that waits in line, and returns once it does.
fn wait_in_line<'scope, R: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    slots: &Slots<usize, ()>,
    wait: impl FnOnce() -> R + Send + 'scope,
) -> ScopedJoinHandle<'scope, R> {
    let n_before = lock(&slots.line).queue.len();
    let waiter = scope.spawn(wait);
    while lock(&slots.line).queue.len() == n_before {
        thread::yield_now();
    }
    waiter
}

/// Holds the slots to the invariants, while nobody is using them.
#[track_caller]
fn check<T, S>(slots: &Slots<T, S>) {
    let line = lock(&slots.line);
    assert!(line.n_made() <= slots.limit);
    for shelf in &slots.shelves {
        let content = lock(&shelf.content);
        assert_eq!(content.is_watched, !line.queue.is_empty());
        assert!(!content.is_watched || content.items.is_empty());
        assert_eq!(content.generation, line.generation);
    }
}

/// Checks that all slots are free, by taking them all.
#[track_caller]
fn check_all_are_free<T: Default>(slots: &Slots<T, ()>) {
    check(slots);
    let taken: Vec<_> = (0..slots.limit).map(|_| slots.take(NOW).unwrap()).collect();
    assert!(slots.take(NOW).is_none());
    for mut slot in taken {
        slot.give_back();
    }
    check(slots);
}

#[test]
fn a_thread_finds_what_it_used_last() {
    let slots = full(3, 3);
    let mut first = slots.take(NOW).unwrap();
    let mut second = slots.take(NOW).unwrap();
    let number = second.item.clone();
    first.give_back();
    second.give_back();
    for _ in 0..3 {
        let mut again = slots.take(NOW).unwrap();
        assert_eq!(again.item, number);
        again.give_back();
    }
    check_all_are_free(&slots);
}

#[test]
fn threads_that_meet_on_a_shelf_part() {
    let slots = full(2, 2);
    let mut held = slots.take(NOW).unwrap();
    let home = HOME.get();
    let other = thread::scope(|scope| {
        let other = scope.spawn(|| {
            HOME.set(home);
            slots.take(NOW).unwrap().give_back();
            HOME.get()
        });
        other.join().unwrap()
    });
    held.give_back();
    assert_ne!(other, home);
    check_all_are_free(&slots);
}

#[test]
fn an_empty_shelf_makes_a_thread_look_on_all_others() {
    for home in [0, 1, 6, 7, 1_000] {
        let slots = full(7, 7);
        HOME.set(home);
        let mut taken: Vec<_> = (0..7).map(|_| slots.take(NOW).unwrap()).collect();
        let mut numbers: Vec<_> = taken.iter().map(|slot| **slot.item.as_ref().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6], "from {home}");
        taken.iter_mut().for_each(Slot::give_back);
        check_all_are_free(&slots);
    }
}

#[test]
fn shelves_share_what_they_are_too_few_for() {
    let slots = full(7, 3);
    let lens: Vec<_> = slots.shelves.iter().map(|shelf| lock(&shelf.content).items.len()).collect();
    assert_eq!(lens, [3, 2, 2]);
    assert_eq!(slots.n_made(), 7);
    check_all_are_free(&slots);
}

#[test]
fn no_limit_is_too_large_and_none_too_small() {
    let none = Slots::<(), ()>::new(0, ());
    assert!(none.take(NOW).is_none());
    assert!(none.take(SOON).is_none());
    check_all_are_free(&none);
    let many = Slots::<(), ()>::new(usize::MAX, ());
    assert!(many.take(NOW).is_some());
}

#[test]
fn whoever_waits_longest_is_served_first() {
    for (limit, n_shelves) in [(1, 1), (2, 2), (3, 2)] {
        let slots = full(limit, n_shelves);
        let mut held: Vec<_> = (0..limit).map(|_| slots.take(NOW).unwrap()).collect();
        let served = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for number in 0..6 {
                let (slots, served) = (&slots, &served);
                wait_in_line(scope, slots, move || {
                    let mut slot = slots.take(LONG).unwrap();
                    lock(served).push(number);
                    slot.give_back();
                });
                check(slots);
            }
            // One slot goes from one to the next; the others come back when all are served.
            held.pop().unwrap().give_back();
        });
        assert_eq!(*lock(&served), [0, 1, 2, 3, 4, 5]);
        held.iter_mut().for_each(Slot::give_back);
        check_all_are_free(&slots);
    }
}

#[test]
fn nobody_overtakes_who_waits() {
    let slots = full(1, 1);
    let mut held = slots.take(NOW).unwrap();
    let (ticket, turn) = {
        let mut line = lock(&slots.line);
        assert!(slots.find(&line, Shelf::watch).is_none());
        line.join()
    };
    held.give_back();
    // The slot is on its way to who waits, and has not arrived.
    assert!(slots.take(NOW).is_none());
    slots.wait(ticket, &turn, LONG).unwrap().give_back();
    check_all_are_free(&slots);
}

#[test]
fn a_slot_that_comes_at_the_last_moment_is_not_lost() {
    let slots = full(1, 1);
    let mut held = slots.take(NOW).unwrap();
    let (ticket, turn) = {
        let mut line = lock(&slots.line);
        assert!(slots.find(&line, Shelf::watch).is_none());
        line.join()
    };
    held.give_back();
    // Its time is over, and only now it leaves.
    slots.leave(ticket);
    turn.try_recv().unwrap().give_back();
    check_all_are_free(&slots);
}

#[test]
fn a_slot_for_one_who_is_gone_goes_to_the_next() {
    let slots = full(1, 1);
    let mut held = slots.take(NOW).unwrap();
    thread::scope(|scope| {
        let gone = {
            let mut line = lock(&slots.line);
            assert!(slots.find(&line, Shelf::watch).is_none());
            line.join()
        };
        let next =
            wait_in_line(scope, &slots, || slots.take(LONG).map(|mut slot| slot.give_back()));
        drop(gone);
        held.give_back();
        assert!(next.join().unwrap().is_some());
    });
    check_all_are_free(&slots);
}

#[test]
fn who_gives_up_leaves_the_line_as_it_was() {
    let slots = full(2, 2);
    let mut held = [slots.take(NOW).unwrap(), slots.take(NOW).unwrap()];
    assert!(slots.take(SOON).is_none());
    check(&slots);
    thread::scope(|scope| {
        let waiter =
            wait_in_line(scope, &slots, || slots.take(LONG).map(|mut slot| slot.give_back()));
        assert!(slots.take(SOON).is_none());
        check(&slots);
        held[0].give_back();
        assert!(waiter.join().unwrap().is_some());
    });
    held[1].give_back();
    check_all_are_free(&slots);
}

#[test]
fn who_waits_may_make_what_another_lost() {
    let slots = full(1, 1);
    let mut held = slots.take(NOW).unwrap();
    thread::scope(|scope| {
        let waiter = wait_in_line(scope, &slots, || {
            let mut slot = slots.take(LONG).unwrap();
            assert_eq!(slot.item.replace(Box::new(7)), None);
            slot.give_back();
        });
        held.item = None;
        held.give_back();
        waiter.join().unwrap();
    });
    assert_eq!(slots.n_made(), 1);
    assert_eq!(slots.take(NOW).unwrap().item.as_deref(), Some(&7));
}

#[test]
fn what_is_lost_leaves_room_on_its_shelf() {
    let slots = full(3, 3);
    let mut taken: Vec<_> = (0..3).map(|_| slots.take(NOW).unwrap()).collect();
    let shelf_idx = taken[1].shelf.idx;
    taken[1].item = None;
    taken[1].give_back();
    assert_eq!(slots.n_made(), 2);
    let mut again = slots.take(NOW).unwrap();
    assert_eq!((again.item.as_deref(), again.shelf.idx), (None, shelf_idx));
    again.item = Some(Box::new(1));
    again.give_back();
    taken[0].give_back();
    taken[2].give_back();
    check_all_are_free(&slots);
}

#[test]
fn what_outlives_its_pool_is_dropped_when_given_back() {
    let item = Arc::new(());
    let slots = Slots::with_shelves(2, 2, ());
    let mut taken = take(&slots, || Arc::clone(&item));
    drop(slots);
    taken.give_back();
    drop(taken);
    assert_eq!(Arc::strong_count(&item), 1);
}

/// Takes a slot that is there, with an item that is a copy of what it is made of.
fn take_copy(slots: &Slots<u32, u32>) -> Slot<u32, u32> {
    let mut slot = slots.take(NOW).unwrap();
    if slot.item.is_none() {
        slot.item = Some(Box::new(slots.source(&mut slot)));
    }
    slot
}

#[test]
fn what_is_replaced_is_dropped_where_it_is_free_and_when_it_comes_back() {
    let slots = Slots::with_shelves(3, 2, 0);
    let [mut free, mut out] = [(); 2].map(|()| take_copy(&slots));
    let mut late = slots.take(NOW).unwrap();
    free.give_back();
    assert_eq!(slots.n_made(), 3);
    slots.replace(1);
    check(&slots);
    assert_eq!(slots.n_made(), 2);
    late.item = Some(Box::new(slots.source(&mut late)));
    assert_eq!(late.item.as_deref(), Some(&1));
    late.give_back();
    assert_eq!(out.item.as_deref(), Some(&0));
    out.give_back();
    check(&slots);
    let mut taken = [(); 3].map(|()| take_copy(&slots));
    assert_eq!(taken.each_ref().map(|slot| slot.item.as_deref().copied()), [Some(1); 3]);
    taken.iter_mut().for_each(Slot::give_back);
    assert_eq!(slots.n_made(), 3);
    check(&slots);
}

#[test]
fn who_waits_makes_the_new_in_the_place_of_the_old() {
    let slots = Slots::with_shelves(1, 1, 0);
    let mut held = take_copy(&slots);
    let (ticket, turn) = {
        let mut line = lock(&slots.line);
        assert!(slots.find(&line, Shelf::watch).is_none());
        line.join()
    };
    slots.replace(1);
    held.give_back();
    let mut slot = slots.wait(ticket, &turn, LONG).unwrap();
    assert_eq!(slot.item, None);
    assert_eq!(slots.source(&mut slot), 1);
    slot.item = Some(Box::new(1));
    slot.give_back();
    check(&slots);
    assert_eq!(take_copy(&slots).item.as_deref(), Some(&1));
}

#[test]
fn what_was_made_of_a_source_that_was_replaced_meanwhile_is_used_once() {
    let slots = Slots::with_shelves(1, 1, 0);
    let mut slot = slots.take(NOW).unwrap();
    let source = slots.source(&mut slot);
    slots.replace(1);
    slot.item = Some(Box::new(source));
    slot.give_back();
    assert_eq!(slots.n_made(), 0);
    assert_eq!(take_copy(&slots).item.as_deref(), Some(&1));
}

#[test]
fn items_and_sources_are_dropped_under_no_lock() {
    /// Looks at the pool that it is dropped by.
    struct Looks(Weak<Slots<Looks, Arc<Looks>>>);

    impl Drop for Looks {
        fn drop(&mut self) {
            if let Some(slots) = self.0.upgrade() {
                check(&slots);
            }
        }
    }

    let nowhere = || Arc::new(Looks(Weak::new()));
    let slots = Slots::with_shelves(2, 2, nowhere());
    slots.replace(Arc::new(Looks(Arc::downgrade(&slots))));
    let [mut free, mut out] = [(); 2].map(|()| slots.take(NOW).unwrap());
    for slot in [&mut free, &mut out] {
        slots.source(slot);
        slot.item = Some(Box::new(Looks(Arc::downgrade(&slots))));
    }
    free.give_back();
    slots.replace(nowhere());
    out.give_back();
    assert_eq!(slots.n_made(), 0);
    check(&slots);
}

#[test]
fn destructors_that_panic_lose_no_slot() {
    struct Fragile;

    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("a destructor's own bug");
        }
    }

    let panics = |run: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(run)).is_err();
    let slots = Slots::with_shelves(4, 2, Some(Arc::new(Fragile)));
    let mut taken = [(); 4].map(|()| slots.take(NOW).unwrap());
    for slot in &mut taken {
        slot.item = Some(Box::new(Fragile));
    }
    let [mut first, mut second, mut wanted, mut out] = taken;
    first.give_back();
    second.give_back();
    // Both free items panic, and so does the source.
    assert!(panics(&mut || slots.replace(None)));
    assert_eq!(slots.n_made(), 2);
    let mut others = [(); 2].map(|()| slots.take(NOW).unwrap());
    let (ticket, turn) = {
        let mut line = lock(&slots.line);
        assert!(slots.find(&line, Shelf::watch).is_none());
        line.join()
    };
    assert!(panics(&mut || wanted.give_back()));
    let mut slot = slots.wait(ticket, &turn, NOW).expect("there is room for one");
    assert!(slot.item.is_none());
    slot.give_back();
    assert!(panics(&mut || out.give_back()));
    others.iter_mut().for_each(Slot::give_back);
    assert_eq!(slots.n_made(), 0);
    check(&slots);
}

/// Threads that take and give back, wait, give up, lose items, and replace them all, in orders that differ from run to
/// run; whatever happens, the invariants hold in the end, and at no time are there too many items.
#[test]
fn many_threads_lose_no_slot() {
    /// An item that is counted.
    struct Counted<'a>(&'a AtomicUsize);

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    for (limit, n_shelves, n_threads) in [(1, 1, 4), (2, 2, 2), (2, 2, 6), (3, 8, 8), (5, 2, 8)] {
        let n_alive = AtomicUsize::new(0);
        let slots = Slots::with_shelves(limit, n_shelves, ());
        thread::scope(|scope| {
            for thread_idx in 0..n_threads {
                let (slots, n_alive) = (&slots, &n_alive);
                scope.spawn(move || {
                    for round in 0..2_000 {
                        let timeout =
                            [LONG, NOW, Duration::from_nanos(1)][(round + thread_idx) % 3];
                        let Some(mut slot) = slots.take(timeout) else { continue };
                        if slot.item.is_none() {
                            slots.source(&mut slot);
                        }
                        slot.item.get_or_insert_with(|| {
                            assert!(n_alive.fetch_add(1, Ordering::SeqCst) < limit);
                            Box::new(Counted(n_alive))
                        });
                        if round % 7 == thread_idx % 7 {
                            slot.item = None;
                        }
                        if round % 11 == thread_idx {
                            slots.replace(());
                        }
                        slot.give_back();
                    }
                });
            }
        });
        check(&slots);
        assert_eq!(slots.n_made(), n_alive.load(Ordering::SeqCst));
        let taken: Vec<_> = (0..limit).map(|_| slots.take(NOW).unwrap()).collect();
        assert!(slots.take(NOW).is_none());
        drop((taken, slots));
        assert_eq!(n_alive.load(Ordering::SeqCst), 0);
    }
}
