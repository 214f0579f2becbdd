//! Where a request comes from, for login throttling and limits.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use ipnet::IpNet;

use crate::state::http_state;

/// The client's address: the peer's, unless the peer is a trusted proxy. Then it is the last
/// address of `X-Forwarded-For` that is no trusted proxy itself; what stands before it the client
/// could have made up.
#[must_use]
pub fn client_address(request: &HttpRequest) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok());
    let trusted = &http_state(request).settings().trusted_proxies;
    behind_proxies(peer, forwarded, trusted)
}

fn behind_proxies<'h>(
    peer: IpAddr,
    forwarded: impl Iterator<Item = &'h str>,
    trusted: &[IpNet],
) -> IpAddr {
    let trusts = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    if !trusts(peer) {
        return peer.to_canonical();
    }
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        let Ok(address) = hop.trim().parse() else {
            break;
        };
        client = address;
        if !trusts(address) {
            break;
        }
    }
    client.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_client(peer: &str, forwarded: &[&str], expected: &str) {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let found = behind_proxies(peer.parse().unwrap(), forwarded.iter().copied(), &trusted);
        assert_eq!(found, expected.parse::<IpAddr>().unwrap());
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
        check_client("10.0.0.1", &["garbage, 10.0.0.2"], "10.0.0.2");
    }

    #[test]
    fn an_address_has_one_form() {
        check_client("::ffff:192.0.2.1", &[], "192.0.2.1");
    }
}
