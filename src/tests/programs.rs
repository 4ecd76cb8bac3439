//! Tests that an interface for programs admits a token that is for it, from whoever it is bound to, with the powers of its
//! scope and of the person's role (security.md AD-1, G-10; RFC 6750, RFC 8707, RFC 9470).

use serde_json::{Value, json};

use crate::support::{Person, RelyingParty, TestOp, visitor};
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::powers::{Area, Power, Powers};
use itu_account::domain::role::Role;
use itu_account::oidc::resource::{self, PresentedToken};
use itu_account::oidc::{Code, Error};

const API: &str = "https://id.example.test/api/v1";
const OTHER: &str = "https://other.example/";

async fn client(op: &TestOp, id: &str) -> RelyingParty {
    let metadata = json!({"resources": [API, OTHER], "first_party": true,
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": "openid offline_access catalogue admin admin:accounts admin:accounts:read admin:audit:read admin:operations"});
    op.client_with(id, metadata).await
}

async fn machine_token(rp: &RelyingParty, scope: &str, resource: &str) -> Value {
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", scope),
        ("resource", resource),
    ];
    rp.posts("/token", &fields).await.1
}

/// Returns the answer of the token endpoint to a login of the person.
async fn personal_token(person: &mut Person, rp: &mut RelyingParty, scope: &str) -> Value {
    let url = rp.authorization_url(scope, &[("resource", API)]);
    let back = person.goes_through(&url).await;
    let code = rp.takes(&back);
    rp.posts("/token", &rp.redemption(&code)).await.1
}

async fn admit(op: &TestOp, answer: &Value, any_of: &[&str]) -> Result<Context, Error> {
    let header = format!("Bearer {}", answer["access_token"].as_str().expect("a token"));
    let presented = PresentedToken {
        authorization: Some(&header),
        ..PresentedToken::default()
    };
    let holder = resource::admit(&op.app, &presented, API, any_of).await?;
    resource::acting(&op.app, &holder, visitor()).await
}

fn code_of(answer: Result<Context, Error>) -> Code {
    answer.expect_err("refused").code()
}

#[tokio::test]
async fn a_machine_has_the_powers_of_its_scope() {
    let op = TestOp::start().await;
    let rp = client(&op, "backoffice").await;
    let token = machine_token(&rp, "admin:accounts:read catalogue", API).await;
    assert_eq!(token["scope"], "admin:accounts:read catalogue");
    let context = admit(&op, &token, &["admin:accounts:read"])
        .await
        .expect("admitted");
    let Actor::Program {
        client,
        powers,
        person,
    } = &context.actor
    else {
        panic!("{:?}", context.actor);
    };
    assert_eq!((client.as_str(), person), ("backoffice", &None));
    assert!(powers.has(Power::Read(Area::Accounts)) && !powers.has(Power::Change(Area::Accounts)));
    assert_eq!(context.actor.label(), "client:backoffice");
    assert!(context.actor.reads_accounts() && !context.actor.helps_people());
    assert!(resource::require(&context, Power::Read(Area::Accounts)).is_ok());
    let lacking = resource::require(&context, Power::Change(Area::Accounts)).expect_err("reads only");
    assert_eq!(lacking.needs(), [("scope", "admin:accounts".to_owned())]); // RFC 6750 §3
    // What the token was not granted, and a token for others or for the issuer.
    assert_eq!(
        code_of(admit(&op, &token, &["scim"]).await),
        Code::InsufficientScope
    );
    let elsewhere = machine_token(&rp, "admin", OTHER).await;
    assert_eq!(code_of(admit(&op, &elsewhere, &[]).await), Code::InvalidToken); // RFC 8707 §2
    let (_, of_issuer) = rp.posts("/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(code_of(admit(&op, &of_issuer, &[]).await), Code::InvalidToken);
}

#[tokio::test]
async fn a_scope_makes_nobody_more_than_they_are() {
    let op = TestOp::start().await;
    let mut rp = client(&op, "console").await;
    let asked = "openid admin admin:accounts admin:audit:read admin:operations";
    for (role, granted) in [
        (Role::User, "openid"),
        (Role::Support, "openid admin:accounts"),
        (Role::Auditor, "openid admin:audit:read"),
        (Role::Administrator, asked),
    ] {
        let mut person = op
            .person_with(&format!("{}@example.org", role.as_str()), role)
            .await;
        let token = personal_token(&mut person, &mut rp, asked).await;
        assert_eq!(token["scope"], granted, "{role:?}"); // AD-1
        let context = admit(&op, &token, &[]).await.expect("admitted");
        let account = op.find_account(&person.email).await;
        assert_eq!(context.actor.person(), Some((&account.id, role)));
        assert_eq!(context.authenticated_at, Some(op.now()));
        assert_eq!(
            context.actor.administers(Area::Clients),
            role == Role::Administrator
        );
        assert_eq!(
            context.actor.has(Power::Read(Area::Operations)),
            role == Role::Administrator
        );
        assert_eq!(
            context.actor.administers(Area::Accounts),
            role == Role::Administrator
        );
        assert_eq!(context.actor.helps_people(), role.helps_people());
    }
    // Nothing is left of the scope: there is nothing to grant.
    let mut person = op.person("alice@example.org").await;
    let url = rp
        .authorization_url("admin", &[("resource", API)])
        .replace("openid+admin", "admin");
    let back = person.goes_through(&url).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_role_that_is_taken_away_takes_its_tokens_along() {
    let op = TestOp::start().await;
    let mut rp = client(&op, "console").await;
    let mut person = op.person_with("admin@example.org", Role::Administrator).await;
    let token = personal_token(&mut person, &mut rp, "openid admin offline_access").await;
    let context = admit(&op, &token, &["admin"]).await.expect("an administrator");
    assert!(context.actor.administers(Area::Organizations));
    op.person_with("other@example.org", Role::Administrator).await;
    let account = op.find_account("admin@example.org").await;
    let operator = Context::operator();
    itu_account::accounts::roles::give(&op.app, &operator, &account.id, Role::User)
        .await
        .expect("taken");
    // Its session ended with the role, and what outlives it gives no power (G-10).
    assert!(admit(&op, &token, &["admin"]).await.is_err());
    let refresh = token["refresh_token"].as_str().expect("a refresh token");
    if let Ok(tokens) = rp.refreshes(refresh).await {
        let answer = json!({"access_token": tokens.access_token});
        let context = admit(&op, &answer, &[]).await;
        assert!(
            context.is_err()
                || context
                    .expect("admitted")
                    .actor
                    .person()
                    .is_some_and(|it| it.1 == Role::User)
        );
    }
}

#[tokio::test]
async fn an_office_that_needs_a_second_factor_is_closed_to_a_token_without_one() {
    let op = TestOp::with(|config| {
        config.policy.second_factor = vec![itu_account::domain::role::Duty::Administrator];
        config.policy.second_factor_grace = std::time::Duration::ZERO;
    })
    .await;
    let mut rp = client(&op, "console").await;
    let mut person = op.person_with("admin@example.org", Role::Administrator).await;
    let token = personal_token(&mut person, &mut rp, "openid admin").await;
    let refused = admit(&op, &token, &["admin"]).await.expect_err("no factor"); // PW-9
    assert_eq!(refused.code(), Code::InsufficientUserAuthentication); // RFC 9470 §3
    // A machine has no login; its credentials are a matter of its registration.
    let machine = machine_token(&rp, "admin", API).await;
    assert!(admit(&op, &machine, &["admin"]).await.is_ok());
}

#[test]
fn nobody_has_powers_by_another_name() {
    let scope = itu_account::domain::scope::Scope::parse("administrator admin:all ADMIN").expect("a scope");
    assert_eq!(Powers::of_scope(&scope), Powers::NONE);
}
