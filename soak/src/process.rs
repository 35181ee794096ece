//! What this process holds of the system, where the system tells: on Linux.

use std::fs;

/// Amounts of what a leak would make ever more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Memory in use, in KiB.
    pub(crate) resident: u64,
    /// Open files, sockets among them.
    pub(crate) files: u64,
    /// Runs of address space.
    pub(crate) maps: u64,
    pub(crate) threads: u64,
}

impl Held {
    /// Looks, or returns `None` where the system does not tell.
    pub(crate) fn look() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        Some(Self {
            resident: field(&status, "VmRSS:")?,
            files: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
            maps: fs::read_to_string("/proc/self/maps").ok()?.lines().count() as u64,
            threads: field(&status, "Threads:")?,
        })
    }

    /// The amounts with what each may have grown by since the soak was warm.
    pub(crate) fn rows(self) -> [(&'static str, u64, u64); 4] {
        [
            // An allocator's arenas fill up for long, and a fresh engine is made when seats are few.
            ("memory, KiB", self.resident, 48 * 1024 + self.resident / 4),
            ("open files", self.files, 8),
            ("memory maps", self.maps, 200),
            ("threads", self.threads, 2),
        ]
    }
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let status = "Name:\tsoak\nVmRSS:\t    5120 kB\nThreads:\t9\n";
        assert_eq!((field(status, "VmRSS:"), field(status, "Threads:")), (Some(5120), Some(9)));
        assert_eq!(field(status, "VmSize:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_holds_something() {
        let held = Held::look().unwrap();
        assert!(held.resident > 0 && held.files > 2 && held.maps > 0 && held.threads > 0);
    }
}
