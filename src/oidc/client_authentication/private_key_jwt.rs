//! `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9): the rules of an assertion whose signature is verified
//! (security.md TK-7, JW-4).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use serde_json::Value;

use crate::domain::client::Profile;
use crate::domain::{ClientId, Time};

/// RFC 7523 §2.2
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The `typ` of an assertion; none, or `JWT`, is accepted too (JW-4).
pub const TYPE: &str = "client-authentication+jwt";

/// The largest distance of `exp` in the future (TK-7). Libraries in use write an hour there: under the profile
/// `oidc`, an assertion with an `iat` counts for this long from then, whatever its `exp`.
pub const LONGEST: Duration = Duration::minutes(5);

/// The difference between two clocks that is tolerated (TK-7).
const TOLERANCE: Duration = Duration::seconds(10);

/// The client, provider and time that an assertion must fit.
pub struct Expected<'a> {
    pub client_id: &'a ClientId,
    pub profile: Profile,
    pub issuer: &'a str,
    /// The URL of the endpoint that was called, and others that are accepted for it.
    pub endpoints: &'a [String],
    pub now: Time,
    /// The time before which assertions are refused: their use is not remembered (ST-1).
    pub remembered_since: Time,
}

/// The values by which an assertion is single-use.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    pub jti: String,
    pub expires_at: Time,
}

const EXPIRED: &str = "the assertion has expired";
const NOT_YET: &str = "the assertion is not valid yet";
const FROM_THE_FUTURE: &str = "the assertion comes from the future";

/// Returns the description of a reason, if the client's clock may be the cause (TK-7). The signature is verified, so
/// the client itself reads it.
pub fn about_clocks(reason: &str) -> Option<&'static str> {
    match reason {
        EXPIRED => Some("The client assertion has expired by the clock of this server"),
        NOT_YET | FROM_THE_FUTURE => Some(
            "The client assertion is not valid yet by the clock of this server: the client's may be ahead",
        ),
        _ => None,
    }
}

/// Returns the client that an assertion claims to be from: only to find the keys that verify it.
pub fn claimed_client(assertion: &str) -> Option<ClientId> {
    let bytes = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    claims.get("sub")?.as_str().map(ClientId::new)
}

/// Checks the claims of an assertion whose signature is verified.
pub fn check(claims: &Value, expected: &Expected<'_>) -> Result<Checked, &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let client = Some(expected.client_id.as_str());
    if text("iss") != client || text("sub") != client {
        return Err("iss and sub of the assertion are not the client");
    }
    // A request object is signed by the same key and must not pass for an assertion (JW-4).
    if ["response_type", "client_id", "redirect_uri", "htm", "events"]
        .iter()
        .any(|it| claims.get(*it).is_some())
    {
        return Err("the assertion is a token of another kind");
    }
    if !audience_fits(claims.get("aud"), expected) {
        return Err("the audience of the assertion is another");
    }
    let time = |name: &str| -> Result<Option<Time>, &'static str> {
        match claims.get(name) {
            None => Ok(None),
            // JW-3: NumericDate is an integer.
            Some(value) => value
                .as_i64()
                .and_then(crate::clock::from_unix)
                .map(Some)
                .ok_or("a time of the assertion is not an integer"),
        }
    };
    let (now, issued) = (expected.now, time("iat")?);
    let exp = time("exp")?.ok_or("the assertion has no exp")?;
    let exp = match issued {
        Some(issued) if expected.profile == Profile::Oidc => exp.min(issued + LONGEST),
        _ => exp,
    };
    if exp + TOLERANCE <= now {
        return Err(EXPIRED);
    }
    if time("nbf")?.is_some_and(|it| it > now + TOLERANCE) {
        return Err(NOT_YET);
    }
    if issued.is_some_and(|it| it > now + TOLERANCE) {
        return Err(FROM_THE_FUTURE);
    }
    if exp > now + LONGEST + TOLERANCE {
        return Err("the assertion lives too long");
    }
    // Without an iat, this is the earliest moment at which the assertion can have been used.
    let earliest = issued.unwrap_or(exp - LONGEST - TOLERANCE);
    if earliest.timestamp() < expected.remembered_since.timestamp() {
        return Err("the assertion is older than the memory of those used");
    }
    let jti = text("jti")
        .filter(|it| !it.is_empty() && it.len() <= 512)
        .ok_or("the assertion has no jti")?;
    Ok(Checked {
        jti: jti.to_owned(),
        expires_at: exp + TOLERANCE,
    })
}

