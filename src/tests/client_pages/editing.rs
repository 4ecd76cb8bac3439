//! Tests `/admin/clients/{id}/edit`: every member, problems at their fields, and edits that would undo another's.

use axum::http::StatusCode;
use serde_json::json;

use super::administrator;
use crate::support::{Form, Page, Person, TestOp};
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::client::Client;
use itu_account::oidc::clients::{self, NewClient, Registration};

async fn opens(person: &mut Person, id: &str) -> (Page, Form) {
    let page = person.browser.get(&format!("/admin/clients/{id}/edit")).await;
    let form = page.form(&["redirect_uris"]);
    (page, form)
}

async fn stored(op: &TestOp, id: &str) -> Client {
    clients::find(&op.app, &ClientId::new(id))
        .await
        .expect("a client")
}

#[tokio::test]
async fn a_form_that_nobody_touched_changes_nothing() {
    let op = TestOp::start().await;
    let full = json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a.example",
        "contacts": ["a@example.org", "b@example.org"], "default_max_age": 600, "require_auth_time": true,
        "grant_types": ["authorization_code", "refresh_token", "urn:openid:params:grant-type:ciba"],
        "backchannel_token_delivery_mode": "poll", "id_token_claims": "lean", "pkce": "required",
        "access_policy": {"affiliation": "approved", "membership_types": ["sector_member", "academia"]},
        "resources": ["https://api.example"], "response_types": ["code"]});
    op.client_with("full", full).await;
    op.client_with("plain", json!({"first_party": false})).await;
    let mut admin = administrator(&op, "admin").await;
    for id in ["full", "plain"] {
        let before = stored(&op, id).await;
        let (_, form) = opens(&mut admin, id).await;
        let page = admin.browser.send(form).await;
        assert!(page.says("flash.saved"), "{}", page.text());
        assert_eq!(stored(&op, id).await.definition(), before.definition(), "{id}");
    }
}

#[tokio::test]
async fn members_of_every_sort_are_changed() {
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut admin = administrator(&op, "admin").await;
    let (page, form) = opens(&mut admin, "shop").await;
    // The name that the standards give a member is in view.
    for member in [
        "token_endpoint_auth_method",
        "id_token_encrypted_response_enc",
        "access_policy.ties_rights",
    ] {
        assert!(page.text().contains(member), "{member}");
    }
    let form = form
        .with("grant_types", "authorization_code")
        .smuggle("grant_types", "refresh_token")
        .smuggle("grant_types", "urn:ietf:params:oauth:grant-type:device_code");
    let fields = [
        ("client_name", "Bookshop"),
        (
            "redirect_uris",
            "https://a.example/cb\r\n\r\n https://b.example/cb \r\n",
        ),
        ("scope", "openid email offline_access"),
        ("pkce", "required"),
        ("default_max_age", "3600"),
        ("require_auth_time", "on"),
        (
            "jwks",
            r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
        ),
        ("access_policy.affiliation", "approved"),
        ("access_policy.membership_types", "academia"),
        ("post_logout_redirect_uris", ""),
    ];
    let page = admin.browser.submit(form, &fields).await;
    assert!(page.says("flash.saved"), "{}", page.text());
    let client = stored(&op, "shop").await;
    assert_eq!(client.name(), "Bookshop");
    assert_eq!(
        client.metadata.redirect_uris,
        ["https://a.example/cb", "https://b.example/cb"]
    );
    assert_eq!(client.metadata.grant_types.len(), 3);
    assert!(client.metadata.post_logout_redirect_uris.is_empty());
    assert_eq!(client.metadata.default_max_age, Some(3600));
    assert!(client.metadata.require_auth_time && client.requires_pkce());
    assert!(client.metadata.jwks.is_some());
    assert_eq!(client.settings.access_policy.membership_types, ["academia"]);
    // This process answers by it at once.
    assert_eq!(op.app.registry.find("shop").expect("a client").name(), "Bookshop");
    // A box that is no longer ticked takes back what it said.
    let (_, mut form) = opens(&mut admin, "shop").await;
    form.fields
        .retain(|(name, _)| name != "require_auth_time" && name != "first_party");
    admin.browser.send(form).await;
    let client = stored(&op, "shop").await;
    assert!(!client.metadata.require_auth_time && !client.is_first_party());
}

