//! Tests `/admin/clients/new`: each kind of service works as it was registered, and its secret is shown once.

use axum::http::StatusCode;

use super::administrator;
use crate::support::{Page, Person, RelyingParty, TestOp};
use itu_account::domain::client::GrantType;
use itu_account::domain::role::Role;

const CALLBACK: &str = "https://events.example.test/callback";

async fn registers(admin: &mut Person, kind: &str, more: &[(&str, &str)]) -> Page {
    let form = admin
        .browser
        .get("/admin/clients/new")
        .await
        .form(&["client_name"]);
    let mut values = vec![("kind", kind), ("client_id", kind), ("client_name", "ITU Events")];
    values.extend(more);
    admin.browser.submit(form, &values).await
}

fn secret(page: &Page) -> String {
    page.text_of("#new-secret code")
}

#[tokio::test]
async fn a_person_logs_in_at_a_service_that_was_just_registered() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let fields = [
        ("redirect_uris", CALLBACK),
        ("first_party", "on"),
        ("offline", "on"),
    ];
    let page = registers(&mut admin, "web", &fields).await;
    assert_eq!(page.url.path(), "/admin/clients/web/secret", "{}", page.text());
    let secret = secret(&page);
    assert_eq!(secret.len(), 43); // AD-2: 256 bits

    let mut rp =
        RelyingParty::discover(op.router.clone(), "web", Some(secret.clone()), CALLBACK.into()).await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid email offline_access").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    assert!(tokens.refresh_token.is_some());

    // AD-2: no page has it later, and what the form led to is for the administrator who sent it.
    let once = page.url.as_str().to_owned();
    let later = admin.browser.get("/admin/clients/web/secret").await;
    assert_eq!(later.url.path(), "/admin/clients/web");
    assert!(!later.body.contains(&secret) && later.has("#secrets"));
    let mut other = administrator(&op, "other").await;
    let elsewhere = other.browser.get(&once).await;
    assert!(!elsewhere.body.contains(&secret), "{}", elsewhere.text());
}

#[tokio::test]
async fn each_kind_is_registered_as_it_is() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    type Fields = &'static [(&'static str, &'static str)];
    let kinds: [(&str, Fields, GrantType, bool); 5] = [
        (
            "web",
            &[("redirect_uris", CALLBACK)],
            GrantType::AuthorizationCode,
            true,
        ),
        (
            "single_page",
            &[("redirect_uris", CALLBACK)],
            GrantType::AuthorizationCode,
            false,
        ),
        (
            "native",
            &[("redirect_uris", "http://127.0.0.1/cb\r\nint.itu.app:/cb")],
            GrantType::AuthorizationCode,
            false,
        ),
        (
            "machine",
            &[("scope", "reports"), ("offline", "on")],
            GrantType::ClientCredentials,
            true,
        ),
        ("device", &[], GrantType::DeviceCode, false),
    ];
    for (kind, fields, grant, has_secret) in kinds {
        let page = registers(&mut admin, kind, fields).await;
        let ends = if has_secret { "/secret" } else { "" };
        assert_eq!(
            page.url.path(),
            format!("/admin/clients/{kind}{ends}"),
            "{}",
            page.text()
        );
        let client = op.app.registry.find(kind).expect("a client");
        assert!(client.may_use(grant), "{kind}");
        assert_eq!(client.secrets.len(), usize::from(has_secret), "{kind}");
        assert_eq!(client.requires_pkce(), kind != "machine", "{kind}");
    }
    let native = op.app.registry.find("native").expect("a client");
    assert_eq!(native.metadata.redirect_uris.len(), 2);
    let machine = op.app.registry.find("machine").expect("a client");
    assert_eq!(machine.scope().to_string(), "reports");
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_nothing_is_registered() {
    let op = TestOp::start().await;
    op.client("taken").await;
    let mut admin = administrator(&op, "admin").await;
    for (kind, field, value) in [
        ("web", "redirect_uris", ""),
        ("web", "redirect_uris", "http://events.example.test/cb"),
        ("device", "redirect_uris", CALLBACK),
        ("machine", "scope", ""),
        ("web", "client_name", ""),
        ("web", "client_name", "P\u{430}ypal"),
        ("web", "client_uri", "javascript:alert(1)"),
        ("web", "client_id", "taken"),
        ("web", "client_id", "new"),
        ("web", "client_id", "a b"),
    ] {
        let fields = [("redirect_uris", CALLBACK), ("scope", "openid"), (field, value)];
        let fields = if kind == "web" || field == "redirect_uris" {
            &fields[..]
        } else {
            &fields[1..]
        };
        let page = registers(&mut admin, kind, fields).await;
        let context = format!("{kind} {field}={value}: {}", page.text());
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{context}");
        assert_eq!(page.field_errors(), [field], "{context}");
        let kept = page.form(&["client_name"]);
        assert!(
            kept.fields.contains(&(field.to_owned(), value.to_owned())),
            "{context}"
        );
    }
    let form = admin
        .browser
        .get("/admin/clients/new")
        .await
        .form(&["client_name"]);
    let page = admin.browser.submit(form, &[("client_name", "Events")]).await;
    assert!(page.has("#kind-error"), "{}", page.text());
    let all = itu_account::oidc::clients::list(&op.app).await.expect("clients");
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn only_administrators_register_services() {
    let op = TestOp::start().await;
    op.client("shop").await;
    for role in [Role::User, Role::Support] {
        let mut person = op
            .person_with(&format!("{}@itu.example", role.as_str()), role)
            .await;
        person.logs_in().await;
        for path in ["new", "shop/edit", "shop/secret", "shop/confirm?action=delete"] {
            let path = format!("/admin/clients/{path}");
            assert_eq!(
                person.browser.get(&path).await.status,
                StatusCode::NOT_FOUND,
                "{path}"
            ); // G-4
            let posted = person.browser.post(&path, &[("action", "delete")]).await;
            assert_ne!(posted.status, StatusCode::OK, "{path}");
        }
        let context = crate::support::visitor();
        let account = op.find_account(&person.email).await;
        let context = context.as_person(&account.id, role);
        let id = itu_account::domain::ClientId::new("shop");
        // The room refuses, too, whichever door they come through.
        let deleted = itu_account::oidc::clients::delete(&op.app, &context, &id).await;
        assert!(deleted.is_err(), "{role:?}"); // G-4
    }
    assert!(op.app.registry.find("shop").is_some());
}
