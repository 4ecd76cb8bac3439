//! Shows that the modules can fail. They run against a small provider, first as it should be, then with one fault at a
//! time, and the module that is there for a fault must find it.

mod fapi;
mod keeping;
mod load;
mod logout;
mod mock;
mod person;
mod record;
mod registry;
pub mod wire;

use crate::config::{Client, Config, Registration, Server, User};
use crate::http::Http;
use crate::plans::{PLANS, Plan, Selected};
use crate::provider::Provider;
use crate::report::{Outcome, Verdict};
use crate::run::Environment;
use crate::runner::Runner;
use crate::site::Site;
use mock::{Fault, Mock};
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::{X509Builder, X509NameBuilder};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::net::TcpListener;

fn client(id: &str, path: &str) -> Client {
    Client {
        client_id: id.into(),
        client_secret: format!("{id}:s%cret"), // must be form-encoded before base64
        redirect_uri: format!("http://127.0.0.1:1/{path}"),
        post_logout_redirect_uri: Some("http://127.0.0.1:1/bye".into()),
    }
}

/// Opens the checker's own site, without TLS.
async fn site() -> (Site, crate::config::Site) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = crate::config::Site {
        listen: address.to_string(),
        url: format!("http://{address}"),
        certificate: None,
        key: None,
    };
    (Site::on(listener, &settings).unwrap(), settings)
}

fn settings(site: crate::config::Site) -> Config {
    Config {
        user: Some(User {
            login: "alice".into(),
            password: "secret".into(),
            login_field: None,
            password_field: None,
        }),
        client: Some(client("one", "cb")),
        client2: Some(client("two", "cb2")),
        client_secret_post: Some(client("three", "cb")),
        site: Some(site),
        fapi: None,
        ciba: None,
        registration: Registration::default(),
        server: Server {
            jwks_refresh_delay: Some(0),
            ..Server::default()
        },
    }
}

