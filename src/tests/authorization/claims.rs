//! Tests which claims are returned, and how (product.md, "What a service receives"; security.md UI-2, AF-4).

use serde_json::json;

use super::*;
use itu_account::domain::claim::ClaimsRequest;
use itu_account::domain::scope::Scope;
use itu_account::oidc::claims;

async fn returned(op: &TestOp, alice: &SignedIn, scope: &str, request: &str) -> Value {
    let scope = Scope::parse(scope).expect("a scope");
    let request = ClaimsRequest::parse(request).expect("a request");
    let names = claims::for_userinfo(&scope, &request);
    let returned = claims::values(op.app.db.read(), &names, &alice.account).await;
    Value::Object(returned.expect("claims"))
}

#[tokio::test]
async fn each_scope_returns_its_claims_and_no_others() {
    let op = TestOp::start().await;
    let mut alice = op.sign_in().await;
    let email = alice.account.email.as_str().to_owned();
    let profile = json!({"name": "Alice Ames", "given_name": "Alice", "family_name": "Ames", "locale": "en",
        "updated_at": alice.account.updated_at.timestamp()});

    assert_eq!(returned(&op, &alice, "openid", "{}").await, json!({}));
    // The gender is undisclosed, and there is no user name without the address.
    assert_eq!(returned(&op, &alice, "openid profile", "{}").await, profile);
    assert_eq!(
        returned(&op, &alice, "email", "{}").await,
        json!({"email": email, "email_verified": true})
    );
    let both = returned(&op, &alice, "profile email", "{}").await;
    assert_eq!(both["preferred_username"], json!(email));
    alice.account.profile.job_title = String::new();
    assert_eq!(
        returned(&op, &alice, "itu_professional", "{}").await,
        json!({"professional_role": "technical"})
    );
    assert_eq!(
        returned(&op, &alice, "itu_newsletter", "{}").await,
        json!({"newsletter": false})
    );
    // AF-4: the person is a member of no organization.
    let none = json!({"affiliation_status": "none", "ties_rights": [], "focal_point": false});
    assert_eq!(returned(&op, &alice, "itu_membership", "{}").await, none);
}

#[tokio::test]
async fn a_claim_is_asked_for_by_name() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let request = r#"{"userinfo": {"name": {"essential": true}, "ties_rights": null,
        "preferred_username": null, "shoe_size": null}}"#; // the user name is the address, which was not granted
    assert_eq!(
        returned(&op, &alice, "openid", request).await,
        json!({"name": "Alice Ames", "ties_rights": []})
    );
}

#[tokio::test]
async fn an_id_token_is_lean_or_states_the_scopes() {
    let op = TestOp::start().await;
    let scope = Scope::parse("openid email").expect("a scope");
    let request = ClaimsRequest::parse(r#"{"id_token": {"name": null}}"#).expect("a request");
    let lean = third_party(&op, json!({"id_token_claims": "lean"})).await;
    let names = claims::for_id_token(&lean, &scope, &request);
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["name"]);
    let web = op.insert_web_client().await; // a confidential web client of an administrator: interoperability.md IO-1
    let names = claims::for_id_token(&web, &scope, &request);
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["email", "email_verified", "name"]
    );
    let public = op
        .insert_client("public", json!({"token_endpoint_auth_method": "none"}))
        .await;
    assert!(claims::for_id_token(&public, &scope, &ClaimsRequest::default()).is_empty());
}
