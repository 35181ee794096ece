//! No more threads: where the ticker cannot start, nothing runs that needs it, and cancellations still
//! arrive.

use std::{
    sync::{
        Arc, Barrier,
        mpsc::{self, Sender},
    },
    thread,
    time::Duration,
};

use plugsmith::{CallError, CurrentPlugin, Plugin, PluginBuilder, UserData, Val};

#[cfg(feature = "http")]
use crate::http;
use crate::{
    child,
    guest::{call_error, chain, check_echo, echoing, manifest, untimed},
    memory::limit_addresses,
};

/// Makes the stacks of new threads so large that [`limit_addresses`] refuses them, and little else.
const LARGE_STACKS: &str = "export RUST_MIN_STACK=268435456";
const ROOM: u64 = 64 << 20;

fn refuse_threads() {
    limit_addresses(Some(ROOM));
    assert!(thread::Builder::new().spawn(|| ()).is_err(), "there are no threads to be had");
}

#[test]
fn without_a_thread_that_keeps_the_time_nothing_runs_that_has_a_limit() {
    const TEST: &str =
        "threads::without_a_thread_that_keeps_the_time_nothing_runs_that_has_a_limit";
    if child::task().is_none() {
        child::run(TEST, "serve", LARGE_STACKS);
        return;
    }
    let guest = manifest(&echoing("", r#"(func (export "spin") (loop $again (br $again)))"#));
    let mut unlimited = untimed(PluginBuilder::new(&guest)).build().unwrap();
    let limited = guest.with_timeout(Duration::from_millis(50));
    let mut limited = Plugin::new(&limited, [], false).unwrap();
    check_echo(&mut unlimited, "before");
    refuse_threads();
    for name in ["spin", "echo"] {
        let err = chain(call_error(&mut limited, name));
        assert!(err.contains("no thread could be started to keep the time limit"), "{err}");
        check_echo(&mut unlimited, "meanwhile");
    }
    limit_addresses(None);
    check_echo(&mut limited, "after");
    let err = call_error(&mut limited, "spin");
    assert!(matches!(err, CallError::TimedOut { .. }), "{err:?}");
}

/// The first cancellation is of another plug-in, whose epoch this one's guest meets, too, and goes on.
#[test]
fn a_cancellation_needs_no_thread() {
    const TEST: &str = "threads::a_cancellation_needs_no_thread";
    if child::task().is_none() {
        child::run(TEST, "serve", LARGE_STACKS);
        return;
    }
    let (entered, has_entered) = mpsc::channel();
    let enter =
        |_: &mut CurrentPlugin<'_>, _: &[Val], _: &mut [Val], entered: UserData<Sender<()>>| {
            let entered = entered.get()?;
            let sent = entered.lock().unwrap().send(());
            Ok(sent?)
        };
    let guest = manifest(&echoing(
        r#"(import "extism:host/user" "enter" (func $enter))"#,
        r#"(func (export "spin") (loop $again (call $enter) (br $again)))"#,
    ));
    let entered = UserData::new(entered);
    let plugin = PluginBuilder::new(guest).with_function("enter", [], [], entered, enter);
    let mut plugin = untimed(plugin).build().unwrap();
    let foreign = Plugin::new(manifest(&echoing("", "")), [], false).unwrap().cancel_handle();
    let (own, rounds) = (plugin.cancel_handle(), Arc::new(()));
    let is_ready = Arc::new(Barrier::new(2));
    let canceller = thread::spawn({
        let (rounds, is_ready) = (Arc::clone(&rounds), Arc::clone(&is_ready));
        move || {
            is_ready.wait();
            // Each time the guest has gone on since.
            for _ in 0..100 {
                has_entered.recv().unwrap();
                foreign.cancel().unwrap();
            }
            drop(rounds);
            own.cancel().unwrap();
            // The guest may say more until it ends.
            while has_entered.recv().is_ok() {}
        }
    });
    // Both threads have all that the system gives to threads before it gives no more.
    is_ready.wait();
    check_echo(&mut plugin, "before");
    refuse_threads();
    let err = call_error(&mut plugin, "spin");
    assert!(matches!(err, CallError::Cancelled), "{err:?}");
    assert_eq!(Arc::strong_count(&rounds), 1, "all others came first");
    limit_addresses(None);
    check_echo(&mut plugin, "after");
    drop(plugin);
    canceller.join().unwrap();
}

/// The system's look-up of a name may take any time, so it has a thread of its own.
#[cfg(feature = "http")]
#[test]
fn without_a_thread_to_look_a_name_up_a_request_fails() {
    const TEST: &str = "threads::without_a_thread_to_look_a_name_up_a_request_fails";
    if child::task().is_none() {
        child::run(TEST, "serve", LARGE_STACKS);
        return;
    }
    let mut plugin =
        untimed(PluginBuilder::new(http::asking("http://localhost:9/"))).build().unwrap();
    refuse_threads();
    let err = chain(call_error(&mut plugin, "ask"));
    assert!(err.contains("request to `http://localhost:9/` failed"), "{err}");
    check_echo(&mut plugin, "after");
}
