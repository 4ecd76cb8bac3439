//! Checks which redirect URIs can be registered, and compares a received one with a registered one (security.md AZ-2,
//! AZ-3; RFC 8252 §7). One validator serves registration, administration and import.

use url::{Host, Url};

const LONGEST: usize = 512;

/// The names that the provider adds itself: a registered query must not hold them.
const OUR_NAMES: [&str; 13] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "response",
    "id_token",
    "access_token",
    "token_type",
    "expires_in",
    "scope",
    "session_state",
];

/// The client whose address it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registrant {
    pub native: bool,
    pub by_administrator: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRedirectUri {
    #[error("is longer than 512 characters")]
    TooLong,
    #[error("is not an absolute URI in normal form, in ASCII")]
    NotNormal,
    #[error("has a percent-encoding that is malformed, in lower case or of a character that needs none")]
    Encoding,
    #[error("has a host that ends with a dot")]
    TrailingDot,
    #[error("has a fragment")]
    Fragment,
    #[error("has user information")]
    UserInformation,
    #[error("has a wildcard")]
    Wildcard,
    #[error("has a query parameter that this provider sends itself")]
    OurParameter,
    #[error("must begin with https://")]
    NotHttps,
    #[error("has a scheme of its own, which only native clients may have, and which must contain a dot")]
    PrivateScheme,
}

pub fn check(uri: &str, registrant: Registrant) -> Result<(), BadRedirectUri> {
    if uri.len() > LONGEST {
        return Err(BadRedirectUri::TooLong);
    }
    if uri.contains('#') {
        return Err(BadRedirectUri::Fragment);
    }
    if uri.contains('*') {
        return Err(BadRedirectUri::Wildcard);
    }
    if !uri.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BadRedirectUri::NotNormal);
    }
    let parsed = Url::parse(uri).map_err(|_| BadRedirectUri::NotNormal)?;
    if !parsed.username().is_empty() || parsed.password().is_some() || has_at_in_authority(uri) {
        return Err(BadRedirectUri::UserInformation);
    }
    // The form must be normal: a browser sends what was registered, a lone missing `/` excepted.
    if parsed.as_str() != uri && parsed.as_str().strip_suffix('/') != Some(uri) {
        return Err(BadRedirectUri::NotNormal);
    }
    // RFC 1034 §3.1: a name with the dot is the same host, and a second spelling of the address.
    if parsed.host_str().is_some_and(|it| it.ends_with('.')) {
        return Err(BadRedirectUri::TrailingDot);
    }
    if parsed.query_pairs().any(|(name, _)| OUR_NAMES.contains(&&*name)) {
        return Err(BadRedirectUri::OurParameter);
    }
    after_authority(uri)?;
    if !matches!(parsed.scheme(), "http" | "https") {
        of_private_scheme(&parsed)?;
    }
    match parsed.scheme() {
        "https" if parsed.has_host() => Ok(()),
        "http" if is_loopback(&parsed) && (registrant.native || registrant.by_administrator) => Ok(()),
        "http" | "https" => Err(BadRedirectUri::NotHttps),
        // RFC 8252 §7.1: the scheme is a domain name reversed, so that no two applications have the same.
        scheme if registrant.native && scheme.contains('.') => Ok(()),
        _ => Err(BadRedirectUri::PrivateScheme),
    }
}

/// Refuses a path and query that hold more than RFC 3986 §3.3 and §3.4 allow there, encoded as §6.2.2 normalizes it.
/// `Url` leaves both as they are: it keeps every encoding, and in the query characters that no URI has.
fn after_authority(uri: &str) -> Result<(), BadRedirectUri> {
    let after_scheme = uri.split_once(':').map_or("", |it| it.1);
    let rest = match after_scheme.strip_prefix("//") {
        Some(rest) => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
        None => after_scheme,
    };
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let decoded = match (bytes.next().and_then(hex_digit), bytes.next().and_then(hex_digit)) {
                    (Some(high), Some(low)) => high * 16 + low,
                    _ => return Err(BadRedirectUri::Encoding),
                };
                if is_unreserved(decoded) {
                    return Err(BadRedirectUri::Encoding);
                }
            }
            b'/' | b'?' | b':' | b'@' => {}
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'+' | b',' | b';' | b'=' => {}
            other if is_unreserved(other) => {}
            _ => return Err(BadRedirectUri::NotNormal),
        }
    }
    Ok(())
}

/// Checks what `Url` leaves as it is: it normalizes the hosts of the web's schemes and paths that begin with a slash,
/// and no others (RFC 3986 §6.2.2.1, §6.2.2.3).
fn of_private_scheme(uri: &Url) -> Result<(), BadRedirectUri> {
    let host = uri.host_str().unwrap_or_default();
    if host.contains('%') {
        return Err(BadRedirectUri::Encoding);
    }
    let has_dots = uri.path().split('/').any(|it| matches!(it, "." | ".."));
    if has_dots || host.bytes().any(|it| it.is_ascii_uppercase()) {
        Err(BadRedirectUri::NotNormal)
    } else {
        Ok(())
    }
}

