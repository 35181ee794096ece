//! How much memory an instance may have: the budgets that the engine asks before any memory or
//! table of a store is made or grows.
//!
//! Guest memories share one budget over the instance's life; the kernel's memory has its own. The
//! engine tells a limiter nothing that identifies a memory except its declared maximum, so the
//! kernel's memory declares one that `link` allows to no guest: [`KERNEL_MAX_PAGES`].
//!
//! A refusal is what the WebAssembly specification says: `memory.grow` returns -1 and the guest
//! goes on. That it happened is remembered, because a guest that then gives up should not leave the
//! host guessing why.

use plugsmith_kernel::layout::MAX_PAGES as KERNEL_MAX_PAGES;
use wasmtime::ResourceLimiter;

/// The size of a WebAssembly page in bytes.
pub(crate) const PAGE_BYTES: u64 = 65_536;

/// The most elements that all tables of an instance may have together.
pub(crate) const TABLE_ELEMENT_LIMIT: u64 = 1 << 20;

/// The most pages the kernel's memory may have unless the host says otherwise: 1 GiB.
pub(crate) const DEFAULT_KERNEL_PAGE_LIMIT: u32 = 16_384;

/// What one instance may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryLimits {
    /// Pages of all guest memories together. `None` means unlimited.
    pub(crate) guest_pages: Option<u32>,
    /// Pages of the kernel's memory.
    pub(crate) kernel_pages: u32,
    /// Elements of all tables together.
    pub(crate) table_elements: u64,
}

/// A limit that was met during a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    GuestMemory { limit_pages: u32 },
    KernelMemory { limit_pages: u32 },
    Table { limit_elements: u64 },
}

/// Counts what one instance has against what it may have.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limits: MemoryLimits,
    guest_bytes: u64,
    table_elements: u64,
    refusal: Option<Refusal>,
}

impl MemoryBudget {
    pub(crate) fn new(limits: MemoryLimits) -> Self {
        Self { limits, guest_bytes: 0, table_elements: 0, refusal: None }
    }

    /// Forgets what was refused in an earlier call.
    pub(crate) fn begin_call(&mut self) {
        self.refusal = None;
    }

    /// Returns the last refusal of this call.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Returns the bytes of all guest memories.
    pub(crate) fn guest_bytes(&self) -> u64 {
        self.guest_bytes
    }

    fn refuse(&mut self, refusal: Refusal) -> bool {
        self.refusal = Some(refusal);
        false
    }

    fn allow_kernel(&mut self, desired: u64) -> bool {
        let limit_pages = self.limits.kernel_pages;
        desired <= u64::from(limit_pages) * PAGE_BYTES
            || self.refuse(Refusal::KernelMemory { limit_pages })
    }

    fn allow_guest(&mut self, growth: u64) -> bool {
        let wanted = self.guest_bytes.saturating_add(growth);
        if let Some(limit_pages) = self.limits.guest_pages
            && wanted > u64::from(limit_pages) * PAGE_BYTES
        {
            return self.refuse(Refusal::GuestMemory { limit_pages });
        }
        // Should the system refuse what we allow, it stays counted: too strict is safe.
        self.guest_bytes = wanted;
        true
    }
}

impl ResourceLimiter for MemoryBudget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let kernel_maximum = u64::from(KERNEL_MAX_PAGES) * PAGE_BYTES;
        if maximum.is_some_and(|maximum| maximum as u64 == kernel_maximum) {
            return Ok(self.allow_kernel(desired as u64));
        }
        Ok(self.allow_guest((desired - current) as u64))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit_elements = self.limits.table_elements;
        // A seat has room for no more than the most there may be, which the module did not declare.
        let is_declared = |maximum: &usize| *maximum as u64 <= TABLE_ELEMENT_LIMIT;
        if maximum.filter(is_declared).is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.table_elements.saturating_add((desired - current) as u64);
        if wanted > limit_elements {
            return Ok(self.refuse(Refusal::Table { limit_elements }));
        }
        self.table_elements = wanted;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 65_536;

    fn budget(guest_pages: Option<u32>) -> MemoryBudget {
        MemoryBudget::new(MemoryLimits { guest_pages, kernel_pages: 20, table_elements: 1_000 })
    }

    #[test]
    fn guest_memories_share_one_budget_to_the_page() {
        let mut budget = budget(Some(3));
        assert!(budget.memory_growing(0, PAGE, None).unwrap());
        assert!(budget.memory_growing(0, PAGE, Some(9 * PAGE)).unwrap());
        assert!(budget.memory_growing(PAGE, 2 * PAGE, None).unwrap());
        assert_eq!(budget.refusal(), None);
        assert!(!budget.memory_growing(PAGE, 2 * PAGE, None).unwrap());
        assert_eq!(budget.refusal(), Some(Refusal::GuestMemory { limit_pages: 3 }));
    }

    #[test]
    fn growth_beyond_a_declared_maximum_is_no_refusal_of_ours() {
        let mut budget = budget(Some(3));
        assert!(!budget.memory_growing(PAGE, 3 * PAGE, Some(2 * PAGE)).unwrap());
        assert_eq!(budget.refusal(), None);
        assert!(budget.memory_growing(PAGE, 2 * PAGE, Some(2 * PAGE)).unwrap());
    }

    #[test]
    fn the_kernel_has_a_limit_of_its_own() {
        let mut budget = budget(Some(0));
        let kernel = Some(KERNEL_MAX_PAGES as usize * PAGE);
        assert!(budget.memory_growing(16 * PAGE, 20 * PAGE, kernel).unwrap());
        assert!(!budget.memory_growing(20 * PAGE, 21 * PAGE, kernel).unwrap());
        assert_eq!(budget.refusal(), Some(Refusal::KernelMemory { limit_pages: 20 }));
    }

    #[test]
    fn tables_share_one_budget() {
        let mut budget = budget(None);
        assert!(budget.table_growing(0, 600, None).unwrap());
        assert!(!budget.table_growing(0, 401, None).unwrap());
        assert_eq!(budget.refusal(), Some(Refusal::Table { limit_elements: 1_000 }));
        assert!(budget.table_growing(0, 400, None).unwrap());
    }

    #[test]
    fn growth_of_a_table_beyond_its_seat_is_a_refusal_of_ours() {
        let seat = usize::try_from(TABLE_ELEMENT_LIMIT + 1).unwrap();
        for (maximum, expected) in
            [(Some(9), None), (Some(seat), Some(Refusal::Table { limit_elements: 1_000 }))]
        {
            let mut budget = budget(None);
            assert!(!budget.table_growing(0, seat + 1, maximum).unwrap());
            assert_eq!(budget.refusal(), expected);
        }
    }

    #[test]
    fn a_refusal_is_forgotten_when_a_call_begins() {
        let mut budget = budget(Some(0));
        assert!(!budget.memory_growing(0, PAGE, None).unwrap());
        budget.begin_call();
        assert_eq!(budget.refusal(), None);
    }
}
