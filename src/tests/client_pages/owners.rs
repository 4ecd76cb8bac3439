//! Tests the owners of services (security.md AD-8): named and removed by administrators; what they see and change of their
//! services, and that there is nothing else for them.

use axum::http::StatusCode;
use serde_json::json;

use super::administrator;
use crate::support::{Person, TestOp, rows};
use itu_account::domain::ClientId;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::powers::Powers;
use itu_account::domain::role::Role;
use itu_account::domain::scope::Scope;
use itu_account::oidc::clients::{self, ClientError, MOST_OWNERS, Whom};

async fn named(op: &TestOp, email: &str, client: &str) {
    let account = op.find_account(email).await.id;
    let whom = Whom::Account(&account);
    let id = ClientId::new(client);
    let done = clients::add_owner(&op.app, &Context::operator(), &id, &whom).await;
    done.expect("an owner");
}

/// Returns an owner of the service who is logged in.
pub async fn owner(op: &TestOp, client: &str) -> Person {
    let mut person = op.person("owner@example.org").await;
    named(op, "owner@example.org", client).await;
    person.logs_in().await;
    person
}

#[tokio::test]
async fn an_administrator_names_an_owner_and_removes_them() {
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut person = op.person("owner@example.org").await;
    person.logs_in().await;
    let before = person.browser.get("/account").await;
    assert!(before.find_link("/admin/clients").is_none());
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    let page = admin.browser.get(&page.link_of("#owners")).await;
    assert!(page.has("#empty"));
    let form = page.form(&["email"]);
    for (email, error) in [
        ("nobody", "error.email"),
        ("nobody@example.org", "admin.client_owners.no_account"),
    ] {
        let page = admin.browser.submit(form.clone(), &[("email", email)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{error}");
        assert_eq!(page.field_errors(), ["email"], "{error}");
    }
    let asked = admin
        .browser
        .submit(form, &[("email", "owner@example.org")])
        .await;
    assert!(asked.text_of("#consequence").contains("owner@example.org"));
    let page = admin
        .browser
        .send(asked.form(&["account_id"]).press("action", "name"))
        .await;
    assert!(page.says("flash.owner_named"), "{}", page.text());
    assert_eq!(page.count_of("#owners li"), 1);
    // The form of before would be answered as before: it is a second press.
    let form = admin
        .browser
        .get("/admin/clients/shop/owners")
        .await
        .form(&["email"]);
    let again = admin
        .browser
        .submit(form, &[("email", "owner@example.org")])
        .await;
    assert_eq!(again.field_errors(), ["email"]);

    // The person reads it in a mail and in the history, and finds the service in the menu.
    let mails = op.outbox().to("owner@example.org").await;
    let mail = mails
        .iter()
        .find(|it| it.kind == "client_ownership")
        .expect("a mail");
    assert!(mail.text.contains("/admin/clients/shop"));
    let history = person.browser.get("/account/history").await;
    assert!(history.text().contains("Named as an owner of the service"));
    let account = person.browser.get("/account").await;
    let list = person.browser.get(&account.link("/admin/clients")).await;
    assert!(list.find_link("/admin/clients/shop").is_some(), "{}", list.text());

    let page = admin.browser.get("/admin/clients/shop/owners").await;
    let page = admin.browser.confirms(&page, "#owners a").await;
    assert!(page.says("flash.owner_removed"), "{}", page.text());
    // Mails of one moment have no order.
    let mails = op.outbox().to("owner@example.org").await;
    let of_owners = mails.iter().filter(|it| it.kind == "client_ownership");
    assert_eq!(of_owners.count(), 2, "named, and removed");
    for path in [
        "/admin/clients",
        "/admin/clients/shop",
        "/admin/clients/shop/edit",
    ] {
        let seen = person.browser.get(path).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}"); // AD-8
    }
}

#[tokio::test]
async fn an_owner_sees_their_services_and_no_others() {
    let op = TestOp::start().await;
    op.client("shop").await;
    op.client("other").await;
    let mut owner = owner(&op, "shop").await;
    let list = owner.browser.get("/admin/clients").await;
    assert_eq!(list.count_of("#clients li"), 1, "{}", list.text());
    assert!(!list.has("#new-client") && !list.has("#unknown-clients"));
    let searched = owner.browser.get("/admin/clients?q=other").await;
    assert!(searched.has("#empty") && !searched.has("#clients"));
    let page = owner.browser.get("/admin/clients/shop").await;
    assert!(page.has("#edit") && page.has("#rotate-secret") && page.has("#refusals"));
    for act in ["#disable", "#delete", "#revoke", "#owners"] {
        assert!(!page.has(act), "{act}");
    }
    let events = owner.browser.get("/admin/clients/shop/events").await;
    assert_eq!(events.status, StatusCode::OK);
    assert!(!events.has("#webhook-form"));
    // G-4: what is not theirs does not exist, whatever one would do to it.
    for path in ["", "/edit", "/secret", "/events", "/confirm?action=rotate_secret"] {
        let path = format!("/admin/clients/other{path}");
        assert_eq!(
            owner.browser.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    for path in ["/owners", "/owners/confirm?action=name"] {
        let path = format!("/admin/clients/shop{path}");
        assert_eq!(
            owner.browser.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    for path in ["/admin", "/admin/accounts", "/admin/audit", "/admin/clients/new"] {
        assert_eq!(
            owner.browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    // An act of administrators is offered by no page; a form that is sent anyway meets nothing.
    let asked = owner.browser.is_asked(&page, "#rotate-secret").await;
    for act in ["disable", "delete"] {
        let confirm = format!("/admin/clients/shop/confirm?action={act}");
        assert_eq!(
            owner.browser.get(&confirm).await.url.path(),
            "/admin/clients/shop"
        );
        let sent = owner.browser.send(asked.clone().with("action", act)).await;
        assert_eq!(sent.status, StatusCode::NOT_FOUND, "{act}");
    }
    let fields = [("csrf", "x"), ("endpoint", "https://shop.example.test/hear")];
    let sent = owner.browser.post("/admin/clients/shop/events", &fields).await;
    assert!(sent.status.is_client_error());
    assert!(op.app.registry.find("shop").is_some());
    let foreign = {
        let mut form = asked;
        form.action.set_path("/admin/clients/other/confirm");
        form
    };
    assert_eq!(owner.browser.send(foreign).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_owner_edits_what_does_not_extend_the_service() {
    // AD-8
    let op = TestOp::start().await;
    let metadata = json!({"scope": "openid email itu_membership", "first_party": true,
        "access_policy": {"affiliation": "approved", "membership_types": ["academia", "sector_member"]}});
    op.client_with("shop", metadata).await;
    let mut owner = owner(&op, "shop").await;
    let before = clients::find(&op.app, &ClientId::new("shop"))
        .await
        .expect("a client");
    let page = owner.browser.get("/admin/clients/shop/edit").await;
    assert!(
        page.has("#of-owner") && page.has("[data-fixed=first_party]") && page.has("[data-fixed=profile]")
    );
    assert!(
        page.text_of("[data-fixed='access_policy.membership_types']")
            .contains("academia")
    );
    let form = page.form(&["redirect_uris"]);
    for (name, value) in [
        ("scope", "openid email itu_membership profile"),
        ("scope", "openid admin:clients"),
        ("client_name", "ITU Administration"),
        ("token_endpoint_auth_method", "none"),
    ] {
        let refused = owner.browser.submit(form.clone(), &[(name, value)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
        assert_eq!(refused.field_errors(), [name], "{value}");
    }
    // What is only shown is refused also if the form has it.
    for (name, value) in [
        ("access_policy.affiliation", ""),
        ("introspect_all", "on"),
        ("resources", "https://api.example"),
        ("subject_type", "pairwise"),
        ("profile", "fapi2"),
    ] {
        let refused = owner.browser.send(form.clone().smuggle(name, value)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
    }
    let now = clients::find(&op.app, &ClientId::new("shop"))
        .await
        .expect("a client");
    assert_eq!(now, before);

    let fields = [
        ("client_name", "Bookshop"),
        ("scope", "openid email"),
        ("pkce", "required"),
        ("redirect_uris", "https://books.example.test/cb"),
    ];
    let page = owner.browser.submit(form.clone(), &fields).await;
    assert!(page.says("flash.saved"), "{}", page.text());
    let now = clients::find(&op.app, &ClientId::new("shop"))
        .await
        .expect("a client");
    assert_eq!(
        (now.name(), now.scope().to_string().as_str()),
        ("Bookshop", "openid email")
    );
    let mut settings = before.settings.clone();
    settings.pkce = now.settings.pkce;
    assert_eq!(now.settings, settings);
    assert!(now.requires_pkce());
    // What was reduced is not taken back by the one who reduced it; a stale form changes nothing (G-9).
    let page = owner.browser.get("/admin/clients/shop/edit").await;
    let wider = owner
        .browser
        .submit(
            page.form(&["redirect_uris"]),
            &[("scope", "openid email itu_membership")],
        )
        .await;
    assert_eq!(wider.field_errors(), ["scope"]);
    let stale = owner.browser.submit(form, &[("client_name", "Old")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);

    let page = owner.browser.get("/admin/clients/shop").await;
    let page = owner.browser.confirms(&page, "#rotate-secret").await;
    assert!(page.has("#new-secret"), "{}", page.text());
}

#[tokio::test]
async fn owners_are_few_active_and_people() {
    let op = TestOp::start().await;
    op.client("shop").await;
    let (app, id) = (&op.app, ClientId::new("shop"));
    for number in 0..MOST_OWNERS {
        let account = rows::account(&format!("p{number}@example.org"), op.now());
        op.insert_account(account.clone(), None).await;
        let done = clients::add_owner(app, &Context::operator(), &id, &Whom::Account(&account.id)).await;
        done.expect("an owner");
    }
    let one_more = rows::account("more@example.org", op.now());
    op.insert_account(one_more.clone(), None).await;
    let whom = Whom::Account(&one_more.id);
    let refused = clients::add_owner(app, &Context::operator(), &id, &whom).await;
    assert!(matches!(refused, Err(ClientError::TooManyOwners)));
    let owners = clients::owners(app, &Context::operator(), &id)
        .await
        .expect("owners");
    let owner = owners[0].account.id.clone();
    let refused = clients::add_owner(app, &Context::operator(), &id, &Whom::Account(&owner)).await;
    assert!(matches!(
        refused,
        Err(ClientError::TooManyOwners | ClientError::OwnerAlready)
    ));

    // A program with the person's token is nobody's deputy in this.
    let program = Context::of(Actor::Program {
        client: ClientId::new("backoffice"),
        powers: Powers::of_scope(&Scope::default()),
        person: Some((owner.clone(), Role::User)),
    });
    let person = Context::of(Actor::Person {
        account: owner.clone(),
        role: Role::User,
    });
    assert!(clients::read(app, &person, &id).await.is_ok());
    assert!(clients::read(app, &program, &id).await.is_err());
    // An owner names nobody, and nobody without a recent login does (SE-4).
    let refused = clients::remove_owner(app, &person, &id, &owner).await;
    assert!(matches!(refused, Err(ClientError::Unknown(_))));
    let stale = Context::of(Actor::Person {
        account: one_more.id.clone(),
        role: Role::Administrator,
    });
    let refused = clients::remove_owner(app, &stale, &id, &owner).await;
    assert!(matches!(refused, Err(ClientError::ReauthenticationNeeded)));
    // With the client the ownership goes: another of the same name is nobody's.
    clients::delete(app, &Context::operator(), &id)
        .await
        .expect("deleted");
    op.client("shop").await;
    assert!(clients::read(app, &person, &id).await.is_err());
}
