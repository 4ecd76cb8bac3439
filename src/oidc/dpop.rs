//! Proofs of possession (RFC 9449): with each request a client proves again that it holds the key that its tokens are
//! bound to, so that a stolen token is worth nothing (security.md TK-10).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Error, Result};
use crate::app::App;
use crate::domain::Time;
use crate::domain::client::{Client, SigningAlg};
use crate::domain::secret::Digest;
use crate::jose::jws::Expect;
use crate::jose::{self, VerifiedProof};
use crate::oidc::retention::SPENT_KEPT;
use crate::storage::ephemeral::Kind;

/// The authentication scheme and the `token_type` (RFC 9449 §5, §7.1).
pub const SCHEME: &str = "DPoP";

pub const ALGS: [SigningAlg; 3] = [SigningAlg::ES256, SigningAlg::PS256, SigningAlg::EdDSA];

/// RFC 9449 §4.2
const TYPE: &str = "dpop+jwt";

/// The largest distance between `iat` and our clock, in both directions.
const WINDOW: Duration = Duration::seconds(60);

/// The lifetime of a nonce.
const NONCE_WINDOW: Duration = Duration::minutes(5);

/// The purpose for which a nonce is sealed (security.md G-7).
const NONCE: &str = "dpop_nonce";

/// The header as it came, and the request that it came with.
#[derive(Clone, Debug, Default)]
pub struct DpopHeader {
    /// The value of `DPoP`, if there was one.
    pub proof: Option<String>,
    /// `true` if there was more than one, or one that is not ASCII.
    pub unreadable: bool,
    pub method: String,
    /// The URL of the endpoint as metadata states it, without query.
    pub url: String,
}

/// The request and the time that a proof must fit.
struct Expected<'a> {
    method: &'a str,
    url: &'a str,
    /// The access token that it comes with, at a resource.
    access_token: Option<&'a str>,
    now: Time,
    /// The time before which proofs are refused: their use is not remembered (ST-1).
    remembered_since: Time,
}

/// Verifies the proof of a request and returns the thumbprint of its key; `None` if no proof came. A proof counts once.
pub async fn verify(app: &App, header: &DpopHeader, access_token: Option<&str>) -> Result<Option<String>> {
    if header.unreadable {
        // RFC 9449 §4.3
        return Err(Error::invalid_dpop_proof("There is not exactly one DPoP proof"));
    }
    let Some(proof) = &header.proof else {
        return Ok(None);
    };
    let expect = Expect {
        algs: &ALGS,
        typ: TYPE,
        plain: false,
    };
    let VerifiedProof { claims, thumbprint } = jose::verify_embedded(proof, expect)
        .map_err(|why| Error::invalid_dpop_proof("The DPoP proof is not valid").caused_by(why))?;
    let expected = Expected {
        method: &header.method,
        url: &header.url,
        access_token,
        now: app.clock.now(),
        remembered_since: app.ephemeral.started_at().await?,
    };
    let wants_nonce = app.config.tokens.dpop_nonces;
    let jti = check(&claims, &expected, wants_nonce).map_err(Error::invalid_dpop_proof)?;
    if wants_nonce && !is_own_nonce(app, claims.get("nonce")) {
        return Err(Error::use_dpop_nonce(
            "The DPoP proof needs the nonce of the DPoP-Nonce header",
        ));
    }
    // RFC 9449 §11.1: proofs are counted per key and endpoint, so that nobody spends another's.
    let used = format!("{thumbprint}\n{}\n{jti}", header.url);
    let window = if wants_nonce { NONCE_WINDOW } else { WINDOW * 2 };
    let ttl = window.to_std().map_err(Error::internal)? + SPENT_KEPT;
    let key = Digest::of(used.as_bytes());
    if app
        .ephemeral
        .put_new(Kind::ProofId, key.as_str(), &[], ttl)
        .await?
    {
        Ok(Some(thumbprint))
    } else {
        Err(Error::invalid_dpop_proof("The DPoP proof was used before"))
    }
}

/// Verifies the proof of a client. One that is registered for bound tokens must send a proof (RFC 9449 §5.2).
pub async fn verify_for(app: &App, client: &Client, header: &DpopHeader) -> Result<Option<String>> {
    match verify(app, header, None).await? {
        None if client.metadata.dpop_bound_access_tokens => Err(Error::invalid_dpop_proof(
            "This client proves possession of its key with a DPoP header",
        )),
        key => Ok(key),
    }
}

/// Returns `true` if the value can be a thumbprint: the base64url of a SHA-256 (RFC 9449 §10).
pub fn is_thumbprint(value: &str) -> bool {
    URL_SAFE_NO_PAD.decode(value).is_ok_and(|it| it.len() == 32)
}