async fn run(fault: Fault, names: &[&str], plan: &str) -> Vec<Outcome> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (site, address) = site().await;
    let config = settings(address);
    let issuer = Mock::start(fault, &config).await;
    let http = Http::new(true).unwrap();
    let provider = Provider::discover(&http, &issuer, true).await.unwrap();
    let plan = PLANS
        .iter()
        .find(|it| it.name.starts_with(&format!("oidcc-{plan}-certification")));
    let selected: Vec<Selected> = Plan::runs(plan.unwrap())
        .filter(|(_, _, it)| names.is_empty() || names.contains(&it.name))
        // Half a minute is too long for a unit test.
        .filter(|(_, _, it)| it.name != "oidcc-codereuse-30seconds")
        .collect();
    assert!(!selected.is_empty(), "{names:?}");
    let environment = Environment {
        http,
        provider: Arc::new(provider),
        config: Arc::new(config),
        site: Some(Arc::new(site)),
    };
    let runner = Runner {
        environment,
        jobs: 50,
    };
    runner.run(&selected).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_provider_passes_every_module() {
    for plan in [
        "basic",
        "implicit",
        "hybrid",
        "formpost-basic",
        "formpost-implicit",
        "formpost-hybrid",
        "config",
        "rp-initiated-logout",
        "session-management",
        "frontchannel-rp-initiated-logout",
        "backchannel-rp-initiated-logout",
        "dynamic",
        "3rdparty-init-login",
    ] {
        for outcome in run(Fault::None, &[], plan).await {
            // `none` is not offered, which is the sane choice.
            let skipped = outcome.module == "oidcc-idtoken-unsigned" && outcome.verdict == Verdict::Skipped;
            let good = skipped || matches!(outcome.verdict, Verdict::Passed | Verdict::Review);
            assert!(good, "{plan}: {outcome}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_found() {
    use Verdict::{Failed, Warning};
    #[rustfmt::skip]
    let faults: &[(Fault, &str, Verdict)] = &[
        (Fault::LosesState, "oidcc-server", Failed),
        (Fault::ForgetsNonce, "oidcc-server", Failed),
        (Fault::ForeignIss, "oidcc-server", Failed),
        (Fault::BadSignature, "oidcc-server", Failed),
        (Fault::WrongAudience, "oidcc-server", Failed),
        (Fault::WeakCodes, "oidcc-server", Failed),
        (Fault::ChattyIdToken, "oidcc-server", Warning),
        (Fault::OtherSubAtUserinfo, "oidcc-userinfo-get", Failed),
        (Fault::NoPostAtUserinfo, "oidcc-userinfo-post-header", Failed),
        (Fault::NoPostAtUserinfo, "oidcc-userinfo-post-body", Warning),
        (Fault::StringBooleans, "oidcc-scope-email", Failed),
        (Fault::ChattyIdToken, "oidcc-scope-email", Warning),
        (Fault::NoProfileClaims, "oidcc-scope-profile", Warning),
        (Fault::NoProfileClaims, "oidcc-claims-essential", Warning),
        (Fault::DemandsNonce, "oidcc-ensure-request-without-nonce-succeeds-for-code-flow", Failed),
        (Fault::RefusesUnknown, "oidcc-ensure-request-with-unknown-parameter-succeeds", Failed),
        (Fault::RefusesUnknown, "oidcc-display-popup", Failed),
        (Fault::IgnoresResponseType, "oidcc-response-type-missing", Failed),
        (Fault::QuotesInDescription, "oidcc-response-type-missing", Failed),
        (Fault::QuotesInDescription, "oidcc-prompt-none-not-logged-in", Failed),
        (Fault::IgnoresPrompt, "oidcc-prompt-login", Failed),
        (Fault::IgnoresPrompt, "oidcc-prompt-none-not-logged-in", Failed),
        (Fault::AlwaysAsks, "oidcc-prompt-none-logged-in", Failed),
        (Fault::AlwaysAsks, "oidcc-max-age-10000", Failed),
        (Fault::AlwaysAsks, "oidcc-id-token-hint", Failed),
        (Fault::IgnoresMaxAge, "oidcc-max-age-1", Failed),
        (Fault::MovingAuthTime, "oidcc-max-age-10000", Failed),
        (Fault::MovingAuthTime, "oidcc-prompt-none-logged-in", Failed),
        (Fault::NoAcr, "oidcc-ensure-request-with-acr-values-succeeds", Warning),
        (Fault::CodesLast, "oidcc-codereuse", Warning),
        (Fault::WrongErrorCode, "oidcc-codereuse", Failed),
        (Fault::AnyRedirectUri, "oidcc-ensure-registered-redirect-uri", Failed),
        (Fault::GetOnly, "oidcc-ensure-post-request-succeeds", Failed),
        (Fault::OverlooksRequestObject, "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", Failed),
        (Fault::AnyRedirectUri, "oidcc-ensure-request-object-with-redirect-uri", Verdict::Passed),
        (Fault::CachesRefresh, "oidcc-refresh-token", Failed),
        (Fault::ForeignRefresh, "oidcc-refresh-token", Failed),
        (Fault::MovingAuthTime, "oidcc-refresh-token", Failed),
        (Fault::NoPkce, "oidcc-ensure-request-with-valid-pkce-succeeds", Failed),
        (Fault::NoSecretPost, "oidcc-server-client-secret-post", Failed),
        (Fault::KeepsSession, "oidcc-rp-initiated-logout", Failed),
        (Fault::KeepsSession, "oidcc-rp-initiated-logout-no-params", Failed),
        (Fault::LosesState, "oidcc-rp-initiated-logout", Failed),
        (Fault::InventsState, "oidcc-rp-initiated-logout-no-state", Failed),
        (Fault::AnyRedirectUri, "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", Failed),
        (Fault::AnyRedirectUri, "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", Failed),
        (Fault::AnyHint, "oidcc-rp-initiated-logout-modified-id-token-hint", Failed),
        (Fault::AnyHint, "oidcc-rp-initiated-logout-bad-id-token-hint", Failed),
        (Fault::AnyHint, "oidcc-rp-initiated-logout-no-id-token-hint", Failed),
        (Fault::PrivateKeyPublished, "oidcc-discovery-endpoint-verification", Failed),
        (Fault::ForeignIssuer, "oidcc-discovery-endpoint-verification", Failed),
        (Fault::BadSignature, "oidcc-idtoken-signature", Failed),
    ];
    #[rustfmt::skip]
    let of_registration: &[(Fault, &str, Verdict)] = &[
        (Fault::Answers200, "oidcc-server", Failed),
        (Fault::KeepsClients, "oidcc-server", Warning),
        (Fault::BadSignature, "oidcc-idtoken-rs256", Failed),
        (Fault::NonceInUserinfo, "oidcc-userinfo-rs256", Failed),
        (Fault::BadSignature, "oidcc-userinfo-rs256", Failed),
        (Fault::AnyRedirectUri, "oidcc-redirect-uri-query-mismatch", Failed),
        (Fault::AnyRedirectUri, "oidcc-redirect-uri-query-added", Failed),
        (Fault::AcceptsFragments, "oidcc-redirect-uri-regfrag", Failed),
        (Fault::NoImplicit, "oidcc-discovery-endpoint-verification", Failed),
        (Fault::HidesClients, "oidcc-registration-logo-uri", Failed),
        (Fault::HidesClients, "oidcc-registration-policy-uri", Failed),
        (Fault::HidesClients, "oidcc-registration-tos-uri", Failed),
        (Fault::ForeignRefresh, "oidcc-refresh-token", Failed),
        (Fault::EndpointAudience, "oidcc-ensure-client-assertion-with-iss-aud-succeeds", Warning),
        (Fault::ForgetsLogin, "oidcc-3rd_party-init-login", Failed),
        (Fault::SecretWithoutEnd, "oidcc-3rd_party-init-login", Failed),
        (Fault::AnySigner, "oidcc-registration-jwks-uri", Failed),
        (Fault::KeepsKeys, "oidcc-refresh-token-rp-key-rotation", Failed),
        (Fault::AnySector, "oidcc-registration-sector-bad", Failed),
        (Fault::OverlooksRequestUri, "oidcc-request-uri-signed-rs256", Failed),
        (Fault::OverlooksRequestUri, "oidcc-request-uri-unsigned", Failed),
        (Fault::AcceptsHttpLogin, "oidcc-3rd_party-init-login-nohttps", Failed),
    ];
    #[rustfmt::skip]
    let of_logout: &[(Fault, &str, Verdict)] = &[
        (Fault::NoSessionState, "oidcc-session-management-rp-initiated-logout", Failed),
        (Fault::ForeignSessionState, "oidcc-session-management-rp-initiated-logout", Warning),
        (Fault::KeepsBrowserState, "oidcc-session-management-rp-initiated-logout", Failed),
        (Fault::CannotBeFramed, "oidcc-session-management-rp-initiated-logout", Failed),
        (Fault::FrameWithoutScript, "oidcc-session-management-rp-initiated-logout", Failed),
        (Fault::NoLogoutSessions, "oidcc-frontchannel-logout-discovery-endpoint-verification", Failed),
        (Fault::NoLogoutSessions, "oidcc-backchannel-logout-discovery-endpoint-verification", Failed),
        (Fault::SilentFrontChannel, "oidcc-frontchannel-rp-initiated-logout", Failed),
        (Fault::OtherSidInFrame, "oidcc-frontchannel-rp-initiated-logout", Failed),
        (Fault::ChattyFrame, "oidcc-frontchannel-rp-initiated-logout", Warning),
        (Fault::NoSid, "oidcc-frontchannel-rp-initiated-logout", Failed),
        (Fault::NoSid, "oidcc-backchannel-rp-initiated-logout", Failed),
        (Fault::KeepsSession, "oidcc-backchannel-rp-initiated-logout", Failed),
        (Fault::SilentBackChannel, "oidcc-backchannel-rp-initiated-logout", Failed),
        (Fault::OtherSidInLogoutToken, "oidcc-backchannel-rp-initiated-logout", Failed),
        (Fault::NonceInLogoutToken, "oidcc-backchannel-rp-initiated-logout", Failed),
    ];
    find(of_logout, |module| match module {
        name if name.contains("session-management") => "session-management",
        name if name.contains("frontchannel") => "frontchannel-rp-initiated-logout",
        _ => "backchannel-rp-initiated-logout",
    })
    .await;
    find(faults, |module| match module {
        name if name.contains("logout") => "rp-initiated-logout",
        "oidcc-discovery-endpoint-verification" => "config",
        _ => "basic",
    })
    .await;
    find(of_registration, |module| match module {
        name if name.contains("3rd_party") => "3rdparty-init-login",
        _ => "dynamic",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_in_front_is_found() {
    use Verdict::{Failed, Warning};
    #[rustfmt::skip]
    let implicit: &[(Fault, &str, Verdict)] = &[
        (Fault::NoHashes, "oidcc-server", Failed),
        (Fault::WrongHashes, "oidcc-server", Failed),
        (Fault::BadSignature, "oidcc-server", Failed),
        (Fault::ForgetsNonce, "oidcc-server", Failed),
        (Fault::AnswersInQuery, "oidcc-server", Failed),
        (Fault::AnswersInQuery, "oidcc-prompt-none-not-logged-in", Failed),
        (Fault::RefreshInFront, "oidcc-server", Failed),
        (Fault::NeedsNoNonce, "oidcc-ensure-request-without-nonce-fails", Failed),
        (Fault::ChattyIdToken, "oidcc-scope-email", Warning),
        (Fault::OtherSubAtUserinfo, "oidcc-userinfo-get", Failed),
    ];
    find(implicit, |_| "implicit").await;
    let hybrid = [
        (Fault::NoHashes, "oidcc-server", Failed),
        (Fault::WrongHashes, "oidcc-server", Failed),
        (Fault::AnswersInQuery, "oidcc-server", Failed),
        (Fault::OtherSubInFront, "oidcc-server", Failed),
        (
            Fault::NeedsNoNonce,
            "oidcc-ensure-request-without-nonce-fails",
            Failed,
        ),
        (Fault::CodesLast, "oidcc-codereuse", Warning),
    ];
    find(&hybrid, |_| "hybrid").await;
}

/// Runs each module against its fault; of a plan with several response types the worst verdict counts.
async fn find(faults: &[(Fault, &'static str, Verdict)], plan_of: fn(&str) -> &'static str) {
    let mut tasks = tokio::task::JoinSet::new();
    for (fault, module, verdict) in faults.iter().copied() {
        tasks.spawn(async move {
            let outcomes = run(fault, &[module], plan_of(module)).await;
            let found = outcomes.iter().any(|it| it.verdict == verdict);
            assert!(found, "{fault:?} at {}", outcomes[0]);
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
}

/// Makes a server's certificate and its key, for `localhost`.
pub fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut builder = X509Builder::new().unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "localhost").unwrap();
    let name = name.build();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(2).unwrap())
        .unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let chain = builder.build().to_der().unwrap();
    let key = PrivatePkcs8KeyDer::from(key.private_key_to_pkcs8().unwrap());
    (chain.into(), key.into())
}
