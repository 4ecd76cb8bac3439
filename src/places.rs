//! Names the place of a client network in plain words: the country to which a registry of internet addresses assigned
//! it, or that the network is a private one. The registries' list is compiled in, from the crate `iptocc`; nothing is
//! asked of anybody. It says where a network is registered, which is mostly where it is used.

use std::net::IpAddr;

use serde::Serialize;

use crate::i18n::countries;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "code", rename_all = "snake_case")]
pub enum Place {
    /// A Member State or a territory, by its code of ISO 3166-1 alpha-2.
    Country(&'static str),
    /// The machine that the product runs on.
    ThisComputer,
    PrivateNetwork,
    /// No country of the list has it.
    Unknown,
}

/// Returns the place of a client network as `domain::actor` writes it: an address, or an IPv6 /64.
pub fn of(network: &str) -> Place {
    let address = network.split_once('/').map_or(network, |(address, _)| address);
    let Ok(address) = address.parse::<IpAddr>() else {
        return Place::Unknown;
    };
    let address = address.to_canonical();
    let is_private = match address {
        IpAddr::V4(it) => it.is_private() || it.is_link_local() || is_shared(it.octets()),
        IpAddr::V6(it) => it.is_unique_local() || it.is_unicast_link_local(),
    };
    if address.is_loopback() {
        Place::ThisComputer
    } else if is_private {
        Place::PrivateNetwork
    } else {
        let code = iptocc::country_code(address).and_then(countries::find_code);
        code.map_or(Place::Unknown, Place::Country)
    }
}

/// Returns `true` for the addresses between a provider and its customers (RFC 6598).
const fn is_shared([first, second, ..]: [u8; 4]) -> bool {
    first == 100 && second & 0b1100_0000 == 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_networks_have_their_place() {
        for (network, place) in [
            // CERN, ETH Zurich, RIPE NCC, APNIC's resolver, the University of Tokyo.
            ("128.141.0.1", Place::Country("CH")),
            ("129.132.1.1", Place::Country("CH")),
            ("193.0.6.139", Place::Country("NL")),
            ("133.11.0.1", Place::Country("JP")),
            ("2001:67c:2e8::/64", Place::Country("NL")),
            ("2001:4860:4860:0::/64", Place::Country("US")),
            // Greenland is no Member State.
            ("88.83.0.1", Place::Country("GL")),
            ("::ffff:129.132.1.1", Place::Country("CH")),
            ("127.0.0.1", Place::ThisComputer),
            ("::1", Place::ThisComputer),
            ("10.1.2.3", Place::PrivateNetwork),
            ("192.168.0.1", Place::PrivateNetwork),
            ("100.64.0.1", Place::PrivateNetwork),
            ("fd00:1:2:3::/64", Place::PrivateNetwork),
            ("fe80::1", Place::PrivateNetwork),
            // For documentation; none at all.
            ("192.0.2.1", Place::Unknown),
            ("2001:db8::/64", Place::Unknown),
            ("", Place::Unknown),
            ("somewhere", Place::Unknown),
        ] {
            assert_eq!(of(network), place, "{network}");
        }
    }

    #[test]
    fn every_place_of_the_registries_has_a_name() {
        // One address of each block of 4096: no territory has less.
        let mut nameless = std::collections::BTreeSet::new();
        for block in 0..=0xf_ffff_u32 {
            let address = IpAddr::from(((block << 12) | 1).to_be_bytes());
            let code = iptocc::country_code(address);
            nameless.extend(code.filter(|it| countries::find_code(it).is_none()));
        }
        // The registries' own code for networks of several countries.
        nameless.remove("EU");
        nameless.remove(countries::OTHER);
        // Nobody has said yet how the organization names it in the six languages: a login from there is from an unknown place.
        nameless.remove("TW");
        assert!(nameless.is_empty(), "{nameless:?}");
    }
}
