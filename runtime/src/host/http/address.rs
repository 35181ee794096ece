//! The guard of private addresses: a resolver that gives no address inside the host's own networks.
//!
//! It looks at the very addresses that are then connected to, for each connection anew. So a name
//! that resolves otherwise a moment later, and a redirect to an inner name, gain nothing.

use std::{
    error::Error as StdError,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

use super::resolver::NameResolver;

/// Resolves names as the system does, and leaves out private addresses.
#[derive(Debug, Default)]
pub(super) struct PublicResolver {
    inner: NameResolver,
}

/// A host has no address but private ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoPublicAddress {
    /// One of them.
    pub(super) found: IpAddr,
}

impl Resolver for PublicResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut public = self.empty();
        found
            .iter()
            .filter(|address| !is_private(address.ip()))
            .for_each(|address| public.push(*address));
        match found.iter().next() {
            Some(first) if public.is_empty() => {
                Err(Error::Other(Box::new(NoPublicAddress { found: first.ip() })))
            }
            _ => Ok(public),
        }
    }
}

impl fmt::Display for NoPublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no address but private ones, such as {}", self.found)
    }
}

impl StdError for NoPublicAddress {}

/// Says whether an address may lead to anything but a host of the public internet.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0 // This network, the unspecified address included.
        || (a == 100 && b & 0xc0 == 64) // Shared between a provider and its customers.
        || (a, b, c) == (192, 0, 0) // Protocol assignments.
        || (a == 198 && b & 0xfe == 18) // Benchmarks.
        || a >= 224 // Multicast, reserved, broadcast.
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    if let Some(inner) = embedded_v4(segments) {
        return is_private_v4(inner);
    }
    // Only 2000::/3 is given out. That leaves out loopback, unspecified, unique-local, link-local,
    // site-local, multicast, and addresses that are translated within a network.
    segments[0] & 0xe000 != 0x2000
        || (segments[0] == 0x2001 && segments[1] < 0x0200) // Protocol assignments, Teredo included.
        || (segments[0], segments[1]) == (0x2001, 0x0db8) // Documentation.
        || (segments[0] == 0x3fff && segments[1] < 0x1000) // Documentation.
}

/// Returns the IPv4 address that an IPv6 address stands for: mapped, translated (NAT64), or the
/// router of 6to4.
fn embedded_v4(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let ([0, 0, 0, 0, 0, 0xffff, high, low]
    | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
    | [0x2002, high, low, ..]) = segments
    else {
        return None;
    };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Some(Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(addresses: &[&str], expected: bool) {
        for address in addresses {
            assert_eq!(is_private(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn private_addresses_are_told() {
        check(
            &[
                "0.0.0.0",
                "0.1.2.3",
                "10.0.0.1",
                "100.64.0.1",
                "100.127.255.255",
                "127.0.0.1",
                "127.255.255.254",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.8",
                "192.0.2.1",
                "192.168.1.1",
                "198.18.0.1",
                "198.19.255.255",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::127.0.0.1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "64:ff9b::10.0.0.1",
                "64:ff9b:1::1",
                "2001::1",
                "2001:db8::1",
                "2002:7f00:1::",
                "2002:c0a8:101::1",
                "3fff::1",
                "fc00::1",
                "fd12:3456::1",
                "fe80::1",
                "fec0::1",
                "ff02::1",
            ],
            true,
        );
    }

    #[test]
    fn public_addresses_are_told() {
        check(
            &[
                "1.1.1.1",
                "100.63.255.255",
                "100.128.0.1",
                "172.15.0.1",
                "172.32.0.1",
                "192.0.1.1",
                "198.17.0.1",
                "198.20.0.1",
                "223.255.255.255",
                "::ffff:1.1.1.1",
                "64:ff9b::1.1.1.1",
                "2001:4860:4860::8888",
                "2606:4700:4700::1111",
                "2002:101:101::1",
            ],
            false,
        );
    }
}
