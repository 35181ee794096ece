//! The body of a request, out of the bytes that follow its head.

use super::head::BodyLen;
use crate::refusal::Refusal;

/// The most bytes of a line that says how long a piece is, and of what follows the last piece.
const LINE_LIMIT: usize = 1 << 10;

/// A body that is being read.
#[derive(Debug)]
pub(crate) struct BodyReader {
    bytes: Vec<u8>,
    limit: usize,
    next: Next,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// So many bytes of a body of known length.
    Rest(usize),
    /// The line with the length of a piece.
    Size,
    /// So many bytes of a piece.
    Piece(usize),
    /// The end of a piece's line.
    PieceEnd,
    /// Lines after the last piece, the last of them empty; so many bytes of them were passed over.
    Trailer(usize),
    Nothing,
}

impl BodyReader {
    /// Starts to read a body of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// If it says itself that it has more.
    pub(crate) fn new(len: BodyLen, limit: usize) -> Result<Self, Refusal> {
        let next = match len {
            BodyLen::Known(0) => Next::Nothing,
            BodyLen::Known(len) => match usize::try_from(len) {
                Ok(len) if len <= limit => Next::Rest(len),
                _ => return Err(Refusal::too_large(limit)),
            },
            BodyLen::Chunked => Next::Size,
        };
        Ok(Self { bytes: Vec::new(), limit, next })
    }

