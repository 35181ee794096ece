//! What threads share state through, in one place.
//!
//! The state machines of time limits, cancellations and pools name nothing of `std::sync` but this.
//! `models` compiles their files a second time, with a `sync.rs` of its own, whose locks and atomics try
//! every order in which threads can meet on them. `Arc` is not among these: what is shared through it
//! never changes.

pub(crate) use std::{
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
        mpsc::{self, Receiver, Sender},
    },
    thread_local,
};