/// Makes a nonce for the proofs of the next five minutes (RFC 9449 §8). It is stored nowhere.
pub fn nonce(app: &App) -> Result<String> {
    let now = app.clock.now().timestamp().to_be_bytes();
    app.keys.seal(NONCE, &now).map_err(Error::internal)
}

fn is_own_nonce(app: &App, nonce: Option<&Value>) -> bool {
    let opened = nonce
        .and_then(Value::as_str)
        .and_then(|it| app.keys.open(NONCE, it));
    let made = opened
        .and_then(|it| it.try_into().ok())
        .map(i64::from_be_bytes)
        .and_then(crate::clock::from_unix);
    made.is_some_and(|it| app.clock.now() - it <= NONCE_WINDOW)
}

/// Checks the claims of a proof whose signature is verified, and returns its `jti` (RFC 9449 §4.3).
fn check(
    claims: &Value,
    expected: &Expected<'_>,
    has_nonce: bool,
) -> std::result::Result<String, &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("htm") != Some(expected.method) {
        return Err("htm of the DPoP proof is another method");
    }
    if !text("htu").is_some_and(|it| is_same_target(it, expected.url)) {
        return Err("htu of the DPoP proof is another URL");
    }
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .and_then(crate::clock::from_unix)
            .map(Some)
            .ok_or("A time of the DPoP proof is not an integer"),
    };
    let now = expected.now;
    let issued = time("iat")?.ok_or("The DPoP proof has no iat")?;
    // A nonce says better than the client's clock how old it is (RFC 9449 §11.1).
    if !has_nonce && (issued > now + WINDOW || issued < now - WINDOW) {
        return Err("iat of the DPoP proof is too far from now");
    }
    if time("nbf")?.is_some_and(|it| it > now + WINDOW) || time("exp")?.is_some_and(|it| it < now - WINDOW) {
        return Err("The DPoP proof is not valid at this time");
    }
    if issued.timestamp() < expected.remembered_since.timestamp() {
        return Err("The DPoP proof is older than the memory of those used");
    }
    let hash = expected
        .access_token
        .map(|it| URL_SAFE_NO_PAD.encode(Sha256::digest(it)));
    if hash.is_some() && text("ath") != hash.as_deref() {
        return Err("ath of the DPoP proof is of another access token");
    }
    text("jti")
        .filter(|it| !it.is_empty() && it.len() <= 512)
        .map(str::to_owned)
        .ok_or("The DPoP proof has no jti")
}

/// Compares two URLs without query and fragment, after normalisation (RFC 9449 §4.3, RFC 3986 §6.2.2).
fn is_same_target(htu: &str, url: &str) -> bool {
    let bare = |url: &str| {
        let mut url = Url::parse(url).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    bare(htu).is_some_and(|it| Some(it) == bare(url))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://account.example/token";

    fn judge(change: Value, has_nonce: bool) -> std::result::Result<String, &'static str> {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let mut claims = json!({"htm": "POST", "htu": URL, "jti": "1", "iat": now.timestamp()});
        for (name, value) in change.as_object().expect("an object") {
            match value {
                Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let expected = Expected {
            method: "POST",
            url: URL,
            access_token: None,
            now,
            remembered_since: now - Duration::minutes(30),
        };
        check(&claims, &expected, has_nonce)
    }

    #[test]
    fn a_proof_is_for_one_request_of_now() {
        let now = 1_800_000_000;
        for good in [
            json!({}),
            json!({"htu": "https://ACCOUNT.example:443/token?x=1#y"}),
            json!({"iat": now - 60}),
            json!({"iat": now + 60}),
            json!({"nbf": now, "exp": now + 60}),
        ] {
            assert_eq!(judge(good.clone(), false), Ok("1".into()), "{good}");
        }
        for bad in [
            json!({"htm": "GET"}),
            json!({"htm": null}),
            json!({"htu": "https://account.example/userinfo"}),
            json!({"htu": "http://account.example/token"}),
            json!({"htu": null}),
            json!({"iat": now - 61}),
            json!({"iat": now + 61}),
            json!({"iat": null}),
            json!({"iat": "now"}),
            json!({"nbf": now + 600}),
            json!({"exp": now - 600}),
            json!({"jti": null}),
            json!({"jti": ""}),
        ] {
            assert!(judge(bad.clone(), false).is_err(), "{bad}"); // TK-10
        }
        // The client's clock does not matter with a nonce, but the memory of used proofs does.
        assert!(judge(json!({"iat": now - 600}), true).is_ok());
        assert!(judge(json!({"iat": now - 3600}), true).is_err()); // ST-1
    }

    #[test]
    fn a_thumbprint_is_a_hash() {
        assert!(is_thumbprint("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
        for bad in [
            "",
            "NzbLsXh8uDCcd",
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs=",
        ] {
            assert!(!is_thumbprint(bad), "{bad}");
        }
    }
}
