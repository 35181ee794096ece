//! Host functions that block, come back in, or bring others down with them. Single panics and errors are
//! tested in `tests/it/host_functions.rs`.

use std::{
    panic,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use plugsmith::{
    CallError, CompiledPlugin, CurrentPlugin, Error, Manifest, Plugin, PluginBuilder, Pool,
    PoolBuilder, UserData, Val,
};

use crate::guest::{call_error, chain, check_echo, echoing, manifest};

/// A guest whose `run` calls the host's `work`.
fn working() -> String {
    echoing(
        r#"(import "extism:host/user" "work" (func $work))"#,
        r#"(func (export "run") (call $work))
        (func (export "work_on") (loop $again (call $work) (br $again)))"#,
    )
}

fn builder<T: Send + 'static>(
    data: T,
    work: impl Fn(&mut T) -> Result<(), Error> + Send + Sync + 'static,
) -> PluginBuilder<'static> {
    let work = move |_: &mut CurrentPlugin<'_>, _: &[Val], _: &mut [Val], data: UserData<T>| {
        let data = data.get()?;
        let mut data = data.lock().map_err(|_| Error::msg("the data are poisoned"))?;
        work(&mut data)
    };
    PluginBuilder::new(manifest(&working())).with_function(
        "work",
        [],
        [],
        UserData::new(data),
        work,
    )
}

/// The same for work that several threads may do at once.
fn blocking(
    guest: Manifest,
    work: impl Fn() -> Result<(), Error> + Send + Sync + 'static,
) -> PluginBuilder<'static> {
    let work = move |_: &mut CurrentPlugin<'_>, _: &[Val], _: &mut [Val], _: UserData<()>| work();
    PluginBuilder::new(guest).with_function("work", [], [], UserData::new(()), work)
}

#[test]
fn a_cancellation_waits_for_a_host_function_that_blocks() {
    let (entered, has_entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let mut plugin = builder((entered, released), |(entered, released)| {
        entered.send(())?;
        Ok(released.recv()?)
    })
    .build()
    .unwrap();
    let cancel = plugin.cancel_handle();
    let canceller = thread::spawn(move || {
        has_entered.recv().unwrap();
        cancel.cancel().unwrap();
        release.send(()).unwrap();
    });
    let err = call_error(&mut plugin, "work_on");
    assert!(matches!(err, CallError::Cancelled), "{err:?}");
    canceller.join().unwrap();
    check_echo(&mut plugin, "after");
}

#[test]
fn a_time_limit_counts_what_a_host_function_blocks() {
    // What the function waits for is another plug-in, whose own limit is longer.
    let endless = r#"(module (func (export "run") (loop $again (br $again))))"#;
    let endless = manifest(endless).with_timeout(Duration::from_millis(20));
    let other = Mutex::new(Plugin::new(endless, [], false).unwrap());
    let guest = manifest(&working()).with_timeout(Duration::from_millis(2));
    let mut plugin = blocking(guest, move || {
        let err = call_error(&mut other.lock().unwrap(), "run");
        assert!(matches!(err, CallError::TimedOut { .. }), "{err:?}");
        Ok(())
    })
    .build()
    .unwrap();
    for _ in 0..2 {
        let err = call_error(&mut plugin, "run");
        assert!(matches!(err, CallError::TimedOut { .. }), "{err:?}");
    }
}

/// A host function may call other plug-ins, which call it again, as deep as the host lets them.
#[test]
fn a_host_function_that_comes_back_in_by_other_plugins_ends_at_its_own_depth() {
    const DEPTH: u32 = 24;
    type Nest = Arc<Mutex<Option<CompiledPlugin>>>;
    let nest = Nest::default();
    let depth = AtomicU32::new(0);
    let inner = Arc::clone(&nest);
    let compiled = blocking(manifest(&working()), move || {
        if depth.fetch_add(1, Ordering::Relaxed) == DEPTH {
            return Err(Error::msg("deep enough"));
        }
        let compiled = inner.lock().unwrap().clone().unwrap();
        Plugin::new_from_compiled(&compiled)?.call::<_, ()>("run", ())
    })
    .compile()
    .unwrap();
    *nest.lock().unwrap() = Some(compiled.clone());
    let mut plugin = Plugin::new_from_compiled(&compiled).unwrap();
    let err = chain(call_error(&mut plugin, "run"));
    assert!(err.ends_with("deep enough"), "{err}");
    check_echo(&mut plugin, "after");
    // Else the compilation and its function would keep each other alive.
    nest.lock().unwrap().take();
}

/// A pool's plug-in whose host function wants one more of the pool gets none, and waits for none.
#[test]
fn a_host_function_that_wants_more_of_its_own_pool_is_told() {
    type Shared = Arc<Mutex<Option<Pool>>>;
    let shared = Shared::default();
    let compiled = builder(Arc::clone(&shared), |shared| {
        let pool = shared.lock().unwrap().clone().unwrap();
        match pool.get(Duration::from_nanos(1))? {
            Some(_) => Err(Error::msg("there was one more")),
            None => Err(Error::msg("the pool has none left")),
        }
    })
    .compile()
    .unwrap();
    let pool = PoolBuilder::new()
        .with_max_instances(1)
        .build(move || Plugin::new_from_compiled(&compiled));
    *shared.lock().unwrap() = Some(pool.clone());
    for _ in 0..3 {
        let mut plugin = pool.get(Duration::ZERO).unwrap().unwrap();
        let err = chain(call_error(&mut plugin, "run"));
        assert!(err.ends_with("the pool has none left"), "{err}");
        check_echo(&mut plugin, "after");
    }
    shared.lock().unwrap().take();
}

#[test]
fn panics_of_any_kind_are_errors_of_their_call() {
    let mut plugin = builder(0, |n_calls: &mut u32| {
        *n_calls += 1;
        match *n_calls {
            1 => panic!("{}", "made of parts"),
            2 => panic::panic_any(7_u8),
            3 => panic::panic_any(String::new()),
            _ => Ok(()),
        }
    })
    .build()
    .unwrap();
    for _ in 0..3 {
        let err = call_error(&mut plugin, "run");
        assert!(chain(err).contains("host function panicked"));
        check_echo(&mut plugin, "after");
    }
    plugin.call::<_, ()>("run", ()).unwrap();
}

/// Threads whose host functions panic at the same moment, and one that is cancelled meanwhile.
#[test]
fn faults_of_one_plugin_are_no_others() {
    const N_THREADS: usize = 4;
    let barrier = Barrier::new(N_THREADS);
    let compiled = blocking(manifest(&working()), || panic!("all at once")).compile().unwrap();
    let calm = builder((), |()| Ok(())).compile().unwrap();
    thread::scope(|scope| {
        for _ in 0..N_THREADS {
            scope.spawn(|| {
                let mut faulty = Plugin::new_from_compiled(&compiled).unwrap();
                let mut calm = Plugin::new_from_compiled(&calm).unwrap();
                let foreign = faulty.cancel_handle();
                barrier.wait();
                for round in 0..20 {
                    assert!(chain(call_error(&mut faulty, "run")).contains("all at once"));
                    foreign.cancel().unwrap();
                    calm.call::<_, ()>("run", ()).unwrap();
                    check_echo(&mut calm, &format!("round {round}"));
                    let err = call_error(&mut faulty, "echo");
                    assert!(matches!(err, CallError::Cancelled), "{err:?}");
                }
            });
        }
    });
}
