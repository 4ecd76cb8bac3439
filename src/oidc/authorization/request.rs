//! From parameters to an accepted request. Client and redirect URI are settled first: until then an
//! error is a page of ours, afterwards an answer to the service (security.md AZ-1, RFC 6749 §4.1.2.1).

use std::sync::Arc;

use super::checks;
pub use super::received::Received;
pub use super::response::Rejection;
use super::response::Target;
use crate::app::App;
use crate::domain::authorization::{AuthorizationRequest, Prompt, ResponseMode};
use crate::domain::authorization_details::{AuthorizationDetails, DetailsTypes};
use crate::domain::claim::ClaimsRequest;
use crate::domain::client::{Client, ResponseType};
use crate::domain::{Subject, Time, scope::Scope};
use crate::oidc::mismatch::Mismatch;
use crate::oidc::{Error, Result, id_token_hint, pushed_authorization_request as pushed, request_object};

/// The longest `state` that is given back (security.md AZ-11).
const LONGEST_STATE: usize = 2048;

/// What the checks need to know of this provider.
pub struct Provider<'a> {
    pub issuer: &'a str,
    pub response_types: &'a [ResponseType],
    pub details_types: &'a DetailsTypes,
    pub now: Time,
    /// An enabled client by its id.
    pub client: &'a dyn Fn(&str) -> Option<Arc<Client>>,
    /// Why an id is not one.
    pub unknown_client: &'a dyn Fn(&str) -> Error,
    /// Whom an ID token of ours is about, expired or not.
    pub subject_of_hint: &'a dyn Fn(&str) -> Option<Subject>,
}

/// Checks a request as a whole. `Err` says who is told.
pub fn read(provider: &Provider<'_>, parameters: &Received) -> Result<AuthorizationRequest, Rejection> {
    let client = settle_client(provider, parameters).map_err(Rejection::Page)?;
    let redirect_uri = settle_redirect_uri(&client, parameters).map_err(Rejection::Page)?;
    let target = settle_target(&client, redirect_uri, parameters);
    let mut draft = draft(provider, &client, &target);
    let incoming = checks::Incoming {
        provider,
        client: &client,
        parameters,
    };
    match checks::run(&incoming, &mut draft) {
        Ok(()) => Ok(draft),
        Err(error) => {
            let error = error.of_client(&client.id);
            Err(Rejection::Answer(Box::new(
                target.refusal(provider.issuer, error),
            )))
        }
    }
}

/// The same with this provider's issuer, clients and keys. The request may be an object, or somewhere
/// else: with us, if it was pushed before, or with the client.
pub async fn accept(app: &App, received: &Received) -> Result<AuthorizationRequest, Rejection> {
    let Some(client) = client_of(app, received) else {
        return read_here(app, received);
    };
    // G-2: neither a reference nor an object hides a repetition beside it, and nothing is fetched for one.
    if let Err(error) = checks::once_each(received) {
        return Err(refuse(app, &client, received, error));
    }
    let unfolded = match (received.get("request"), received.get("request_uri")) {
        (None, None) => return read_here(app, received),
        (Some(_), Some(_)) => Err(Error::invalid_request(
            "request and request_uri exclude each other", // RFC 9101 §5
        )),
        (None, Some(uri)) if pushed::is_reference(uri) => {
            // RFC 9126 §4: nothing else of the request counts, but where a refusal may go.
            let opened = pushed::open(app, &client, uri).await;
            return opened.map_err(|error| refuse(app, &client, received, error));
        }
        (None, Some(uri)) => match request_object::fetch(app, &client, uri).await {
            Ok(object) => request_object::unfold(app, &client, received, &object).await,
            Err(error) => Err(error),
        },
        (Some(object), None) => request_object::unfold(app, &client, received, object).await,
    };
    match unfolded {
        Ok(unfolded) => read_here(app, &unfolded),
        Err(error) => Err(refuse(app, &client, received, error)),
    }
}

fn client_of(app: &App, received: &Received) -> Option<Arc<Client>> {
    app.registry.find(received.get("client_id")?)
}

/// To the service, if the parameters beside what failed name an address of its own.
fn refuse(app: &App, client: &Client, received: &Received, error: Error) -> Rejection {
    let error = error.of_client(&client.id);
    match settle_redirect_uri(client, received) {
        Ok(redirect_uri) => {
            let target = settle_target(client, redirect_uri, received);
            Rejection::Answer(Box::new(target.refusal(app.config.issuer.as_str(), error)))
        }
        // Both are wrong: the address is what the owner mends first, and all that a page can be about.
        Err(of_address) => match of_address.mismatch() {
            Some(mismatch) => Rejection::Page(error.about(mismatch.clone())),
            None => Rejection::Page(error),
        },
    }
}

