//! Tests that good requests are accepted, and how the others are refused.

use proptest::prelude::*;

use super::*;
use crate::domain::authorization_details::DetailsTypes;
use crate::domain::client::{Definition, Origin};
use crate::domain::{ClientId, Time, scope};
use crate::oidc::RequestPairs;
use crate::oidc::authorization::response::AuthorizationResponse;

const ISSUER: &str = "https://op.example";

fn client(metadata: serde_json::Value) -> Client {
    let definition: Definition = serde_json::from_value(metadata).expect("a definition");
    Client {
        id: ClientId::new("events"),
        enabled: true,
        origin: Origin::Administrator,
        metadata: definition.metadata,
        settings: definition.settings,
        secrets: Vec::new(),
        created_at: Time::UNIX_EPOCH,
        updated_at: Time::UNIX_EPOCH,
    }
}

fn web() -> Client {
    client(serde_json::json!({
        "redirect_uris": ["https://a.example/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile email offline_access",
    }))
}

fn ask(client: Client, pairs: &[(&str, &str)]) -> Result<AuthorizationRequest, Rejection> {
    let client = Arc::new(client);
    let provider = Provider {
        issuer: ISSUER,
        response_types: &[ResponseType::CODE],
        details_types: &DetailsTypes::new(),
        now: Time::UNIX_EPOCH,
        client: &|id| (id == "events").then(|| Arc::clone(&client)),
        unknown_client: &|_| unknown_client(),
        subject_of_hint: &|hint| hint.strip_prefix("hint-of-").map(Subject::new),
    };
    let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    read(
        &provider,
        &RawRequest::new(RequestPairs::of_query(pairs.collect())),
    )
}

const GOOD: [(&str, &str); 5] = [
    ("client_id", "events"),
    ("redirect_uri", "https://a.example/cb"),
    ("response_type", "code"),
    ("scope", "openid email admin offline_access"),
    ("state", "s p\u{e9}%\"\\"),
];

/// Returns the good request with some names replaced; `None` leaves a name out.
fn but(changes: &[(&'static str, Option<&'static str>)]) -> Vec<(&'static str, &'static str)> {
    let mut pairs = GOOD.to_vec();
    pairs.retain(|it| changes.iter().all(|change| change.0 != it.0));
    pairs.extend(
        changes
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?))),
    );
    pairs
}

fn refused(client: Client, pairs: &[(&str, &str)]) -> AuthorizationResponse {
    match ask(client, pairs) {
        Err(Rejection::Answer(answer)) => *answer,
        other => panic!("expected an answer to the service: {other:?}"),
    }
}

fn value<'a>(answer: &'a AuthorizationResponse, name: &str) -> Option<&'a str> {
    answer
        .parameters
        .iter()
        .find(|it| it.0 == name)
        .map(|it| it.1.as_str())
}

#[test]
fn a_good_request_is_accepted_within_what_the_client_may() {
    let request = ask(web(), &GOOD).expect("accepted");
    assert_eq!(request.scope.to_string(), "openid email offline_access"); // AZ-14
    assert_eq!(request.state.as_deref(), Some("s p\u{e9}%\"\\"));
    let text = serde_json::to_string(&request).expect("JSON");
    assert_eq!(
        serde_json::from_str::<AuthorizationRequest>(&text).expect("JSON"),
        request
    );
}

#[test]
fn offline_access_is_for_clients_that_refresh() {
    let mut client = web();
    client.metadata.grant_types.pop();
    let request = ask(client, &GOOD).expect("accepted");
    assert!(!request.scope.contains(scope::OFFLINE_ACCESS)); // TK-5
}

#[test]
fn without_a_client_and_its_address_nobody_is_answered() {
    let cases = [
        but(&[("client_id", None)]),
        but(&[("client_id", Some("other"))]),
        but(&[("client_id", Some(""))]),
        but(&[("redirect_uri", None)]),
        but(&[("redirect_uri", Some("https://a.example/cb/x"))]),
        but(&[("redirect_uri", Some("https://a.example/cb?x=1"))]),
        [&GOOD[..], &[("client_id", "events")]].concat(),
        [&GOOD[..], &[("redirect_uri", "https://a.example/cb")]].concat(),
    ];
    for case in cases {
        assert!(matches!(ask(web(), &case), Err(Rejection::Page(_))), "{case:?}"); // AZ-1
    }
}

