//! Tests messages that only the client can read: ID tokens, userinfo and authorization responses (OpenID Connect Core
//! §10.2, §16.14; JARM §2.2), for the keys that it registered, and never in plain for want of one.

use serde_json::{Value, json};

use crate::support::{Person, Recipient, RelyingParty, Site, TestOp};
use itu_account::domain::client::{ContentEncryption, ResponseType};

const RSA: &str = "RSA-OAEP-256";
const ECDH: &str = "ECDH-ES";

/// Logs in at a service. Returns the token answer.
async fn logs_in(alice: &mut Person, rp: &mut RelyingParty, scope: &str) -> (u16, Value) {
    let code = alice.logs_in_at(rp, scope).await;
    rp.posts("/token", &rp.redemption(&code)).await
}

fn claims(op: &TestOp, signed: &str) -> Value {
    op.app.keys.verify_own(signed, "JWT").expect("our signature")
}

#[tokio::test]
async fn an_id_token_is_signed_and_then_encrypted_in_every_registered_way() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    for alg in [RSA, ECDH] {
        let recipient = Recipient::new(alg, "for-us");
        for enc in ContentEncryption::ALL {
            let enc = enc.as_str();
            let name = format!("{alg}-{enc}").to_lowercase();
            let metadata = json!({"jwks": {"keys": [recipient.public()]},
                "id_token_encrypted_response_alg": alg, "id_token_encrypted_response_enc": enc,
                "userinfo_signed_response_alg": "ES256",
                "userinfo_encrypted_response_alg": alg, "userinfo_encrypted_response_enc": enc});
            let mut rp = op.client_with(&name, metadata).await;
            let (status, answer) = logs_in(&mut alice, &mut rp, "openid email").await;
            assert_eq!(status, 200, "{answer}");
            let id_token = recipient.opens(answer["id_token"].as_str().expect("an ID token"));
            assert_eq!(
                (&id_token.header["enc"], &id_token.header["cty"]),
                (&enc.into(), &"JWT".into())
            ); // RFC 7519 §5.2
            let returned = claims(&op, &id_token.content);
            assert_eq!(
                (&returned["aud"], &returned["email"]),
                (&name.as_str().into(), &"alice@example.org".into())
            );

            let token = answer["access_token"].as_str().expect("an access token");
            let userinfo = rp.get("/userinfo", token).await;
            assert_eq!(userinfo.headers()["content-type"], "application/jwt"); // Core §5.3.2
            let userinfo = recipient.opens(std::str::from_utf8(userinfo.body()).expect("text"));
            assert_eq!(userinfo.header["cty"], "JWT");
            let same = claims(&op, &userinfo.content);
            assert_eq!(
                (&same["sub"], &same["aud"]),
                (&returned["sub"], &name.as_str().into())
            );
        }
    }
}

#[tokio::test]
async fn userinfo_that_nobody_wants_signed_is_encrypted_as_it_is() {
    let op = TestOp::start().await;
    let recipient = Recipient::new(ECDH, "for-us");
    let metadata = json!({"jwks": {"keys": [recipient.public()]}, "userinfo_encrypted_response_alg": ECDH});
    let mut rp = op.client_with("rp", metadata).await;
    let mut alice = op.person("alice@example.org").await;
    let (_, answer) = logs_in(&mut alice, &mut rp, "openid email").await;
    let id_token = answer["id_token"].as_str().expect("an ID token");
    assert_eq!(claims(&op, id_token)["aud"], "rp"); // it asked for that one in plain
    let userinfo = rp
        .get("/userinfo", answer["access_token"].as_str().expect("a token"))
        .await;
    let opened = recipient.opens(std::str::from_utf8(userinfo.body()).expect("text"));
    assert_eq!(opened.header["enc"], "A128CBC-HS256"); // Registration §2: the default
    assert_eq!(opened.header.get("cty"), None);
    let returned: Value = serde_json::from_str(&opened.content).expect("JSON");
    assert_eq!(returned["email"], "alice@example.org");
}

#[tokio::test]
async fn what_passes_through_the_browser_is_encrypted_too() {
    let op = TestOp::with(|config| config.authorization.response_types = ResponseType::ALL.to_vec()).await;
    let recipient = Recipient::new(RSA, "for-us");
    let metadata = json!({"jwks": {"keys": [recipient.public()]}, "id_token_encrypted_response_alg": RSA,
        "authorization_encrypted_response_alg": RSA, "authorization_encrypted_response_enc": "A256GCM",
        "response_types": ["code", "code id_token"], "grant_types": ["authorization_code", "implicit"],
        "scope": "openid email"});
    let mut rp = op.client_with("rp", metadata).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let url = rp.authorization_url("openid", &[("response_mode", "jwt")]);
    let url = url.replace("response_type=code", "response_type=code+id_token");
    let back = alice.browser.get(&url).await;
    let fragment = back.url.fragment().expect("a fragment");
    let response = fragment.strip_prefix("response=").expect("one parameter"); // JARM §2.3
    let outer = recipient.opens(response);
    assert_eq!(
        (&outer.header["enc"], &outer.header["cty"]),
        (&"A256GCM".into(), &"JWT".into())
    );
    let answer = claims(&op, &outer.content);
    let inner = recipient.opens(answer["id_token"].as_str().expect("an ID token"));
    let id_token = claims(&op, &inner.content);
    assert!(id_token["c_hash"].is_string() && answer["code"].is_string());

    let refused = rp.authorization_url("openid", &[("response_mode", "jwt"), ("prompt", "none login")]);
    let back = alice.browser.get(&refused).await;
    let refusal = recipient.opens(&back.query("response").expect("a response"));
    assert_eq!(claims(&op, &refusal.content)["error"], "invalid_request");
}

