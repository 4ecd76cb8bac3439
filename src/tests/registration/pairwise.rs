//! Tests sectors and the names of people in them (OpenID Connect Core §8, Dynamic Client Registration §5).

use super::*;
use crate::support::{Person, RelyingParty, Site, Tokens};

/// A self-registered client of a sector, at which a person logs in.
struct Service {
    rp: RelyingParty,
    tokens: Tokens,
}

async fn service(op: &TestOp, person: &mut Person, metadata: &Value) -> Service {
    let answer = op.registers(metadata).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let redirect_uri = answer.body["redirect_uris"][0]
        .as_str()
        .expect("a URI")
        .to_owned();
    let id = answer.text("client_id");
    let secret = Some(answer.text("client_secret"));
    let mut rp = RelyingParty::discover(op.router.clone(), &id, secret, redirect_uri).await;
    let url = rp.authorization_url("openid email", &[]);
    let page = person.browser.get(&url).await;
    let form = page.form(&["decision=allow"]).press("decision", "allow");
    let back = person.browser.send(form).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    Service { rp, tokens }
}

impl Service {
    fn sub(&self) -> String {
        self.tokens.claims.subject().to_string()
    }
}

fn pairwise(redirect_uri: &str) -> Value {
    json!({"client_name": "A service", "redirect_uris": [redirect_uri], "subject_type": "pairwise",
        "post_logout_redirect_uris": ["https://rp.example/bye"]})
}

#[tokio::test]
async fn a_sector_has_its_own_name_for_a_person() {
    let op = TestOp::open().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let public = service(&op, &mut alice, &good()).await;
    let one = service(&op, &mut alice, &pairwise("https://one.example/cb")).await;
    let same = service(&op, &mut alice, &pairwise("https://one.example:8443/cb")).await;
    let other = service(&op, &mut alice, &pairwise("https://other.example/cb")).await;

    assert_eq!(one.sub(), same.sub()); // Core §8.1
    assert!(one.sub() != other.sub() && one.sub() != public.sub() && other.sub() != public.sub());
    assert_eq!(one.sub().len(), 22); // TK-12: the namespace of people
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    let bobs = service(&op, &mut bob, &pairwise("https://one.example/cb2")).await;
    assert_ne!(bobs.sub(), one.sub());

    // The subject is equal everywhere.
    assert_eq!(one.rp.claims(&one.tokens.access_token).await["sub"], one.sub());
    assert_eq!(
        one.rp.introspects(&one.tokens.access_token).await["sub"],
        one.sub()
    );
    assert!(!one.tokens.access_token.contains('.')); // and nowhere the other: the token is sealed
}

#[tokio::test]
async fn a_signed_access_token_states_the_name_of_its_sector_only() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let more = json!({"subject_type": "pairwise", "access_token_format": "jwt"});
    let mut rp = op.client_with("events", more).await;
    let mut plain = op.client("plain").await;
    let mut subjects = Vec::new();
    for service in [&mut rp, &mut plain] {
        let url = service.authorization_url("openid email offline_access", &[]);
        let back = alice.browser.get(&url).await;
        let tokens = service.redeems(&service.takes(&back)).await.expect("tokens");
        subjects.push((tokens.claims.subject().to_string(), tokens));
    }
    let [(name, tokens), (public, _)] = &subjects[..] else {
        panic!("two")
    };
    let claims = tokens.access_token.split('.').nth(1).expect("a JWT");
    let claims = itu_account::jose::strict_object(&decoded(claims)).expect("JSON");
    assert_eq!(claims["sub"], *name);
    assert!(!Value::Object(claims).to_string().contains(public.as_str()));
    // The subject still is the person's, with a session or without.
    assert_eq!(rp.claims(&tokens.access_token).await["sub"], *name);
    assert_eq!(rp.introspects(&tokens.access_token).await["sub"], *name);
    let refreshed = rp
        .refreshes(tokens.refresh_token.as_deref().expect("one"))
        .await
        .expect("tokens");
    assert_eq!(refreshed.claims.subject().to_string(), *name);
}

