//! Reads `application/x-www-form-urlencoded`, in bodies and queries: decoded once, strictly, and no name twice
//! (security.md G-1, G-2, DS-1).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};

use crate::oidc::{self, RequestPairs};
use crate::paths;

pub const URL_ENCODED: &str = "application/x-www-form-urlencoded";
/// The largest body at an OAuth endpoint: 16 KiB (DS-1).
pub const OAUTH_BODY: usize = 16 * 1024;
/// The largest body of a form: 64 KiB (DS-1).
pub const FORM_BODY: usize = 64 * 1024;
/// The largest body of the form that takes a table: 8 MiB (DS-1).
pub const TABLE_BODY: usize = 8 * 1024 * 1024;
/// The most fields of a form (DS-1).
const MAX_FIELDS: usize = 64;
/// The time within which a body must be complete (DS-1).
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The reasons why a form cannot be read. The texts are safe to show, and of the characters RFC 6749 §5.2 allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The body is of another media type.
    #[error("the body must be application/x-www-form-urlencoded; it came {0}")]
    ContentType(String),
    #[error("the body must be application/json; it came {0}")]
    NotJson(String),
    #[error("the body is too large")]
    TooLarge,
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body could not be read")]
    Unreadable,
    /// A parameter of this name cannot be decoded.
    #[error("{0} {1}")]
    Encoding(String, BadEncoding),
    #[error("the request has more than {MAX_FIELDS} parameters")]
    TooMany,
    #[error("the parameter {} occurs more than once", short(.0))]
    Repeated(String),
    #[error("the form has a field, or a value of one, that is not its own")]
    UnknownField,
}

/// The reasons why a name or a value cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEncoding {
    #[error("holds a % that two hexadecimal digits do not follow")]
    Percent,
    #[error("is not UTF-8")]
    NotUtf8,
    #[error("holds a NUL character")]
    Nul,
}

/// Shortens what an answer repeats.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

impl FormError {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::ContentType(_) | Self::NotJson(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// The names and values in the order they came, decoded; names may still repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// Reads pairs for forms and pages of our own: each name and value must be sound.
    pub fn parse(encoded: &[u8]) -> Result<Self, FormError> {
        Self::parse_for(encoded, |_| true)
    }

    /// Reads pairs for endpoints that ignore names that are not theirs (security.md G-2): only a name that `is_read`
    /// must have a sound value. A name that cannot be decoded is nobody's.
    fn parse_for(encoded: &[u8], is_read: impl Fn(&str) -> bool) -> Result<Self, FormError> {
        let mut pairs = Vec::new();
        let parts = encoded.split(|b| *b == b'&').filter(|it| !it.is_empty());
        for (position, part) in parts.enumerate() {
            if position == MAX_FIELDS {
                return Err(FormError::TooMany);
            }
            let mut halves = part.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default());
            let value = decode(halves.next().unwrap_or_default());
            match (name, value) {
                (Ok(name), Ok(value)) => pairs.push((name, value)),
                (Ok(name), Err(why)) if is_read(&name) => {
                    let about = format!("the value of the parameter {}", short(&name));
                    return Err(FormError::Encoding(about, why));
                }
                (Err(why), _) if is_read("") => {
                    return Err(FormError::Encoding("the name of a parameter".to_owned(), why));
                }
                _ => {}
            }
        }
        Ok(Self(pairs))
    }

    /// Returns the names that can be decoded, whatever their values.
    fn names(encoded: &[u8]) -> Vec<String> {
        let parts = encoded.split(|b| *b == b'&').filter(|it| !it.is_empty());
        let names = parts.map(|part| part.split(|b| *b == b'=').next().unwrap_or_default());
        names.filter_map(|it| decode(it).ok()).collect()
    }

    /// Returns the values by name, and refuses a repeated name.
    pub fn unique(self) -> Result<BTreeMap<String, String>, FormError> {
        let mut map = BTreeMap::new();
        for (name, value) in self.0 {
            if map.contains_key(&name) {
                return Err(FormError::Repeated(name));
            }
            map.insert(name, value);
        }
        Ok(map)
    }
}

/// Decodes a name or a value: `+` is a space, `%` needs two hexadecimal digits, the whole is UTF-8 without NUL. Input
/// that a lenient decoder repairs is refused (G-1).
fn decode(part: &[u8]) -> Result<String, BadEncoding> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|it| char::from(it).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(BadEncoding::Percent),
                }
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| BadEncoding::NotUtf8)?;
    if text.contains('\0') {
        Err(BadEncoding::Nul)
    } else {
        Ok(text)
    }
}

/// Returns the largest body of a form of ours.
pub fn limit(path: &str) -> usize {
    if [paths::ADMIN_ORGANIZATIONS_IMPORT, paths::ADMIN_TERMS_NEW].contains(&path) {
        TABLE_BODY
    } else {
        FORM_BODY
    }
}

/// Reads a form body of at most `limit` bytes.
pub async fn read(request: Request, limit: usize) -> Result<Pairs, FormError> {
    Pairs::parse(&read_form(request, limit).await?)
}

