//! A module as signatures see it: the section that they lie in, and the parts that they cover.
//!
//! Only the borders of sections are looked at. What is in them, the engine validates.
//!
//! ```text
//! magic and version | signature | sections of part 1, delimiter | … | sections of part n, delimiter?
//! 8 bytes           | at most 1 | hash 1 ──────────────────────▶|   | hash n: of all parts up to here
//! ```

use ring::digest::{Context, SHA256};

use crate::reader::{Reader, put_number, put_prefixed};

/// How every core module begins: magic number and version 1.
const MODULE_START: [u8; 8] = *b"\0asm\x01\0\0\0";

/// The name of the section that signatures lie in.
const SIGNATURE: &[u8] = b"signature";

/// The name of the sections that end parts.
const DELIMITER: &[u8] = b"signature_delimiter";

/// The number of all custom sections.
const CUSTOM: u8 = 0;

/// How many parts a module may have; other tools know no more either.
pub(crate) const PARTS_LIMIT: usize = 64;

/// Bytes of a hash.
pub(crate) const HASH_LEN: usize = 32;

/// Why bytes are no module that can be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// The bytes are something else: text, a component, a manifest.
    #[error("not a WebAssembly module in binary form: it starts with `{start}`")]
    NotModule {
        /// The first bytes, escaped.
        start: String,
    },
    /// A section is longer than what is left.
    #[error("the section at byte {offset} goes on past the end of the module")]
    Truncated {
        /// Where the section starts.
        offset: usize,
    },
    /// A section of signatures is not the first, or not the only one.
    #[error(
        "the section `signature` at byte {offset} is not the first of the module, as it has to be"
    )]
    Misplaced {
        /// Where the section starts.
        offset: usize,
    },
    /// The module is divided into more parts than are looked at.
    #[error("the module has more than {limit} parts, each with a section `signature_delimiter`")]
    TooManyParts {
        /// How many it may have.
        limit: usize,
    },
}

/// A module, whose sections end where it does.
#[derive(Debug)]
pub(crate) struct Module<'a> {
    /// What the section of signatures holds.
    signatures: Option<&'a [u8]>,
    /// All other sections.
    content: &'a [u8],
    /// Where in the content parts end; the last one ends with it.
    ends: Vec<usize>,
}

impl<'a> Module<'a> {
    /// Finds the sections.
    ///
    /// # Errors
    ///
    /// A [`ModuleError`].
    pub(crate) fn parse(wasm: &'a [u8]) -> Result<Self, ModuleError> {
        let Some(sections) = wasm.strip_prefix(&MODULE_START) else {
            let start = wasm[..wasm.len().min(16)].escape_ascii().to_string();
            return Err(ModuleError::NotModule { start });
        };
        let mut module = Self { signatures: None, content: sections, ends: Vec::new() };
        let mut reader = Reader::new(sections);
        while !reader.is_empty() {
            let offset = wasm.len() - reader.rest().len();
            let section = Section::next(&mut reader).ok_or(ModuleError::Truncated { offset })?;
            match section.name {
                Some(SIGNATURE) if offset == MODULE_START.len() => {
                    (module.signatures, module.content) = (Some(section.data), reader.rest());
                }
                Some(SIGNATURE) => return Err(ModuleError::Misplaced { offset }),
                Some(DELIMITER) => module.end_part(reader)?,
                _ => {}
            }
        }
        if module.ends.last() != Some(&module.content.len()) {
            module.end_part(reader)?;
        }
        Ok(module)
    }

    fn end_part(&mut self, rest: Reader<'_>) -> Result<(), ModuleError> {
        if self.ends.len() == PARTS_LIMIT {
            return Err(ModuleError::TooManyParts { limit: PARTS_LIMIT });
        }
        self.ends.push(self.content.len() - rest.rest().len());
        Ok(())
    }

    /// Returns what the section of signatures holds, if there is one.
    pub(crate) fn signatures(&self) -> Option<&'a [u8]> {
        self.signatures
    }

    /// Returns the hashes of all that is in the module, one behind the other: for each part that of
    /// everything up to its end, the signatures left out.
    pub(crate) fn hashes(&self) -> Vec<u8> {
        let mut context = Context::new(&SHA256);
        let mut hashes = Vec::new();
        let mut start = 0;
        for end in &self.ends {
            context.update(&self.content[start..*end]);
            hashes.extend_from_slice(context.clone().finish().as_ref());
            start = *end;
        }
        hashes
    }

    /// Returns the module without signatures.
    pub(crate) fn unsigned(&self) -> Vec<u8> {
        [&MODULE_START, self.content].concat()
    }

    /// Returns the module with these signatures in place of those that it has.
    pub(crate) fn signed(&self, signatures: &[u8]) -> Vec<u8> {
        let mut section = Vec::new();
        put_prefixed(&mut section, SIGNATURE);
        section.extend_from_slice(signatures);
        let mut wasm = MODULE_START.to_vec();
        wasm.push(CUSTOM);
        put_number(&mut wasm, section.len());
        wasm.extend_from_slice(&section);
        wasm.extend_from_slice(self.content);
        wasm
    }
}

