//! Request objects: an authorization request as a JWT of the client, by value or from an address that it registered
//! (OpenID Connect Core §6, RFC 9101; security.md AZ-7, AZ-8, JW-1 to JW-4). The result is the request to check, as if
//! it had come plain.

use std::time::Duration;

use chrono::Duration as Span;
use serde_json::{Map, Value};

use super::authorization::raw_request::RawRequest;
use super::client_keys::{self, VerifyError};
use super::parameters::is_authorization_parameter;
use super::{Error, Result};
use crate::app::App;
use crate::domain::client::{Client, Profile, SigningAlg};
use crate::domain::{Time, secret::Digest};
use crate::jose::jws::{Expect, Refusal, unsigned};
use crate::oidc::retention::SPENT_KEPT;
use crate::storage::ephemeral::Kind;

/// The `typ` of a request object (RFC 9101 §10.8); none, or `JWT`, is accepted too (JW-4).
const TYPE: &str = "oauth-authz-req+jwt";

/// The media types that a request for a request object accepts (RFC 9101 §5.2.3).
const MEDIA_TYPES: &str = "application/oauth-authz-req+jwt, application/jwt";

/// The largest distance of `exp` in the future and of `nbf` in the past (AZ-7).
const LONGEST: Span = Span::minutes(60);

/// The difference between two clocks that is tolerated (AZ-7).
const TOLERANCE: Span = Span::seconds(10);

/// The time for which a used object is remembered: the longest lifetime, and then as any spent value.
const USED_OBJECT_KEPT: Duration = Duration::from_mins(60).saturating_add(SPENT_KEPT);

/// Members that are about the JWT, not about the request (RFC 7519 §4.1).
pub(super) const OF_THE_JWT: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Returns the request inside of the object, with the parameters beside it where the standard lets them count.
pub async fn unfold(app: &App, client: &Client, raw: &RawRequest, object: &str) -> Result<RawRequest> {
    let algs = client.request_object_algs();
    let (claims, is_typed) = read(app, client, object, algs.as_deref()).await?;
    let signed = algs.is_some();
    let expected = Expected {
        client,
        issuer: app.config.issuer.as_str(),
        now: app.clock.now(),
        signed,
        needs: Needs::of(client.settings.profile),
    };
    check(&claims, &expected).map_err(Error::invalid_request_object)?;
    if raw.is_pushed() {
        once(app, client, &claims).await?;
    }
    let inside = parameters(&claims)?;
    // RFC 9101 §6.3: only what is inside counts for clients of RFC 9101; OpenID Connect Core §6.1 has the inside go
    // first, and type and client stated outside as well.
    let alone = is_typed || raw.is_pushed() || client.must_sign_requests();
    if !alone {
        agree(raw, &claims)?;
    } else if let Some(id) = claims.get("client_id")
        && id != client.id.as_str()
    {
        return Err(Error::invalid_request_object("client_id inside is another"));
    }
    Ok(raw.unfolded(inside, alone, signed))
}

/// Fetches the object from an address that the client registered. Addresses are compared as they are (AZ-8).
pub async fn fetch(app: &App, client: &Client, request_uri: &str) -> Result<String> {
    let registered = &client.metadata.request_uris;
    if !app.config.authorization.request_uri {
        return Err(Error::request_uri_not_supported("request_uri is not supported"));
    }
    if !registered.iter().any(|it| it == request_uri) {
        return Err(Error::invalid_request_uri(
            "request_uri is not registered for this client",
        ));
    }
    let fetched = app.fetch.get(request_uri, MEDIA_TYPES).await.map_err(|why| {
        Error::invalid_request_uri("There is no request object at request_uri").caused_by(why)
    })?;
    String::from_utf8(fetched.body)
        .map(|it| it.trim().to_owned())
        .map_err(|_| Error::invalid_request_object("The request object is not a JWT"))
}

