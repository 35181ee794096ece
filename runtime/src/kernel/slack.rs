//! Memory that a large call took, given back to the system when small calls follow.
//!
//! WebAssembly's memories never shrink, but the pages behind them can go and come back as zeroes, as
//! all of the kernel's memory behind `dirty_end` must read. They go after some small calls in a row,
//! so that a guest whose calls are all large does not pay for it.

use super::discard::discard;

/// How many bytes of a kernel's memory are never given back.
const KEPT_BYTES: usize = 1 << 20;

/// How many bytes make it worth the while.
const LEAST_BYTES: usize = 1 << 20;

/// A call is small whose input is at most this part of what was used before.
const SMALL_PART: u32 = 8;

/// How many small calls in a row must have come.
const N_SMALL_CALLS: u8 = 8;

/// What an instance's kernel has in memory and does not use.
#[derive(Debug)]
pub(crate) struct Slack {
    /// Whether pages that were given back come back as zeroes: not where the host has its own way to
    /// make memories.
    is_known: bool,
    n_small_calls: u8,
}

impl Slack {
    /// Begins without any. `is_known` says whether the engine makes memories as it does by itself.
    pub(crate) fn new(is_known: bool) -> Self {
        Self { is_known, n_small_calls: 0 }
    }

    /// Gives back what is worth it of the `memory` from `position` on, where the input of a new call
    /// ends, to `dirty_end`, and returns the new `dirty_end`.
    pub(super) fn give_back(&mut self, memory: &mut [u8], position: u32, dirty_end: u32) -> u32 {
        let kept = (position as usize).max(KEPT_BYTES);
        let unused = memory.get_mut(kept..dirty_end as usize).unwrap_or_default();
        if unused.len() < LEAST_BYTES || position > dirty_end / SMALL_PART {
            self.n_small_calls = 0;
            return dirty_end;
        }
        self.n_small_calls += 1;
        if self.n_small_calls < N_SMALL_CALLS {
            return dirty_end;
        }
        self.n_small_calls = 0;
        if self.is_known && discard(unused) {
            u32::try_from(kept).unwrap_or(dirty_end)
        } else {
            dirty_end
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: u32 = 5 << 20;

    fn memory() -> Vec<u8> {
        vec![7; 8 << 20]
    }

    #[test]
    fn some_small_calls_in_a_row_are_waited_for() {
        let (mut slack, mut memory) = (Slack::new(true), memory());
        for _ in 0..3 {
            for _ in 1..N_SMALL_CALLS {
                assert_eq!(slack.give_back(&mut memory, 2_000, LARGE), LARGE);
            }
            assert_eq!(slack.give_back(&mut memory, LARGE / 2, LARGE), LARGE);
        }
        assert!(memory.iter().all(|&byte| byte == 7));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn after_them_all_goes_but_a_part() {
        let (mut slack, mut memory) = (Slack::new(true), memory());
        let ends = [(); N_SMALL_CALLS as usize]
            .map(|()| slack.give_back(&mut memory, 2_000, LARGE) as usize);
        assert_eq!(ends.last(), Some(&KEPT_BYTES));
        assert!(memory[KEPT_BYTES..LARGE as usize].iter().all(|&byte| byte == 0));
        assert!(memory[..KEPT_BYTES].iter().all(|&byte| byte == 7));
    }

    #[test]
    fn memory_of_unknown_making_is_left_alone() {
        let (mut slack, mut memory) = (Slack::new(false), memory());
        for _ in 0..3 * N_SMALL_CALLS {
            assert_eq!(slack.give_back(&mut memory, 2_000, LARGE), LARGE);
        }
        assert!(memory.iter().all(|&byte| byte == 7));
    }
}
