//! Hosts that run tokio: calls wait for files and timers, and neither panic nor hang.

use std::time::Duration;

use plugsmith::{CallError, Plugin};
use tokio::runtime::{Builder, Runtime};

use super::{Folder, call, granted, guest, status};

/// Every kind of runtime that a host may have, with no driver of its own.
fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().build().unwrap(),
        Builder::new_multi_thread().worker_threads(1).build().unwrap(),
    ]
}

/// Does all that the implementation waits for.
fn use_everything(plugin: &mut Plugin) {
    assert_eq!(status(plugin, "write", "a.txt"), 0);
    assert_eq!(call(plugin, "read", "a.txt").unwrap(), "hello");
    assert_eq!(status(plugin, "nap", ""), 0);
    assert_eq!(status(plugin, "print", "inside a runtime\n"), 0);
    assert_eq!(call(plugin, "exit", "\0").unwrap(), "\0");
}

#[test]
fn a_host_may_call_within_its_own_runtime() {
    for (idx, runtime) in runtimes().into_iter().enumerate() {
        let folder = Folder::new(&format!("runtime_{idx}"));
        let manifest = guest().with_allowed_path(folder.path.to_str().unwrap(), "/");
        let mut plugin = granted(manifest);
        // On the thread that runs the runtime, entered only, and in a task.
        runtime.block_on(async { use_everything(&mut plugin) });
        {
            let _entered = runtime.enter();
            use_everything(&mut plugin);
        }
        let task = runtime.spawn(async move {
            use_everything(&mut plugin);
            plugin
        });
        use_everything(&mut runtime.block_on(task).unwrap());
    }
}

#[test]
fn one_task_may_wait_any_number_of_times() {
    for runtime in runtimes() {
        let mut plugin = granted(guest());
        runtime.block_on(async {
            for _ in 0..300 {
                assert_eq!(status(&mut plugin, "nap", ""), 0);
            }
        });
    }
}

#[test]
fn time_limits_hold_within_a_runtime() {
    for runtime in runtimes() {
        let mut plugin = granted(guest().with_timeout(Duration::from_millis(20)));
        runtime.block_on(async {
            let err = call(&mut plugin, "sleep", "").unwrap_err();
            assert!(matches!(err, CallError::TimedOut { .. }), "{err:?}");
            assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
        });
    }
}
