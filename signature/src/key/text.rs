//! Which form a key has: a line of OpenSSH, PEM, or the bytes of the tool conventions.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{KEY_LEN, KeyMistake, der, openssh};

/// What keys of the tool conventions start with: Ed25519, public or both halves.
const PUBLIC_START: u8 = 0x01;
const SECRET_START: u8 = 0x81;

/// How many letters of what a kind of key is called are repeated.
const KIND_LIMIT: usize = 40;

/// A secret key as it was found.
pub(super) struct FoundSecret {
    pub(super) seed: [u8; KEY_LEN],
    /// What is said to be its public half.
    pub(super) public: Option<[u8; KEY_LEN]>,
}

/// Finds a public key.
pub(super) fn public(bytes: &[u8]) -> Result<[u8; KEY_LEN], KeyMistake> {
    if let Some((PUBLIC_START, key)) = split_plain(bytes, KEY_LEN) {
        return key.try_into().map_err(|_| KeyMistake::Unknown);
    }
    if secret_plain(bytes).is_some() {
        return Err(KeyMistake::Secret);
    }
    let text = str::from_utf8(bytes).map_err(|_| KeyMistake::Unknown)?;
    match Pem::find(text)? {
        Some(Pem { label: "PUBLIC KEY", content }) => der::public(&from_base64(content)?),
        Some(Pem { label, .. }) if label.ends_with("PRIVATE KEY") => Err(KeyMistake::Secret),
        Some(Pem { label, .. }) => Err(of_kind(label)),
        None => public_line(text),
    }
}

/// Finds a secret key.
pub(super) fn secret(bytes: &[u8]) -> Result<FoundSecret, KeyMistake> {
    if let Some(found) = secret_plain(bytes) {
        return Ok(found);
    }
    if public(bytes).is_ok() {
        return Err(KeyMistake::Public);
    }
    let text = str::from_utf8(bytes).map_err(|_| KeyMistake::Unknown)?;
    match Pem::find(text)? {
        Some(Pem { label: openssh::SECRET_LABEL, content }) => {
            openssh::secret(&from_base64(content)?)
        }
        Some(Pem { label: "PRIVATE KEY", content }) => der::secret(&from_base64(content)?),
        Some(Pem { label: "ENCRYPTED PRIVATE KEY", .. }) => Err(KeyMistake::Locked),
        Some(Pem { label, .. }) => Err(of_kind(label)),
        None => Err(KeyMistake::Unknown),
    }
}

fn secret_plain(bytes: &[u8]) -> Option<FoundSecret> {
    let (SECRET_START, halves) = split_plain(bytes, 2 * KEY_LEN)? else { return None };
    let (seed, public) = halves.split_first_chunk()?;
    Some(FoundSecret { seed: *seed, public: public.try_into().ok() })
}

/// Splits what has one byte more than `len`.
fn split_plain(bytes: &[u8], len: usize) -> Option<(u8, &[u8])> {
    let (start, rest) = bytes.split_first()?;
    (rest.len() == len).then_some((*start, rest))
}

/// Reads the one line that is neither empty nor a comment.
fn public_line(text: &str) -> Result<[u8; KEY_LEN], KeyMistake> {
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = lines.next().ok_or(KeyMistake::Unknown)?;
    let mut words = line.split_ascii_whitespace();
    let (Some(kind), Some(blob)) = (words.next(), words.next()) else {
        return Err(KeyMistake::Unknown);
    };
    if !["ssh-", "ecdsa-", "sk-"].iter().any(|start| kind.starts_with(start)) {
        return Err(KeyMistake::Unknown);
    }
    if kind != openssh::KIND {
        return Err(of_kind(kind));
    }
    if lines.next().is_some() {
        return Err(KeyMistake::Several);
    }
    openssh::public(&from_base64(blob)?)
}

/// What stands between two lines of PEM.
struct Pem<'a> {
    label: &'a str,
    /// In Base64.
    content: &'a str,
}

impl<'a> Pem<'a> {
    /// Finds the only block of PEM, or returns `None` if there is none.
    fn find(text: &'a str) -> Result<Option<Self>, KeyMistake> {
        let Some((_, rest)) = text.split_once("-----BEGIN ") else { return Ok(None) };
        let cut_off = KeyMistake::Damaged { what: "it is cut off" };
        let (label, rest) = rest.split_once("-----").ok_or(cut_off.clone())?;
        let (content, rest) = rest.split_once("-----END ").ok_or(cut_off)?;
        if rest.contains("-----BEGIN ") {
            Err(KeyMistake::Several)
        } else {
            Ok(Some(Self { label, content }))
        }
    }
}

fn from_base64(text: &str) -> Result<Vec<u8>, KeyMistake> {
    let letters: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(letters).map_err(|_| KeyMistake::Damaged { what: "it is not Base64" })
}

/// Says that a key is of a kind that signs nothing here. A stranger may have named it.
fn of_kind(kind: &str) -> KeyMistake {
    KeyMistake::Kind { kind: kind.chars().take(KIND_LIMIT).flat_map(char::escape_debug).collect() }
}
