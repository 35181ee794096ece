//! Where an instruction of a fused module was in the guest's own file, for backtraces.

/// A run of bytes that was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Its place in the fused module.
    pub(crate) new: u32,
    /// Its place in the guest's file.
    pub(crate) old: u32,
    pub(crate) len: u32,
}

/// The runs of a fused module's code, in order. What lies between two was written in the place of the
/// instruction behind the first; what lies behind the last is the kernel's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OffsetMap {
    runs: Vec<Run>,
}

impl OffsetMap {
    pub(crate) fn new(runs: Vec<Run>) -> Self {
        Self { runs }
    }

    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns the place in the guest's file of what is at `new` in the fused module, or `None` if
    /// it is none of the guest's.
    pub(crate) fn original(&self, new: u64) -> Option<u64> {
        let last = self.runs.last()?;
        if new >= u64::from(last.new) + u64::from(last.len) {
            return None;
        }
        let n_before = self.runs.partition_point(|run| u64::from(run.new) <= new);
        let run = self.runs.get(n_before.checked_sub(1)?)?;
        Some(u64::from(run.old) + (new - u64::from(run.new)).min(u64::from(run.len)))
    }
}

/// Collects runs in order.
#[derive(Default)]
pub(super) struct OffsetMapBuilder {
    runs: Vec<Run>,
}

impl OffsetMapBuilder {
    /// Notes that `len` bytes at `old` of the guest's file were copied to `new`.
    pub(super) fn push(&mut self, new: usize, old: usize, len: usize) {
        // Modules are at most 256 MiB; should that ever change, backtraces lose a place.
        let (Ok(new), Ok(old), Ok(len)) =
            (u32::try_from(new), u32::try_from(old), u32::try_from(len))
        else {
            return;
        };
        match self.runs.last_mut() {
            Some(last) if last.new + last.len == new && last.old + last.len == old => {
                last.len += len;
            }
            _ => self.runs.push(Run { new, old, len }),
        }
    }

    /// Moves all runs so far by `start`.
    pub(super) fn moved_by(mut self, start: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        for run in &mut self.runs {
            run.new = run.new.saturating_add(start);
        }
        self
    }

    pub(super) fn finish(&mut self) -> OffsetMap {
        OffsetMap::new(std::mem::take(&mut self.runs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_between_runs_are_those_of_what_was_replaced() {
        let mut builder = OffsetMapBuilder::default();
        builder.push(0, 10, 5);
        builder.push(5, 15, 5);
        // Three bytes became eight.
        builder.push(18, 23, 2);
        let map = builder.moved_by(100).finish();
        assert_eq!(map.runs().len(), 2);
        for (new, old) in [
            (99, None),
            (100, Some(10)),
            (109, Some(19)),
            (110, Some(20)),
            (117, Some(20)),
            (118, Some(23)),
            (119, Some(24)),
            (120, None),
            (500, None),
        ] {
            assert_eq!(map.original(new), old, "{new}");
        }
    }
}