#[tokio::test]
async fn a_client_whose_key_is_gone_is_sent_nothing_and_loses_nothing() {
    let site = Site::start().await;
    let op = TestOp::with(|config| {
        site.is_allowed(config);
        config.tokens.access_token = std::time::Duration::from_secs(1800);
    })
    .await;
    let (first, second) = (Recipient::new(RSA, "first"), Recipient::new(RSA, "second"));
    let elliptic = Recipient::new(ECDH, "of-another-kind");
    site.shows("/jwks", &json!({"keys": [elliptic.public(), first.public()]}));
    let metadata = json!({"jwks_uri": site.at("/jwks"), "id_token_encrypted_response_alg": RSA,
        "userinfo_encrypted_response_alg": RSA});
    let mut rp = op.client_with("rp", metadata).await;
    let mut alice = op.person("alice@example.org").await;
    let (_, answer) = logs_in(&mut alice, &mut rp, "openid email offline_access").await;
    first.opens(answer["id_token"].as_str().expect("an ID token"));
    let refresh = answer["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();

    // The key is taken away: the client gets an error, and no answer in plain, and the refresh token is as it was.
    site.shows("/jwks", &json!({"keys": [elliptic.public()]}));
    op.advance(601);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    for _ in 0..2 {
        let (status, refusal) = rp.posts("/token", &refresh).await;
        assert_eq!(
            (status, &refusal["error"]),
            (400, &"invalid_client_metadata".into())
        );
        assert_eq!(refusal.get("id_token"), None);
    }
    let userinfo = rp
        .get("/userinfo", answer["access_token"].as_str().expect("a token"))
        .await;
    assert_eq!(userinfo.status(), 400);
    assert!(!String::from_utf8_lossy(userinfo.body()).contains("alice"));

    // Another key takes its place, and is found at once if none of the cached ones fits (Core §10.2.1).
    site.shows("/jwks", &json!({"keys": [second.public()]}));
    op.advance(16);
    let (status, answer) = rp.posts("/token", &refresh).await;
    assert_eq!(status, 200, "{answer}");
    second.opens(answer["id_token"].as_str().expect("an ID token"));
}

#[tokio::test]
async fn what_we_can_encrypt_is_stated() {
    let op = TestOp::start().await;
    let document = op.browser().get("/.well-known/openid-configuration").await;
    let document: Value = serde_json::from_str(&document.body).expect("JSON");
    for what in ["id_token", "userinfo", "authorization"] {
        assert_eq!(
            document[format!("{what}_encryption_alg_values_supported")],
            json!([RSA, ECDH])
        );
        let encs = &document[format!("{what}_encryption_enc_values_supported")];
        assert_eq!(
            *encs,
            json!(["A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM"])
        );
    }
}

#[tokio::test]
async fn a_logout_token_is_encrypted_as_id_tokens_are() {
    // Back-Channel Logout §2.6: a service may refuse a logout token in plain.
    let site = Site::start().await;
    site.answers("/out", 200, &[], "");
    let op = TestOp::with(|config| site.is_allowed(config)).await;
    let recipient = Recipient::new(ECDH, "for-us");
    let metadata = json!({"jwks": {"keys": [recipient.public()]}, "id_token_encrypted_response_alg": ECDH,
        "backchannel_logout_uri": site.at("/out")});
    let mut rp = op.client_with("web", metadata).await;
    let mut alice = op.person("alice@example.org").await;
    let (status, answer) = logs_in(&mut alice, &mut rp, "openid").await;
    assert_eq!(status, 200, "{answer}");

    let page = alice.browser.get("/logout").await;
    let form = page.form(&["decision=logout"]);
    alice.browser.send(form.press("decision", "logout")).await;
    itu_account::jobs::deliver_logouts(&op.app)
        .await
        .expect("notified");
    let sent = site.received("/out");
    let token = sent[0].strip_prefix("logout_token=").expect("only logout_token");
    let opened = recipient.opens(token);
    let returned = op
        .app
        .keys
        .verify_own(&opened.content, "logout+jwt")
        .expect("our signature");
    assert_eq!(returned["aud"], "web");
}