/// Returns the claims, and whether their `typ` names a request object. Without `algs` they come unsigned.
pub(super) async fn read(
    app: &App,
    client: &Client,
    object: &str,
    algs: Option<&[SigningAlg]>,
) -> Result<(Value, bool)> {
    let refused = |why: VerifyError| {
        Error::invalid_request_object("The request object is not one that this client has signed")
            .caused_by(why)
    };
    let Some(algs) = algs else {
        let claims = unsigned(object).map_err(|why| refused(why.into()))?;
        return Ok((claims, false));
    };
    let mut expect = Expect {
        algs,
        typ: TYPE,
        plain: false,
    };
    match client_keys::verify(app, client, object, expect).await {
        Err(VerifyError::Refusal(Refusal::Type)) => {
            expect.plain = true;
            let claims = client_keys::verify(app, client, object, expect).await;
            Ok((claims.map_err(refused)?, false))
        }
        other => Ok((other.map_err(refused)?, true)),
    }
}

/// The client, provider and time that an object must fit.
pub(super) struct Expected<'a> {
    pub client: &'a Client,
    pub issuer: &'a str,
    pub now: Time,
    pub signed: bool,
    pub needs: Needs,
}

/// The claims that an object must have. Others are checked where they are present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// `true` if `exp` and `nbf` are needed.
    pub window: bool,
    /// `true` if `iat` and `jti` are needed.
    pub name: bool,
}

impl Needs {
    /// The needs of CIBA §7.1.1, of every client.
    pub const ALL: Self = Self {
        window: true,
        name: true,
    };

    fn of(profile: Profile) -> Self {
        Self {
            // FAPI 2.0 Message Signing §5.3.1
            window: matches!(profile, Profile::Fapi2MessageSigning | Profile::Ciba),
            name: profile == Profile::Ciba,
        }
    }
}

pub(super) fn check(claims: &Value, expected: &Expected<'_>) -> Result<(), &'static str> {
    let Expected {
        client,
        now,
        signed,
        needs,
        ..
    } = *expected;
    match claims.get("iss") {
        Some(issuer) if issuer == client.id.as_str() => {}
        None if !signed => {}
        _ => return Err("iss of the request object is not the client"),
    }
    let meant = match claims.get("aud") {
        Some(Value::Array(many)) => many.iter().any(|it| it == expected.issuer),
        Some(one) => one == expected.issuer,
        None => !signed,
    };
    if !meant {
        return Err("aud of the request object is another");
    }
    // JW-4: an assertion, a proof or a logout token of the client is no request object.
    if claims.get("sub").is_some_and(|it| it == client.id.as_str())
        || ["htm", "htu", "events"]
            .iter()
            .any(|it| claims.get(*it).is_some())
    {
        return Err("The JWT is not a request object");
    }
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        // JW-3: NumericDate is an integer.
        Some(value) => value
            .as_i64()
            .and_then(crate::clock::from_unix)
            .map(Some)
            .ok_or("A time of the request object is not an integer"),
    };
    let (exp, nbf, iat) = (time("exp")?, time("nbf")?, time("iat")?);
    if needs.window && (exp.is_none() || nbf.is_none()) || needs.name && iat.is_none() {
        return Err("The request object lacks exp, nbf or iat");
    }
    if exp.is_some_and(|it| it + TOLERANCE <= now) {
        return Err("The request object has expired");
    }
    if exp.is_some_and(|it| it > now + LONGEST + TOLERANCE) {
        return Err("exp of the request object is more than 60 minutes ahead");
    }
    if [nbf, iat].iter().flatten().any(|it| *it > now + TOLERANCE) {
        return Err("The request object is not valid yet");
    }
    if nbf.is_some_and(|it| it + LONGEST + TOLERANCE < now) {
        return Err("nbf of the request object is more than 60 minutes ago");
    }
    let window = exp.zip(nbf).filter(|_| needs.window);
    if window.is_some_and(|(exp, nbf)| exp - nbf > LONGEST) {
        // FAPI 2.0 Message Signing §5.3.1, FAPI-CIBA §5.2.2
        return Err("exp of the request object is more than 60 minutes after its nbf");
    }
    match claims.get("jti") {
        None if needs.name => Err("The request object lacks jti"),
        None => Ok(()),
        Some(Value::String(jti)) if (1..=512).contains(&jti.len()) => Ok(()),
        Some(_) => Err("jti of the request object is not text of 512 characters at most"),
    }
}

