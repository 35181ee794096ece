//! References: what people write to name a plug-in in a registry, as the distribution specification has
//! it, `HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]`.
//!
//! A reference that exists is well formed, so its parts can stand in a URL as they are. No registry is
//! taken for granted where none is named.

use std::{fmt, ops::Range};

use super::digest::Digest;
use crate::{exit::Exit, failure::Failure};

/// The tag of references that have neither a tag nor a digest.
pub(crate) const USUAL_TAG: &str = "latest";

/// How long a repository's name can be, in bytes.
const NAME_LIMIT: usize = 255;

/// How long a tag can be, in bytes.
const TAG_LIMIT: usize = 128;

/// The name of a plug-in in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The registry's host, with a port where it has one of its own.
    pub(crate) registry: String,
    /// The repository in it.
    pub(crate) repository: String,
    /// What its owner calls it, and may call something else tomorrow.
    pub(crate) tag: Option<String>,
    /// What it is, once and for all.
    pub(crate) digest: Option<Digest>,
}

/// What is wrong with a reference, and which of its bytes are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{mistake}")]
pub(crate) struct ReferenceError {
    pub(crate) range: Range<usize>,
    pub(crate) mistake: ReferenceMistake,
}

/// What can be wrong with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReferenceMistake {
    /// It is a URL.
    #[error("a reference has no scheme")]
    Scheme,
    /// Its first part is no host.
    #[error("expected the host of a registry, such as `ghcr.io` or `localhost:5000`")]
    Registry,
    /// The port is none.
    #[error("expected a port from 1 to 65535")]
    Port,
    /// The repository, or a part of it, is none.
    #[error("expected small letters and digits, with `.`, `_`, `__` or `-` between them")]
    Repository,
    /// The repository's name is too long.
    #[error("the name of a repository has 255 letters at most")]
    TooLong,
    /// The tag is none.
    #[error(
        "expected a tag: up to 128 letters, digits, `.`, `_` and `-`, none of the last two first"
    )]
    Tag,
    /// The digest is none.
    #[error("expected a digest: `sha256:` and 64 digits from 0 to 9 and from a to f")]
    Digest,
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    ///
    /// The first [`ReferenceMistake`], and where it is.
    pub(crate) fn parse(text: &str) -> Result<Self, ReferenceError> {
        let mistake = |range, mistake| ReferenceError { range, mistake };
        if let Some(at) = text.find("://") {
            return Err(mistake(0..at + 3, ReferenceMistake::Scheme));
        }
        let slash = text.find('/').unwrap_or(text.len());
        check_registry(&text[..slash])?;
        let start = (slash + 1).min(text.len());
        let (named, digest) = match text[start..].find('@') {
            None => (start..text.len(), None),
            Some(at) => (start..start + at, Some(start + at + 1..text.len())),
        };
        let (name, tag) = match text[named.clone()].find(':') {
            None => (named, None),
            Some(at) => (start..start + at, Some(start + at + 1..named.end)),
        };
        check_repository(text, &name)?;
        let tag = tag.map(|range| match &text[range.clone()] {
            tag if is_tag(tag) => Ok(tag.to_owned()),
            _ => Err(mistake(range, ReferenceMistake::Tag)),
        });
        let digest = digest.map(|range| {
            Digest::parse(&text[range.clone()])
                .ok_or_else(|| mistake(range, ReferenceMistake::Digest))
        });
        Ok(Self {
            registry: text[..slash].to_owned(),
            repository: text[name].to_owned(),
            tag: tag.transpose()?,
            digest: digest.transpose()?,
        })
    }

    /// Reads a reference of the command line.
    ///
    /// # Errors
    ///
    /// A failure that points to what is wrong.
    pub(crate) fn of_argument(text: &str) -> Result<Self, Failure> {
        Self::parse(text).map_err(|err| {
            let help = match err.mistake {
                ReferenceMistake::Scheme => "leave it out: the reference begins with the host",
                _ => "a reference is `HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]`",
            };
            Failure::new(Exit::Usage, format!("`{text}` is not a reference to a registry"))
                .with_place("reference", text, err.range, err.mistake.to_string())
                .with_help(help)
        })
    }

    /// Returns the reference that means these bytes and no others.
    pub(crate) fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// Returns what the registry is to be asked for: the digest, or else the tag.
    pub(crate) fn asked_for(&self) -> String {
        match (self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => USUAL_TAG.to_owned(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// Checks host and port. A host has a dot or a port, or is `localhost`: anything else is likely the start
/// of a repository whose registry was left out.
fn check_registry(registry: &str) -> Result<(), ReferenceError> {
    let host_end = match registry.strip_prefix('[').and_then(|rest| rest.find(']')) {
        Some(end) => end + 2,
        None => registry.find(':').unwrap_or(registry.len()),
    };
    let (host, port) = registry.split_at(host_end);
    let is_meant = host == "localhost" || host.contains(['.', '[']) || !port.is_empty();
    let is_name = host.starts_with('[') || host.split('.').all(is_label);
    // What ends in a number is an address, and may be a wrong one.
    let is_host = is_name && url::Host::parse(host).is_ok();
    if !is_meant || !is_host {
        return Err(ReferenceError { range: 0..host_end, mistake: ReferenceMistake::Registry });
    }
    let digits = port.strip_prefix(':').unwrap_or_default();
    let is_port = digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<u16>().is_ok_and(|port| port != 0);
    if !port.is_empty() && !is_port {
        let range = host_end..registry.len();
        return Err(ReferenceError { range, mistake: ReferenceMistake::Port });
    }
    Ok(())
}

fn check_repository(text: &str, range: &Range<usize>) -> Result<(), ReferenceError> {
    let name = &text[range.clone()];
    if name.len() > NAME_LIMIT {
        return Err(ReferenceError { range: range.clone(), mistake: ReferenceMistake::TooLong });
    }
    let mut start = range.start;
    for part in name.split('/') {
        let end = start + part.len();
        if !is_repository_part(part) {
            return Err(ReferenceError {
                range: start..end,
                mistake: ReferenceMistake::Repository,
            });
        }
        start = end + 1;
    }
    Ok(())
}

/// Says whether it is a part of a host's name.
fn is_label(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty()
        && text.bytes().all(is_letter)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Says whether it is a part of a repository's name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_repository_part(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let has_ends =
        text.bytes().next().is_some_and(is_word) && text.bytes().last().is_some_and(is_word);
    let mut separators = text.split(|letter: char| u8::try_from(letter).is_ok_and(is_word));
    let is_separator =
        |part: &str| matches!(part, "" | "." | "_" | "__") || part.bytes().all(|byte| byte == b'-');
    has_ends && separators.all(is_separator)
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_letter = |byte: u8| is_word(byte) || byte == b'.' || byte == b'-';
    text.len() <= TAG_LIMIT
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_are_read_part_by_part() {
        let long = format!("ghcr.io/{}", "a".repeat(255));
        let pinned = format!("ghcr.io/me/greeter:1.0@sha256:{HEX}");
        let rows = [
            ("ghcr.io/me/greeter", ("ghcr.io", "me/greeter", None, false)),
            ("ghcr.io/me/greeter:1.0", ("ghcr.io", "me/greeter", Some("1.0"), false)),
            (pinned.as_str(), ("ghcr.io", "me/greeter", Some("1.0"), true)),
            ("localhost/a", ("localhost", "a", None, false)),
            ("registry:5000/a", ("registry:5000", "a", None, false)),
            ("127.0.0.1:80/a.b_c__d--e/f:_", ("127.0.0.1:80", "a.b_c__d--e/f", Some("_"), false)),
            ("[::1]:5000/a:b", ("[::1]:5000", "a", Some("b"), false)),
            (&long, ("ghcr.io", &long[8..], None, false)),
        ];
        for (text, (registry, repository, tag, is_pinned)) in rows {
            let expected = Reference {
                registry: registry.to_owned(),
                repository: repository.to_owned(),
                tag: tag.map(str::to_owned),
                digest: is_pinned.then(|| Digest::of(b"")),
            };
            assert_eq!(Reference::parse(text), Ok(expected.clone()), "{text}");
            assert_eq!(expected.to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        use ReferenceMistake::{Digest, Port, Registry, Repository, Scheme, Tag, TooLong};
        let long = format!("a.b/{}", "a".repeat(256));
        let long_tag = format!("a.b/c:{}", "a".repeat(129));
        let upper = format!("a.b/c@sha256:{}", HEX.to_uppercase());
        let rows = [
            ("oci://ghcr.io/a", "oci://", Scheme),
            ("", "", Registry),
            ("greeter", "greeter", Registry),
            ("me/greeter", "me", Registry),
            ("/a", "", Registry),
            ("-a.b/c", "-a.b", Registry),
            ("a..b/c", "a..b", Registry),
            ("[::g]/c", "[::g]", Registry),
            ("[::1/c", "[", Registry),
            ("256.0.0.1/c", "256.0.0.1", Registry),
            ("1.2.3.4.5/c", "1.2.3.4.5", Registry),
            ("me:secret@ghcr.io/c", ":secret@ghcr.io", Port),
            ("a.b:/c", ":", Port),
            ("a.b:0/c", ":0", Port),
            ("a.b:65536/c", ":65536", Port),
            ("a.b:+1/c", ":+1", Port),
            ("ghcr.io", "", Repository),
            ("ghcr.io/", "", Repository),
            ("ghcr.io/Me/a", "Me", Repository),
            ("ghcr.io/me//a", "", Repository),
            ("ghcr.io/me/../a", "..", Repository),
            ("ghcr.io/a___b", "a___b", Repository),
            ("ghcr.io/a._b", "a._b", Repository),
            ("ghcr.io/ä", "ä", Repository),
            ("ghcr.io/a-", "a-", Repository),
            ("ghcr.io/a?b", "a?b", Repository),
            (&long, &long[4..], TooLong),
            ("a.b/c:", "", Tag),
            ("a.b/c:-1", "-1", Tag),
            ("a.b/c:a/b", "a/b", Tag),
            ("a.b/c:1:2", "1:2", Tag),
            (&long_tag, &long_tag[6..], Tag),
            ("a.b/c@", "", Digest),
            ("a.b/c@sha256:12", "sha256:12", Digest),
            ("a.b/c:1@1.0", "1.0", Digest),
            (&upper, &upper[6..], Digest),
        ];
        for (text, wrong, mistake) in rows {
            let err = Reference::parse(text).expect_err(text);
            assert_eq!((&text[err.range.clone()], err.mistake), (wrong, mistake), "{text}");
        }
    }
}
