//! Tests the authentication context: `acr_values`, `acr` in `claims`, `default_acr_values`, and how ID tokens, access
//! tokens and introspection state it (OpenID Connect Core §3.1.2.1, §5.5.1.1; RFC 9068, RFC 9470).

use serde_json::json;

use super::*;
use crate::support::parameters;
use itu_account::domain::authentication::{Factor, SecondProof};
use itu_account::oidc::token::TokenResponse;

const SFA: &str = "https://refeds.org/profile/sfa";
const MFA: &str = "https://refeds.org/profile/mfa";

/// Returns the same person, after a code of their app was accepted, too.
fn with_code(op: &TestOp, person: &SignedIn) -> SignedIn {
    let proof = SecondProof {
        factor: Factor::Totp,
        at: op.now(),
    };
    SignedIn {
        account: person.account.clone(),
        session: Session {
            second_factor: Some(proof),
            ..person.session.clone()
        },
    }
}

fn essential(values: &[&str]) -> String {
    json!({"id_token": {"acr": {"essential": true, "values": values}}}).to_string()
}

async fn tokens(op: &TestOp, client: &Client, person: &SignedIn, more: &[(&str, &str)]) -> TokenResponse {
    let step = next(op, &accepts(op, client, more), Some(person)).await;
    let code = answered(&step, "code").expect("a code");
    op.redeem(client, &code).await.expect("tokens")
}

#[tokio::test]
async fn the_class_that_is_stated_is_one_of_those_asked_for() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let careful = with_code(&op, &alice);
    let both = format!("{MFA} {SFA}");
    let cases = [
        (&alice, "1 phr", SFA),       // none is met: the best there is (Core §3.1.2.1)
        (&alice, both.as_str(), SFA), // any one listed
        (&careful, &both, MFA),       // in order of preference
        (&careful, SFA, SFA),         // two factors prove one, too
        (&careful, "1", MFA),
    ];
    for (person, values, stated) in cases {
        let tokens = tokens(&op, &web, person, &[("acr_values", values)]).await;
        assert_eq!(op.id_token_claims(&tokens)["acr"], stated, "{values}");
    }
    let plain = op.id_token_claims(&tokens(&op, &web, &careful, &[]).await);
    assert_eq!(plain["acr"], MFA);
    assert_eq!(plain["amr"], json!(["pwd", "otp", "mfa"])); // RFC 8176 §2

    let wish = json!({"id_token": {"acr": {"value": SFA}}}).to_string();
    let asked = op.id_token_claims(&tokens(&op, &web, &careful, &[("claims", &wish)]).await);
    assert_eq!(asked["acr"], SFA); // Core §5.5.1.1, a wish without `essential`
}

#[tokio::test]
async fn without_an_essential_class_there_is_no_answer_but_an_error() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let error = "unmet_authentication_requirements"; // its own specification, §2

    let claims = essential(&[MFA, "1"]);
    let silent = accepts(&op, &web, &[("claims", &claims), ("prompt", "none")]);
    let step = next(&op, &silent, Some(&alice)).await;
    assert_eq!(answered(&step, "error").as_deref(), Some(error));
    // The page shows the second factors that the person could set up.
    let step = next(&op, &accepts(&op, &web, &[("claims", &claims)]), Some(&alice)).await;
    assert!(matches!(step, Step::SecondFactorMissing), "{step:?}");
    let careful = with_code(&op, &alice);
    let met = tokens(&op, &web, &careful, &[("claims", &claims)]).await;
    assert_eq!(op.id_token_claims(&met)["acr"], MFA);

    // A value that is unsupported here asks for no password.
    let hopeless = essential(&["1"]);
    let pairs = [
        ("client_id", "web"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("claims", &hopeless),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let raw = RawRequest::new(RequestPairs::of_query(pairs.to_vec()));
    let refused = request::accept(&op.app, &visitor(), &raw).await;
    let Err(Rejection::Answer(answer)) = refused else {
        panic!("no refusal: {refused:?}")
    };
    assert_eq!(answer.error.map(|it| it.code().as_str()), Some(error));
}

#[tokio::test]
async fn a_registration_says_what_is_asked_for_when_the_request_does_not() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let metadata = json!({"first_party": true, "scope": "openid", "default_acr_values": [SFA]});
    let client = op.insert_client("web", metadata).await;
    let careful = with_code(&op, &alice);

    let plain = tokens(&op, &client, &careful, &[("scope", "openid")]).await;
    assert_eq!(op.id_token_claims(&plain)["acr"], SFA); // OpenID Connect Registration §2
    let named = [("scope", "openid"), ("acr_values", MFA)];
    let named = tokens(&op, &client, &careful, &named).await;
    assert_eq!(op.id_token_claims(&named)["acr"], MFA);
}

#[tokio::test]
async fn resources_see_how_and_when_the_person_was_authenticated() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let careful = with_code(&op, &alice);
    for format in ["opaque", "jwt"] {
        let metadata = json!({"first_party": true, "access_token_format": format, "scope": "openid email offline_access",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"]});
        let client = op.insert_client(format, metadata).await;
        let tokens = tokens(&op, &client, &careful, &[("scope", "openid offline_access")]).await;
        op.advance(60);
        let refreshed = op
            .refresh(&client, &crate::support::protocol::refresh_token(&tokens))
            .await;
        let refreshed = refreshed.expect("tokens");

        for token in [&tokens.access_token, &refreshed.access_token] {
            let seen = op.introspect(&client, token).await;
            assert_eq!(seen["acr"], MFA, "{format}"); // RFC 9470 §6.2
            assert_eq!(seen["auth_time"], alice.session.authenticated_at.timestamp());
            assert_eq!(seen["amr"], json!(["pwd", "otp", "mfa"]));
            if format == "jwt" {
                let claims = op.app.keys.verify_own(token, "at+jwt").expect("our signature");
                assert_eq!(
                    (&claims["acr"], &claims["auth_time"]),
                    (&seen["acr"], &seen["auth_time"])
                ); // RFC 9470 §6.1
            }
        }
        let own = op
            .exchange(&client, parameters([("grant_type", "client_credentials")]))
            .await;
        let seen = op.introspect(&client, &own.expect("a token").access_token).await;
        assert!(seen["active"] == true && seen.get("acr").is_none() && seen.get("auth_time").is_none());
    }
}