/// Refuses an object with a `jti` that was pushed before. In a browser it is not counted: a page may be loaded again,
/// and state, nonce and challenge bind the answer.
pub(super) async fn once(app: &App, client: &Client, claims: &Value) -> Result<()> {
    let Some(jti) = claims.get("jti").and_then(Value::as_str) else {
        return Ok(());
    };
    let key = Digest::of(format!("{}\n{jti}", client.id).as_bytes());
    let kind = Kind::RequestObjectId;
    if app
        .ephemeral
        .put_new(kind, key.as_str(), &[], USED_OBJECT_KEPT)
        .await?
    {
        Ok(())
    } else {
        Err(Error::invalid_request_object(
            "The request object was used before",
        ))
    }
}

/// Checks that what is outside for OAuth's sake is the same inside (OpenID Connect Core §6.1).
fn agree(outside: &RawRequest, claims: &Value) -> Result<()> {
    for name in ["client_id", "response_type"] {
        let inside = claims.get(name);
        if outside.get(name).is_none() {
            return Err(Error::invalid_request(format!(
                "{name} is missing beside the request object"
            )));
        }
        if inside.is_some_and(|it| it.as_str() != outside.get(name)) {
            return Err(Error::invalid_request_object(format!(
                "{name} is not the same inside and outside"
            )));
        }
    }
    Ok(())
}

