//! The address that a request came from.
//!
//! `Forwarded` (RFC 7239) and `X-Forwarded-For` count only when the peer is a listed proxy, and only by the names
//! listed in `forwarding_headers`; then the right-most address that is not ours (security.md TL-2).

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::certificates::Certificate;
use crate::config::ForwardingHeader;

/// The address at the other end of the connection, put into every request by the server.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Two headers of one proxy name different clients: one of them is what its client wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreement;

pub fn client_address(
    peer: IpAddr,
    headers: &HeaderMap,
    listed: &[ForwardingHeader],
    is_ours: impl Fn(IpAddr) -> bool,
) -> Result<IpAddr, Disagreement> {
    let peer = peer.to_canonical();
    if !is_ours(peer) {
        return Ok(peer);
    }
    let mut found = listed
        .iter()
        .filter_map(|it| nodes(headers, *it))
        .map(|nodes| nearest(peer, nodes, &is_ours));
    let first = found.next().unwrap_or(peer);
    if found.all(|it| it == first) {
        Ok(first)
    } else {
        Err(Disagreement)
    }
}

/// Returns the nearest address that is not ours. No proxy of ours writes what is no address: there the last one found
/// is returned.
fn nearest(peer: IpAddr, nodes: Vec<Option<IpAddr>>, is_ours: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut nearest = peer;
    for node in nodes.into_iter().rev() {
        let Some(address) = node else {
            return nearest;
        };
        nearest = address;
        if !is_ours(nearest) {
            return nearest;
        }
    }
    nearest
}

/// Returns the chain that a header holds, the nearest last; `None` if it did not come. An entry is `None` if it is no
/// address.
fn nodes(headers: &HeaderMap, header: ForwardingHeader) -> Option<Vec<Option<IpAddr>>> {
    let mut fields = headers.get_all(header.as_str()).iter().peekable();
    fields.peek()?;
    // RFC 9110 §5.3: several fields are one, joined by commas.
    let fields = fields.map(|it| it.to_str().unwrap_or("?"));
    let read = match header {
        ForwardingHeader::Forwarded => {
            let elements = fields.flat_map(|it| unquoted(it, ',')).collect::<Vec<_>>();
            elements.into_iter().map(forwarded_for).collect()
        }
        ForwardingHeader::XForwardedFor => fields.flat_map(|it| it.split(',')).map(address).collect(),
    };
    Some(read)
}

/// Returns the client of one `forwarded-element` (RFC 7239 §4): its one `for`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut named = unquoted(element, ';').into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let (Some(value), None) = (named.next(), named.next()) else {
        return None;
    };
    let Some(quoted) = value.strip_prefix('"') else {
        return address(value);
    };
    let mut text = String::new();
    let mut rest = quoted.strip_suffix('"')?.chars();
    while let Some(character) = rest.next() {
        // RFC 9110 §5.6.4: a quoted pair means its second character.
        text.push(if character == '\\' {
            rest.next()?
        } else {
            character
        });
    }
    address(&text)
}

/// Returns the parts between separators that are outside of quotes.
fn unquoted(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if character == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Reads an address, with or without port, IPv6 with or without brackets (RFC 7239 §6; gateways write ports into
/// `X-Forwarded-For`, too). A port may be hidden: `_` and a word.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let host = match text.rsplit_once(":_") {
        Some((host, port))
            if port
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) =>
        {
            host
        }
        Some(_) => return None,
        None => match text.parse::<SocketAddr>() {
            Ok(socket) => return Some(socket.ip().to_canonical()),
            Err(_) => text,
        },
    };
    let bracketed = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = match bracketed {
        Some(v6) => IpAddr::V6(v6.parse().ok()?),
        None => IpAddr::V4(host.parse().ok()?),
    };
    Some(address.to_canonical())
}