fn audience_fits(audience: Option<&Value>, expected: &Expected<'_>) -> bool {
    let strict = expected.profile.is_fapi();
    let meant = |value: &Value| {
        value == expected.issuer || (!strict && expected.endpoints.iter().any(|endpoint| value == endpoint))
    };
    match audience {
        Some(one @ Value::String(_)) => meant(one),
        // FAPI 2.0 §5.3.2.1: the audience is a single string, the issuer.
        Some(Value::Array(many)) if !strict => many.iter().any(meant),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://account.example";
    const ENDPOINT: &str = "https://account.example/token";

    fn judge(change: Value, profile: Profile) -> Result<Checked, &'static str> {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let at = now.timestamp();
        let mut claims =
            json!({"iss": "c", "sub": "c", "aud": ISSUER, "jti": "1", "iat": at, "exp": at + 60});
        for (name, value) in change.as_object().expect("an object") {
            match value {
                Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let client_id = ClientId::new("c");
        let remembered_since = now - Duration::minutes(1);
        check(
            &claims,
            &Expected {
                client_id: &client_id,
                profile,
                issuer: ISSUER,
                endpoints: &[ENDPOINT.to_owned()],
                now,
                remembered_since,
            },
        )
    }

    #[test]
    fn an_assertion_is_for_us_and_for_now() {
        let at = 1_800_000_000_i64;
        for good in [
            json!({}),
            json!({"aud": ENDPOINT}),
            json!({"aud": ["https://other.example", ISSUER]}),
            json!({"exp": at - 9}),
            json!({"exp": at + 310, "iat": null}),
            json!({"nbf": at + 10}),
        ] {
            assert!(judge(good.clone(), Profile::Oidc).is_ok(), "{good}"); // TK-7
        }
        for bad in [
            json!({"iss": "d"}),
            json!({"sub": "d"}),
            json!({"aud": null}),
            json!({"aud": "https://account.example/"}),
            json!({"aud": []}),
            json!({"exp": null}),
            json!({"exp": at - 10}),
            json!({"exp": at + 311, "iat": null}),
            json!({"exp": "soon"}),
            json!({"exp": (at as f64) + 60.5}),
            json!({"nbf": at + 11}),
            json!({"iat": at + 11}),
            json!({"jti": null}),
            json!({"jti": ""}),
            json!({"jti": 1}),
            json!({"response_type": "code"}),
            json!({"htm": "POST"}),
        ] {
            assert!(judge(bad.clone(), Profile::Oidc).is_err(), "{bad}"); // TK-7, JW-3, JW-4
        }
    }

    #[test]
    fn a_long_life_is_cut_to_minutes_from_its_making() {
        let at = 1_800_000_000_i64;
        let long = judge(json!({"exp": at + 3600}), Profile::Oidc).expect("as Authlib makes it");
        assert_eq!(long.expires_at.timestamp(), at + 310); // TK-7: remembered for as long as it counts
        let late = judge(json!({"iat": at - 310, "exp": at + 3290}), Profile::Oidc);
        assert_eq!(late.unwrap_err(), "the assertion has expired");
        for strict in [Profile::Fapi2, Profile::Fapi2MessageSigning, Profile::Ciba] {
            assert!(judge(json!({"exp": at + 311}), strict).is_err());
        }
    }

    #[test]
    fn a_fapi_client_names_the_issuer_alone() {
        assert!(judge(json!({}), Profile::Fapi2).is_ok());
        for bad in [json!({"aud": ENDPOINT}), json!({"aud": [ISSUER]})] {
            assert!(judge(bad, Profile::Fapi2).is_err()); // TK-7
        }
    }

    #[test]
    fn what_may_have_been_used_before_the_memory_began_is_refused() {
        let at = 1_800_000_000_i64;
        assert!(judge(json!({"iat": at - 61}), Profile::Oidc).is_err()); // ST-1
        assert!(judge(json!({"iat": null}), Profile::Oidc).is_err());
        assert!(judge(json!({"iat": at - 60}), Profile::Oidc).is_ok());
    }
}
