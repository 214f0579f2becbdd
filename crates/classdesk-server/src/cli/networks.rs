//! Networks and addresses as options name them.

use std::net::IpAddr;

use ipnet::IpNet;

/// A network, or a single address as a network of its own. Addresses of version 4 that are written
/// as version 6 are read as what they are, as those of clients are.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = text.parse::<IpAddr>();
    address
        .map(|address| address.to_canonical().into())
        .or_else(|_| text.parse())
        .map_err(|_| "expected networks such as 10.0.0.0/8, or addresses, with commas".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_its_own() {
        for (text, expected) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.1", "10.0.0.1/32"),
            (" ::1 ", "::1/128"),
            ("fd00::/8", "fd00::/8"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ] {
            assert_eq!(network(text), Ok(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "10.0.0", "10.0.0.0/33", "10.0.0.1:80", "proxy.example"] {
            assert!(network(text).unwrap_err().contains("10.0.0.0/8"), "{text}");
        }
    }
}
