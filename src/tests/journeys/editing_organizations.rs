//! An administrator edits the record of an organization: what it takes from people is said before (security.md AF-1, G-9).

use axum::http::StatusCode;
use chrono::NaiveDate;

use crate::support::{Form, Page, Person, TestOp, rows};
use itu_account::domain::OrganizationId;
use itu_account::domain::affiliation::AffiliationStatus;
use itu_account::domain::organization::{Organization, OrganizationStatus, Sector};
use itu_account::domain::role::Role;
use itu_account::storage::{affiliations, organizations};

const EDIT: &str = "/admin/organizations/telco/edit";

async fn telco(op: &TestOp) -> Organization {
    let found = organizations::find(op.app.db.read(), &OrganizationId::new("telco")).await;
    found.expect("read").expect("a record")
}

async fn administrator(op: &TestOp, name: &str) -> Person {
    let email = format!("{name}@itu.example");
    let mut person = op.person_with(&email, Role::Administrator).await;
    person.logs_in().await;
    person
}

fn form(page: &Page) -> Form {
    page.form(&["name", "valid_until", "email_domains"])
}

fn value(form: &Form, name: &str) -> String {
    let found = form.fields.iter().find(|it| it.0 == name);
    found.map(|it| it.1.clone()).unwrap_or_default()
}

#[tokio::test]
async fn every_value_is_shown_and_changed() {
    let op = TestOp::start_with_directory().await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/organizations/telco").await;
    let page = admin.browser.get(&page.link_of("#edit")).await;
    assert_eq!(
        (page.url.path(), value(&form(&page), "name").as_str()),
        (EDIT, "Telco")
    );
    let values = [
        ("name", "Telco International"),
        ("acronym", "TI"),
        ("category", "SIO"),
        ("sector_t", "on"),
        ("website", "https://telco.example"),
        ("valid_from", "2020-01-01"),
        ("valid_until", "2031-12-31"),
        ("email_domains", "telco.example\nmail.telco.example"),
        ("reason", "As written."),
    ];
    let saved = admin.browser.submit(form(&page), &values).await;
    assert_eq!(saved.url.path(), "/admin/organizations/telco", "{}", saved.text());
    let now = telco(&op).await;
    assert_eq!(
        (now.name.as_str(), now.acronym.as_deref()),
        ("Telco International", Some("TI"))
    );
    assert_eq!(
        (now.sectors, now.category.as_str()),
        (vec![Sector::Standardization], "SIO")
    );
    assert_eq!(now.valid_until, NaiveDate::from_ymd_opt(2031, 12, 31));
    assert_eq!(now.email_domains, ["telco.example", "mail.telco.example"]);
    // What is cleared is gone.
    let page = admin.browser.get(EDIT).await;
    assert_eq!(value(&form(&page), "sector_t"), "on");
    let cleared = [
        ("acronym", ""),
        ("sector_t", ""),
        ("valid_from", ""),
        ("email_domains", ""),
    ];
    admin.browser.submit(form(&page), &cleared).await;
    let now = telco(&op).await;
    assert_eq!(
        (now.acronym, now.valid_from, now.email_domains.len()),
        (None, None, 0)
    );
}

#[tokio::test]
async fn what_is_wrong_is_marked_and_what_was_typed_stays() {
    let op = TestOp::start_with_directory().await;
    let mut admin = administrator(&op, "admin").await;
    for (wrong, field) in [
        (("name", " "), "name"),
        (("website", "x"), "website"),
        (("valid_until", "31.12.2030"), "valid_until"),
        (("email_domains", "not a domain"), "email_domains"),
        (("status", ""), "status"),
    ] {
        let page = admin.browser.get(EDIT).await;
        let values = [("acronym", "TI"), wrong];
        let refused = admin.browser.submit(form(&page), &values).await;
        assert_eq!(
            (refused.status, refused.field_errors()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec![field.to_owned()]),
            "{wrong:?}"
        );
        assert_eq!(value(&form(&refused), "acronym"), "TI");
    }
    let page = admin.browser.get(EDIT).await;
    let dates = [("valid_from", "2031-01-01"), ("valid_until", "2030-01-01")];
    let refused = admin.browser.submit(form(&page), &dates).await;
    assert_eq!(refused.field_errors(), ["valid_until"]);
    assert_eq!(telco(&op).await.acronym, None);
}

