//! Reading bytes that a stranger wrote: every length is held against what is there, and nothing is
//! allocated.

/// The most bytes of a number of 32 bits.
const NUMBER_LIMIT: u32 = 5;

/// What is left of some bytes. Each method returns `None` if there is not enough left, and takes nothing
/// then that matters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Returns all that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    /// Takes a number as WebAssembly has them: seven bits a byte, the lowest first.
    pub(crate) fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for idx in 0..NUMBER_LIMIT {
            let byte = self.byte()?;
            let bits = u32::from(byte & 0x7f);
            if bits.leading_zeros() < idx * 7 {
                return None;
            }
            number |= bits << (idx * 7);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// Takes a number, and as many bytes.
    pub(crate) fn prefixed(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        self.take(usize::try_from(len).ok()?)
    }

    /// Takes four bytes, the highest first, as keys of OpenSSH have numbers.
    pub(crate) fn big_endian(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// Takes such a number, and as many bytes.
    pub(crate) fn big_endian_prefixed(&mut self) -> Option<&'a [u8]> {
        let len = self.big_endian()?;
        self.take(usize::try_from(len).ok()?)
    }
}

/// Appends a number as WebAssembly has them.
pub(crate) fn put_number(bytes: &mut Vec<u8>, number: usize) {
    let mut rest = number;
    while rest > 0x7f {
        bytes.push(low_bits(rest) | 0x80);
        rest >>= 7;
    }
    bytes.push(low_bits(rest));
}

/// Appends a number and as many bytes.
pub(crate) fn put_prefixed(bytes: &mut Vec<u8>, prefixed: &[u8]) {
    put_number(bytes, prefixed.len());
    bytes.extend_from_slice(prefixed);
}

fn low_bits(number: usize) -> u8 {
    u8::try_from(number & 0x7f).expect("seven bits fit")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_32_bits() {
        let rows: [(&[u8], Option<u32>); 9] = [
            (b"", None),
            (b"\0", Some(0)),
            (b"\x7f", Some(127)),
            (b"\x80", None),
            (b"\x80\x01", Some(128)),
            (b"\x85\x80\x80\x80\0", Some(5)),
            (b"\xff\xff\xff\xff\x0f", Some(u32::MAX)),
            (b"\xff\xff\xff\xff\x1f", None),
            (b"\x80\x80\x80\x80\x80\0", None),
        ];
        for (bytes, number) in rows {
            assert_eq!(Reader::new(bytes).number(), number, "{bytes:?}");
        }
    }

    #[test]
    fn nothing_longer_than_what_is_there_is_taken() {
        for bytes in [&b"\x05abcd"[..], b"\xff\xff\xff\xff\x0fabcd"] {
            assert_eq!(Reader::new(bytes).prefixed(), None);
        }
        for bytes in [&b"\0\0\0\x05abcd"[..], b"\xff\xff\xff\xffabcd", b"\0\0"] {
            assert_eq!(Reader::new(bytes).big_endian_prefixed(), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_put_is_read(number: u32, bytes: Vec<u8>) {
            let mut put = Vec::new();
            put_number(&mut put, usize::try_from(number).expect("it fits"));
            put_prefixed(&mut put, &bytes);
            let mut reader = Reader::new(&put);
            prop_assert_eq!(reader.number(), Some(number));
            prop_assert_eq!(reader.prefixed(), Some(&bytes[..]));
            prop_assert!(reader.is_empty());
        }
    }
}
