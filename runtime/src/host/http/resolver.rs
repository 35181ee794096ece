//! Looks up the addresses of names, as the system does.
//!
//! The system's look-up cannot be broken off: who asks for no longer than a time has a thread ask, and
//! leaves that to its fate when the time is over. A name server may be hostile, and take as long as the
//! system waits for it, so there are so many of those threads and no more, for a plug-in and for the whole
//! process: who finds all of them taken waits for one within the same time.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ArrayVec, DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// How many names are looked up at once for all instances of a plug-in.
const N_LOOKUPS: usize = 32;

/// How many are for all plug-ins of the process, so that those which come and go leave no more behind.
const N_LOOKUPS_OF_PROCESS: usize = 8 * N_LOOKUPS;

static PROCESS: LazyLock<Arc<Slots>> = LazyLock::new(|| Slots::new(N_LOOKUPS_OF_PROCESS));

/// How many addresses of one name are tried.
const N_ADDRESSES: usize = 16;

/// Resolves names as the system does.
#[derive(Debug, Default)]
pub(super) struct NameResolver {
    lookups: Lookups,
}

impl Resolver for NameResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let (scheme, authority) = uri.scheme().zip(uri.authority()).ok_or(Error::HostNotFound)?;
        let host = DefaultResolver::host_and_port(scheme, authority).ok_or(Error::HostNotFound)?;
        let found = if let Ok(address) = host.parse() {
            vec![address]
        } else {
            let look_up = move || Ok(host.to_socket_addrs()?.take(N_ADDRESSES).collect());
            let found = self.lookups.run(*timeout.after, look_up)?;
            found.ok_or(Error::Timeout(timeout.reason))?
        };
        let mut addresses: ArrayVec<SocketAddr, N_ADDRESSES> = self.empty();
        for address in found {
            addresses.push(address);
        }
        if addresses.is_empty() { Err(Error::HostNotFound) } else { Ok(addresses) }
    }
}

/// Runs look-ups in threads of their own, of which there are [`N_LOOKUPS`] at most, and with those of all
/// others, so many as `process` has slots.
#[derive(Debug)]
struct Lookups {
    slots: Arc<Slots>,
    process: Arc<Slots>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { slots: Slots::new(N_LOOKUPS), process: Arc::clone(&PROCESS) }
    }
}

impl Lookups {
    /// Returns what a look-up finds, or `None` if the time is over before it does.
    fn run(
        &self,
        time: Duration,
        look_up: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> io::Result<Option<Vec<SocketAddr>>> {
        let start = Instant::now();
        let left = || time.saturating_sub(start.elapsed());
        let Some(slot) = Slot::take(&self.slots, time) else { return Ok(None) };
        let Some(process_slot) = Slot::take(&self.process, left()) else { return Ok(None) };
        let (sender, found) = mpsc::sync_channel(1);
        let run = move || {
            let found = look_up();
            drop((slot, process_slot));
            // Perhaps nobody waits any more.
            let _ = sender.send(found);
        };
        thread::Builder::new().name("plugsmith-lookup".to_owned()).spawn(run)?;
        match found.recv_timeout(left()) {
            Ok(found) => found.map(Some),
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
            Err(err @ mpsc::RecvTimeoutError::Disconnected) => Err(io::Error::other(err)),
        }
    }
}

/// How many look-ups are under way.
#[derive(Debug)]
struct Slots {
    limit: usize,
    n_taken: Mutex<usize>,
    freed: Condvar,
}

impl Slots {
    fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, n_taken: Mutex::new(0), freed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.n_taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look-up under way, till it is dropped.
struct Slot {
    slots: Arc<Slots>,
}

impl Slot {
    /// Waits for one to be free, for so long at most.
    fn take(slots: &Arc<Slots>, time: Duration) -> Option<Self> {
        let n_taken = slots.lock();
        let all = |n_taken: &mut usize| *n_taken >= slots.limit;
        let waited = slots.freed.wait_timeout_while(n_taken, time, all);
        let (mut n_taken, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *n_taken += 1;
        Some(Self { slots: Arc::clone(slots) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.slots.lock() -= 1;
        self.slots.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn address() -> Vec<SocketAddr> {
        vec![SocketAddr::from(([192, 0, 2, 1], 80))]
    }

    #[test]
    fn plug_ins_share_the_threads_of_the_process() {
        let process = Slots::new(1);
        let [one, other] =
            [(); 2].map(|()| Lookups { slots: Slots::new(2), process: Arc::clone(&process) });
        let (release, held) = mpsc::channel::<()>();
        let stuck = move || {
            // Until the sender is gone.
            let _ = held.recv();
            Ok(address())
        };
        assert_eq!(one.run(Duration::ZERO, stuck).unwrap(), None);
        let one_more = || panic!("there is no thread for it");
        assert_eq!(other.run(Duration::ZERO, one_more).unwrap(), None);
        drop(release);
        assert_eq!(other.run(LONG, || Ok(address())).unwrap(), Some(address()));
    }

    #[test]
    fn a_look_up_that_never_ends_keeps_one_thread_and_nobody_waiting() {
        let lookups = Lookups::default();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        for _ in 0..N_LOOKUPS {
            let held = Arc::clone(&held);
            let stuck = move || {
                // Until the sender is gone.
                let _ = held.lock().unwrap().recv();
                Ok(address())
            };
            assert_eq!(lookups.run(Duration::ZERO, stuck).unwrap(), None);
        }
        assert_eq!(*lookups.slots.lock(), N_LOOKUPS);
        let one_more = || panic!("there is no thread for it");
        assert_eq!(lookups.run(Duration::ZERO, one_more).unwrap(), None);
        drop(release);
        assert_eq!(lookups.run(LONG, || Ok(address())).unwrap(), Some(address()));
    }

    #[test]
    fn a_look_up_that_fails_or_panics_is_an_error_and_gives_its_thread_back() {
        let lookups = Lookups::default();
        for _ in 0..=N_LOOKUPS {
            let err = lookups.run(LONG, || Err(io::Error::other("no such name"))).unwrap_err();
            assert_eq!(err.to_string(), "no such name");
            lookups.run(LONG, || panic!("a look-up that panics")).unwrap_err();
        }
        assert_eq!(lookups.run(LONG, || Ok(address())).unwrap(), Some(address()));
    }
}