#[tokio::test]
async fn an_edit_of_what_somebody_else_changed_is_refused_and_stays() {
    // G-9
    let op = TestOp::start_with_directory().await;
    let (mut one, mut other) = (administrator(&op, "one").await, administrator(&op, "other").await);
    let late = one.browser.get(EDIT).await;
    let page = other.browser.get(EDIT).await;
    other
        .browser
        .submit(form(&page), &[("name", "Telco Group")])
        .await;
    let refused = one
        .browser
        .submit(form(&late), &[("name", "Telco Ltd"), ("acronym", "TL")])
        .await;
    assert_eq!((refused.status, refused.url.path()), (StatusCode::CONFLICT, EDIT));
    assert!(
        refused.text_of("#stored").contains("Telco Group"),
        "{}",
        refused.text()
    );
    assert_eq!(value(&form(&refused), "acronym"), "TL");
    assert_eq!(telco(&op).await.name, "Telco Group");
    // Whoever has seen that saves it on purpose.
    let saved = one.browser.send(form(&refused)).await;
    assert_eq!(saved.url.path(), "/admin/organizations/telco", "{}", saved.text());
    assert_eq!(telco(&op).await.name, "Telco Ltd");
}

#[tokio::test]
async fn what_takes_something_from_people_is_said_before() {
    // AF-1
    let op = TestOp::start_with_directory().await;
    let alice = op.insert_person("alice").await;
    let affiliation = op
        .insert_affiliation(&alice, "telco", rows::approved(op.now()))
        .await;
    let mut admin = administrator(&op, "admin").await;
    for (name, value) in [
        ("status", "suspended"),
        ("valid_until", "2001-01-01"),
        ("membership_type", "non_member"),
    ] {
        let page = admin.browser.get(EDIT).await;
        let asked = admin.browser.submit(form(&page), &[(name, value)]).await;
        assert_eq!(
            asked.url.path(),
            format!("{EDIT}/confirm"),
            "{name}: {}",
            asked.text()
        );
    }
    let page = admin.browser.get(EDIT).await;
    let values = [
        ("status", "ended"),
        ("name", "Telco, formerly"),
        ("reason", "It left."),
    ];
    let asked = admin.browser.submit(form(&page), &values).await;
    assert_eq!(
        asked.attribute_of("#consequence", "data-people").as_deref(),
        Some("1")
    );
    let differences = asked.text_of("#differences");
    assert!(
        differences.contains("ended") && differences.contains("Telco, formerly"),
        "{differences}"
    );
    assert_eq!(telco(&op).await.status, OrganizationStatus::Active);
    let confirmed = asked.form(&["seen", "status"]);
    let saved = admin.browser.send(confirmed.clone()).await;
    assert_eq!(saved.url.path(), "/admin/organizations/telco", "{}", saved.text());
    assert_eq!(telco(&op).await.status, OrganizationStatus::Ended);
    let version = telco(&op).await.version;
    admin.browser.send(confirmed).await;
    assert_eq!(telco(&op).await.version, version, "sent twice, it is done once");
    let ended = affiliations::find(op.app.db.read(), &affiliation.id).await;
    assert_eq!(
        ended.expect("read").expect("a row").status(),
        AffiliationStatus::Lapsed
    );
    // The page without what was typed leads back.
    let lost = admin.browser.get(&format!("{EDIT}/confirm")).await;
    assert_eq!(lost.url.path(), EDIT);
}