/// One section.
struct Section<'a> {
    /// The name of a custom section, if that has one.
    name: Option<&'a [u8]>,
    /// What is behind the name, or all of it.
    data: &'a [u8],
}

impl<'a> Section<'a> {
    /// Takes a section, or returns `None` if it has no end.
    fn next(reader: &mut Reader<'a>) -> Option<Self> {
        let id = reader.byte()?;
        let section = reader.prefixed()?;
        if id != CUSTOM {
            return Some(Self { name: None, data: section });
        }
        let mut data = Reader::new(section);
        // The engine refuses custom sections without a name; here they are like any other.
        let name = data.prefixed();
        Some(Self { name, data: data.rest() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIMITER_SECTION: &[u8] = b"\0\x24\x13signature_delimiter0123456789abcdef";

    fn module(sections: &[&[u8]]) -> Vec<u8> {
        [&MODULE_START[..], &sections.concat()].concat()
    }

    fn sha256(parts: &[&[u8]]) -> Vec<u8> {
        ring::digest::digest(&SHA256, &parts.concat()).as_ref().to_vec()
    }

    #[test]
    fn each_delimiter_ends_a_part() {
        let (types, data) = (&b"\x01\x01\0"[..], &b"\x0b\x01\0"[..]);
        let delimiter = DELIMITER_SECTION;
        let rows = [
            (vec![], vec![sha256(&[])]),
            (vec![types, data], vec![sha256(&[types, data])]),
            (vec![types, data, delimiter], vec![sha256(&[types, data, delimiter])]),
            (
                vec![types, delimiter, data],
                vec![sha256(&[types, delimiter]), sha256(&[types, delimiter, data])],
            ),
            (
                vec![types, delimiter, data, delimiter],
                vec![sha256(&[types, delimiter]), sha256(&[types, delimiter, data, delimiter])],
            ),
        ];
        for (sections, hashes) in rows {
            let wasm = module(&sections);
            let parsed = Module::parse(&wasm).expect("it is well formed");
            assert_eq!(parsed.hashes(), hashes.concat(), "{sections:?}");
            // The section of signatures is no part of what is signed.
            let signed = parsed.signed(b"anything");
            let parsed = Module::parse(&signed).expect("it is well formed");
            assert_eq!(parsed.signatures(), Some(&b"anything"[..]));
            assert_eq!(parsed.hashes(), hashes.concat(), "{sections:?}");
            assert_eq!(parsed.unsigned(), wasm);
        }
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let signature: &[u8] = b"\0\x0b\x09signature!";
        let not_module = |start: &str| ModuleError::NotModule { start: start.to_owned() };
        let rows: [(Vec<u8>, ModuleError); 11] = [
            (Vec::new(), not_module("")),
            (b"(module)".to_vec(), not_module("(module)")),
            (b"\0asm".to_vec(), not_module("\\x00asm")),
            (b"\0asm\x0d\0\x01\0".to_vec(), not_module("\\x00asm\\r\\x00\\x01\\x00")),
            (module(&[b"\x01"]), ModuleError::Truncated { offset: 8 }),
            (module(&[b"\x01\x05abcd"]), ModuleError::Truncated { offset: 8 }),
            (module(&[b"\x01\x01a\0"]), ModuleError::Truncated { offset: 11 }),
            (module(&[b"\x01\xff\xff\xff\xff\x0fa"]), ModuleError::Truncated { offset: 8 }),
            (module(&[signature, signature]), ModuleError::Misplaced { offset: 21 }),
            (module(&[b"\x01\0", signature]), ModuleError::Misplaced { offset: 10 }),
            (
                module(&[DELIMITER_SECTION; PARTS_LIMIT + 1]),
                ModuleError::TooManyParts { limit: PARTS_LIMIT },
            ),
        ];
        for (wasm, err) in rows {
            assert_eq!(Module::parse(&wasm).map(|_| ()), Err(err), "{wasm:?}");
        }
        assert!(Module::parse(&module(&[DELIMITER_SECTION; PARTS_LIMIT])).is_ok());
    }
}
