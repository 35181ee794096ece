//! Pages of memory go back to the system, and read as zeroes from then on.

#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "the system asks for the address of what it is to take back")
)]

/// Makes memory zero by giving its pages back, and says whether the system took them. What has no whole
/// page is left alone.
#[cfg(target_os = "linux")]
pub(super) fn discard(bytes: &mut [u8]) -> bool {
    use rustix::{mm, param};

    let page_len = param::page_size();
    let skipped = bytes.as_ptr().addr().next_multiple_of(page_len) - bytes.as_ptr().addr();
    let Some((head, rest)) = bytes.split_at_mut_checked(skipped) else { return false };
    let (pages, tail) = rest.split_at_mut(rest.len() / page_len * page_len);
    let (start, len) = (pages.as_mut_ptr().cast(), pages.len());
    // SAFETY: `pages` are whole pages, borrowed by nobody else, and stay mapped. Whatever they read as
    // afterwards are bytes.
    let taken = unsafe { mm::madvise(start, len, mm::Advice::LinuxDontNeed) };
    if taken.is_ok() {
        head.fill(0);
        tail.fill(0);
    }
    taken.is_ok()
}

/// Leaves memory as it is: other systems take pages back without a promise that they read as zeroes.
#[cfg(not(target_os = "linux"))]
pub(super) fn discard(_: &mut [u8]) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_zero_to_the_byte() {
        let mut memory = vec![7; 8 << 20];
        for range in [5..70_000, 65_536..131_072, 100_001..3_000_003] {
            memory.fill(7);
            assert!(discard(&mut memory[range.clone()]));
            assert!(memory[range.clone()].iter().all(|&byte| byte == 0));
            assert!(
                memory[..range.start].iter().chain(&memory[range.end..]).all(|&byte| byte == 7)
            );
        }
    }
}
