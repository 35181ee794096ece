//! How much memory of the machine this process holds for itself.
//!
//! That is what is resident and not shared: pages of files, such as images of memories that nobody has
//! written to, are in memory once for all.

use std::fs;

use anyhow::{Context as _, Result};

/// Where Linux counts the pages of this process.
const FILE: &str = "/proc/self/statm";

/// Bytes of a page, on the machines that there are builds of the peer for.
const PAGE: u64 = 4096;

/// What is resident and this process's own, in bytes.
///
/// # Errors
///
/// On a system that does not tell, as all but Linux.
pub(crate) fn bytes() -> Result<u64> {
    let text = fs::read_to_string(FILE).with_context(|| format!("reading `{FILE}`"))?;
    parse(&text).with_context(|| format!("`{FILE}` does not look as on Linux: `{}`", text.trim()))
}

/// The second number is what is resident, the third what of it is shared, in pages.
fn parse(statm: &str) -> Option<u64> {
    let mut numbers = statm.split_whitespace().skip(1);
    let mut next = || numbers.next()?.parse::<u64>().ok();
    let (resident, shared) = (next()?, next()?);
    resident.checked_sub(shared)?.checked_mul(PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_pages_do_not_count() {
        let rows = [
            ("2104 512 448 6 0 120 0\n", Some(64 * PAGE)),
            ("2104 512", None),
            ("2104 many 1", None),
            ("2104 1 2", None),
            ("", None),
        ];
        for (text, bytes) in rows {
            assert_eq!(parse(text), bytes, "{text}");
        }
    }
}
