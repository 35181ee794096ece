//! Keys as OpenSSL has them: what is in the Base64 of PEM (RFC 8410). Keys of Ed25519 have one length and
//! one form each, so nothing is parsed but compared.

use super::{KEY_LEN, KeyMistake, text::FoundSecret};

/// A sequence of the number 1.3.101.112, which is Ed25519, and of a string of bits.
const PUBLIC_START: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// The same number, and a string of bytes, in a string of bytes; what comes before has a length and a version.
const SECRET_START: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// What may stand before the public key behind a secret one: as the standard has it, and as `ring` had it.
const PUBLIC_HALF_STARTS: [&[u8]; 2] = [b"\x81\x21\x00", b"\xa1\x23\x03\x21\x00"];

/// Reads a public key.
pub(super) fn public(der: &[u8]) -> Result<[u8; KEY_LEN], KeyMistake> {
    let key = der.strip_prefix(PUBLIC_START).ok_or_else(|| wrong(der))?;
    key.try_into().map_err(|_| KeyMistake::Damaged { what: LENGTH })
}

/// Reads a secret key, with or without the public one behind it.
pub(super) fn secret(der: &[u8]) -> Result<FoundSecret, KeyMistake> {
    let [0x30, len, 0x02, 0x01, _version, rest @ ..] = der else { return Err(wrong(der)) };
    let rest = rest.strip_prefix(SECRET_START).ok_or_else(|| wrong(der))?;
    let damaged = KeyMistake::Damaged { what: LENGTH };
    if usize::from(*len) + 2 != der.len() {
        return Err(damaged);
    }
    let (seed, rest) = rest.split_first_chunk().ok_or(damaged.clone())?;
    let half = PUBLIC_HALF_STARTS.iter().find_map(|start| rest.strip_prefix(*start));
    let public = match half {
        Some(half) => Some(half.try_into().map_err(|_| damaged)?),
        None if rest.is_empty() => None,
        None => return Err(damaged),
    };
    Ok(FoundSecret { seed: *seed, public })
}

const LENGTH: &str = "its length is wrong";

/// Says that a key is none of Ed25519, or no key.
fn wrong(der: &[u8]) -> KeyMistake {
    if der.first() == Some(&0x30) {
        KeyMistake::Kind { kind: "another algorithm".to_owned() }
    } else {
        KeyMistake::Damaged { what: "it is no sequence" }
    }
}
