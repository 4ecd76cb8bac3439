//! Tests PKCE (RFC 7636; security.md TK-3).

use crate::support::protocol::{CALLBACK, code_of};
use crate::support::{TestOp, parameters};
use itu_account::domain::authorization::Grant;
use itu_account::domain::client::Client;
use itu_account::oidc::pkce;
use itu_account::oidc::{Code, codes};

#[tokio::test]
async fn a_code_is_for_its_challenge() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);

    // RFC 7636, appendix B
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert!(pkce::verify(Some(challenge), Some(verifier)).is_ok());
    let challenged = |client: &Client| Grant {
        code_challenge: Some(challenge.into()),
        ..op.grant(client, &alice, "openid")
    };
    let code = codes::issue(&op.app, &web, &challenged(&web))
        .await
        .expect("a code");
    assert_eq!(code_of(op.redeem(&web, &code).await), Code::InvalidGrant); // TK-3, RFC 7636 §4.6
    let code = codes::issue(&op.app, &web, &challenged(&web))
        .await
        .expect("a code");
    let proved = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", verifier),
    ];
    assert!(op.exchange(&web, parameters(proved)).await.is_ok());
    let code = op.issue_code(&web, &alice, "openid").await;
    let unasked = [("code", code.as_str()), ("code_verifier", verifier)];
    let unasked = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", CALLBACK),
        unasked[0],
        unasked[1],
    ];
    assert_eq!(
        code_of(op.exchange(&web, parameters(unasked)).await),
        Code::InvalidGrant
    ); // TK-3
}