#[test]
fn each_fault_has_its_code() {
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    type Change = (&'static str, Option<&'static str>);
    let cases: &[(&str, &[Change])] = &[
        ("invalid_request", &[("response_type", None)]),
        (
            "unsupported_response_type",
            &[("response_type", Some("code code"))],
        ),
        (
            "unsupported_response_type",
            &[("response_type", Some("id_token"))],
        ),
        ("invalid_request", &[("response_mode", Some("jwt"))]),
        ("invalid_scope", &[("scope", None)]),
        ("invalid_scope", &[("scope", Some("admin"))]),
        ("invalid_scope", &[("scope", Some("openid \u{e9}"))]),
        ("invalid_request", &[("code_challenge", Some(challenge))]),
        (
            "invalid_request",
            &[
                ("code_challenge", Some(challenge)),
                ("code_challenge_method", Some("plain")),
            ],
        ),
        (
            "invalid_request",
            &[
                ("code_challenge", Some("short")),
                ("code_challenge_method", Some("S256")),
            ],
        ),
        ("invalid_request", &[("code_challenge_method", Some("S256"))]),
        ("invalid_request", &[("prompt", Some("none login"))]),
        ("invalid_request", &[("prompt", Some("maybe"))]),
        ("invalid_request", &[("display", Some("wall"))]),
        ("invalid_request", &[("max_age", Some("-1"))]),
        ("invalid_request", &[("max_age", Some("1e3"))]),
        ("invalid_request", &[("max_age", Some("99999999999999999999"))]),
        ("invalid_request", &[("claims", Some("[]"))]),
        ("invalid_request", &[("id_token_hint", Some("x"))]),
        ("registration_not_supported", &[("registration", Some("{}"))]),
        (
            "unmet_authentication_requirements",
            &[(
                "claims",
                Some(r#"{"id_token":{"acr":{"essential":true,"value":"gold"}}}"#),
            )],
        ),
        (
            "invalid_request",
            &[
                ("id_token_hint", Some("hint-of-a")),
                ("claims", Some(r#"{"id_token":{"sub":{"value":"b"}}}"#)),
            ],
        ),
    ];
    for (code, changes) in cases {
        let answer = refused(web(), &but(changes));
        assert_eq!(value(&answer, "error"), Some(*code), "{changes:?}");
        assert_eq!(value(&answer, "state"), Some("s p\u{e9}%\"\\")); // AZ-11
        assert_eq!(value(&answer, "iss"), Some(ISSUER)); // AZ-11
    }
}

#[test]
fn errors_arrive_where_the_client_looks() {
    for (changes, mode) in [
        (
            vec![("response_type", Some("token id_token"))],
            ResponseMode::Fragment,
        ),
        (
            vec![("response_type", None), ("response_mode", Some("form_post"))],
            ResponseMode::FormPost,
        ),
        (
            vec![("prompt", Some("x")), ("response_mode", Some("fragment"))],
            ResponseMode::Fragment,
        ),
        (
            vec![
                ("response_type", Some("id_token")),
                ("response_mode", Some("query")),
            ],
            ResponseMode::Fragment,
        ),
    ] {
        assert_eq!(refused(web(), &but(&changes)).mode, mode, "{changes:?}");
    }
}

#[test]
fn a_public_client_uses_pkce() {
    let mut public = web();
    public.metadata.token_endpoint_auth_method = Some(crate::domain::client::AuthMethod::None);
    let answer = refused(public.clone(), &GOOD);
    assert_eq!(value(&answer, "error"), Some("invalid_request")); // AZ-5
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let good = but(&[
        ("code_challenge", Some(challenge)),
        ("code_challenge_method", Some("S256")),
    ]);
    assert!(ask(public, &good).is_ok());
}

#[test]
fn unknown_parameters_are_ignored() {
    let more = [
        &GOOD[..],
        &[
            ("extra", "1"),
            ("extra", "2"),
            ("claims_locales", "se"),
            ("ui_locales", "se"),
        ],
    ];
    assert!(ask(web(), &more.concat()).is_ok()); // interoperability.md IO-4
}

proptest! {
    /// Drops, doubles, stretches or replaces parameters: the outcome is an accepted request or a standard error.
    #[test]
    fn nothing_panics_and_every_error_is_a_standard_one(
        changes in prop::collection::vec((0..26_usize, 0..4_u8, "\\PC{0,40}"), 0..6),
    ) {
        let names = ["client_id", "redirect_uri", "response_type", "response_mode", "state", "scope", "nonce",
            "code_challenge", "code_challenge_method", "prompt", "display", "max_age", "claims",
            "id_token_hint", "login_hint", "ui_locales", "acr_values", "request", "request_uri",
            "registration", "extra", "scope", "prompt", "claims", "max_age", "nonce"];
        let mut pairs: Vec<(String, String)> =
            GOOD.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        for (name, kind, text) in changes {
            let name = names[name].to_owned();
            match kind {
                0 => pairs.retain(|it| it.0 != name),
                1 => pairs.push((name, text)),
                2 => pairs.push((name, text.repeat(300))),
                _ => pairs.iter_mut().filter(|it| it.0 == name).for_each(|it| it.1.clone_from(&text)),
            }
        }
        let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let description = match ask(web(), &borrowed) {
            Ok(request) => {
                prop_assert!(web().scope().contains(scope::OPENID) && request.scope.is_within(web().scope()));
                return Ok(());
            }
            Err(Rejection::Page(error)) => error.description().to_owned(),
            Err(Rejection::Answer(answer)) => {
                prop_assert_eq!(value(&answer, "iss"), Some(ISSUER));
                let sent: Vec<_> = pairs.iter().filter(|it| it.0 == "state").collect();
                if sent.len() == 1 && !sent[0].1.is_empty() && sent[0].1.len() <= 2048 {
                    prop_assert_eq!(value(&answer, "state"), Some(sent[0].1.as_str())); // AZ-11
                }
                value(&answer, "error_description").unwrap_or_default().to_owned()
            }
        };
        // RFC 6749 §4.1.2.1
        prop_assert!(description.bytes().all(|b| matches!(b, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E)));
    }
}
