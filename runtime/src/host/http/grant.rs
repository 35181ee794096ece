//! Which hosts a plug-in may reach: the manifest's `allowed_hosts`, understood.
//!
//! A pattern is `host`, `host:port`, `scheme://host` or `scheme://host:port`. The host may have
//! wildcards (see `glob.rs`; `*` matches dots too), the port may be `*`, the scheme may have
//! wildcards. A bare host means every scheme and every port, as in Extism; a scheme without a port
//! means that scheme's own port, as in a URL. Hosts are compared in lower case, in the ASCII form of
//! internationalised names, and without the dot that may end them. An IPv6 address stands in
//! brackets.
//!
//! A pattern that cannot be understood matches only a host of exactly this name, which in effect
//! denies.

use std::net::Ipv6Addr;

use url::{Host, Url};

use super::glob::Glob;

/// The hosts that a plug-in may reach. By default none.
#[derive(Debug, Default)]
pub(super) struct HostGrant {
    patterns: Vec<Pattern>,
}

/// One entry of `allowed_hosts`.
#[derive(Debug)]
struct Pattern {
    /// `None` is any.
    scheme: Option<Glob>,
    host: HostPattern,
    port: Port,
}

#[derive(Debug)]
enum HostPattern {
    Wild(Glob),
    Ipv6(Ipv6Addr),
    /// What cannot be understood.
    Exactly(String),
}

#[derive(Debug, Clone, Copy)]
enum Port {
    Any,
    OfScheme,
    Exactly(u16),
}

impl HostGrant {
    pub(super) fn new<'a>(allowed_hosts: impl IntoIterator<Item = &'a String>) -> Self {
        Self { patterns: allowed_hosts.into_iter().map(|text| Pattern::new(text)).collect() }
    }

    /// Says whether a request to `url` is granted.
    pub(super) fn allows(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let name = without_final_dot(url.host_str().unwrap_or_default());
        self.patterns.iter().any(|pattern| pattern.allows(url, &host, name))
    }
}

impl Pattern {
    fn new(text: &str) -> Self {
        let text = text.to_lowercase();
        let name = HostPattern::Exactly(text.clone());
        Self::parse(&text).unwrap_or(Self { scheme: None, host: name, port: Port::Any })
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, place) = match text.split_once("://") {
            Some((scheme, place)) => (Some(scheme), place.strip_suffix('/').unwrap_or(place)),
            None => (None, text),
        };
        let (host, port) = split_port(place)?;
        let port = match (port, scheme) {
            (Some("*"), _) | (None, None) => Port::Any,
            (Some(digits), _) => Port::Exactly(digits.parse().ok()?),
            (None, Some(_)) => Port::OfScheme,
        };
        let scheme = match scheme {
            Some(scheme) => Some(Glob::parse(scheme)?),
            None => None,
        };
        Some(Self { scheme, host: HostPattern::parse(host)?, port })
    }

    fn allows(&self, url: &Url, host: &Host<&str>, name: &str) -> bool {
        let port = match self.port {
            Port::Any => true,
            // A URL keeps no port that is its scheme's own.
            Port::OfScheme => url.port().is_none(),
            Port::Exactly(port) => url.port_or_known_default() == Some(port),
        };
        let scheme = self.scheme.as_ref().is_none_or(|glob| glob.matches(url.scheme()));
        port && scheme
            && match &self.host {
                HostPattern::Wild(glob) => glob.matches(name),
                HostPattern::Ipv6(address) => matches!(host, Host::Ipv6(found) if found == address),
                HostPattern::Exactly(text) => text == name,
            }
    }
}

impl HostPattern {
    fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'))
            && let Ok(address) = address.parse()
        {
            return Some(Self::Ipv6(address));
        }
        Glob::parse(&to_ascii(without_final_dot(text))).map(Self::Wild)
    }
}

