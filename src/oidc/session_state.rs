//! `session_state` (OpenID Connect Session Management 1.0 §2, §3.2): a service's page asks about it, in the browser,
//! the page at `check_session_iframe`, which makes it again out of the cookie it finds.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use url::Url;

/// Returns the `session_state`. The script of the iframe computes the same value; the salt makes each answer
/// different.
pub fn of(client_id: &str, origin: &str, browser_state: &str, salt: &str) -> String {
    let hash = Sha256::digest(format!("{client_id} {origin} {browser_state} {salt}"));
    format!("{}.{salt}", URL_SAFE_NO_PAD.encode(hash))
}

/// Returns the origin as a browser writes it; apps have none.
pub fn origin(redirect_uri: &str) -> Option<String> {
    let origin = Url::parse(redirect_uri).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_depends_on_client_origin_browser_and_salt() {
        let base = of("c", "https://a.example", "b", "s");
        assert!(base.ends_with(".s") && !base.contains(' ')); // §2: no space
        for other in [
            of("d", "https://a.example", "b", "s"),
            of("c", "https://a.example:444", "b", "s"),
            of("c", "https://a.example", "x", "s"),
            of("c", "https://a.example", "b", "t"),
        ] {
            assert_ne!(base.split('.').next(), other.split('.').next());
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        assert_eq!(
            origin("https://A.example:443/cb?x").as_deref(),
            Some("https://a.example")
        );
        assert_eq!(
            origin("http://127.0.0.1:8080/cb").as_deref(),
            Some("http://127.0.0.1:8080")
        );
        assert_eq!(origin("com.example.app:/cb"), None);
    }
}
