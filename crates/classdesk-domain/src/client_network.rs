//! What one customer of a network provider has.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The network that counts as one sender: an IPv4 address, or the /64 of an IPv6 address, of which
/// one customer has all addresses (docs/contract.md#login).
///
/// ```
/// use classdesk_domain::ClientNetwork;
///
/// let of = |address: &str| ClientNetwork::of(address.parse().unwrap());
/// assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::2"));
/// assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
/// assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
/// assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

impl ClientNetwork {
    /// The network of an address. An IPv4 address that is written as IPv6 is one of IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            v4 @ IpAddr::V4(_) => v4,
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        })
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(first) => write!(f, "{first}/64"),
        }
    }
}