/// Returns the certificate that a listed proxy sends (RFC 9440 §2.1): the operator who listed it expects no other
/// address for it. If the header comes twice, the client wrote one of them, and nobody can tell which.
pub fn forwarded_certificate(headers: &HeaderMap, name: &str) -> Option<Certificate> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let field = value.to_str().ok().filter(|it| !it.trim().is_empty())?;
    let certificate = Certificate::from_header(field);
    if certificate.is_none() {
        tracing::warn!(header = name, "the header of a proxy holds no certificate");
    }
    certificate
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [ForwardingHeader; 2] = [ForwardingHeader::Forwarded, ForwardingHeader::XForwardedFor];

    fn seen(
        peer: &str,
        listed: &[ForwardingHeader],
        fields: &[(&'static str, &str)],
    ) -> Result<String, Disagreement> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().expect("a value"));
        }
        let ours = |it: IpAddr| it.to_string().starts_with("10.");
        let found = client_address(peer.parse().expect("an address"), &headers, listed, ours);
        found.map(|it| it.to_string())
    }

    #[test]
    fn only_listed_proxies_are_believed() {
        // TL-2
        let at = |peer: &str, header: &str| seen(peer, &BOTH, &[("x-forwarded-for", header)]).expect("one");
        assert_eq!(at("198.51.100.7", "203.0.113.1"), "198.51.100.7");
        assert_eq!(at("10.0.0.1", "6.6.6.6, 203.0.113.1"), "203.0.113.1");
        assert_eq!(at("10.0.0.1", "203.0.113.1, 10.0.0.2"), "203.0.113.1");
        assert_eq!(at("10.0.0.1", "203.0.113.1, junk"), "10.0.0.1");
        assert_eq!(at("::ffff:10.0.0.1", "203.0.113.1"), "203.0.113.1");
        // Gateways write the port, too.
        assert_eq!(at("10.0.0.1", "203.0.113.1:4711"), "203.0.113.1");
        assert_eq!(at("10.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1");
        assert_eq!(at("10.0.0.1", "2001:db8::1"), "2001:db8::1");
        assert_eq!(at("10.0.0.1", "203.0.113.1:99999"), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        let at = |header: &str| seen("10.0.0.1", &BOTH, &[("forwarded", header)]).expect("one");
        for (header, client) in [
            ("for=192.0.2.43", "192.0.2.43"),
            ("for=192.0.2.43:47011;proto=https", "192.0.2.43"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            (
                "for=\"[2001:db8:cafe::17]\";by=203.0.113.43;host=a.example",
                "2001:db8:cafe::17",
            ),
            (
                "proto=http;by=\"a,;for=6.6.6.6\";FOR=\"192.0.2.43:_gate\"",
                "192.0.2.43",
            ),
            ("for=6.6.6.6, for=192.0.2.43, for=10.0.0.2", "192.0.2.43"),
            ("for=\"192\\.0.2.43\"", "192.0.2.43"),
            ("for=\"[::ffff:192.0.2.43]\"", "192.0.2.43"),
            // The header is not of a proxy of ours: the nearest valid address counts.
            ("for=192.0.2.43, for=unknown", "10.0.0.1"),
            ("for=192.0.2.43, for=_hidden", "10.0.0.1"),
            ("for=192.0.2.43, proto=https", "10.0.0.1"),
            ("for=192.0.2.43;for=6.6.6.6", "10.0.0.1"),
            ("for=\"192.0.2.43", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(at(header), client, "{header}");
        }
        let fields = [("forwarded", "for=6.6.6.6"), ("forwarded", "for=192.0.2.43")];
        assert_eq!(seen("10.0.0.1", &BOTH, &fields), Ok("192.0.2.43".to_owned()));
    }

    #[test]
    fn what_is_not_listed_does_not_count_and_what_is_listed_agrees() {
        // TL-2
        let fields = [
            ("forwarded", "for=\"[2001:db8::1]\""),
            ("x-forwarded-for", "192.0.2.43"),
        ];
        assert_eq!(seen("10.0.0.1", &BOTH, &fields), Err(Disagreement));
        assert_eq!(
            seen("10.0.0.1", &BOTH[..1], &fields),
            Ok("2001:db8::1".to_owned())
        );
        assert_eq!(seen("10.0.0.1", &BOTH[1..], &fields), Ok("192.0.2.43".to_owned()));
        assert_eq!(seen("10.0.0.1", &[], &fields), Ok("10.0.0.1".to_owned()));
        assert_eq!(
            seen("198.51.100.7", &BOTH, &fields),
            Ok("198.51.100.7".to_owned())
        );
        let fields = [
            ("forwarded", "for=\"192.0.2.43:1\", for=10.0.0.2"),
            ("x-forwarded-for", "192.0.2.43"),
        ];
        assert_eq!(seen("10.0.0.1", &BOTH, &fields), Ok("192.0.2.43".to_owned()));
    }
}