fn read_here(app: &App, received: &Received) -> Result<AuthorizationRequest, Rejection> {
    let issuer = app.config.issuer.as_str();
    let provider = Provider {
        issuer,
        response_types: &app.config.authorization.response_types,
        details_types: &app.config.authorization.details,
        now: app.clock.now(),
        client: &|id| app.registry.find(id),
        unknown_client: &|id| {
            let (reason, mismatch) = Mismatch::of_client_id(app, id);
            unknown_client().reasoned(reason).about(mismatch)
        },
        subject_of_hint: &|hint| {
            let claims = id_token_hint::read(app, hint)?;
            let subject = claims.get("sub")?.as_str()?;
            Some(Subject::new(subject))
        },
    };
    read(&provider, received)
}

fn settle_target(client: &Client, redirect_uri: String, parameters: &Received) -> Target {
    Target {
        client_id: client.id.clone(),
        redirect_uri,
        mode: settle_mode(client, parameters),
        state: parameters
            .get("state")
            .filter(|it| it.len() <= LONGEST_STATE)
            .map(str::to_owned),
    }
}

fn unknown_client() -> Error {
    Error::invalid_request("client_id is not known")
}

fn settle_client(provider: &Provider<'_>, parameters: &Received) -> Result<Arc<Client>> {
    let id = parameters
        .get("client_id")
        .ok_or_else(|| Error::invalid_request("client_id must be given, once"))?;
    (provider.client)(id).ok_or_else(|| (provider.unknown_client)(id))
}

fn settle_redirect_uri(client: &Client, parameters: &Received) -> Result<String> {
    // OpenID Connect Core §3.1.2.1: required, also when only one is registered.
    let received = parameters.get("redirect_uri");
    let refused = |description: &str| {
        let registered = &client.metadata.redirect_uris;
        let mismatch = Mismatch::of_uri("redirect_uri", received, registered);
        Error::invalid_request(description)
            .of_client(&client.id)
            .about(mismatch)
    };
    let uri = received.ok_or_else(|| refused("redirect_uri must be given, once"))?;
    match client.redirects_to(uri) {
        true => Ok(uri.to_owned()),
        false => Err(refused("redirect_uri is not registered for this client")),
    }
}

/// The mode is settled from whatever is sound, so that an error arrives where the client looks.
fn settle_mode(client: &Client, parameters: &Received) -> ResponseMode {
    let response_type = parameters
        .get("response_type")
        .and_then(|it| ResponseType::parse(it).ok());
    let default = response_type.map_or(ResponseMode::Query, ResponseMode::default_for);
    let asked = parameters.get("response_mode").and_then(ResponseMode::parse);
    let asked = asked.filter(|it| client.may_be_answered_by(*it));
    match asked.map(|it| response_type.map_or(it, |of| it.placed_for(of))) {
        // Multiple Response Types §3: tokens never travel in a query, nor do their errors.
        Some(ResponseMode::Query) | None => default,
        Some(ResponseMode::QueryJwt) if default == ResponseMode::Fragment => ResponseMode::FragmentJwt,
        Some(ResponseMode::Jwt) => ResponseMode::QueryJwt,
        Some(mode) => mode,
    }
}

fn draft(provider: &Provider<'_>, client: &Client, target: &Target) -> AuthorizationRequest {
    AuthorizationRequest {
        client_id: client.id.clone(),
        redirect_uri: target.redirect_uri.clone(),
        response_type: ResponseType::CODE,
        response_mode: target.mode,
        state: target.state.clone(),
        scope: Scope::default(),
        claims: ClaimsRequest::default(),
        nonce: None,
        code_challenge: None,
        resources: Vec::new(),
        details: AuthorizationDetails::default(),
        dpop_jkt: None,
        prompt: Prompt::default(),
        max_age: None,
        subject: None,
        acr_values: Vec::new(),
        login_hint: None,
        ui_locales: None,
        pushed: None,
        accepted_at: provider.now,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::client::{Metadata, Origin};
    use crate::domain::{ClientId, scope};
    use crate::oidc::RequestPairs;
    use crate::oidc::authorization::response::AuthorizationResponse;

    const ISSUER: &str = "https://op.example";

    fn client(metadata: serde_json::Value) -> Client {
        let metadata: Metadata = serde_json::from_value(metadata).expect("metadata");
        Client {
            id: ClientId::new("events"),
            enabled: true,
            origin: Origin::Administrator,
            metadata,
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
        read(&provider, &Received::new(RequestPairs::of_query(pairs.collect())))
    }

    const GOOD: [(&str, &str); 5] = [
        ("client_id", "events"),
        ("redirect_uri", "https://a.example/cb"),
        ("response_type", "code"),
        ("scope", "openid email admin offline_access"),
        ("state", "s p\u{e9}%\"\\"),
    ];

    /// The good request with some names replaced, `None` leaving them out.
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
    fn a_public_client_proves_possession() {
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
    fn what_is_not_known_is_ignored() {
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
        /// Whatever is dropped, doubled, stretched or replaced: an accepted request or a standard error.
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
}
