//! Tests joining an organization: the request, the Focal Point's decision, TIES rights, the administrators' part
//! (product.md, step 5; security.md 8.4).

mod abuse_decisions;
mod current_state;
mod deciding_many;
mod every_form;
pub mod every_form_twice;
mod lost_races;
mod ties_matrix;
mod waiting_requests;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::rows;
use crate::support::{PASSWORD, Page, Person, RelyingParty, TestOp};
use itu_account::domain::affiliation::Stage;
use itu_account::domain::role::Role;
use itu_account::domain::{AccountId, AffiliationId};
use itu_account::storage::affiliations;

/// Returns a person with an affiliation, which is inserted, and a login.
pub async fn member(
    op: &TestOp,
    email: &str,
    id: &str,
    approved: bool,
) -> (Person, AccountId, AffiliationId) {
    let mut person = op.person(email).await;
    let account = op.find_account(email).await.id;
    let stage = if approved {
        rows::approved(op.clock.now())
    } else {
        Stage::Pending
    };
    let affiliation = op.insert_affiliation(&account, id, stage).await;
    person.logs_in().await;
    (person, account, affiliation.id)
}

pub async fn focal_point(op: &TestOp, email: &str, id: &str) -> (Person, AccountId, AffiliationId) {
    let mut person = op.person(email).await;
    let account = op.find_account(email).await.id;
    let affiliation = op
        .insert_affiliation(&account, id, rows::approved(op.clock.now()))
        .await;
    op.insert_focal_point(&affiliation).await;
    person.logs_in().await;
    (person, account, affiliation.id)
}

async fn claims(person: &mut Person, rp: &mut RelyingParty) -> Value {
    let code = person.logs_in_at(rp, "openid itu_membership").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    rp.claims(&tokens.access_token).await
}

/// Sends a form as anybody could make it by hand, with the token of one of the person's own pages.
pub(super) async fn by_hand(person: &mut Person, path: &str, fields: &[(&str, &str)]) -> Page {
    let page = person.browser.get("/account/profile").await;
    let token = page.form(&["first_name"]).fields;
    let csrf = token
        .iter()
        .find(|(name, _)| name == "csrf")
        .expect("a token")
        .1
        .clone();
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend_from_slice(fields);
    person.browser.post(path, &all).await
}

#[tokio::test]
async fn a_request_is_approved_and_the_claims_state_it() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let mut rp = op.client("events").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    assert_eq!(claims(&mut alice, &mut rp).await["affiliation_status"], "none");

    let ask = alice.browser.get("/account/organization/change").await;
    let form = ask.form(&["organization_query"]).press("action", "search");
    let values = [
        ("membership_type", "member_state"),
        ("member_state", "CH"),
        ("organization_query", "commun"),
    ];
    let found = alice.browser.submit(form, &values).await;
    let form = found.form(&["organization_id"]).press("action", "submit");
    let values = [("organization_id", "ofcom"), ("request_ties", "on")];
    let sent = alice.browser.submit(form, &values).await;
    assert_eq!(sent.url.path(), "/account/organization", "{}", sent.text());
    assert!(sent.has("#pending"));
    let returned = claims(&mut alice, &mut rp).await;
    assert_eq!(returned["affiliation_status"], "pending");
    assert!(returned.get("membership_type").is_none() && returned["ties_rights"] == json!([]));

    // AF-2: the mail's link leads to the page, which decides.
    let link = op.outbox().link("fp@ofcom.example", "/focal-point/").await;
    let page = fp.browser.get(&link).await;
    assert_eq!(page.status, StatusCode::OK);
    let refused = fp
        .browser
        .send(page.form(&["decision=reject"]).press("decision", "reject"))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY); // the page says why
    assert_eq!(refused.field_errors(), ["reason"]);
    let form = refused.form(&["decision=approve"]).press("decision", "approve");
    let elsewhere = fp.browser.get(&link).await;
    let elsewhere = elsewhere.form(&["decision=approve"]).press("decision", "approve");
    let person = fp.browser.send(form.clone()).await;
    assert!(
        person.url.path().starts_with("/focal-point/ofcom/people/"),
        "{}",
        person.url
    );
    // G-9: a second press has the outcome of the first; a press in another window comes too late.
    let again = fp.browser.send(form).await;
    assert_eq!((again.status, &again.url), (StatusCode::OK, &person.url));
    assert_eq!(fp.browser.send(elsewhere).await.status, StatusCode::CONFLICT);
    let returned = claims(&mut alice, &mut rp).await;
    assert_eq!(returned["affiliation_status"], "approved");
    assert_eq!(returned["membership_type"], "member_state");
    assert_eq!(
        (&returned["organization_id"], &returned["ties_rights"]),
        (&json!("ofcom"), &json!([]))
    );

    // AF-3: a right is decided on its own.
    let form = person.form(&["right", "action=grant"]).press("action", "grant");
    let right = form
        .fields
        .iter()
        .find(|(name, _)| name == "right")
        .unwrap()
        .1
        .clone();
    let person = fp.browser.send(form).await;
    assert_eq!(person.status, StatusCode::OK);
    assert_eq!(claims(&mut alice, &mut rp).await["ties_rights"], json!([right]));
    fp.browser.confirms(&person, &format!("#revoke-{right}")).await;
    assert_eq!(claims(&mut alice, &mut rp).await["ties_rights"], json!([]));

    let designated = fp.browser.confirms(&person, "#designate").await;
    assert!(designated.has("#undesignate"));
    assert_eq!(claims(&mut alice, &mut rp).await["focal_point"], true);
    let removed = fp.browser.confirms(&person, "#remove").await;
    assert_eq!(removed.url.path(), "/focal-point/ofcom/people");
    let returned = claims(&mut alice, &mut rp).await;
    assert_eq!(returned["affiliation_status"], "removed");
    assert!(returned.get("organization").is_none() && returned["focal_point"] == false);
}

