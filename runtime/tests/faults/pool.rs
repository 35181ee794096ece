//! A pool under all faults at once keeps its promises: no slot is lost, no plug-in is left behind that
//! answers wrongly, and nobody waits for ever.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use plugsmith::{
    CallError, CurrentPlugin, Error, Plugin, PluginBuilder, Pool, PoolBuilder, PoolPlugin,
    UserData, Val,
};

use crate::guest::{check_echo, echoing, manifest};

const N_THREADS: usize = 6;
const N_ROUNDS: usize = 14;
const N_INSTANCES: usize = 2;

/// Long enough for each call that ends, on a busy machine, too.
const TIME_LIMIT: Duration = Duration::from_millis(500);

/// A plug-in that fails in each of its exports, and has an echo that tells whether it is whole: it counts
/// its calls in two places, which a call that ended in its middle leaves different.
fn source() -> impl Fn() -> Result<Plugin, Error> + Send + Sync {
    let guest = echoing(
        r#"(import "extism:host/user" "fail" (func $fail (param i32)))"#,
        r#"(memory 1)
        (global $n (mut i32) (i32.const 0))
        (func $begin (global.set $n (i32.add (global.get $n) (i32.const 1))))
        (func (export "whole") (result i32) (i32.ne (global.get $n) (i32.load (i32.const 0))))
        (func (export "trap") (call $begin) unreachable)
        (func (export "spin") (call $begin) (loop $again (br $again)))
        (func $deep (export "recurse") (call $begin) (call $deep) (call $begin))
        (func (export "host_error") (call $begin) (call $fail (i32.const 0)))
        (func (export "host_panic") (call $begin) (call $fail (i32.const 1)))"#,
    );
    let fail = |_: &mut CurrentPlugin<'_>, how: &[Val], _: &mut [Val], _: UserData<()>| {
        assert!(how[0].unwrap_i32() == 0, "the host's own bug");
        Err(Error::msg("the host will not"))
    };
    let guest = manifest(&guest).with_timeout(TIME_LIMIT);
    let compiled = PluginBuilder::new(guest)
        .with_function("fail", [plugsmith::ValType::I32], [], UserData::new(()), fail)
        .compile()
        .unwrap();
    let n_made = AtomicUsize::new(0);
    move || match n_made.fetch_add(1, Ordering::Relaxed) % 5 {
        3 => Err(Error::msg("none to be had")),
        4 => panic!("none to be had at all"),
        _ => Plugin::new_from_compiled(&compiled),
    }
}

/// Borrows a plug-in, whatever it takes to make one.
fn borrow(pool: &Pool) -> PoolPlugin {
    loop {
        let got = panic::catch_unwind(AssertUnwindSafe(|| pool.get(Duration::MAX)));
        if let Ok(Ok(plugin)) = got {
            return plugin.expect("who waits for ever is served");
        }
    }
}

/// Has one fault happen to a borrowed plug-in.
fn suffer(plugin: &mut PoolPlugin, fault: usize) {
    let name = ["trap", "spin", "recurse", "host_error", "host_panic", "none"][fault % 6];
    let err: CallError = plugin.call::<_, ()>(name, ()).unwrap_err().downcast().unwrap();
    let is_expected = match name {
        "trap" | "recurse" => matches!(err, CallError::Trap { .. }),
        "spin" => matches!(err, CallError::TimedOut { .. }),
        "none" => matches!(err, CallError::NoExport { .. }),
        _ => matches!(err, CallError::Host { .. }),
    };
    assert!(is_expected, "{name}: {err:?}");
}

#[test]
fn a_pool_under_all_faults_keeps_its_promises() {
    let pool = PoolBuilder::new().with_max_instances(N_INSTANCES).build(source());
    let n_borrowed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread_idx in 0..N_THREADS {
            let (pool, n_borrowed) = (&pool, &n_borrowed);
            scope.spawn(move || {
                for round in 0..N_ROUNDS {
                    let fault = round * 5 + thread_idx;
                    // Some give up, and must not take a slot with them.
                    let hasty = panic::catch_unwind(AssertUnwindSafe(|| {
                        drop(pool.get(Duration::from_nanos(1)));
                    }));
                    drop(hasty);
                    let user = AssertUnwindSafe(|| {
                        let mut plugin = borrow(pool);
                        let n_others = n_borrowed.fetch_add(1, Ordering::SeqCst);
                        let used = panic::catch_unwind(AssertUnwindSafe(|| {
                            check_echo(&mut plugin, &format!("{round} of {thread_idx}"));
                            suffer(&mut plugin, fault);
                            plugin.call::<_, ()>("whole", ()).expect("no half call is left");
                        }));
                        n_borrowed.fetch_sub(1, Ordering::SeqCst);
                        assert!(used.is_ok() && n_others < N_INSTANCES);
                        assert!(fault % 7 != 0, "the user's own bug");
                    });
                    let ended = panic::catch_unwind(user);
                    assert_eq!(ended.is_err(), fault % 7 == 0, "fault {fault}");
                }
            });
        }
    });
    assert!(pool.count() <= N_INSTANCES);
    let mut plugins = [(); N_INSTANCES].map(|()| borrow(&pool));
    assert!(pool.get(Duration::ZERO).unwrap().is_none(), "there are no more than allowed");
    for plugin in &mut plugins {
        check_echo(plugin, "in the end");
        plugin.call::<_, ()>("whole", ()).unwrap();
    }
}
