//! Shows that the modules of FAPI can fail.

mod ciba;
mod mock;
mod proofs;

use crate::config::{Config, Fapi, FapiActor, FapiCertificates, User};
use crate::fapi::Key;
use crate::http::Http;
use crate::plans::{PLANS, Plan, Selected};
use crate::provider::Provider;
use crate::report::{Outcome, Verdict};
use crate::run::Environment;
use crate::runner::Runner;
use crate::site::Site;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mock::{Client, Fault, Mock};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

const SECURITY_PROFILE: &str = "fapi2-security-profile-final-test-plan";
const MESSAGE_SIGNING: &str = "fapi2-message-signing-final-test-plan";
const OPENID: &str = "private_key_jwt dpop openid_connect";
const OAUTH: &str = "private_key_jwt dpop plain_oauth";
const MACHINE: &str = "private_key_jwt dpop fapi_client_credentials_grant";

/// The clients' keys, as settings write them. The first is of RSA, so that it can sign by RS256.
static KEYS: LazyLock<[String; 2]> = LazyLock::new(|| {
    let rsa = josekit::jws::RS256.generate_key_pair(2048).unwrap();
    let mut members = rsa.to_jwk_key_pair().as_ref().clone();
    members.insert("alg".into(), "PS256".into());
    let rsa = serde_json::Value::Object(members).to_string();
    [rsa, Key::generate().unwrap().private().to_string()]
});

/// Returns settings with a person and two clients, whose certificates nobody here sees.
fn config() -> Config {
    let ids = ["one".to_owned(), "two".to_owned()];
    let list = BTreeMap::from([("private_key_jwt dpop".to_owned(), ids)]);
    let actor = |at: usize, redirect_uri: &str| FapiActor {
        key: KEYS[at].clone(),
        redirect_uri: redirect_uri.into(),
    };
    Config {
        user: Some(User {
            login: "alice".into(),
            password: "secret".into(),
            login_field: None,
            password_field: None,
        }),
        fapi: Some(Fapi {
            first: actor(0, "http://127.0.0.1:1/cb"),
            second: actor(1, "http://127.0.0.1:1/cb?dummy1=lorem&dummy2=ipsum"),
            clients: list.clone(),
            signing_clients: list.clone(),
            machines: list,
            certificates: Some(FapiCertificates {
                first: CERTIFICATE.clone(),
                second: CERTIFICATE.clone(),
            }),
            resource: None,
        }),
        ..Config::default()
    }
}

/// The path of a file with certificate and key.
static CERTIFICATE: LazyLock<PathBuf> = LazyLock::new(|| {
    let (chain, key) = super::certificate();
    let part = |name: &str, der: &[u8]| {
        let lines: Vec<String> = STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|it| String::from_utf8_lossy(it).into_owned())
            .collect();
        format!(
            "-----BEGIN {name}-----\n{}\n-----END {name}-----\n",
            lines.join("\n")
        )
    };
    let path = std::env::temp_dir().join(format!("conformance-{}.pem", crate::client::random_text(10)));
    let text = part("CERTIFICATE", &chain) + &part("PRIVATE KEY", key.secret_der());
    std::fs::write(&path, text).unwrap();
    path
});

/// A mock provider, and the settings to check it with.
struct Target {
    issuer: String,
    config: Config,
    site: Option<Site>,
}

async fn run_plan(
    target: Target,
    plan: &'static str,
    variant: &str,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<Outcome> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Http::new(true).unwrap();
    let provider = Provider::discover(&http, &target.issuer, true).await.unwrap();
    let found = PLANS.iter().find(|it| it.name == plan);
    let selected: Vec<Selected> = Plan::runs(found.unwrap())
        .filter(|(_, it, module)| it.name() == variant && wanted(module.name))
        .collect();
    assert!(!selected.is_empty(), "{plan} {variant}");
    let environment = Environment {
        http,
        provider: Arc::new(provider),
        config: Arc::new(target.config),
        site: target.site.map(Arc::new),
    };
    let runner = Runner { environment, jobs: 8 };
    runner.run(&selected).await
}

