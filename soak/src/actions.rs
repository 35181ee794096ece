//! What a thread does: one action after another, chosen at random, each of which knows what must come of
//! it.

mod faults;
mod loading;
mod work;

use std::{fmt::Display, time::Duration};

use anyhow::{Result, ensure};
use fastrand::Rng;
use plugsmith::{CallError, Plugin, Pool, PoolPlugin};

use crate::{tally::Tally, world::World};

/// How long a thread waits for a plug-in of the pool. Those who wait get none now and then.
const POOL_PATIENCE: Duration = Duration::from_millis(20);

/// Something to do.
pub(crate) struct Action {
    pub(crate) name: &'static str,
    /// How often it is chosen, compared to others.
    weight: u32,
    is_fault: bool,
    /// Returns an error for what must not be.
    run: fn(&mut Worker<'_>) -> Result<()>,
}

impl Action {
    const fn work(name: &'static str, weight: u32, run: fn(&mut Worker<'_>) -> Result<()>) -> Self {
        Self { name, weight, is_fault: false, run }
    }

    const fn fault(
        name: &'static str,
        weight: u32,
        run: fn(&mut Worker<'_>) -> Result<()>,
    ) -> Self {
        Self { name, weight, is_fault: true, run }
    }
}

/// All there is to do.
pub(crate) const ACTIONS: [Action; 26] = [
    Action::work("echo", 40, work::echo),
    Action::work("large echo", 2, work::large_echo),
    Action::work("sum", 30, work::sum),
    Action::work("variable", 30, work::variable),
    Action::work("state of the instance", 20, work::state),
    Action::work("host function", 30, work::host_functions),
    Action::work("blocks", 10, work::blocks),
    Action::work("logs", 5, work::logs),
    Action::work("fresh plug-in", 20, work::fresh),
    Action::work("pool", 60, work::pooled),
    Action::work("request", 5, work::request),
    Action::work("load", 3, loading::load),
    Action::work("load from cache", 6, loading::load_cached),
    Action::fault("trap", 10, faults::traps),
    Action::fault("status and message", 10, faults::says_no),
    Action::fault("stack overflow", 2, faults::recurses),
    Action::fault("call without end", 2, faults::spins),
    Action::fault("cancelled call", 2, faults::cancelled),
    Action::fault("memory without end", 2, faults::grows),
    Action::fault("failing host function", 8, faults::host_function_fails),
    Action::fault("panicking host function", 4, faults::host_function_panics),
    Action::fault("input too large", 2, faults::input_too_large),
    Action::fault("no such export", 8, faults::no_export),
    Action::fault("trap in the pool", 10, faults::trap_in_pool),
    Action::fault("broken server", 4, faults::broken_server),
    Action::fault("broken module or cache", 4, loading::broken),
];

/// A thread's own plug-in, and what the thread knows of it.
pub(crate) struct Worker<'a> {
    world: &'a World,
    pool: &'a Pool,
    rng: Rng,
    pub(crate) tally: Tally,
    own: Plugin,
    /// How often the instance was asked for its state.
    n_asked: u64,
    /// Whether that may have begun anew.
    may_be_fresh: bool,
    /// How long the variable is.
    variable_len: u64,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(world: &'a World, pool: &'a Pool, rng: Rng) -> Self {
        let own = Plugin::new_from_compiled(&world.patient);
        Self {
            world,
            pool,
            rng,
            tally: Tally::default(),
            own: own.expect("what is compiled makes plug-ins"),
            n_asked: 0,
            may_be_fresh: false,
            variable_len: 0,
        }
    }

    /// Returns the index of an action.
    pub(crate) fn choose(&mut self) -> usize {
        let total = ACTIONS.iter().map(|action| action.weight).sum();
        let mut left = self.rng.u32(0..total);
        ACTIONS
            .iter()
            .position(|action| match left.checked_sub(action.weight) {
                Some(rest) => {
                    left = rest;
                    false
                }
                None => true,
            })
            .expect("the weights add up to the total")
    }

    /// Does something, and a right call of the thread's own plug-in after a fault.
    pub(crate) fn act(&mut self, idx: usize) {
        let action = &ACTIONS[idx];
        let mut outcome = (action.run)(self);
        if action.is_fault {
            self.tally.n_faults += 1;
            outcome = outcome.and_then(|()| work::variable(self));
        }
        *self.tally.actions.entry(action.name).or_default() += 1;
        if let Err(err) = outcome {
            self.tally.wrong.push(format!("{}: {err:#}", action.name));
        }
    }

    /// Calls an export of the thread's own plug-in that gives a number.
    fn number(&mut self, name: &str, input: &[u8]) -> Result<u64> {
        self.tally.n_calls += 1;
        let output: Vec<u8> = self.own.call(name, input)?;
        as_number(&output)
    }

    /// Calls an export of the thread's own plug-in, which must fail.
    fn failure(&mut self, name: &str, input: &[u8]) -> Result<CallError> {
        self.tally.n_calls += 1;
        failure(&mut self.own, name, input)
    }

    /// Notes that the thread's own plug-in must go on with a fresh instance.
    fn is_fresh(&mut self) {
        self.n_asked = 0;
        self.may_be_fresh = false;
    }

    /// Borrows a plug-in of the pool, if there is one in time.
    fn borrow(&mut self) -> Result<Option<PoolPlugin>> {
        let plugin = self.pool.get(POOL_PATIENCE)?;
        ensure!(self.pool.count() <= 3, "the pool has {} plug-ins", self.pool.count());
        Ok(plugin)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.rng.fill(&mut bytes);
        bytes
    }
}

/// Calls an export that must fail.
fn failure(plugin: &mut Plugin, name: &str, input: &[u8]) -> Result<CallError> {
    match plugin.call::<_, Vec<u8>>(name, input) {
        Ok(output) => anyhow::bail!("`{name}` gave {} bytes and did not fail", output.len()),
        Err(err) => err.downcast::<CallError>(),
    }
}

fn as_number(output: &[u8]) -> Result<u64> {
    let bytes = output.try_into();
    Ok(u64::from_le_bytes(bytes.map_err(|_| anyhow::anyhow!("{} bytes, not 8", output.len()))?))
}

fn equal<T: PartialEq + Display>(found: &T, wanted: &T) -> Result<()> {
    ensure!(found == wanted, "got {found} and not {wanted}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn each_action_does_what_it_must_beside_others() {
        let world = World::new().unwrap();
        let pool = world.pool();
        let work = |seed| {
            let mut worker = Worker::new(&world, &pool, Rng::with_seed(seed));
            for idx in 0..ACTIONS.len() {
                worker.act(idx);
            }
            for _ in 0..100 {
                let idx = worker.choose();
                worker.act(idx);
            }
            worker.tally
        };
        let tallies = thread::scope(|scope| {
            let threads = [1, 2, 3, 4].map(|seed| scope.spawn(move || work(seed)));
            threads.map(|thread| thread.join().unwrap())
        });
        for tally in tallies {
            assert_eq!(tally.wrong, [""; 0]);
            assert_eq!(tally.actions.len(), ACTIONS.len());
        }
    }

    #[test]
    fn a_wrong_answer_is_told() {
        let world = World::new().unwrap();
        let pool = world.pool();
        let mut worker = Worker::new(&world, &pool, Rng::with_seed(1));
        worker.variable_len = 5;
        let idx = ACTIONS.iter().position(|action| action.name == "variable").unwrap();
        worker.act(idx);
        assert_eq!(worker.tally.wrong, ["variable: got 1 and not 6"]);
    }
}
