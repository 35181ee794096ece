//! Bytes as a list of numbers, for generators that choose by numbers.

/// Reads numbers as LEB128 has them, seven bits a byte: most choices are among few, and so are one byte each.
/// The last number may lack its end.
pub(crate) fn numbers(mut bytes: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    while !bytes.is_empty() {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let Some((byte, rest)) = bytes.split_first() else { break };
            bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                break;
            }
        }
        numbers.push(number);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_say() {
        let rows: [(&[u8], &[u64]); 5] = [
            (&[], &[]),
            (&[0, 127, 5], &[0, 127, 5]),
            (&[0x80, 1, 0xff, 0x7f], &[128, 0x3fff]),
            (&[0x83], &[3]),
            (&[0xff; 11], &[u64::MAX, 127]),
        ];
        for (bytes, expected) in rows {
            assert_eq!(numbers(bytes), expected, "{bytes:?}");
        }
    }
}
