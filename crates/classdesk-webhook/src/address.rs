//! Which addresses requests may go to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// What of IPv4 is not the public internet (the registry of RFC 6890, and multicast).
const NOT_PUBLIC: [Ipv4Net; 15] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// All of IPv6 that is given out to the public internet.
const GLOBAL: Ipv6Net = v6(0x2000, 0, 3);

/// What of that is for protocols and documentation.
const NOT_GLOBAL: [Ipv6Net; 3] = [v6(0x2001, 0, 23), v6(0x2001, 0x0db8, 32), v6(0x3fff, 0, 20)];

/// Addresses of the public internet, and further networks that an operator allows.
#[derive(Debug, Clone, Default)]
pub struct PublicAddresses {
    also: Vec<IpNet>,
}

impl PublicAddresses {
    /// Public addresses and these networks.
    #[must_use]
    pub const fn and(also: Vec<IpNet>) -> Self {
        Self { also }
    }

    /// Whether requests may go to an address. One that carries another within it is judged by that.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = carried(address);
        if self.also.iter().any(|network| network.contains(&address)) {
            return true;
        }
        match address {
            IpAddr::V4(address) => !NOT_PUBLIC.iter().any(|network| network.contains(&address)),
            IpAddr::V6(address) => {
                GLOBAL.contains(&address)
                    && !NOT_GLOBAL.iter().any(|network| network.contains(&address))
            }
        }
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, of NAT64 or of 6to4.
fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(outer) = address.to_canonical() else {
        return address.to_canonical();
    };
    let pair = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match outer.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => pair(high, low),
        _ => address,
    }
}
