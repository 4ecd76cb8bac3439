//! Checks the authorization response as a JWT: JWT Secured Authorization Response Mode (JARM) §4.1 to §4.4, and what
//! FAPI 2.0 Message Signing §5.4 demands of it.

use super::common::{SKEW, now, seconds};
use super::id_token::{apart, signature};
use super::response::{Expected, Response, common, placed};
use crate::browser::ClientRedirect;
use crate::report::{Report, Step};
use serde_json::Value;

const RULE: &str = "signed authorization response (JARM §4.1)";
const PERMITTED: [&str; 4] = ["PS256", "ES256", "EdDSA", "Ed25519"];

/// Reads the response from the parameter `response`, which must be the only one.
pub fn read(
    returned: &ClientRedirect,
    expected: &Expected<'_>,
    client_id: &str,
    jwks: &Value,
    report: &mut Report,
) -> Step<Response> {
    let outside = placed(returned, expected, report);
    for name in ["code", "state", "error", "iss"] {
        report.require(outside.get(name).is_none(), RULE, || {
            format!("`{name}` stands beside the JWT")
        });
    }
    let Some(token) = outside.get("response").and_then(apart) else {
        let detail = format!("there is no `response` that is a JWS: {}", outside.brief());
        return Err(report.stop(RULE, detail));
    };
    signature(&token, jwks, report);
    let alg = token.header["alg"].as_str().unwrap_or_default();
    report.require(PERMITTED.contains(&alg), RULE, || {
        format!("it is signed by {alg:?}")
    });
    report.require(token.header["kid"].is_string(), RULE, || {
        "its header has no kid".into()
    });
    claims(&token.claims, expected.issuer, client_id, report);
    let members = token.claims.as_object().into_iter().flatten();
    let params = members.filter(|(name, _)| !matches!(name.as_str(), "aud" | "exp" | "iat" | "nbf" | "jti"));
    let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
    let response = Response {
        params: params.map(|(name, it)| (name.clone(), text(it))).collect(),
    };
    common(&response, expected, report);
    Ok(response)
}

fn claims(claims: &Value, issuer: &str, client_id: &str, report: &mut Report) {
    report.require(claims["iss"] == issuer, RULE, || {
        format!("iss is {}", claims["iss"])
    });
    let meant = match &claims["aud"] {
        Value::Array(them) => them.iter().any(|it| it == client_id),
        one => one == client_id,
    };
    report.require(meant, RULE, || format!("aud is {}", claims["aud"]));
    match seconds(&claims["exp"]).map(|it| it - now()) {
        None => report.fail(RULE, format!("exp is {}, not a number", claims["exp"])),
        Some(left) if left < -SKEW => report.fail(RULE, "exp has passed"),
        Some(left) => report.advise((10..=600 + SKEW).contains(&left), RULE, || {
            format!("it is good for {left} seconds; ten seconds to ten minutes were expected")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fapi::{Jwt, Key};
    use crate::variant::Placement;
    use serde_json::json;
    use url::Url;

    fn judge(change: fn(&mut Jwt), more: &str) -> usize {
        let mut named = Key::generate().unwrap().private();
        named["kid"] = json!("k1");
        let key = Key::read(&named.to_string()).unwrap();
        let claims =
            json!({"iss": "https://op.example", "aud": "me", "exp": now() + 300, "code": "c", "state": "s"});
        let mut jwt = Jwt::new(&key, claims);
        change(&mut jwt);
        let url = format!("https://rp.example/cb?response={}{more}", jwt.compact().unwrap());
        let returned = ClientRedirect {
            url: Url::parse(&url).unwrap(),
            form: None,
        };
        let expected = Expected {
            redirect_uri: "https://rp.example/cb",
            placement: Placement::Query,
            state: Some("s"),
            issuer: "https://op.example",
            iss_announced: true,
            forgotten: false,
        };
        let mut report = Report::default();
        let jwks = json!({"keys": [key.public()]});
        let _ = read(&returned, &expected, "me", &jwks, &mut report);
        report.findings.len()
    }

    #[test]
    fn each_tampered_response_is_found() {
        assert_eq!(judge(|_| (), ""), 0);
        let bad: &[fn(&mut Jwt)] = &[
            |it| it.set("iss", "https://op.example/"),
            |it| it.set("aud", "you"),
            |it| it.set("exp", now() - 3600),
            |it| it.set("exp", now() + 7200),
            |it| it.drop("exp"),
            |it| it.set("state", "S"),
            |it| it.drop("state"),
            |it| it.broken = true,
            |it| it.drop_from_header("kid"),
        ];
        for (at, change) in bad.iter().enumerate() {
            assert!(judge(*change, "") > 0, "{at}");
        }
        assert!(judge(|_| (), "&code=c") > 0);
        assert!(judge(|_| (), "&state=s") > 0);
    }
}
