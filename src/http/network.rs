//! The address that a request came from.
//!
//! `X-Forwarded-For` counts only when the peer is a listed proxy, and then its right-most address that
//! is not ours (TL-2).

use std::net::IpAddr;

use axum::http::HeaderMap;

use crate::certificates::Certificate;

/// The address at the other end of the connection, put into every request by the server.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

pub fn client_address(peer: IpAddr, headers: &HeaderMap, is_ours: impl Fn(IpAddr) -> bool) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_ours(peer) {
        return peer;
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|it| it.to_str().unwrap_or(""))
        .flat_map(|it| it.split(','))
        .map(str::trim)
        .collect();
    let mut nearest = peer;
    for text in forwarded.into_iter().rev() {
        // What is no address was not written by a proxy of ours: the nearest known one stands.
        let Ok(address) = text.parse::<IpAddr>() else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !is_ours(nearest) {
            return nearest;
        }
    }
    nearest
}

/// The certificate that a listed proxy tells (RFC 9440 §2.1): who listed it asks no other address for it.
/// Twice there is what its client wrote, too, and nobody can tell which is which.
pub fn told_certificate(headers: &HeaderMap, name: &str) -> Option<Certificate> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let told = value.to_str().ok().filter(|it| !it.trim().is_empty())?;
    let certificate = Certificate::from_header(told);
    if certificate.is_none() {
        tracing::warn!(header = name, "what a proxy tells is no certificate");
    }
    certificate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(value: &str) -> HeaderMap {
        HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn only_listed_proxies_are_believed() {
        // TL-2
        let ours = |it: IpAddr| it.to_string().starts_with("10.");
        let at = |peer: &str, header: &str| {
            client_address(peer.parse().unwrap(), &forwarded(header), ours).to_string()
        };
        assert_eq!(at("198.51.100.7", "203.0.113.1"), "198.51.100.7");
        assert_eq!(at("10.0.0.1", "6.6.6.6, 203.0.113.1"), "203.0.113.1");
        assert_eq!(at("10.0.0.1", "203.0.113.1, 10.0.0.2"), "203.0.113.1");
        assert_eq!(at("10.0.0.1", "203.0.113.1, junk"), "10.0.0.1");
        assert_eq!(at("::ffff:10.0.0.1", "203.0.113.1"), "203.0.113.1");
    }
}
