//! Checks the logout token and the request that brings it: OpenID Connect Back-Channel Logout 1.0 §2.4, §2.5.

use super::common::{SKEW, now, seconds};
use super::id_token::{apart, signature};
use crate::report::{Report, Step};
use crate::site::ReceivedRequest;
use rustls::ProtocolVersion;
use serde_json::{Value, json};
use url::form_urlencoded;

const REQUEST: &str = "logout request (Back-Channel Logout §2.5)";
const RULE: &str = "logout token (Back-Channel Logout §2.4)";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const DAY: i64 = 24 * 3600;

/// The values that the token must match.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    /// The claims of the ID token of the login that ended.
    pub login: &'a Value,
}

/// Requires a posted form, over TLS 1.2 or 1.3.
pub fn request(request: &ReceivedRequest, report: &mut Report) {
    let kind = request.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    report.require(request.method == "POST" && form, REQUEST, || {
        format!("a posted form was expected: {} {kind:?}", request.method)
    });
    if let Some(version) = request.tls {
        report.advise(version == ProtocolVersion::TLSv1_3, REQUEST, || {
            format!("it came by {version:?} (RFC 9325 §3.1.1)")
        });
    }
}

pub fn read(request: &ReceivedRequest, jwks: &Value, expected: &Expected<'_>, report: &mut Report) -> Step {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(request.body.as_bytes())
        .into_owned()
        .collect();
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    report.advise(names == ["logout_token"], REQUEST, || {
        format!("logout_token alone was expected: {names:?}")
    });
    let raw = pairs.iter().find(|(name, _)| name == "logout_token");
    let Some(token) = raw.and_then(|(_, it)| apart(it)) else {
        return Err(report.stop(RULE, "there is no logout_token that is a JWS"));
    };
    signature(&token, jwks, report);
    claims(&token.claims, expected, report);
    Ok(())
}

fn claims(claims: &Value, expected: &Expected<'_>, report: &mut Report) {
    report.require(claims["iss"] == expected.issuer, RULE, || {
        format!("iss is {}", claims["iss"])
    });
    let meant = match &claims["aud"] {
        Value::Array(them) => them.iter().any(|it| it == expected.client_id),
        one => one == expected.client_id,
    };
    report.require(meant, RULE, || format!("aud is {}", claims["aud"]));
    let issued = seconds(&claims["iat"]);
    let recent = issued.is_some_and(|it| it <= now() + SKEW && it >= now() - DAY);
    report.require(recent, RULE, || format!("iat is {}", claims["iat"]));
    let named = claims["jti"].as_str().is_some_and(|it| !it.is_empty());
    report.require(named, RULE, || format!("jti is {}", claims["jti"]));
    report.require(claims["events"] == json!({EVENT: {}}), RULE, || {
        format!("events is {}", claims["events"])
    });
    report.require(claims.get("nonce").is_none(), RULE, || "it has a nonce".into());
    let whom: Vec<_> = ["sub", "sid"]
        .into_iter()
        .filter(|it| claims.get(*it).is_some())
        .collect();
    report.require(!whom.is_empty(), RULE, || "it has neither sub nor sid".into());
    for name in whom {
        report.require(claims[name] == expected.login[name], RULE, || {
            format!(
                "{name} is {}, in the ID token it was {}",
                claims[name], expected.login[name]
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(changes: &Value) -> usize {
        let login = json!({"sub": "u", "sid": "s"});
        let expected = Expected {
            issuer: "https://op.example",
            client_id: "me",
            login: &login,
        };
        let mut token_claims = json!({"iss": "https://op.example", "aud": "me", "iat": now(), "jti": "1", "sub": "u",
            "sid": "s", "events": {EVENT: {}}});
        for (name, value) in changes.as_object().unwrap() {
            token_claims[name] = value.clone();
        }
        token_claims
            .as_object_mut()
            .unwrap()
            .retain(|_, it| !it.is_null());
        let mut report = Report::default();
        claims(&token_claims, &expected, &mut report);
        report.findings.len()
    }

    #[test]
    fn each_tampered_claim_is_found() {
        for good in [
            json!({}),
            json!({"sub": null}),
            json!({"sid": null}),
            json!({"aud": ["me", "you"]}),
        ] {
            assert_eq!(judge(&good), 0, "{good}");
        }
        for bad in [
            json!({"iss": "https://op.example/"}),
            json!({"aud": "you"}),
            json!({"iat": null}),
            json!({"iat": now() - 2 * DAY}),
            json!({"iat": now() + 3600}),
            json!({"jti": null}),
            json!({"events": null}),
            json!({"events": {}}),
            json!({"events": {EVENT: true}}),
            json!({"events": {EVENT: {}, "urn:other": {}}}),
            json!({"nonce": "n"}),
            json!({"sub": null, "sid": null}),
            json!({"sub": "other"}),
            json!({"sid": "other"}),
        ] {
            assert_eq!(judge(&bad), 1, "{bad}");
        }
    }

    #[test]
    fn how_it_came_is_judged() {
        let judge = |method: &str, kind: &str, tls| {
            let received = ReceivedRequest {
                method: method.into(),
                headers: vec![("content-type".into(), kind.into())],
                body: String::new(),
                tls,
            };
            let mut report = Report::default();
            request(&received, &mut report);
            report.findings.len()
        };
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(judge("POST", form, Some(ProtocolVersion::TLSv1_3)), 0);
        assert_eq!(judge("POST", form, Some(ProtocolVersion::TLSv1_2)), 1);
        assert_eq!(judge("GET", form, None), 1);
        assert_eq!(judge("POST", "application/json", None), 1);
    }
}
