//! The kernel's heap against its model: calls of guests, careful and hostile, and inputs of the host.

use plugsmith_kernel::testing::{Generator, Native, Temper, Trial};

use crate::choices::numbers;

/// The most steps of one trial, each of which compares all bytes that a guest may see.
const MOST_STEPS: usize = 3_000;

/// Takes steps that the bytes choose: the first how the guest behaves and how large memory may become, each
/// number behind it one choice.
///
/// # Panics
///
/// If the heap breaks a promise.
pub fn try_steps(bytes: &[u8]) -> bool {
    let Some((first, choices)) = bytes.split_first() else { return false };
    let temper = if first & 1 == 0 { Temper::Careful } else { Temper::Hostile };
    let page_limit = u32::from(first >> 1) % 18 + 1;
    let mut generator = Generator::from_choices(temper, numbers(choices));
    let mut trial = Trial::new(Native::new(1, page_limit), page_limit, 64);
    for _ in 0..MOST_STEPS {
        if generator.is_exhausted() {
            break;
        }
        let step = generator.next_step(trial.model());
        trial.step(step);
    }
    trial.check();
    true
}