async fn run(fault: Fault, names: &[&str], plan: &'static str, variant: &str) -> Vec<Outcome> {
    let config = config();
    let fapi = config.fapi.as_ref().unwrap();
    let client = |id: &str, actor: &FapiActor| Client {
        id: id.into(),
        key: Key::read(&actor.key).unwrap(),
        redirect_uri: actor.redirect_uri.clone(),
    };
    let clients = vec![client("one", &fapi.first), client("two", &fapi.second)];
    let issuer = Mock::start(fault, clients, plan == MESSAGE_SIGNING).await;
    let wanted = |name: &str| {
        let short = name.strip_prefix("fapi2-security-profile-final-").unwrap();
        names.is_empty() && !WAITS.contains(&short) || names.contains(&short)
    };
    let target = Target {
        issuer,
        config,
        site: None,
    };
    run_plan(target, plan, variant, &wanted).await
}

/// Modules that wait for a minute. Unit tests do not wait, so a sound provider fails them: its codes do not expire.
const WAITS: [&str; 2] = [
    "ensure-token-endpoint-fails-with-expired-auth-code",
    "par-attempt-to-use-expired-request_uri",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_provider_passes_every_module_of_fapi() {
    for (plan, variant) in [
        (SECURITY_PROFILE, OPENID),
        (SECURITY_PROFILE, OAUTH),
        (SECURITY_PROFILE, MACHINE),
        (MESSAGE_SIGNING, OPENID),
        (MESSAGE_SIGNING, OAUTH),
    ] {
        for outcome in run(Fault::None, &[], plan, variant).await {
            let good = matches!(outcome.verdict, Verdict::Passed | Verdict::Review);
            assert!(good, "{plan} {variant}: {outcome}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_fapi_is_found() {
    use Verdict::{Failed, Warning};
    #[rustfmt::skip]
    let faults: &[(Fault, &str, Verdict)] = &[
        (Fault::None, "ensure-token-endpoint-fails-with-expired-auth-code", Failed),
        (Fault::None, "par-attempt-to-use-expired-request_uri", Failed),
        (Fault::NoIss, "happy-flow", Failed),
        (Fault::WeakReferences, "happy-flow", Failed),
        (Fault::Answers200, "happy-flow", Failed),
        (Fault::LosesState, "happy-flow", Failed),
        (Fault::TokenInQuery, "happy-flow", Failed),
        (Fault::UnboundTokens, "happy-flow", Failed),
        (Fault::ChattyIdToken, "happy-flow", Warning),
        (Fault::NoCancel, "user-rejects-authentication", Failed),
        (Fault::CutsValues, "user-rejects-authentication", Failed),
        (Fault::CutsValues, "ensure-authorization-request-with-long-nonce", Failed),
        (Fault::CutsValues, "ensure-authorization-request-with-long-state", Failed),
        (Fault::OutsideCounts, "ensure-different-nonce-inside-and-outside-request-object", Failed),
        (Fault::OutsideCounts, "ensure-different-state-inside-and-outside-request-object", Failed),
        (Fault::OutsideCounts, "state-only-outside-request-object-not-used", Failed),
        (Fault::ForgetsClaims, "test-claims-parameter-identity-claims", Warning),
        (Fault::StrictScheme, "access-token-type-header-case-sensitivity", Failed),
        (Fault::StrictProofs, "ensure-dpopproof-with-iat-10seconds-before-succeeds", Failed),
        (Fault::StrictProofs, "ensure-dpopproof-with-iat-10seconds-after-succeeds", Failed),
        (Fault::AnyThumbprint, "ensure-mismatched-dpop-jkt-fails", Failed),
        (Fault::AnyThumbprint, "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt", Failed),
        (Fault::AnyThumbprint, "ensure-token-endpoint-fails-with-mismatched-dpop-jkt", Failed),
        (Fault::AnyProof, "dpop-negative-tests", Failed),
        (Fault::NoProofs, "dpop-negative-tests", Failed),
        (Fault::NoProofs, "ensure-holder-of-key-required", Failed),
        (Fault::TakesUnpushed, "ensure-unsigned-authorization-request-without-using-par-fails", Failed),
        (Fault::AnyResponseType, "ensure-response-type-code-idtoken-fails", Failed),
        (Fault::AnyResponseType, "ensure-response-type-token-fails", Failed),
        (Fault::AnySigner, "ensure-client-id-in-token-endpoint", Failed),
        (Fault::CodesForAnyone, "ensure-authorization-code-is-bound-to-client", Failed),
        (Fault::CodesLast, "attempt-reuse-authorization-code-after-one-second", Failed),
        (Fault::KeepsTokens, "attempt-reuse-authorization-code-after-one-second", Warning),
        (Fault::AnyAlg, "ensure-signed-client-assertion-with-RS256-fails", Failed),
        (Fault::NoAssertion, "ensure-client-assertion-in-token-endpoint", Failed),
        (Fault::AnyTime, "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails", Failed),
        (Fault::AnyAudience, "ensure-client-assertion-with-wrong-aud-fails", Failed),
        (Fault::NoSub, "ensure-client-assertion-with-no-sub-fails", Failed),
        (Fault::RefreshNeedsKey, "refresh-token", Failed),
        (Fault::RefreshForAnyone, "refresh-token", Failed),
        (Fault::RotatesAtOnce, "refresh-token", Failed),
        (Fault::NoProofs, "refresh-token", Failed),
        (Fault::NoAssertion, "refresh-token", Verdict::Passed), // it sends no client_id, so that nobody is known
        (Fault::BurnsReferences, "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", Failed),
        (Fault::KeepsReferences, "par-attempt-reuse-request_uri", Warning),
        (Fault::ReferencesForAll, "par-attempt-to-use-request_uri-for-different-client", Failed),
        (Fault::StrictClock, "par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted", Warning),
        (Fault::AnyTime, "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails", Failed),
        (Fault::ReferenceInForm, "par-authorization-request-containing-request_uri-form-param", Failed),
        (Fault::AnyMethod, "par-attempt-invalid-http-method", Failed),
        (Fault::NoPkce, "par-ensure-pkce-required", Failed),
        (Fault::NoPkce, "ensure-pkce-code-verifier-required", Failed),
        (Fault::NoPkce, "incorrect-pkce-code-verifier-rejected", Failed),
        (Fault::PlainPkce, "par-plain-pkce-rejected", Failed),
        (Fault::AnyAudience, "par-test-array-as-audience-fails", Failed),
        (Fault::AnyAudience, "par-test-par-endpoint-url-as-audience-fails", Failed),
        (Fault::AnyAudience, "par-test-token-endpoint-url-as-audience-fails", Failed),
    ];
    #[rustfmt::skip]
    let of_signing: &[(Fault, &str, Verdict)] = &[
        (Fault::PlainResponses, "happy-flow", Failed),
        (Fault::OtherAudience, "happy-flow", Failed),
        (Fault::OldResponses, "happy-flow", Failed),
        (Fault::StrictClock, "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted", Warning),
        (Fault::AnyObject, "ensure-request-object-without-exp-fails", Failed),
        (Fault::AnyObject, "ensure-request-object-without-nbf-fails", Failed),
        (Fault::AnyObject, "ensure-expired-request-object-fails", Failed),
        (Fault::AnyObject, "ensure-request-object-with-bad-aud-fails", Failed),
        (Fault::AnyObject, "ensure-request-object-with-exp-over-60-fails", Failed),
        (Fault::AnyObject, "ensure-request-object-with-nbf-over-60-fails", Failed),
        (Fault::AnyAlg, "ensure-signed-request-object-with-RS256-fails", Failed),
        (Fault::AnyObject, "ensure-request-object-signature-algorithm-is-not-none", Failed),
        (Fault::AnySigner, "ensure-request-object-with-invalid-signature-fails", Failed),
        (Fault::AnySigner, "ensure-matching-key-in-authorization-request", Failed),
        (Fault::TakesUnsigned, "ensure-unsigned-request-at-par-endpoint-fails", Failed),
        (Fault::AnyObject, "par-authorization-request-containing-request_uri", Failed),
    ];
    let of_oauth = [(Fault::IdTokenForAll, "happy-flow", Failed)];
    find(faults, SECURITY_PROFILE, OPENID).await;
    find(of_signing, MESSAGE_SIGNING, OPENID).await;
    find(&of_oauth, SECURITY_PROFILE, OAUTH).await;
    find(&of_oauth, SECURITY_PROFILE, MACHINE).await;
}

async fn find(faults: &[(Fault, &'static str, Verdict)], plan: &'static str, variant: &'static str) {
    for (fault, module, verdict) in faults.iter().copied() {
        let outcomes = run(fault, &[module], plan, variant).await;
        assert_eq!(outcomes.len(), 1, "{module}");
        assert_eq!(outcomes[0].verdict, verdict, "{fault:?} at {}", outcomes[0]);
    }
}
