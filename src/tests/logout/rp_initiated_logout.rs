//! Tests RP-initiated logout: who is logged out at once, who is asked, who is sent where (OpenID Connect RP-Initiated
//! Logout 1.0; security.md LO-1, LO-2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::TestOp;
use crate::support::protocol::SignedIn;
use itu_account::domain::client::SigningAlg;
use itu_account::domain::session::Session;
use itu_account::domain::{ClientId, SessionId, Sid};
use itu_account::oidc::RequestPairs;
use itu_account::oidc::end_session::{After, OtherPerson, Step, confirmed, request};

const OUT: &str = "https://rp.example/out";

fn step(op: &TestOp, parameters: &[(&str, &str)], at_hand: Option<&SignedIn>) -> Step {
    let pairs = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let parameters = RequestPairs::of_query(pairs.collect()).into_parameters();
    let parameters = parameters.expect("each once");
    request(&op.app, &parameters, at_hand.map(|it| (&it.session, &it.account))).expect("a step")
}

fn to(uri: Option<&str>) -> Step {
    Step::Done(After {
        client: Some(ClientId::new("web")),
        redirect_to: uri.map(str::to_owned),
    })
}

#[tokio::test]
async fn a_valid_hint_for_the_session_at_hand_logs_out_at_once() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, "openid").await;
    let hint = ("id_token_hint", tokens.id_token.as_deref().unwrap());
    let out = ("post_logout_redirect_uri", OUT);

    assert_eq!(
        step(&op, &[hint, out, ("state", "s t")], Some(&alice)),
        to(Some("https://rp.example/out?state=s%20t"))
    );
    assert_eq!(step(&op, &[hint, out], Some(&alice)), to(Some(OUT))); // no state, none back
    assert_eq!(
        step(&op, &[hint, out, ("client_id", "web")], Some(&alice)),
        to(Some(OUT))
    );
    assert_eq!(step(&op, &[hint], Some(&alice)), to(None));
    for other in [
        "https://rp.example/out?foo=bar",
        "https://rp.example/",
        "https://evil.example/out",
    ] {
        assert_eq!(
            step(&op, &[hint, ("post_logout_redirect_uri", other)], Some(&alice)),
            to(None)
        ); // LO-2
    }
    op.advance(700);
    assert_eq!(step(&op, &[hint, out], Some(&alice)), to(Some(OUT))); // LO-1: expired, of this session
    // LO-1: the hint is expired and has no session: it ends nothing, and leads back.
    assert_eq!(
        step(&op, &[hint, out, ("state", "s")], None),
        to(Some("https://rp.example/out?state=s"))
    );
    let evil = ("post_logout_redirect_uri", "https://evil.example/out");
    assert_eq!(step(&op, &[hint, evil], None), to(None));
}

#[tokio::test]
async fn without_a_good_hint_the_person_is_asked_and_nobody_is_redirected() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, "openid").await;
    let good = tokens.id_token.as_deref().unwrap();
    let body = good.split('.').nth(1).unwrap();
    let unsigned = format!(
        "{}.{body}.",
        URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string())
    );
    let changed = format!("{}AAAA", &good[..good.len() - 4]);
    let out = ("post_logout_redirect_uri", OUT);

    let bad: [&[(&str, &str)]; 8] = [
        &[],
        &[out],
        &[("state", "x")],
        &[out, ("client_id", "unknown")],
        &[out, ("id_token_hint", &changed), ("client_id", "web")],
        &[out, ("id_token_hint", &unsigned)],
        &[out, ("id_token_hint", &changed)],
        &[out, ("id_token_hint", good), ("client_id", "other")],
    ];
    for parameters in bad {
        let Step::Confirm {
            client: None,
            other: None,
            ticket,
        } = step(&op, parameters, Some(&alice))
        else {
            panic!("asked: {parameters:?}"); // LO-1
        };
        assert_eq!(
            confirmed(&op.app, &ticket, Some(&alice.session)),
            Some(After::default())
        );
        assert_eq!(step(&op, parameters, None), Step::Done(After::default()));
    }
}

#[tokio::test]
async fn a_hint_of_another_session_is_confirmed_first() {
    let op = TestOp::start().await;
    let (web, alice, bob) = (
        op.insert_web_client().await,
        op.sign_in().await,
        op.sign_in().await,
    );
    let tokens = op.issue_tokens(&web, &alice, "openid").await;
    let parameters = [
        ("id_token_hint", tokens.id_token.as_deref().unwrap()),
        ("post_logout_redirect_uri", OUT),
    ];
    let Step::Confirm {
        client,
        other,
        ticket,
    } = step(&op, &parameters, Some(&bob))
    else {
        panic!("asked");
    };
    assert_eq!(client, Some(ClientId::new("web")));
    assert_eq!(other, Some(OtherPerson(None))); // a lean token names nobody
    assert_eq!(confirmed(&op.app, &ticket, Some(&alice.session)), None); // the form is bob's
    let after = confirmed(&op.app, &ticket, Some(&bob.session)).expect("confirmed");
    assert_eq!(after.redirect_to.as_deref(), Some(OUT));
    assert_eq!(confirmed(&op.app, "nonsense", Some(&bob.session)), None);
}

#[tokio::test]
async fn a_hint_of_the_same_person_in_another_session_is_confirmed_first() {
    // LO-1: expired or not, it is no hint for the session at hand.
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, "openid").await;
    let hint = ("id_token_hint", tokens.id_token.as_deref().unwrap());
    let out = ("post_logout_redirect_uri", OUT);
    let elsewhere = SignedIn {
        account: alice.account.clone(),
        session: Session {
            id: SessionId::new("elsewhere"),
            sid: Sid::new("elsewhere"),
            ..alice.session.clone()
        },
    };
    for wait in [0, 700] {
        op.advance(wait);
        let Step::Confirm { client, other, .. } = step(&op, &[hint, out], Some(&elsewhere)) else {
            panic!("asked");
        };
        assert_eq!((client, other), (Some(ClientId::new("web")), None));
    }
}

#[tokio::test]
async fn a_hint_of_another_issuer_is_none() {
    // LO-1: a key may have served another issuer before.
    let op = TestOp::start().await;
    let (_, alice) = (op.insert_web_client().await, op.sign_in().await);
    let of = |issuer: &str| {
        let claims = json!({"iss": issuer, "aud": "web", "sub": alice.account.sub.as_str(),
            "sid": alice.session.sid.as_str(), "exp": op.now().timestamp() + 60});
        op.app
            .keys
            .sign(SigningAlg::RS256, "JWT", &claims)
            .expect("signed")
    };
    let out = ("post_logout_redirect_uri", OUT);
    let own = of(op.app.config.issuer.as_str());
    assert_eq!(
        step(&op, &[("id_token_hint", &own), out], Some(&alice)),
        to(Some(OUT))
    );
    let foreign = of("https://other.example");
    let asked = step(&op, &[("id_token_hint", &foreign), out], Some(&alice));
    assert!(matches!(asked, Step::Confirm { client: None, .. }), "{asked:?}");
    assert_eq!(
        step(&op, &[("id_token_hint", &foreign), out], None),
        Step::Done(After::default())
    );
}