/// Returns the members as parameters: text, but for those that are JSON by nature.
fn parameters(claims: &Value) -> Result<Vec<(String, String)>> {
    // RFC 9101 §4
    if ["request", "request_uri"]
        .iter()
        .any(|it| claims.get(*it).is_some())
    {
        return Err(Error::invalid_request_object(
            "A request object holds no other request",
        ));
    }
    let members = claims.as_object().into_iter().flat_map(Map::iter);
    let requested = members.filter(|it| !OF_THE_JWT.contains(&it.0.as_str()));
    requested
        .filter(|(name, value)| value.is_string() || *name == "resource" || is_authorization_parameter(name))
        .flat_map(|(name, value)| match (name.as_str(), value) {
            // RFC 8707 §2: the object has one resource or several.
            ("resource", Value::Array(many)) => many.iter().map(|it| (name, it)).collect(),
            _ => vec![(name, value)],
        })
        .map(|(name, value)| {
            let text = match (name.as_str(), value) {
                (_, Value::String(text)) => Some(text.clone()),
                ("max_age", Value::Number(number)) => Some(number.to_string()),
                ("claims" | "registration", Value::Object(_)) => Some(value.to_string()),
                ("authorization_details", Value::Array(_)) => Some(value.to_string()),
                _ => None,
            };
            text.map(|it| (name.clone(), it)).ok_or_else(|| {
                Error::invalid_request_object(format!("{name} has the wrong type in the request object"))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ClientId;
    use crate::domain::client::{Definition, Origin};

    const ISSUER: &str = "https://op.example";
    const NOW: i64 = 1_800_000_000;

    /// Judges good claims with others over them; null leaves one out.
    fn judge(profile: &str, signed: bool, changes: Value) -> Result<(), &'static str> {
        let now = crate::clock::from_unix(NOW).expect("a time");
        let definition: Definition =
            serde_json::from_value(json!({"profile": profile})).expect("a definition");
        let client = Client {
            id: ClientId::new("c"),
            enabled: true,
            origin: Origin::Administrator,
            metadata: definition.metadata,
            settings: definition.settings,
            secrets: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let mut claims =
            json!({"iss": "c", "aud": ISSUER, "exp": NOW + 300, "nbf": NOW, "iat": NOW, "jti": "1"});
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .expect("an object")
            .retain(|_, it| !it.is_null());
        let expected = Expected {
            client: &client,
            issuer: ISSUER,
            now,
            signed,
            needs: Needs::of(client.settings.profile),
        };
        check(&claims, &expected)
    }

    #[test]
    fn an_object_is_from_its_client_for_us_and_for_now() {
        for good in [
            json!({}),
            json!({"aud": ["https://other.example", ISSUER]}),
            json!({"exp": NOW - 9}),
            json!({"exp": NOW + 3600}),
            json!({"nbf": NOW + 8, "iat": NOW + 8}),
            json!({"nbf": NOW - 3300}), // 60 minutes before its exp
        ] {
            assert_eq!(
                judge("fapi2_message_signing", true, good.clone()),
                Ok(()),
                "{good}"
            ); // AZ-7
        }
        for bad in [
            json!({"iss": null}),
            json!({"iss": "d"}),
            json!({"aud": null}),
            json!({"aud": "https://op.example/"}),
            json!({"aud": []}),
            json!({"aud": {"x": ISSUER}}),
            json!({"exp": NOW - 10}),
            json!({"exp": NOW + 4200}),
            json!({"exp": "soon"}),
            json!({"nbf": NOW + 11}),
            json!({"nbf": NOW - 4200}),
            json!({"iat": NOW + 11}),
            json!({"iat": 1.5}),
            json!({"jti": 1}),
            json!({"jti": ""}),
            json!({"sub": "c"}),
            json!({"htm": "POST"}),
            json!({"events": {}}),
        ] {
            for profile in ["oidc", "fapi2", "fapi2_message_signing", "ciba"] {
                assert!(judge(profile, true, bad.clone()).is_err(), "{profile} {bad}"); // AZ-7, JW-3, JW-4
            }
        }
    }

    #[test]
    fn each_profile_says_what_must_be_there() {
        for (member, needed_by) in [
            ("exp", &["fapi2_message_signing", "ciba"][..]),
            ("nbf", &["fapi2_message_signing", "ciba"]),
            ("iat", &["ciba"]),
            ("jti", &["ciba"]),
        ] {
            for profile in ["oidc", "fapi2", "fapi2_message_signing", "ciba"] {
                let judged = judge(profile, true, json!({member: null}));
                assert_eq!(
                    judged.is_err(),
                    needed_by.contains(&profile),
                    "{profile} {member}"
                ); // AZ-7
            }
        }
        // Nobody vouches for iss and aud without a signature; wrong ones are refused all the same.
        assert_eq!(judge("oidc", false, json!({"iss": null, "aud": null})), Ok(()));
        assert!(judge("oidc", false, json!({"iss": "d"})).is_err());
        assert!(judge("oidc", false, json!({"aud": "d"})).is_err());
    }

    #[test]
    fn members_become_parameters_by_their_types() {
        let text = |claims: Value| -> Vec<String> {
            let read = parameters(&claims).expect("good");
            read.iter().map(|it| format!("{}={}", it.0, it.1)).collect()
        };
        assert_eq!(
            text(json!({"iss": "c", "exp": 1, "max_age": 300})),
            ["max_age=300"]
        );
        assert_eq!(
            text(json!({"claims": {"id_token": {}}})),
            [r#"claims={"id_token":{}}"#]
        );
        assert_eq!(
            text(json!({"state": "s", "x-number": 1, "x-text": "t"})),
            ["state=s", "x-text=t"]
        );
        for bad in [
            json!({"state": 1}),
            json!({"scope": ["openid"]}),
            json!({"max_age": [1]}),
            json!({"nonce": null}),
            json!({"request": "x"}),
            json!({"request_uri": "x"}),
        ] {
            assert!(parameters(&bad).is_err(), "{bad}");
        }
    }
}
