//! Pools: how many, who is next, and what becomes of a slot when something fails.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use plugsmith::{Error, Plugin, PluginBuilder, Pool, PoolBuilder};

use crate::guest::{call, echoing, manifest, speaking};

const NOW: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_mins(10);

fn pool(n_instances: usize) -> Pool {
    let compiled =
        PluginBuilder::new(manifest(&speaking("x", r#"(func (export "traps") unreachable)"#)))
            .compile()
            .unwrap();
    PoolBuilder::new()
        .with_max_instances(n_instances)
        .build(move || Plugin::new_from_compiled(&compiled))
}

#[test]
fn plugins_are_made_when_needed_and_used_again() {
    let pool = pool(2);
    assert_eq!(pool.count(), 0);
    let first = pool.get(NOW).unwrap().unwrap();
    let id = first.id();
    drop(first);
    assert_eq!(pool.count(), 1);
    let again = pool.get(NOW).unwrap().unwrap();
    assert_eq!(again.id(), id);
    let second = pool.get(NOW).unwrap().unwrap();
    assert_ne!(second.id(), id);
    assert!(pool.get(NOW).unwrap().is_none());
    assert_eq!(pool.count(), 2);
    drop(second);
    assert!(pool.function_exists("say", NOW).unwrap());
    assert!(!pool.function_exists("shout", NOW).unwrap());
}

#[test]
fn a_pool_of_none_gives_none() {
    assert!(pool(0).get(NOW).unwrap().is_none());
}

#[test]
fn whoever_waits_gets_what_is_given_back() {
    let pool = pool(1);
    let held = pool.get(NOW).unwrap().unwrap();
    let (sender, receiver) = mpsc::channel();
    let waiters: Vec<_> = (0..4)
        .map(|_| {
            let (pool, sender) = (pool.clone(), sender.clone());
            thread::spawn(move || {
                let said = pool.with_plugin(LONG, |plugin| plugin.call::<_, String>("say", ()));
                sender.send(said.unwrap()).unwrap();
            })
        })
        .collect();
    drop(held);
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), vec![Some("x".to_owned()); 4]);
    assert_eq!(pool.count(), 1);
}

#[test]
fn giving_up_does_not_hold_up_the_next() {
    let pool = pool(1);
    let held = pool.get(NOW).unwrap().unwrap();
    assert!(pool.get(Duration::from_millis(5)).unwrap().is_none());
    drop(held);
    assert!(pool.get(NOW).unwrap().is_some());
}

#[test]
fn a_trap_leaves_a_slot_usable() {
    let pool = pool(1);
    for _ in 0..3 {
        let mut plugin = pool.get(NOW).unwrap().unwrap();
        assert!(call(&mut plugin, "traps").is_err());
        assert_eq!(call(&mut plugin, "count").unwrap(), "1");
    }
}

#[test]
fn a_slot_is_not_lost_when_its_plugin_cannot_be_made() {
    let n_made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_made);
    let pool = PoolBuilder::new().with_max_instances(1).build(move || {
        match counter.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::msg("not yet")),
            1 => panic!("not even now"),
            _ => Plugin::new(manifest(&speaking("x", "")), [], false),
        }
    });
    assert_eq!(pool.get(NOW).unwrap_err().to_string(), "not yet");
    assert!(panic::catch_unwind(AssertUnwindSafe(|| pool.get(NOW))).is_err());
    assert_eq!(pool.count(), 0);
    assert!(pool.get(NOW).unwrap().is_some());
    assert_eq!(n_made.load(Ordering::Relaxed), 3);
}

#[test]
fn a_slot_is_not_lost_when_its_user_panics_and_its_plugin_is_replaced() {
    let pool = pool(1);
    let id = pool.get(NOW).unwrap().unwrap().id();
    let borrower = pool.clone();
    let used = panic::catch_unwind(AssertUnwindSafe(move || {
        borrower.with_plugin(NOW, |_| -> Result<(), Error> { panic!("the user's own bug") })
    }));
    assert!(used.is_err());
    assert_eq!(pool.count(), 0);
    assert_ne!(pool.get(NOW).unwrap().unwrap().id(), id);
}

#[test]
fn who_waits_makes_what_a_panicking_user_lost() {
    let pool = pool(1);
    let held = pool.get(NOW).unwrap().unwrap();
    let id = held.id();
    let (user, waiter) = (pool.clone(), pool.clone());
    let waiter = thread::spawn(move || waiter.get(LONG).unwrap().unwrap().id());
    let user = thread::spawn(move || {
        let _held = held;
        // Whether the other thread waits by now or comes later, it must not get this one.
        assert!(user.get(NOW).unwrap().is_none());
        panic!("the user's own bug");
    });
    assert!(user.join().is_err());
    assert_ne!(waiter.join().unwrap(), id);
    assert_eq!(pool.count(), 1);
}

#[test]
fn a_plugin_may_outlive_its_pool_and_be_given_back_by_another_thread() {
    let pool = pool(1);
    let mut borrowed = pool.get(NOW).unwrap().unwrap();
    drop(pool);
    thread::spawn(move || assert_eq!(call(&mut borrowed, "say").unwrap(), "x")).join().unwrap();
}

#[test]
fn many_threads_share_few_plugins() {
    let compiled = PluginBuilder::new(manifest(&echoing(""))).compile().unwrap();
    let pool = PoolBuilder::new()
        .with_max_instances(2)
        .build(move || Plugin::new_from_compiled(&compiled));
    let workers: Vec<_> = (0..8)
        .map(|thread_idx| {
            let pool = pool.clone();
            thread::spawn(move || {
                for round in 0..100 {
                    let text = format!("{round} of {thread_idx}");
                    let mut plugin = pool.get(LONG).unwrap().unwrap();
                    assert_eq!(plugin.call::<&str, &str>("echo", &text).unwrap(), text);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    assert!((1..=2).contains(&pool.count()));
    let taken: Vec<_> = (0..2).map(|_| pool.get(NOW).unwrap().unwrap()).collect();
    assert_ne!(taken[0].id(), taken[1].id());
    assert!(pool.get(NOW).unwrap().is_none());
}