    /// Takes what belongs to the body from the start of `received`. Says whether that is all of it.
    ///
    /// # Errors
    ///
    /// If the body is too large, or its pieces make no sense.
    pub(crate) fn take(&mut self, received: &mut Vec<u8>) -> Result<bool, Refusal> {
        let mut n_used = 0;
        while self.next != Next::Nothing {
            match self.step(&received[n_used..])? {
                0 => break,
                n_bytes => n_used += n_bytes,
            }
        }
        received.drain(..n_used);
        Ok(self.next == Next::Nothing)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes one thing, and returns how many bytes that had; 0 if more are needed.
    fn step(&mut self, received: &[u8]) -> Result<usize, Refusal> {
        match self.next {
            Next::Rest(n_left) => {
                let n_bytes = self.append(received, n_left);
                self.next =
                    if n_bytes == n_left { Next::Nothing } else { Next::Rest(n_left - n_bytes) };
                Ok(n_bytes)
            }
            Next::Size => self.read_size(received),
            Next::Piece(n_left) => {
                let n_bytes = self.append(received, n_left);
                self.next =
                    if n_bytes == n_left { Next::PieceEnd } else { Next::Piece(n_left - n_bytes) };
                Ok(n_bytes)
            }
            Next::PieceEnd => match received {
                [b'\r', b'\n', ..] => {
                    self.next = Next::Size;
                    Ok(2)
                }
                [] | [b'\r'] => Ok(0),
                _ => Err(Refusal::bad_body()),
            },
            Next::Trailer(n_passed) => {
                let Some(len) = line_len(received)? else { return Ok(0) };
                let n_passed = n_passed + len;
                if n_passed > LINE_LIMIT {
                    return Err(Refusal::bad_body());
                }
                self.next = if len == 2 { Next::Nothing } else { Next::Trailer(n_passed) };
                Ok(len)
            }
            Next::Nothing => Ok(0),
        }
    }

    fn read_size(&mut self, received: &[u8]) -> Result<usize, Refusal> {
        let Some(len) = line_len(received)? else { return Ok(0) };
        // The parser takes no digits for a zero.
        if !received[0].is_ascii_hexdigit() {
            return Err(Refusal::bad_body());
        }
        let size = match httparse::parse_chunk_size(&received[..len]) {
            Ok(httparse::Status::Complete((n_bytes, size))) if n_bytes == len => size,
            _ => return Err(Refusal::bad_body()),
        };
        let room = self.limit - self.bytes.len();
        self.next = match usize::try_from(size) {
            Ok(0) => Next::Trailer(0),
            Ok(size) if size <= room => Next::Piece(size),
            _ => return Err(Refusal::too_large(self.limit)),
        };
        Ok(len)
    }

    fn append(&mut self, received: &[u8], n_left: usize) -> usize {
        let n_bytes = received.len().min(n_left);
        self.bytes.extend_from_slice(&received[..n_bytes]);
        n_bytes
    }
}

/// Returns the length of the line that `received` starts with, its end included, if it is there.
///
/// A line that others could end somewhere else is refused.
fn line_len(received: &[u8]) -> Result<Option<usize>, Refusal> {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let Some(end) = received.iter().take(LINE_LIMIT).position(is_end) else {
        let is_long = received.len() >= LINE_LIMIT;
        return if is_long { Err(Refusal::bad_body()) } else { Ok(None) };
    };
    match received[end..] {
        [b'\r', b'\n', ..] => Ok(Some(end + 2)),
        [b'\r'] => Ok(None),
        _ => Err(Refusal::bad_body()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 10;

    /// A body, and what is left behind it; `None` if more was to come; or the status.
    type Read = Result<Option<(Vec<u8>, Vec<u8>)>, u16>;

    /// Reads a body that arrives in pieces of `n_bytes`.
    fn read(len: BodyLen, bytes: &[u8], n_bytes: usize) -> Read {
        let mut reader = BodyReader::new(len, LIMIT).map_err(|refusal| refusal.status.as_u16())?;
        let mut received = Vec::new();
        let mut is_whole = reader.take(&mut received).map_err(|refusal| refusal.status.as_u16())?;
        for piece in bytes.chunks(n_bytes) {
            received.extend_from_slice(piece);
            is_whole = reader.take(&mut received).map_err(|refusal| refusal.status.as_u16())?;
        }
        Ok(is_whole.then(|| (reader.into_bytes(), received)))
    }

    #[test]
    fn bodies_end_where_they_say() {
        let whole = |body: &str, rest: &str| Ok(Some((body.into(), rest.into())));
        let known = BodyLen::Known;
        let rows = [
            (known(0), "GET", whole("", "GET")),
            (known(3), "abcGET", whole("abc", "GET")),
            (known(3), "ab", Ok(None)),
            (known(10), "0123456789", whole("0123456789", "")),
            (known(11), "", Err(413)),
            (known(u64::MAX), "", Err(413)),
            (BodyLen::Chunked, "0\r\n\r\nGET", whole("", "GET")),
            (BodyLen::Chunked, "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nGET", whole("abcde", "GET")),
            (BodyLen::Chunked, "A\r\n0123456789\r\n0\r\nx: y\r\n\r\n", whole("0123456789", "")),
            (BodyLen::Chunked, "3\r\nabc\r\n", Ok(None)),
            (BodyLen::Chunked, "3\r\nabc", Ok(None)),
            (BodyLen::Chunked, "3", Ok(None)),
            (BodyLen::Chunked, "3\r\nabcd\r\n", Err(400)),
            (BodyLen::Chunked, "x\r\n", Err(400)),
            (BodyLen::Chunked, "\r\n", Err(400)),
            (BodyLen::Chunked, "3\nabc\r\n", Err(400)),
            (BodyLen::Chunked, "3;x\nabc\r\n0\r\n\r\n", Err(400)),
            (BodyLen::Chunked, "3;x\rabc\r\n0\r\n\r\n", Err(400)),
            (BodyLen::Chunked, "3\r\nabc\n0\r\n\r\n", Err(400)),
            (BodyLen::Chunked, "0\r\nx: y\n\r\n", Err(400)),
            (BodyLen::Chunked, "0\r\n\n", Err(400)),
            (BodyLen::Chunked, "-1\r\n", Err(400)),
            (BodyLen::Chunked, "B\r\n", Err(413)),
            (BodyLen::Chunked, "9\r\n012345678\r\n2\r\n", Err(413)),
            (BodyLen::Chunked, "fffffffffffffff\r\n", Err(413)),
            (BodyLen::Chunked, "fffffffffffffffff\r\n", Err(400)),
        ];
        for (len, bytes, expected) in rows {
            for n_bytes in [1, 2, 3, 100] {
                // What is refused on the way need not have arrived as a whole.
                assert_eq!(
                    read(len, bytes.as_bytes(), n_bytes),
                    expected,
                    "{bytes:?} by {n_bytes}"
                );
            }
        }
    }

    #[test]
    fn lines_have_a_limit() {
        let long = "1".repeat(2 * LINE_LIMIT);
        for bytes in [
            long.clone(),
            format!("0\r\n{long}"),
            format!("0\r\n{}", "x: y\r\n".repeat(LINE_LIMIT)),
        ] {
            assert_eq!(read(BodyLen::Chunked, bytes.as_bytes(), 100), Err(400));
        }
    }
}
