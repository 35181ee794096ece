//! Which descriptors a guest has opened, and how many it may have: each is one of the host's own.

use std::collections::BTreeSet;

/// The descriptors that a guest opened and did not close.
#[derive(Debug)]
pub(super) struct OpenDescriptors {
    numbers: BTreeSet<i32>,
    limit: Option<u32>,
}

impl OpenDescriptors {
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self { numbers: BTreeSet::new(), limit }
    }

    /// Says whether there may be no more of them.
    pub(super) fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.numbers.len() as u64 >= u64::from(limit))
    }

    pub(super) fn note_opened(&mut self, descriptor: i32) {
        self.numbers.insert(descriptor);
    }

    pub(super) fn note_closed(&mut self, descriptor: i32) {
        self.numbers.remove(&descriptor);
    }

    /// Notes that a descriptor has taken the place of another, which was closed.
    pub(super) fn note_renumbered(&mut self, from: i32, to: i32) {
        if from == to {
            return;
        }
        self.numbers.remove(&to);
        if self.numbers.remove(&from) {
            self.numbers.insert(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_known_whatever_number_it_has() {
        let mut open = OpenDescriptors::new(Some(2));
        open.note_opened(4);
        open.note_renumbered(4, 4);
        open.note_renumbered(4, 0);
        assert!(!open.is_full());
        open.note_opened(4);
        assert!(open.is_full());
        // A descriptor that the host opened takes the place of the guest's.
        open.note_renumbered(3, 0);
        assert!(!open.is_full());
        open.note_closed(1);
        open.note_closed(4);
        open.note_opened(5);
        assert!(!open.is_full());
        assert!(!OpenDescriptors::new(None).is_full());
        assert!(OpenDescriptors::new(Some(0)).is_full());
    }
}
