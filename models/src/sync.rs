//! What takes the place of the host's `sync.rs`: the checker's locks and atomics.
//!
//! The checker knows no time. A wait with a limit is here a wait whose time may be over at any moment,
//! or one that has all the time there is: a thread that then waits in vain is a deadlock, and found.

pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
};

pub(crate) use self::mpsc::{Receiver, Sender};

/// The checker's, which does not know what is made at compile time.
macro_rules! checked_thread_local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = const { $value:expr };) => {
        loom::thread_local! {
            $(#[$meta])*
            static $name: $type = $value;
        }
    };
}
pub(crate) use checked_thread_local as thread_local;

/// Channels.
pub(crate) mod mpsc {
    use std::{sync::mpsc::RecvTimeoutError, time::Duration};

    use loom::sync::mpsc;
    pub(crate) use loom::sync::mpsc::Sender;
    pub(crate) use std::sync::mpsc::{SendError, TryRecvError};

    /// The end of a channel where things arrive.
    pub(crate) struct Receiver<T>(mpsc::Receiver<T>);

    pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = mpsc::channel();
        (sender, Receiver(receiver))
    }

    impl<T> Receiver<T> {
        /// Waits for ever if `timeout` is the longest there is, and else not at all: when this thread
        /// comes here, its time is over.
        pub(crate) fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
            if timeout == Duration::MAX {
                self.0.recv().map_err(RecvTimeoutError::from)
            } else {
                self.try_recv().map_err(|_| RecvTimeoutError::Timeout)
            }
        }

        pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
            self.0.try_recv()
        }
    }
}