/// Reads a digit of an encoding. RFC 3986 §6.2.2.1: the digits A to F are upper-case.
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Returns `true` for an unreserved character (RFC 3986 §2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn has_at_in_authority(uri: &str) -> bool {
    let after = uri.split_once("://").map_or("", |it| it.1);
    after.split(['/', '?']).next().is_some_and(|it| it.contains('@'))
}

/// Returns `true` for 127.0.0.1, `[::1]`, localhost or a name below it.
pub fn is_loopback(uri: &Url) -> bool {
    match uri.host() {
        Some(Host::Ipv4(v4)) => v4 == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(v6)) => v6 == std::net::Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Returns `true` if both are `http://127.0.0.1` or both `http://[::1]`, with ports of their own and equal rests.
pub(super) fn equal_but_for_loopback_port(registered: &str, received: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].iter().any(|origin| {
        let rest = |uri: &str| uri.strip_prefix(origin).and_then(without_port).map(str::to_owned);
        rest(registered).is_some_and(|it| rest(received) == Some(it))
    })
}

/// Returns what follows an optional `:port` of 1 to 65535 in plain decimals.
fn without_port(after_host: &str) -> Option<&str> {
    let Some(with_port) = after_host.strip_prefix(':') else {
        return (after_host.is_empty() || after_host.starts_with(['/', '?'])).then_some(after_host);
    };
    let end = with_port.find(['/', '?']).unwrap_or(with_port.len());
    let (port, rest) = with_port.split_at(end);
    let plain = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    (plain && port.parse::<u16>().is_ok()).then_some(rest)
}

/// Returns where a redirect URI leads: its host, else its private-use scheme.
pub fn host_of(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    match url.host_str().filter(|it| !it.is_empty()) {
        Some(host) => Some(host.to_owned()),
        None => Some(format!("{}:", url.scheme())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: Registrant = Registrant {
        native: false,
        by_administrator: false,
    };
    const NATIVE: Registrant = Registrant {
        native: true,
        by_administrator: false,
    };
    const ADMINISTRATOR: Registrant = Registrant {
        native: false,
        by_administrator: true,
    };

    #[test]
    fn what_can_be_registered() {
        for (uri, who) in [
            ("https://a.example/cb", WEB),
            ("https://a.example", WEB),
            ("https://a.example:8443/cb?tenant=1", WEB),
            ("http://127.0.0.1/cb", NATIVE),
            ("http://[::1]:8080/cb", NATIVE),
            ("http://localhost:3000/cb", ADMINISTRATOR),
            ("http://rp.localhost/cb", ADMINISTRATOR),
            ("https://a.example/%C3%A9/cb?next=%2Fa%20b&x=1:2/3?@", WEB),
            ("https://[2001:db8::1]/cb", WEB),
            ("org.example.app:/cb", NATIVE),
            ("org.example.app://host/cb", NATIVE),
        ] {
            assert_eq!(check(uri, who), Ok(()), "{uri}"); // AZ-3
        }
    }

    #[test]
    fn what_can_not() {
        use BadRedirectUri::*;
        let long = format!("https://a.example/{}", "a".repeat(500));
        for (uri, who, why) in [
            ("", WEB, NotNormal),
            ("/cb", WEB, NotNormal),
            ("https://", WEB, NotNormal),
            ("https:/a.example/cb", WEB, NotNormal),
            ("HTTPS://a.example/cb", WEB, NotNormal),
            ("https://A.example/cb", WEB, NotNormal),
            ("https://a.example:443/cb", WEB, NotNormal),
            ("https://a.example/a/../cb", WEB, NotNormal),
            ("https://a.example/\u{e9}", WEB, NotNormal),
            ("https://a.example/ cb", WEB, NotNormal),
            ("https://a.example\\cb", WEB, NotNormal),
            ("http://127.1/cb", NATIVE, NotNormal),
            ("https://a.example./cb", WEB, TrailingDot),
            ("https://a.example.", WEB, TrailingDot),
            ("http://localhost./cb", ADMINISTRATOR, TrailingDot),
            ("org.example.app://host./cb", NATIVE, TrailingDot),
            ("https://a.example/%63b", WEB, Encoding),
            ("https://a.example/cb?a=%7Eb", WEB, Encoding),
            ("https://a.example/cb%2", WEB, Encoding),
            ("https://a.example/cb%", WEB, Encoding),
            ("https://a.example/cb?a=%zz", WEB, Encoding),
            ("https://a.example/a%2fb", WEB, Encoding),
            ("org.example.app:/%63b", NATIVE, Encoding),
            ("org.example.app://%68ost/cb", NATIVE, Encoding),
            ("org.example.app://h%2Fost/cb", NATIVE, Encoding),
            ("org.example.app://Host/cb", NATIVE, NotNormal),
            ("org.example.app:a/../cb", NATIVE, NotNormal),
            ("org.example.app:./cb", NATIVE, NotNormal),
            ("Org.Example.App:/cb", NATIVE, NotNormal),
            ("https://a.example:/cb", WEB, NotNormal),
            ("https://%61.example/cb", WEB, NotNormal),
            ("https://a.example/%2e%2e/cb", WEB, NotNormal),
            ("https://a.example/cb?a={b}", WEB, NotNormal),
            ("https://a.example/cb?a[]=b", WEB, NotNormal),
            ("https://a.example/cb?a=b|c", WEB, NotNormal),
            ("https://a.example/cb#", WEB, Fragment),
            ("https://a.example/cb#x", WEB, Fragment),
            ("https://u@a.example/cb", WEB, UserInformation),
            ("https://@a.example/cb", WEB, UserInformation),
            ("https://*.example/cb", WEB, Wildcard),
            ("https://a.example/cb?code=1", WEB, OurParameter),
            ("https://a.example/cb?st%61te=1", WEB, OurParameter),
            ("http://a.example/cb", ADMINISTRATOR, NotHttps),
            ("http://127.0.0.1/cb", WEB, NotHttps),
            ("http://localhost.example/cb", ADMINISTRATOR, NotHttps),
            ("app:/cb", NATIVE, PrivateScheme),
            ("org.example.app:/cb", WEB, PrivateScheme),
            ("javascript:alert(1)", NATIVE, PrivateScheme),
            ("data:text/html,x", NATIVE, PrivateScheme),
            (&long, WEB, TooLong),
        ] {
            assert_eq!(check(uri, who), Err(why), "{uri}"); // AZ-3
        }
    }
}
