//! Reading `application/x-www-form-urlencoded`, in bodies and queries: decoded once, strictly, and no
//! name twice (security.md G-1, G-2, DS-1).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, Limited};

pub const URL_ENCODED: &str = "application/x-www-form-urlencoded";
/// Body of an OAuth endpoint: 16 KiB (DS-1).
pub const OAUTH_BODY: usize = 16 * 1024;
/// Body of a form: 64 KiB (DS-1).
pub const FORM_BODY: usize = 64 * 1024;
/// Fields of a form (DS-1).
const MAX_FIELDS: usize = 64;
/// A body is complete within this time (DS-1).
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a form cannot be read. The texts are safe to show, and of the characters RFC 6749 §5.2 allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("the body must be application/x-www-form-urlencoded")]
    ContentType,
    #[error("the body must be application/json")]
    NotJson,
    #[error("the body is too large")]
    TooLarge,
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body could not be read")]
    Unreadable,
    #[error("the request is not valid percent-encoded UTF-8")]
    Encoding,
    #[error("the request has too many parameters")]
    TooMany,
    #[error("a parameter occurs more than once")]
    Repeated(String),
    #[error("the form has a field, or a value of one, that is not its own")]
    UnknownField,
}

impl FormError {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::ContentType | Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Names and values in the order they came, decoded; names may still repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    pub fn parse(encoded: &[u8]) -> Result<Self, FormError> {
        let mut pairs = Vec::new();
        for part in encoded.split(|b| *b == b'&').filter(|it| !it.is_empty()) {
            if pairs.len() == MAX_FIELDS {
                return Err(FormError::TooMany);
            }
            let mut halves = part.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The values by name; a repeated name is refused, unless it is in `lists`, which are left out.
    pub fn unique(self, lists: &[&str]) -> Result<BTreeMap<String, String>, FormError> {
        let mut map = BTreeMap::new();
        for (name, value) in self.0 {
            if lists.contains(&name.as_str()) {
                continue;
            }
            if map.contains_key(&name) {
                return Err(FormError::Repeated(name));
            }
            map.insert(name, value);
        }
        Ok(map)
    }

    /// All values of a name that may repeat.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(it, _)| it == name)
            .map(|(_, value)| value.clone())
            .collect()
    }
}

/// `+` is a space, `%` needs two hexadecimal digits, the whole is UTF-8 without NUL: what a lenient
/// decoder repairs is refused (G-1).
fn decode(part: &[u8]) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|it| char::from(it).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(FormError::Encoding),
                }
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| FormError::Encoding)?;
    if text.contains('\0') {
        Err(FormError::Encoding)
    } else {
        Ok(text)
    }
}

/// Reads a form body of at most `limit` bytes.
pub async fn read(request: Request, limit: usize) -> Result<Pairs, FormError> {
    if !is_of_type(request.headers(), URL_ENCODED) {
        return Err(FormError::ContentType);
    }
    let bytes = read_bytes(request.into_body(), limit).await?;
    Pairs::parse(&bytes)
}

/// Reads a JSON body of at most `limit` bytes; what it holds is for the room to judge.
pub async fn read_json(request: Request, limit: usize) -> Result<axum::body::Bytes, FormError> {
    if !is_of_type(request.headers(), "application/json") {
        return Err(FormError::NotJson);
    }
    read_bytes(request.into_body(), limit).await
}

/// Reads a body of at most `limit` bytes.
pub async fn read_bytes(body: Body, limit: usize) -> Result<axum::body::Bytes, FormError> {
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await;
    match collected {
        Err(_) => Err(FormError::TooSlow),
        Ok(Ok(all)) => Ok(all.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(FormError::TooLarge),
        Ok(Err(_)) => Err(FormError::Unreadable),
    }
}

/// Exactly this media type; a charset, if named, is UTF-8 (TK-8, BR-1).
pub fn is_of_type(headers: &HeaderMap, media_type: &str) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return false;
    };
    let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    parts.next() == Some(media_type)
        && parts.all(|it| it.is_empty() || matches!(it, "charset=utf-8" | "charset=\"utf-8\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_refuses_what_it_would_have_to_repair() {
        // G-1
        let value = |text: &str| Pairs::parse(text.as_bytes()).map(|it| it.0[0].1.clone());
        assert_eq!(value("a=b+c%20d%C3%A9").unwrap(), "b c dé");
        assert_eq!(value("a=b=c").unwrap(), "b=c");
        assert_eq!(value("a").unwrap(), "");
        for bad in ["a=%", "a=%4", "a=%zz", "a=%C3", "a=%FF%FE", "a=%00", "a=%+1"] {
            assert_eq!(value(bad), Err(FormError::Encoding), "{bad}");
        }
    }

    #[test]
    fn a_name_comes_once() {
        // G-2
        let pairs = Pairs::parse(b"scope=a&resource=x&resource=y").unwrap();
        assert_eq!(pairs.all("resource"), ["x", "y"]);
        assert_eq!(pairs.unique(&["resource"]).unwrap().len(), 1);
        let repeated = Pairs::parse(b"scope=a&scope=a").unwrap().unique(&[]);
        assert_eq!(repeated, Err(FormError::Repeated("scope".into())));
        assert_eq!(
            Pairs::parse("a=1&".repeat(65).as_bytes()),
            Err(FormError::TooMany)
        ); // DS-1
    }
}