fn decoded(part: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

#[tokio::test]
async fn a_hint_is_understood_by_the_name_in_it() {
    let op = TestOp::open().await;
    let (mut alice, mut bob) = (
        op.person("alice@example.org").await,
        op.person("bob@example.org").await,
    );
    alice.logs_in().await;
    bob.logs_in().await;
    let mut one = service(&op, &mut alice, &pairwise("https://one.example/cb")).await;
    let hint = one.tokens.id_token.clone();
    let silent = [("prompt", "none"), ("id_token_hint", hint.as_str())];
    let url = one.rp.authorization_url("openid email", &silent);
    assert!(alice.browser.get(&url).await.query("code").is_some()); // Core §3.1.2.1
    let refused = bob.browser.get(&url).await;
    assert_eq!(refused.text_of("#error"), "login_required"); // AZ-13: Bob has not allowed the service

    let logout = |hint: &str| {
        let mut url = url::Url::parse(&one.rp.end_session_endpoint).expect("a URL");
        url.query_pairs_mut()
            .append_pair("id_token_hint", hint)
            .append_pair("post_logout_redirect_uri", "https://rp.example/bye");
        url.to_string()
    };
    let asked = bob.browser.get(&logout(&hint)).await;
    assert_eq!(asked.url.host_str(), Some("id.example.test")); // LO-1: not Bob's
    let gone = alice.browser.get(&logout(&hint)).await;
    assert_eq!(gone.url.as_str(), "https://rp.example/bye");
}

#[tokio::test]
async fn a_sector_identifier_is_read_before_it_counts() {
    let site = Site::start().await;
    let op = TestOp::with(|config| {
        open(config);
        site.is_allowed(config);
    })
    .await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let uris = ["https://one.example/cb", "https://two.example/cb"];
    let mut asked = pairwise(uris[0]);
    asked["redirect_uris"] = json!(uris);
    let refused = (400, "invalid_client_metadata".to_owned());
    assert_eq!(op.registers(&asked).await.error(), refused); // several hosts, no sector

    asked["sector_identifier_uri"] = json!(site.at("/sector.json"));
    assert_eq!(op.registers(&asked).await.error(), refused); // 404
    for wrong in [
        json!([uris[0]]),
        json!({"uris": uris}),
        json!([1]),
        json!([format!("{}/", uris[0]), uris[1]]),
    ] {
        site.shows("/sector.json", &wrong);
        assert_eq!(op.registers(&asked).await.error(), refused, "{wrong}"); // §5
    }
    site.shows(
        "/sector.json",
        &json!([uris[0], uris[1], "https://three.example/cb"]),
    );
    let first = service(&op, &mut alice, &asked).await;
    let mut other = pairwise("https://three.example/cb");
    other["sector_identifier_uri"] = asked["sector_identifier_uri"].clone();
    let second = service(&op, &mut alice, &other).await;
    assert_eq!(first.sub(), second.sub());

    // An address that is not listed cannot be added later.
    let client = op.registers(&other).await;
    assert_eq!(
        client.body["sector_identifier_uri"],
        asked["sector_identifier_uri"]
    );
    let mut change = other.clone();
    change["client_id"] = client.body["client_id"].clone();
    let count = site.asked("/sector.json");
    assert_eq!(
        op.manages(Method::PUT, &client, Some(&change)).await.status,
        StatusCode::OK
    );
    assert_eq!(site.asked("/sector.json"), count); // nothing new, nothing to ask
    change["redirect_uris"] = json!(["https://four.example/cb"]);
    assert_eq!(
        op.manages(Method::PUT, &client, Some(&change)).await.error(),
        refused
    );
}

#[tokio::test]
async fn addresses_inside_are_refused_by_name() {
    let op = TestOp::open().await;
    for (member, address) in [
        ("sector_identifier_uri", "https://127.0.0.1/sector.json"),
        ("sector_identifier_uri", "https://169.254.169.254/latest"),
        ("sector_identifier_uri", "https://localhost/sector.json"),
        ("sector_identifier_uri", "http://rp.example/sector.json"),
        ("jwks_uri", "https://10.0.0.1/jwks"),
        ("jwks_uri", "https://rp.example:8443/jwks"),
    ] {
        let refused = op.registers(&with(member, json!(address))).await;
        assert_eq!(
            refused.error(),
            (400, "invalid_client_metadata".into()),
            "{address}"
        ); // DR-3
        assert!(
            refused.text("error_description").starts_with(member),
            "{}",
            refused.body
        );
    }
}
