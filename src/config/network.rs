//! Parses networks in CIDR notation, and derives the client network that limits count by (security.md G-15).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Deserializer, de};

/// The header in which a proxy names its client (security.md TL-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// RFC 7239
    Forwarded,
    XForwardedFor,
}

impl ForwardingHeader {
    pub const ALL: [Self; 2] = [Self::Forwarded, Self::XForwardedFor];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forwarded => "Forwarded",
            Self::XForwardedFor => "X-Forwarded-For",
        }
    }
}

impl<'de> Deserialize<'de> for ForwardingHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let found = Self::ALL
            .into_iter()
            .find(|it| it.as_str().eq_ignore_ascii_case(&text));
        found.ok_or_else(|| de::Error::custom(format!("\"{text}\" is not Forwarded or X-Forwarded-For")))
    }
}

/// A network: `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    pub const LOOPBACK: [Self; 2] = [
        Self {
            address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
            prefix: 8,
        },
        Self {
            address: IpAddr::V6(Ipv6Addr::LOCALHOST),
            prefix: 128,
        },
    ];

    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|it| *it <= longest)?,
            None => longest,
        };
        Some(Self { address, prefix })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let differ = a.to_bits() ^ b.to_bits();
                differ.checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let differ = a.to_bits() ^ b.to_bits();
                differ.checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Returns the network of a client: its IPv4 address, or the /64 of its IPv6 address.
pub fn of_client(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let network = Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX));
            format!("{network}/64")
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "\"{text}\" is not a network; write it like \"192.0.2.0/24\""
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_addresses() {
        let net = Network::parse("192.0.2.0/24").expect("valid");
        assert!(net.contains("192.0.2.200".parse().expect("valid")));
        assert!(net.contains("::ffff:192.0.2.1".parse().expect("valid")));
        assert!(!net.contains("192.0.3.1".parse().expect("valid")));
        let all = Network::parse("::/0").expect("valid");
        assert!(all.contains("2001:db8::1".parse().expect("valid")));
        assert!(Network::parse("192.0.2.0/33").is_none());
    }

    #[test]
    fn a_client_network_is_an_ipv4_address_or_an_ipv6_64() {
        assert_eq!(of_client("::ffff:192.0.2.1".parse().expect("valid")), "192.0.2.1"); // G-15
        assert_eq!(
            of_client("2001:db8:1:2:3::4".parse().expect("valid")),
            "2001:db8:1:2::/64"
        ); // G-15
    }
}
