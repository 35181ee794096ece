//! Bytes as people compare them.

use std::fmt::{self, Write as _};

/// The most bytes that are shown; a stranger may have chosen them.
const SHOWN_LIMIT: usize = 32;

/// Writes bytes as hexadecimal digits, and a sign for those that are left out.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for byte in bytes.iter().take(SHOWN_LIMIT) {
        write!(f, "{byte:02x}")?;
    }
    if bytes.len() > SHOWN_LIMIT { f.write_char('…') } else { Ok(()) }
}