const SESSION: &str = "__Host-itu_sid";

#[tokio::test]
async fn an_office_is_given_and_taken_by_who_has_just_logged_in() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    let (mut fp, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    let (mut bob, account, _) = member(&op, "bob@telco.example", "telco", true).await;
    let of_bob = format!("/focal-point/telco/people/{account}");
    admin.logs_in().await;
    op.advance(6 * 60);

    // SE-4
    let page = fp.browser.get(&of_bob).await;
    let asked = fp.browser.confirms(&page, "#designate").await;
    assert_eq!(asked.url.path(), "/reauthenticate", "{}", asked.text());
    assert!(bob.browser.get("/focal-point").await.status == StatusCode::NOT_FOUND);
    let page = fp
        .browser
        .submit(asked.form(&["password"]), &[("password", PASSWORD)])
        .await;
    // The page asks again for the act that was interrupted.
    assert_eq!(page.url.path(), format!("{of_bob}/confirm"));
    let before = bob.browser.cookie(SESSION).expect("a session").to_owned();
    let form = page.form(&["action=designate"]).press("action", "designate");
    let designated = fp.browser.send(form).await;
    assert!(designated.has("#undesignate"));

    // SE-2: the session id changes at once, and the old one is invalid.
    let mut old = bob.browser.clone();
    assert_eq!(bob.browser.get("/focal-point").await.status, StatusCode::OK);
    let given = bob.browser.cookie(SESSION).expect("a session").to_owned();
    assert_ne!(given, before);
    assert_eq!(old.get("/account").await.url.path(), "/login");
    // The forms of the page that brought it are good, and it is changed once.
    let page = bob.browser.get("/account/profile").await;
    assert_eq!(
        bob.browser.send(page.form(&["first_name"])).await.status,
        StatusCode::OK
    );
    assert_eq!(bob.browser.cookie(SESSION), Some(given.as_str()));

    // Administrators get a new session id, too, and so does a person who loses an office.
    let page = admin.browser.get("/admin/organizations/telco").await;
    let question = admin
        .browser
        .get(&page.link("/admin/organizations/telco/confirm"))
        .await;
    let form = question.form(&["account_id"]).press("action", "undesignate");
    for action in ["designate", "undesignate"] {
        let fields = [
            ("action", action),
            ("email", "bob@telco.example"),
            ("account_id", account.as_str()),
        ];
        let asked = by_hand(&mut admin, "/admin/organizations/telco", &fields).await;
        assert_eq!(asked.url.path(), "/reauthenticate", "{action}");
    }
    let asked = admin.browser.send(form).await;
    admin
        .browser
        .submit(asked.form(&["password"]), &[("password", PASSWORD)])
        .await;
    let fields = [("action", "undesignate"), ("account_id", account.as_str())];
    let page = by_hand(&mut admin, "/admin/organizations/telco", &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert_eq!(
        bob.browser.get("/focal-point").await.status,
        StatusCode::NOT_FOUND
    );
    assert_ne!(bob.browser.cookie(SESSION), Some(given.as_str()));
    assert_eq!(bob.browser.get("/account").await.url.path(), "/account");
}

#[tokio::test]
async fn an_administrator_checks_what_was_typed_and_names_the_first_focal_point() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let (mut bob, ..) = member(&op, "bob@example.org", "telco", false).await;

    let list = admin.browser.get("/admin/requests").await;
    assert!(list.text().contains("bob@example.org") && list.text().contains("Telco"));
    let page = admin.browser.get("/admin/organizations/telco").await;
    let form = page
        .form(&["email", "action=designate"])
        .press("action", "designate");
    let wrong = admin
        .browser
        .submit(form.clone(), &[("email", "nobody@example.org")])
        .await;
    assert_eq!(
        (wrong.status, wrong.field_errors()),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["email".into()])
    );
    let asked = admin.browser.submit(form, &[("email", "bob@example.org")]).await;
    let consequence = asked.text_of("#consequence");
    assert!(consequence.contains("bob@example.org") && consequence.contains("Telco"));
    // Nothing has happened yet.
    assert_eq!(bob.browser.get("/focal-point").await.url.path(), "/focal-point");
    let form = asked.form(&["account_id"]).press("action", "designate");
    let page = admin.browser.send(form).await;
    assert!(page.text().contains("bob@example.org"));
    assert!(
        bob.browser
            .get("/focal-point")
            .await
            .url
            .path()
            .ends_with("/telco/requests")
    );
    let undesignate = page.link("/admin/organizations/telco/confirm");
    let asked = admin.browser.get(&undesignate).await;
    let form = asked.form(&["account_id"]).press("action", "undesignate");
    assert_eq!(admin.browser.send(form).await.status, StatusCode::OK); // the last one, by an administrator

    let mut carol = op.person("carol@example.org").await;
    carol.logs_in().await;
    let page = carol.browser.get("/account/organization/change").await;
    let form = page.form(&["organization_query"]).press("action", "new");
    let page = carol.browser.send(form).await;
    let form = page.form(&["organization_name"]).press("action", "create");
    let values = [("organization_name", "Telco Laboratory"), ("member_state", "CH")];
    let page = carol.browser.submit(form, &values).await;
    assert_eq!(page.url.path(), "/account/organization", "{}", page.text());
    let list = admin.browser.get("/admin/proposals").await;
    let page = admin.browser.get(&list.link("/admin/proposals/")).await;
    let form = page
        .form(&["name", "decision=accept"])
        .press("decision", "accept");
    let wrong = admin.browser.submit(form, &[("name", "")]).await;
    assert_eq!(
        (wrong.status, wrong.field_errors()),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["name".into()])
    );
    let done = admin.browser.confirms(&page, "#merge-telco").await;
    assert!(
        done.url.path() == "/admin/proposals" && done.has("#empty"),
        "{}",
        done.text()
    );
    // AF-1: people of a record that is merged into a member get a new request.
    let account = op.find_account(&carol.email).await.id;
    let open = affiliations::find_open(op.app.db.read(), &account).await.unwrap();
    assert_eq!(open.unwrap().organization.as_str(), "telco");
}

#[tokio::test]
async fn an_import_is_no_reason_also_where_an_earlier_release_wrote_one() {
    use sea_orm::{ConnectionTrait, Statement};
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut bob, _, id) = member(&op, "bob@example.org", "telco", true).await;
    let db = &op.app.db;
    // The first reason is what the earlier release wrote; the second is what a person could have written.
    for (capacity, shown) in [("system", false), ("administrator", true)] {
        let text = format!(
            "UPDATE affiliations SET decision_reason = 'import', decided_as = '{capacity}' WHERE id = '{id}'"
        );
        db.execute_raw(Statement::from_string(db.get_database_backend(), text))
            .await
            .unwrap();
        let page = bob.browser.get("/account/organization").await;
        let says_so = page.text().split_whitespace().any(|it| it == "import");
        assert_eq!(says_so, shown, "{}", page.text());
    }
}