/// Reads a request to an endpoint that takes its parameters from the query; what no endpoint reads is not judged.
pub fn of_query(uri: &Uri) -> Result<RequestPairs, FormError> {
    let pairs = Pairs::parse_for(query(uri), oidc::is_parameter)?;
    Ok(RequestPairs::of_query(pairs.0))
}

/// Reads a request to an endpoint that takes its parameters from the body.
pub async fn of_body(request: Request) -> Result<RequestPairs, FormError> {
    let beside = Pairs::names(query(request.uri()));
    let pairs = Pairs::parse_for(&read_form(request, OAUTH_BODY).await?, oidc::is_parameter)?;
    Ok(RequestPairs::of_body(pairs.0, beside))
}

/// Reads a request whose body, if it has any, is no form.
pub fn of_no_body(uri: &Uri) -> RequestPairs {
    RequestPairs::of_body(Vec::new(), Pairs::names(query(uri)))
}

fn query(uri: &Uri) -> &[u8] {
    uri.query().unwrap_or_default().as_bytes()
}

async fn read_form(request: Request, limit: usize) -> Result<axum::body::Bytes, FormError> {
    of_type(request.headers(), URL_ENCODED).map_err(FormError::ContentType)?;
    read_bytes(request.into_body(), limit).await
}

/// Returns `true` if the request says that its body is a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    of_type(headers, URL_ENCODED).is_ok()
}

/// Reads a JSON body of at most `limit` bytes; what it holds is for the room to judge.
pub async fn read_json(request: Request, limit: usize) -> Result<axum::body::Bytes, FormError> {
    of_type(request.headers(), "application/json").map_err(FormError::NotJson)?;
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

/// Refuses a body unless its one Content-Type is this media type; the error is what there is in its place. Its
/// parameters say nothing: the media type defines none (WHATWG URL §5), old libraries write `charset=ISO-8859-1` over
/// plain ASCII, and bytes that are not UTF-8 are refused as such (security.md TK-8, BR-1).
pub fn of_type(headers: &HeaderMap, media_type: &str) -> Result<(), String> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let value = match (types.next(), types.next()) {
        (None, _) => return Err("without a Content-Type".to_owned()),
        (Some(_), Some(_)) => return Err("with more than one Content-Type".to_owned()),
        (Some(value), None) => value.to_str().unwrap_or_default(),
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(media_type) {
        Ok(())
    } else {
        Err(format!("as {}", short(essence)))
    }
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
        for (bad, why) in [
            ("a=%", BadEncoding::Percent),
            ("a=%4", BadEncoding::Percent),
            ("a=%zz", BadEncoding::Percent),
            ("a=%+1", BadEncoding::Percent),
            ("a=%C3", BadEncoding::NotUtf8),
            ("a=%FF%FE", BadEncoding::NotUtf8),
            ("a=%00", BadEncoding::Nul),
        ] {
            let about = "the value of the parameter a".to_owned();
            assert_eq!(value(bad), Err(FormError::Encoding(about, why)), "{bad}");
        }
        assert!(Pairs::parse(b"%zz=1").is_err());
    }

    #[test]
    fn what_nobody_reads_is_not_judged() {
        // G-2
        let read = |text: &str| Pairs::parse_for(text.as_bytes(), |it| it == "scope");
        let pairs = read("utm=%E9&scope=openid&%zz=1").expect("sound");
        assert_eq!(pairs.0, [("scope".to_owned(), "openid".to_owned())]);
        let why = read("scope=%E9").expect_err("not UTF-8").to_string();
        assert_eq!(why, "the value of the parameter scope is not UTF-8");
        assert_eq!(read(&"%zz=1&".repeat(65)), Err(FormError::TooMany)); // DS-1
    }

    #[test]
    fn parameters_of_a_media_type_say_nothing() {
        let of = |value: &str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]);
            of_type(&headers, URL_ENCODED)
        };
        for good in [
            URL_ENCODED,
            "Application/X-WWW-Form-URLencoded",
            "application/x-www-form-urlencoded;charset=ISO-8859-1",
            "application/x-www-form-urlencoded; charset=\"utf-8\"; x=\";\"",
            "application/x-www-form-urlencoded ;",
        ] {
            assert_eq!(of(good), Ok(()), "{good}");
        }
        assert_eq!(of("text/plain;charset=utf-8"), Err("as text/plain".to_owned()));
        assert_eq!(
            of_type(&HeaderMap::new(), URL_ENCODED),
            Err("without a Content-Type".to_owned())
        );
    }

    #[test]
    fn a_name_comes_once() {
        // G-2
        assert_eq!(Pairs::names(b"a=%zz&%62=1&%zz=2&a"), ["a", "b", "a"]);
        let repeated = Pairs::parse(b"scope=a&scope=a").unwrap().unique();
        assert_eq!(repeated, Err(FormError::Repeated("scope".into())));
        assert_eq!(
            Pairs::parse("a=1&".repeat(65).as_bytes()),
            Err(FormError::TooMany)
        ); // DS-1
    }
}
