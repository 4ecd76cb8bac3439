//! Tests consent: it is asked for once, remembered, withdrawn (security.md AZ-13, TK-5).

use super::*;
use itu_account::oidc::consent;

#[tokio::test]
async fn consent_is_asked_once_for_each_scope() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let client = third_party(&op, serde_json::json!({})).await;
    let small = accepts(&op, &client, &[("scope", "openid email")]);
    let large = accepts(&op, &client, &[("scope", "openid email profile offline_access")]);

    let step = next(&op, &large, Some(&alice)).await;
    let Step::Consent(needed) = step else {
        panic!("{step:?}")
    };
    assert_eq!(needed.scope, large.scope); // AZ-13
    let silent = accepts(&op, &client, &[("prompt", "none")]);
    let step = next(&op, &silent, Some(&alice)).await;
    assert_eq!(answered(&step, "error").as_deref(), Some("consent_required"));

    consent::remember(&op.app, &visitor(), &small, &alice.account.id)
        .await
        .expect("remembered");
    assert!(is_code(&next(&op, &silent, Some(&alice)).await));
    assert!(matches!(next(&op, &large, Some(&alice)).await, Step::Consent(_)));
    consent::remember(&op.app, &visitor(), &large, &alice.account.id)
        .await
        .expect("remembered");
    assert!(is_code(&next(&op, &large, Some(&alice)).await));
    assert!(is_code(&next(&op, &small, Some(&alice)).await)); // a part of what was granted

    let bob = op.sign_in().await;
    assert!(matches!(next(&op, &small, Some(&bob)).await, Step::Consent(_)));
}

#[tokio::test]
async fn prompt_consent_asks_again_but_not_for_ever() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let client = third_party(&op, serde_json::json!({})).await;
    let before = accepts(&op, &client, &[]);
    consent::remember(&op.app, &visitor(), &before, &alice.account.id)
        .await
        .expect("remembered");
    op.advance(1);
    let request = accepts(&op, &client, &[("prompt", "consent")]);
    assert!(matches!(
        next(&op, &request, Some(&alice)).await,
        Step::Consent(_)
    ));
    op.advance(1);
    consent::remember(&op.app, &visitor(), &request, &alice.account.id)
        .await
        .expect("remembered");
    assert!(is_code(&next(&op, &request, Some(&alice)).await));

    let web = op.insert_web_client().await;
    let of_the_house = accepts(&op, &web, &[("prompt", "consent")]);
    assert!(is_code(&next(&op, &of_the_house, Some(&alice)).await)); // first_party: no consent page
}

#[tokio::test]
async fn a_claim_by_name_is_asked_for_too() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let client = third_party(&op, serde_json::json!({})).await;
    let claims = r#"{"userinfo": {"name": {"essential": true}, "email": null, "newsletter": null}}"#;
    let request = accepts(&op, &client, &[("claims", claims)]);

    let step = next(&op, &request, Some(&alice)).await;

    let Step::Consent(needed) = step else {
        panic!("{step:?}")
    };
    // AZ-14: email comes with the scope; newsletter is not for this client.
    assert_eq!(needed.claims, ["name"]);
    consent::remember(&op.app, &visitor(), &request, &alice.account.id)
        .await
        .expect("remembered");
    assert!(is_code(&next(&op, &request, Some(&alice)).await));
}

#[tokio::test]
async fn what_is_withdrawn_is_asked_again_and_its_tokens_end() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let client = third_party(&op, serde_json::json!({})).await;
    let request = accepts(&op, &client, &[("scope", "openid offline_access")]);
    consent::remember(&op.app, &visitor(), &request, &alice.account.id)
        .await
        .expect("remembered");
    let step = next(&op, &request, Some(&alice)).await;
    let tokens = op
        .redeem(&client, &answered(&step, "code").expect("a code"))
        .await
        .expect("tokens");
    let refresh = tokens.refresh_token.expect("a refresh token"); // TK-5
    assert_eq!(
        consent::list(&op.app, &alice.account.id)
            .await
            .expect("listed")
            .len(),
        1
    );

    let withdrawn = consent::withdraw(&op.app, &visitor(), &alice.account.id, &client.id).await;

    assert!(withdrawn.expect("withdrawn"));
    assert!(op.refresh(&client, &refresh).await.is_err());
    assert!(matches!(
        next(&op, &request, Some(&alice)).await,
        Step::Consent(_)
    ));
    let twice = consent::withdraw(&op.app, &visitor(), &alice.account.id, &client.id).await;
    assert!(!twice.expect("answered"));
}
