//! Where a request comes from, for login throttling and limits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

use crate::context::info;

/// So many characters of an entry that can't be read are logged.
const LOGGED_CHARACTERS: usize = 64;

/// The client's address, as `find_client_address` found it when the request came.
#[must_use]
pub fn client_address(request: &HttpRequest) -> IpAddr {
    info(request).map_or_else(|| peer_address(request), |info| info.address)
}

/// The client's address: the peer's, unless the peer is a trusted proxy. Then it is the last
/// address of `X-Forwarded-For` that is no trusted proxy itself; what stands before it the client
/// could have made up.
///
/// An entry that is no address is a warning: every client behind that proxy then counts as one.
pub(crate) fn find_client_address(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let forwarded: Vec<_> = request
        .headers()
        .get_all("x-forwarded-for")
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    let forwarded = forwarded.iter().map(AsRef::as_ref);
    let found = behind_proxies(peer_address(request), forwarded, trusted);
    if let Some(entry) = found.unreadable {
        let entry: String = entry.chars().take(LOGGED_CHARACTERS).collect();
        let address = found.address;
        tracing::warn!(?entry, %address, "X-Forwarded-For has an entry that is no address");
    }
    found.address
}

fn peer_address(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Where a request comes from.
#[derive(Debug, PartialEq)]
struct Found<'h> {
    /// The last address that can be believed.
    address: IpAddr,
    /// The entry that a trusted proxy wrote and that is no address.
    unreadable: Option<&'h str>,
}

fn behind_proxies<'h>(
    peer: IpAddr,
    forwarded: impl Iterator<Item = &'h str>,
    trusted: &[IpNet],
) -> Found<'h> {
    let trusts = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut found = Found {
        address: peer,
        unreadable: None,
    };
    let hops: Vec<&str> = forwarded
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    let mut hops = hops.into_iter().rev().filter(|hop| !hop.is_empty());
    while trusts(found.address)
        && let Some(hop) = hops.next()
    {
        let Some(address) = read_address(hop) else {
            found.unreadable = Some(hop);
            break;
        };
        found.address = address;
    }
    found
}

/// Reads an entry of `X-Forwarded-For`: an address. Some proxies add a port, and an IPv6 address
/// may stand in brackets.
fn read_address(entry: &str) -> Option<IpAddr> {
    let in_brackets = || entry.strip_prefix('[')?.strip_suffix(']');
    let address = entry
        .parse()
        .or_else(|_| entry.parse().map(|with_port: SocketAddr| with_port.ip()));
    let address = address.ok().or_else(|| {
        let address: Ipv6Addr = in_brackets()?.parse().ok()?;
        Some(address.into())
    })?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_client(peer: &str, forwarded: &[&str], expected: &str) {
        check_found(peer, forwarded, expected, None);
    }

    #[track_caller]
    fn check_found(peer: &str, forwarded: &[&str], expected: &str, unreadable: Option<&str>) {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let found = behind_proxies(peer.parse().unwrap(), forwarded.iter().copied(), &trusted);
        let address = expected.parse().unwrap();
        assert_eq!(
            found,
            Found {
                address,
                unreadable
            }
        );
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        check_client("192.0.2.1", &["198.51.100.7"], "192.0.2.1");
        check_client("10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check_client("::1", &["198.51.100.7"], "198.51.100.7");
        check_client("10.0.0.1", &[], "10.0.0.1");
    }

    #[test]
    fn what_stands_before_the_first_stranger_is_not_believed() {
        check_client(
            "10.0.0.1",
            &["1.1.1.1, 198.51.100.7, 10.0.0.2"],
            "198.51.100.7",
        );
        check_client("10.0.0.1", &["1.1.1.1", "198.51.100.7"], "198.51.100.7");
    }

    #[test]
    fn an_entry_is_read_with_and_without_port_and_brackets() {
        for (entry, expected) in [
            ("198.51.100.7:51515", "198.51.100.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("[::ffff:198.51.100.7]", "198.51.100.7"),
            ("[::ffff:198.51.100.7]:443", "198.51.100.7"),
            (" 198.51.100.7 ,, ", "198.51.100.7"),
            ("198.51.100.7, 10.0.0.2:80", "198.51.100.7"),
            ("198.51.100.7, ::ffff:10.0.0.2", "198.51.100.7"),
        ] {
            check_client("10.0.0.1", &[entry], expected);
        }
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_search_and_is_named() {
        for entry in [
            "unknown",
            "_hidden",
            "198.51.100.7:port",
            "198.51.100.7:99999",
            "[198.51.100.7]",
            "[2001:db8::7",
            "2001:db8::7]:443",
            "198.51.100",
        ] {
            let forwarded = format!("192.0.2.9, {entry}, 10.0.0.2");
            check_found("10.0.0.1", &[&forwarded], "10.0.0.2", Some(entry));
        }
        // What a stranger wrote is not even looked at.
        check_found("10.0.0.1", &["unknown, 198.51.100.7"], "198.51.100.7", None);
        check_found("192.0.2.1", &["unknown"], "192.0.2.1", None);
    }
}