/// Separates the port from the host; `None` if what stands where a port would is none.
fn split_port(place: &str) -> Option<(&str, Option<&str>)> {
    // A colon within brackets belongs to an address or a set.
    let after_bracket = place.rfind(']').map_or(0, |idx| idx + 1);
    let Some(colon) = place[after_bracket..].find(':') else { return Some((place, None)) };
    let (host, port) = place.split_at(after_bracket + colon);
    let port = &port[1..];
    let is_port = port == "*" || (!port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    is_port.then_some((host, Some(port)))
}

/// Gives the parts of an internationalised name the form that URLs have them in. A part with
/// wildcards stays as it is.
fn to_ascii(host: &str) -> String {
    let part = |part: &str| match Host::parse(part) {
        Ok(Host::Domain(ascii)) if !part.is_ascii() => ascii,
        _ => part.to_owned(),
    };
    host.split('.').map(part).collect::<Vec<_>>().join(".")
}

/// Takes off the dot that marks a name as complete.
fn without_final_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, url: &str, expected: bool) {
        let grant = HostGrant::new([&pattern.to_owned()]);
        assert_eq!(grant.allows(&Url::parse(url).unwrap()), expected, "{pattern} {url}");
    }

    #[test]
    fn nothing_is_granted_by_default() {
        assert!(!HostGrant::default().allows(&Url::parse("http://localhost/").unwrap()));
    }

    #[test]
    fn a_bare_host_means_every_scheme_and_port() {
        for url in
            ["http://api.example.com/", "https://api.example.com/", "http://api.example.com:81/"]
        {
            check("api.example.com", url, true);
            check("*.example.com", url, true);
            check("*", url, true);
            check("example.com", url, false);
            check("", url, false);
        }
    }

    #[test]
    fn scheme_and_port_narrow_a_grant() {
        for (pattern, url, expected) in [
            ("https://a.org", "https://a.org/", true),
            ("https://a.org/", "https://a.org:443/", true),
            ("https://a.org", "https://a.org:8443/", false),
            ("https://a.org", "http://a.org/", false),
            ("https://a.org:8443", "https://a.org:8443/", true),
            ("https://a.org:8443", "https://a.org/", false),
            ("https://a.org:*", "https://a.org:8443/", true),
            ("https://a.org:*", "http://a.org:8443/", false),
            ("*://a.org", "http://a.org/", true),
            ("*://a.org", "http://a.org:81/", false),
            ("a.org:80", "http://a.org/", true),
            ("a.org:80", "https://a.org/", false),
            ("a.org:*", "https://a.org:1/", true),
            ("a.org:443", "https://a.org/", true),
            ("a.org:65536", "https://a.org/", false),
            ("a.org:https", "https://a.org/", false),
            ("a.org/path", "https://a.org/path", false),
            ("https://a.org/path", "https://a.org/path", false),
            ("http*://*:80", "http://b.org/", true),
        ] {
            check(pattern, url, expected);
        }
    }

    #[test]
    fn one_host_has_many_spellings() {
        for (pattern, url, expected) in [
            ("Example.COM", "http://eXample.com/", true),
            ("example.com", "http://example.com./", true),
            ("example.com.", "http://example.com/", true),
            ("*.com", "http://example.com./", true),
            ("bücher.de", "http://BÜCHER.de/", true),
            ("*.bücher.de", "http://www.xn--bcher-kva.de/", true),
            ("127.0.0.1", "http://2130706433/", true),
            ("127.0.0.1", "http://0x7f.1/", true),
            ("[::1]", "http://[0:0::0:1]/", true),
            ("[::1]:80", "http://[::1]/", true),
            ("[::1]:80", "http://[::1]:81/", false),
            ("http://[::1]:81", "http://[::1]:81/", true),
            ("[::1]", "http://[::2]/", false),
            ("*", "http://[::2]/", true),
            ("::1", "http://[::1]/", false),
        ] {
            check(pattern, url, expected);
        }
    }

    #[test]
    fn what_is_no_pattern_is_a_name() {
        for pattern in ["a[b", "a**b", "https://a**b"] {
            check(pattern, "http://ab/", false);
            check(pattern, "http://axb/", false);
        }
    }
}
