//! Keys as OpenSSH has them.
//!
//! ```text
//! public: string "ssh-ed25519" | string of 32 bytes
//! secret: "openssh-key-v1\0" | string cipher | string kdf | string options | 1 | string public | string locked
//! locked: check, check | string "ssh-ed25519" | string of 32 bytes | string of 64 bytes | string comment | 1 2 3…
//! ```

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{KEY_LEN, KeyMistake, text::FoundSecret};
use crate::reader::Reader;

/// What the kind of key is called.
pub(super) const KIND: &str = "ssh-ed25519";

/// What PEM calls a secret key of OpenSSH.
pub(super) const SECRET_LABEL: &str = "OPENSSH PRIVATE KEY";

const MAGIC: &[u8] = b"openssh-key-v1\0";

/// What the locked part is padded to, where nothing locks it.
const BLOCK_LEN: usize = 8;

/// How many letters of Base64 OpenSSH has in a line.
const LINE_LEN: usize = 70;

const CUT_OFF: KeyMistake = KeyMistake::Damaged { what: "it is cut off" };

/// Returns a public key as a line with its end.
pub(super) fn public_line(key: &[u8; KEY_LEN], comment: &str) -> String {
    assert!(!comment.contains(['\n', '\r']), "a comment is one line");
    format!("{KIND} {} {comment}\n", STANDARD.encode(public_blob(key)))
}

/// Reads what is in the Base64 of a public key.
pub(super) fn public(blob: &[u8]) -> Result<[u8; KEY_LEN], KeyMistake> {
    let mut reader = Reader::new(blob);
    let kind = reader.big_endian_prefixed().ok_or(CUT_OFF)?;
    check_kind(kind)?;
    let key = reader.big_endian_prefixed().ok_or(CUT_OFF)?;
    match key.try_into() {
        Ok(key) if reader.is_empty() => Ok(key),
        _ => Err(KeyMistake::Damaged { what: "its length is wrong" }),
    }
}

/// Returns a secret key as text.
pub(super) fn secret_text(seed: &[u8; KEY_LEN], public: &[u8; KEY_LEN], comment: &str) -> String {
    // Any number, twice: it shows whether what was locked is unlocked.
    let mut open = public[..4].repeat(2);
    put(&mut open, KIND.as_bytes());
    put(&mut open, public);
    put(&mut open, &[seed.as_slice(), public].concat());
    put(&mut open, comment.as_bytes());
    open.extend((1..).take(open.len().next_multiple_of(BLOCK_LEN) - open.len()));
    let mut blob = MAGIC.to_vec();
    for part in [&b"none"[..], b"none", b""] {
        put(&mut blob, part);
    }
    blob.extend_from_slice(&1_u32.to_be_bytes());
    put(&mut blob, &public_blob(public));
    put(&mut blob, &open);
    let letters = STANDARD.encode(blob).into_bytes();
    let lines: Vec<_> = letters.chunks(LINE_LEN).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {SECRET_LABEL}-----\n{}\n-----END {SECRET_LABEL}-----\n", lines.join("\n"))
}

/// Reads what is in the Base64 of a secret key.
pub(super) fn secret(blob: &[u8]) -> Result<FoundSecret, KeyMistake> {
    let rest = blob.strip_prefix(MAGIC).ok_or(KeyMistake::Unknown)?;
    let mut reader = Reader::new(rest);
    let cipher = reader.big_endian_prefixed().ok_or(CUT_OFF)?;
    if cipher != b"none" {
        return Err(KeyMistake::Locked);
    }
    for _kdf_and_options in 0..2 {
        reader.big_endian_prefixed().ok_or(CUT_OFF)?;
    }
    if reader.big_endian().ok_or(CUT_OFF)? != 1 {
        return Err(KeyMistake::Several);
    }
    let outer = public(reader.big_endian_prefixed().ok_or(CUT_OFF)?)?;
    let mut open = Reader::new(reader.big_endian_prefixed().ok_or(CUT_OFF)?);
    if open.take(4).ok_or(CUT_OFF)? != open.take(4).ok_or(CUT_OFF)? {
        return Err(KeyMistake::Damaged { what: "its two checks differ" });
    }
    check_kind(open.big_endian_prefixed().ok_or(CUT_OFF)?)?;
    let inner = open.big_endian_prefixed().ok_or(CUT_OFF)?;
    let pair = open.big_endian_prefixed().ok_or(CUT_OFF)?;
    let (seed, half) = pair.split_first_chunk().ok_or(CUT_OFF)?;
    if inner != outer || half != outer {
        return Err(KeyMistake::Damaged { what: "its public halves differ" });
    }
    Ok(FoundSecret { seed: *seed, public: Some(outer) })
}

fn check_kind(kind: &[u8]) -> Result<(), KeyMistake> {
    if kind == KIND.as_bytes() {
        return Ok(());
    }
    let kind = kind[..kind.len().min(64)].escape_ascii().to_string();
    Err(KeyMistake::Kind { kind })
}

fn public_blob(key: &[u8; KEY_LEN]) -> Vec<u8> {
    let mut blob = Vec::new();
    put(&mut blob, KIND.as_bytes());
    put(&mut blob, key);
    blob
}

fn put(bytes: &mut Vec<u8>, string: &[u8]) {
    let len = u32::try_from(string.len()).expect("parts of a key are short");
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(string);
}