#[tokio::test]
async fn a_problem_stands_at_its_field_and_what_was_typed_stays() {
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut admin = administrator(&op, "admin").await;
    let before = stored(&op, "shop").await;
    for (field, value) in [
        ("redirect_uris", "http://shop.example.test/cb"),
        ("scope", ""),
        ("response_types", "token"),
        ("jwks", "{"),
        ("default_max_age", "soon"),
        ("logo_uri", "http://shop.example.test/logo.png"),
        ("access_policy.ties_rights", "two words"),
        ("tls_client_auth_value", "shop.example.test"),
        ("profile", "best"),
    ] {
        let (_, form) = opens(&mut admin, "shop").await;
        let page = admin
            .browser
            .submit(form, &[(field, value), ("client_name", "Typed")])
            .await;
        let context = format!("{field}={value}: {}", page.text());
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{context}");
        let wrong = page.field_errors();
        let beside = if field == "tls_client_auth_value" {
            "tls_client_auth"
        } else {
            field
        };
        assert!(wrong.iter().any(|it| it == beside), "{wrong:?} {context}");
        let kept = page.form(&["redirect_uris"]);
        assert!(
            kept.fields.contains(&("client_name".into(), "Typed".into())),
            "{context}"
        );
        assert!(!page.has("[data-stored]"), "{context}");
    }
    assert_eq!(stored(&op, "shop").await, before);
    // A field that is not the form's, or comes twice, is refused (G-2, G-3).
    for (name, value) in [
        ("administered", "scope"),
        ("role", "administrator"),
        ("scope", "openid"),
    ] {
        let (_, form) = opens(&mut admin, "shop").await;
        let page = admin.browser.send(form.smuggle(name, value)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name}");
    }
    assert_eq!(stored(&op, "shop").await, before);
}

#[tokio::test]
async fn an_edit_that_would_undo_another_is_refused() {
    // G-9
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut first = administrator(&op, "first").await;
    let mut second = administrator(&op, "second").await;
    let (_, of_first) = opens(&mut first, "shop").await;
    let (_, of_second) = opens(&mut second, "shop").await;
    let saved = first
        .browser
        .submit(
            of_first,
            &[("client_name", "First"), ("contacts", "first@itu.example")],
        )
        .await;
    assert!(saved.says("flash.saved"));

    let page = second
        .browser
        .submit(of_second, &[("client_name", "Second")])
        .await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text());
    assert!(page.notes("admin.client_edit.conflict"));
    assert_eq!(stored(&op, "shop").await.name(), "First");
    // What was typed stays, and what is stored stands beside each field that differs, and no other.
    let form = page.form(&["redirect_uris"]);
    assert!(form.fields.contains(&("client_name".into(), "Second".into())));
    assert!(page.text_of("[data-stored=client_name]").contains("First"));
    assert!(
        page.text_of("[data-stored=contacts]")
            .contains("first@itu.example")
    );
    assert_eq!(page.count_of("[data-stored]"), 2);

    // Whoever has seen it decides; a wrong value meanwhile does not lose the first edit unseen.
    let wrong = second.browser.submit(form, &[("logo_uri", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, again) = opens(&mut first, "shop").await;
    first
        .browser
        .submit(again, &[("contacts", "third@itu.example")])
        .await;
    let reloaded = second.browser.get(wrong.url.as_str()).await;
    let notice = reloaded.text_of("#form-notice");
    assert!(notice.contains("changed in the meantime"), "{notice}");
    assert!(
        reloaded
            .text_of("[data-stored=contacts]")
            .contains("third@itu.example")
    );
    let form = reloaded.form(&["redirect_uris"]);
    let done = second
        .browser
        .submit(form, &[("logo_uri", ""), ("contacts", "third@itu.example")])
        .await;
    assert!(done.says("flash.saved"), "{}", done.text());
    let client = stored(&op, "shop").await;
    assert_eq!((client.name(), client.metadata.contacts.len()), ("Second", 1));

    // A form without a version, or with one that never was, saves nothing.
    for seen in ["", "0", "soon"] {
        let (_, form) = opens(&mut second, "shop").await;
        let page = second
            .browser
            .send(form.with("seen", seen).with("client_name", "Third"))
            .await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{seen}");
    }
    assert_eq!(stored(&op, "shop").await.name(), "Second");
}

#[tokio::test]
async fn what_an_administrator_changes_a_service_of_its_own_no_longer_decides() {
    let op = TestOp::start().await;
    let metadata = serde_json::from_value(json!({"client_name": "Tracker",
        "redirect_uris": ["https://tracker.example.test/cb"]}));
    let new = NewClient {
        id: Some(ClientId::new("tracker")),
        registration: Registration::ByClient(metadata.expect("metadata")),
        secret: None,
    };
    clients::add(&op.app, &Context::operator(), new)
        .await
        .expect("a client");
    let mut admin = administrator(&op, "admin").await;
    let (_, form) = opens(&mut admin, "tracker").await;
    admin
        .browser
        .submit(
            form,
            &[
                ("pkce", "required"),
                ("logo_uri", "https://tracker.example.test/l.png"),
            ],
        )
        .await;
    let client = stored(&op, "tracker").await;
    assert_eq!(client.settings.administered, ["logo_uri", "pkce"]); // DR-2
}
