//! An administrator pastes a table of organizations, sees what it would change, and applies it (security.md AD-5).

use axum::http::{Method, StatusCode};

use crate::support::{Page, Person, TestOp};
use itu_account::domain::OrganizationId;
use itu_account::domain::organization::Organization;
use itu_account::domain::role::Role;
use itu_account::storage::organizations;

const IMPORT: &str = "/admin/organizations/import";

async fn administrator(op: &TestOp, email: &str) -> Person {
    let mut person = op.person_with(email, Role::Administrator).await;
    person.logs_in().await;
    person
}

impl Person {
    async fn pastes(&mut self, table: &str, prune: &str) -> Page {
        let form = self.browser.get(IMPORT).await.form(&["table"]);
        self.browser
            .submit(form, &[("table", table), ("prune", prune)])
            .await
    }
}

async fn find(op: &TestOp, id: &str) -> Option<Organization> {
    let found = organizations::find(op.app.db.read(), &OrganizationId::new(id)).await;
    found.expect("read")
}

#[tokio::test]
async fn what_a_table_changes_is_shown_before_it_is_applied() {
    // AD-5
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let mut admin = administrator(&op, "admin@itu.example").await;

    // Rows as a spreadsheet copies them: one is wrong, and nothing of the table is lost.
    let wrong = "id\tname\tmembership_type\nnew\tNew <Lab>\tnon_member\nx\tX\temperor\n";
    let refused = admin.pastes(wrong, "").await;
    assert_eq!(
        (refused.status, refused.url.path()),
        (StatusCode::UNPROCESSABLE_ENTITY, IMPORT)
    );
    assert_eq!(refused.field_errors(), ["table"]);
    let problems = refused.text_of("#problems");
    assert!(
        problems.contains("Line 3: membership_type is none of those that there are"),
        "{problems}"
    );
    let kept = refused.main_forms()[0]
        .fields
        .iter()
        .any(|(name, value)| name == "table" && value == wrong);
    assert!(kept, "{}", refused.text());

    let table = "id,name,status\nshop,Corner Shop Ltd,active\ntelco,Telco,ended\n";
    let shown = admin.pastes(table, "on").await;
    assert_eq!(
        shown.url.path(),
        "/admin/organizations/import/confirm",
        "{}",
        shown.text()
    );
    assert_eq!(
        (
            shown.text_of("#created"),
            shown.text_of("#changed"),
            shown.text_of("#ended")
        ),
        ("0".into(), "2".into(), "2".into())
    );
    assert!(shown.text_of("#people").contains("1 person is concerned"));
    assert_eq!(shown.count_of("#differences > li"), 4);
    let shop = shown.text_of("#differences li[data-id=shop]");
    assert!(
        shop.contains("Before: Corner Shop") && shop.contains("After: Corner Shop Ltd"),
        "{shop}"
    );
    assert!(shown.has("#differences li[data-id=ofcom][data-effect=pruned]"));
    assert_eq!(find(&op, "shop").await.expect("a record").name, "Corner Shop"); // nothing has happened

    // The list is searched.
    let address = format!("{}?{}", shown.url.path(), shown.url.query().expect("an upload"));
    let found = admin
        .browser
        .get(&format!("{address}&q=CORNER&effect=changed"))
        .await;
    assert_eq!(found.count_of("#differences > li"), 1);
    let none = admin.browser.get(&format!("{address}&q=nobody")).await;
    assert!(none.has("#empty") && none.has("#confirm-form"));

    // It is that administrator's alone.
    let mut other = administrator(&op, "other@itu.example").await;
    let elsewhere = other.browser.get(&address).await;
    assert!(
        elsewhere.url.path() == IMPORT && elsewhere.has("#flash"),
        "{}",
        elsewhere.text()
    );

    // The directory changes meanwhile: what was shown is not what would be applied, and is shown again (G-9).
    let form = shown.form(&["upload", "seen"]);
    let change = b"id,name\nshop,The Shop\n";
    let operator = itu_account::domain::actor::Context::operator();
    itu_account::affiliations::directory::csv::import(&op.app, &operator, change)
        .await
        .expect("imported");
    let again = admin.browser.submit(form, &[]).await;
    assert!(
        again.url.path().ends_with("/confirm") && again.says("flash.import_changed"),
        "{}",
        again.text()
    );
    assert!(
        again
            .text_of("#differences li[data-id=shop]")
            .contains("Before: The Shop")
    );
    assert_eq!(
        find(&op, "telco").await.expect("a record").status.as_str(),
        "active"
    );
    let done = admin.browser.submit(again.form(&["upload", "seen"]), &[]).await;
    assert!(
        done.url.path() == "/admin/organizations" && done.says("flash.organizations_imported"),
        "{}",
        done.text()
    );
    for (id, status) in [
        ("telco", "ended"),
        ("ofcom", "ended"),
        ("unhq", "ended"),
        ("shop", "active"),
    ] {
        assert_eq!(
            find(&op, id).await.expect("a record").status.as_str(),
            status,
            "{id}"
        );
    }
    let claims = itu_account::affiliations::membership_claims(op.app.db.read(), &mina).await;
    assert_eq!(claims.expect("claims").affiliation_status.as_str(), "lapsed");
    let nothing = admin.pastes(table, "on").await;
    assert!(
        nothing.has("#nothing") && !nothing.has("#confirm-form"),
        "{}",
        nothing.text()
    );

    // Half an hour later it is gone.
    let shown = admin.pastes("id,acronym\nshop,XX\n", "").await;
    let address = format!("{}?{}", shown.url.path(), shown.url.query().expect("an upload"));
    op.advance(31 * 60);
    admin.browser.forget_cookies();
    admin.logs_in().await;
    let expired = admin.browser.get(&address).await;
    assert!(
        expired.url.path() == IMPORT && expired.says("flash.import_expired"),
        "{}",
        expired.text()
    );
}

#[tokio::test]
async fn a_large_table_is_taken_from_administrators_alone() {
    // DS-1, AD-5
    let op = TestOp::start().await;
    let rows: String = (0..5_000)
        .map(|n| format!("o{n},Société générale n° {n},non_member\n"))
        .collect();
    let table = format!("id,name,membership_type\n{rows}");
    let mut admin = administrator(&op, "admin@itu.example").await;
    let shown = admin.pastes(&table, "").await;
    assert_eq!(shown.text_of("#created"), "5000", "{}", shown.text());
    assert_eq!(shown.count_of("#differences > li"), 50);
    let done = admin.browser.submit(shown.form(&["upload", "seen"]), &[]).await;
    assert!(done.says("flash.organizations_imported"), "{}", done.text());
    assert!(find(&op, "o4999").await.is_some());
    // To change as many is the operator's.
    let changed = table.replace("générale", "nouvelle");
    let shown = admin.pastes(&changed, "").await;
    assert!(
        shown.has("#too-large") && !shown.has("#confirm-form"),
        "{}",
        shown.text_of("#summary")
    );

    let mut user = op.person("user@example.org").await;
    user.logs_in().await;
    let url = format!("{}{IMPORT}", crate::support::ISSUER)
        .parse()
        .expect("a URL");
    let body = format!("csrf=x&table={}", "a".repeat(2 * 1024 * 1024));
    let answer = user.browser.once(Method::POST, &url, Some(body.clone())).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let answer = op.browser().once(Method::POST, &url, Some(body)).await;
    assert!(
        answer.header("location").starts_with("/login"),
        "{}",
        answer.header("location")
    );
    let body = format!("csrf=x&table={}", "a".repeat(9 * 1024 * 1024));
    let answer = admin.browser.once(Method::POST, &url, Some(body)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
