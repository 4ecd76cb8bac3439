//! Parses a distinguished name as `tls_client_auth_subject_dn` has it (RFC 4514): the last attribute comes first, and
//! the order counts (RFC 5280 §7.1). An attribute type is a short name of RFC 4514 §3, in any case, another name that
//! OpenSSL accepts, or an OID.

use std::fmt;

use openssl::x509::{X509Name, X509NameBuilder, X509NameRef};

use super::header::hex;

/// The names of RFC 4514 §3, as OpenSSL spells them.
const SHORT_NAMES: [&str; 9] = ["CN", "L", "ST", "O", "OU", "C", "street", "DC", "UID"];

const LONGEST: usize = 1024;

pub struct Name(X509Name);

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Name {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!("is not 1 to {LONGEST} characters long"));
        }
        let mut attributes = Vec::new();
        for part in split(text)? {
            let (kind, value) = part
                .split_once('=')
                .ok_or_else(|| format!("\"{part}\" is not type=value (RFC 4514)"))?;
            let kind = kind.trim();
            // RFC 4514 §2.3. Text from outside reaches OpenSSL in these characters only.
            if !kind
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it))
            {
                return Err("holds what is not an attribute type (RFC 4514)".to_owned());
            }
            attributes.push((kind, unescaped(value)?));
        }
        let mut name = X509NameBuilder::new().map_err(|it| it.to_string())?;
        for (kind, value) in attributes.iter().rev() {
            let short = SHORT_NAMES.iter().find(|it| it.eq_ignore_ascii_case(kind));
            name.append_entry_by_text(short.copied().unwrap_or(kind), value)
                .map_err(|_| format!("{kind} is not an attribute type, or cannot have this value"))?;
        }
        Ok(Self(name.build()))
    }

    pub(super) fn is(&self, other: &X509NameRef) -> bool {
        self.0.try_cmp(other).is_ok_and(|it| it.is_eq())
    }
}

/// Splits at commas that are not escaped. A relative name of several attributes is refused: it has no order that could
/// be compared, and no authority of today makes one.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            '+' | '"' | ';' | '<' | '>' | '\0' => {
                return Err(format!("holds \"{c}\" where RFC 4514 has it escaped"));
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// Unescapes a value (RFC 4514 §2.4). Outer space that is not escaped is dropped, as RFC 2253 §4 says.
fn unescaped(value: &str) -> Result<String, String> {
    if value.trim_start().starts_with('#') {
        return Err("holds a value in hexadecimal BER; write it as text".to_owned());
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut significant = 0;
    let mut rest = value.trim_start().bytes();
    while let Some(byte) = rest.next() {
        let is_space = byte == b' ';
        match byte {
            b'\\' => {
                let next = rest.next().ok_or("ends within an escape")?;
                match hex(next) {
                    Some(high) => {
                        let low = rest.next().and_then(hex).ok_or("ends within an escape")?;
                        bytes.push(high << 4 | low);
                    }
                    None => bytes.push(next),
                }
                significant = bytes.len();
            }
            other => bytes.push(other),
        }
        if !is_space {
            significant = bytes.len();
        }
    }
    bytes.truncate(significant);
    match String::from_utf8(bytes) {
        Ok(text) if !text.is_empty() => Ok(text),
        _ => Err("holds a value that is empty or not UTF-8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509NameBuilder;

    use super::*;

    fn subject(entries: &[(&str, &str)]) -> X509Name {
        let mut name = X509NameBuilder::new().unwrap();
        for (kind, value) in entries {
            name.append_entry_by_text(kind, value).unwrap();
        }
        name.build()
    }

    #[test]
    fn a_name_is_read_from_its_end() {
        let one = subject(&[("C", "CH"), ("O", "Smith, Jones"), ("CN", "Events Ü")]);
        for good in [
            "CN=Events Ü,O=Smith\\, Jones,C=CH",
            "cn=events \\C3\\9C, o=Smith\\2C Jones , C=ch",
            "2.5.4.3=Events Ü,O=Smith\\, Jones,C=CH",
        ] {
            assert!(Name::parse(good).expect(good).is(&one), "{good}");
        }
        for other in [
            "C=CH,O=Smith\\, Jones,CN=Events Ü",
            "CN=Events Ü,O=Smith\\, Jones",
            "CN=Events Ü,O=Smith\\, Jones,C=FR",
            "CN=Events Ü,CN=Events Ü,O=Smith\\, Jones,C=CH",
            "OU=Events Ü,O=Smith\\, Jones,C=CH",
        ] {
            assert!(!Name::parse(other).expect(other).is(&one), "{other}");
        }
    }

    #[test]
    fn what_is_no_name_is_reported() {
        for bad in [
            "",
            "CN",
            "CN=",
            "CN=a,",
            "CN=a+O=b",
            "CN=\"a\"",
            "CN=a\\",
            "CN=a\\C",
            "CN=\\FF",
            "CN=#0c0161",
            "NOSUCH=a",
            "\\\0=a",
            "C\\N=a",
            "C=Switzerland",
        ] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_stumble(text in ".{0,80}", more in "(CN|O|[0-9.]{1,9})=(\\\\.|,|[a-zé #+]){0,20}") {
            let _ = (Name::parse(&text), Name::parse(&more));
        }
    }
}
