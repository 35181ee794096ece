//! What a registry asks for when it wants credentials: the header `WWW-Authenticate`, as RFC 9110 has it.
//!
//! There can be several challenges in one header, and several headers.

/// What a registry wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token, which is to be had from somewhere else.
    Bearer {
        /// The URL that gives tokens.
        realm: String,
        /// What the token is for, in that place's words.
        service: Option<String>,
    },
    /// Name and password with each request.
    Basic,
}

impl Challenge {
    /// Returns the best of what the headers offer, if any of it is known.
    pub(super) fn best<'h>(headers: impl IntoIterator<Item = &'h str>) -> Option<Self> {
        let mut offered: Vec<_> = headers.into_iter().flat_map(read).collect();
        let bearer = offered.iter().position(|challenge| matches!(challenge, Self::Bearer { .. }));
        match bearer {
            Some(idx) => Some(offered.swap_remove(idx)),
            None => offered.pop(),
        }
    }
}

/// A challenge as it is written.
struct Written {
    scheme: String,
    parameters: Vec<(String, String)>,
}

/// Reads the challenges of one header, those that are not known left out.
fn read(header: &str) -> Vec<Challenge> {
    let mut written: Vec<Written> = Vec::new();
    for part in parts(header) {
        // A scheme stands before its first parameter: `Bearer realm="…"`. Another follows a comma.
        let (scheme, parameter) = match part.split_once('=') {
            None => (Some(part), None),
            Some((key, value)) => match key.trim().rsplit_once(' ') {
                Some((scheme, key)) => (Some(scheme), Some((key, value))),
                None => (None, Some((key, value))),
            },
        };
        if let Some(scheme) = scheme {
            let scheme = scheme.trim().to_ascii_lowercase();
            written.push(Written { scheme, parameters: Vec::new() });
        }
        if let (Some((key, value)), Some(last)) = (parameter, written.last_mut()) {
            last.parameters.push((key.trim().to_ascii_lowercase(), unquoted(value)));
        }
    }
    written.iter().filter_map(known).collect()
}

fn known(written: &Written) -> Option<Challenge> {
    let find = |name| {
        let found = written.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    match written.scheme.as_str() {
        "bearer" => Some(Challenge::Bearer { realm: find("realm")?, service: find("service") }),
        "basic" => Some(Challenge::Basic),
        _ => None,
    }
}

/// Splits at commas that are not in quotes.
fn parts(header: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, letter) in header.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                parts.push(&header[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&header[start..]);
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect()
}

/// Returns a value without its quotes.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let Some(quoted) = value.strip_prefix('"') else { return value.to_owned() };
    let quoted = quoted.strip_suffix('"').unwrap_or(quoted);
    let mut text = String::with_capacity(quoted.len());
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_all_challenges_is_taken() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        let rows: [(&[&str], _); 14] = [
            (
                &[r#"Bearer realm="https://a/t",service="a",scope="repository:a/b:pull,push""#],
                bearer("https://a/t", Some("a")),
            ),
            (&["bearer Realm = \"https://a/t\" , service=a"], bearer("https://a/t", Some("a"))),
            (&[r#"Bearer realm="a \"b\" \\ c, d=e""#], bearer(r#"a "b" \ c, d=e"#, None)),
            (&[r#"Basic realm="a", Bearer realm="b""#], bearer("b", None)),
            (&[r#"Bearer realm="b", Basic realm="a""#], bearer("b", None)),
            (&["Basic realm=\"a\"", "Bearer realm=b"], bearer("b", None)),
            (&["Basic"], Some(Challenge::Basic)),
            (&[r#"Basic realm="a, b=\"c""#], Some(Challenge::Basic)),
            (&["Negotiate, Basic realm=a"], Some(Challenge::Basic)),
            (&["Bearer service=a"], None),
            (&["realm=\"a\""], None),
            (&["Digest realm=\"a\", nonce=\"b==\""], None),
            (&["", ",,=,\"", "=\\"], None),
            (&[], None),
        ];
        for (headers, expected) in rows {
            assert_eq!(Challenge::best(headers.iter().copied()), expected, "{headers:?}");
        }
    }
}
