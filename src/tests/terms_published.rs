//! Tests that versions of the Terms of Use and of the Privacy Notice are published, moved to another day and withdrawn from the
//! console (product.md, `/admin/terms`; security.md AD-13), what is refused, and what can no longer be changed; what other nodes see
//! of it is in `nodes`, the command in `command`.

mod command;
mod nodes;

use axum::http::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::client_pages::administrator;
use crate::support::{Page, Person, TestOp};
use itu_account::domain::document::DocumentKind;
use itu_account::domain::role::Role;
use itu_account::domain::secret::Digest;
use itu_account::jobs;

const NEW: &str = "/admin/terms/new";
const CONFIRM: &str = "/admin/terms/new/confirm";
const VERSION: &str = "/admin/terms/terms/2027-02";
const DAY: i64 = 24 * 3600;

/// The fields of a version that takes effect 17 days after the beginning of the clock.
const TYPED: [(&str, &str); 7] = [
    ("kind", "terms"),
    ("version", "2027-02"),
    ("effective", "2027-02-01"),
    ("texts.en.changed", "It is shorter."),
    (
        "texts.en.text",
        "## One account\r\n\r\nKeep it & yourself.\r\n\r\n- One.\r\n- Two.\r\n",
    ),
    ("texts.fr.changed", "Elles sont plus courtes."),
    ("texts.fr.text", "Un texte plus court."),
];

async fn writes(admin: &mut Person, typed: &[(&str, &str)]) -> Page {
    let form = admin.browser.get(NEW).await.form(&["texts.en.text"]);
    admin.browser.submit(form, typed).await
}

/// Fills in the form with other values in some fields.
async fn writes_but(admin: &mut Person, other: &[(&str, &str)]) -> Page {
    let mut typed = TYPED.to_vec();
    typed.retain(|(name, _)| !other.iter().any(|it| it.0 == *name));
    typed.extend(other);
    writes(admin, &typed).await
}

/// Presses the button of a page that says what publishing does.
async fn publishes(admin: &mut Person, page: &Page) -> Page {
    assert_eq!(page.url.path(), CONFIRM, "{}", page.text());
    admin.browser.send(page.form(&["draft", "seen"])).await
}

async fn published(admin: &mut Person) -> Page {
    let page = writes(admin, &TYPED).await;
    let page = publishes(admin, &page).await;
    assert_eq!(page.url.path(), VERSION, "{}", page.text());
    page
}

/// Returns the records of one kind: object, and what was after.
async fn records(op: &TestOp, action: &str) -> Vec<(String, Value)> {
    let db = op.app.db.read();
    let sql = format!("SELECT object, \"after\" AS a FROM events WHERE action = '{action}' ORDER BY id");
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await;
    let record = |row: &sea_orm::QueryResult| {
        let after: Option<String> = row.try_get("", "a").expect("text");
        let after = after.map_or(Value::Null, |it| serde_json::from_str(&it).expect("JSON"));
        (row.try_get("", "object").expect("an object"), after)
    };
    rows.expect("the trail").iter().map(record).collect()
}

#[tokio::test]
async fn a_version_is_written_looked_at_and_published() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    op.person("alice@example.org").await;
    let list = admin.browser.get("/admin/terms").await;
    assert_eq!(list.link_of("#new"), NEW);
    let page = writes(&mut admin, &TYPED).await;
    assert_eq!(
        (page.status, page.url.path()),
        (StatusCode::OK, CONFIRM),
        "{}",
        page.text()
    );
    // It says what changes, what is missing, whom it concerns and from when; nothing is counted yet.
    assert!(page.has("#consequence:not([data-people])"), "{}", page.text());
    assert!(page.text_of("#consequence").contains("1 February 2027"));
    assert!(page.has("#missing[data-missing='ar es ru zh']"));
    assert!(page.has("#difference [data-change='added']") && page.has("#difference [data-change='removed']"));
    assert!(page.text_of("#text").contains("Keep it & yourself."));
    jobs::count_acceptances(&op.app).await.expect("counted");
    let address = page.url.as_str().to_owned();
    let page = admin.browser.get(&format!("{address}&language=fr")).await;
    assert!(page.has("#consequence[data-people='2']"), "{}", page.text());
    assert!(page.has("#text[lang='fr']") && page.text_of("#text").contains("Un texte plus court."));
    // What was typed is found again.
    let back = admin.browser.get(&page.link_of("#back")).await;
    let form = back.form(&["texts.en.text"]);
    assert!(
        form.fields
            .contains(&("texts.fr.text".into(), "Un texte plus court.".into()))
    );
    assert!(records(&op, "document.published").await.is_empty());

    // Two presses publish it once.
    let form = page.form(&["draft", "seen"]);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form.fields)
        .finish();
    let mut other = admin.browser.clone();
    let (first, second) = tokio::join!(
        admin.browser.once(Method::POST, &form.action, Some(body.clone())),
        other.once(Method::POST, &form.action, Some(body))
    );
    assert_eq!(first.header("location"), second.header("location"));
    let shown = admin.browser.get(first.header("location")).await;
    assert!(shown.says("flash.terms_published"), "{}", shown.text());
    assert!(shown.has("[data-source='published']") && shown.has("#schedule") && shown.has("#withdraw"));
    assert!(shown.text_of("#published").contains("2027"), "{}", shown.text());
    let trail = admin.browser.get(&shown.link_of("#trail")).await;
    assert!(trail.text().contains("document.published"), "{}", trail.text());

    // LG-1, AD-13: the record has the digest of each text, which is that of the file.
    let file = "version: 2027-02\neffective: 2027-02-01\nchanged: It is shorter.\n\n\
                ## One account\n\nKeep it & yourself.\n\n- One.\n- Two.\n";
    let found = records(&op, "document.published").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "document:terms/2027-02");
    assert_eq!(found[0].1["texts"]["en"], Digest::of(file.as_bytes()).as_str());
    assert_eq!(found[0].1["effective"], "2027-02-01");
    // Back and once more: the name is taken, and what was typed is there.
    let again = admin.browser.get(&address).await;
    assert_eq!(
        (again.status, again.url.path()),
        (StatusCode::UNPROCESSABLE_ENTITY, NEW)
    );
    assert!(
        again.field_errors().contains(&"version".to_owned()),
        "{}",
        again.text()
    );
    let kept = again.form(&["texts.en.text"]);
    assert!(
        kept.fields
            .contains(&("texts.en.changed".into(), "It is shorter.".into()))
    );
    // It is announced to everybody.
    let terms = op.browser().get("/terms").await;
    let coming = op.browser().get(&terms.link_of("#announced a")).await;
    assert!(coming.has("#not-in-force") && coming.text().contains("Keep it & yourself."));
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_with_what_was_typed() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let documents = op.app.documents.current();
    let of_files = documents.versions(DocumentKind::Terms);
    let newest = of_files.last().expect("a version");
    let body = |code: &str| {
        let file = &newest.files()[&format!("{code}.md")];
        file.split_once("\n\n").expect("a head").1.to_owned()
    };
    let same: Vec<(String, String)> = ["ar", "en", "es", "fr", "ru", "zh"]
        .iter()
        .flat_map(|it| {
            [
                (format!("texts.{it}.text"), body(it)),
                (format!("texts.{it}.changed"), "All.".to_owned()),
            ]
        })
        .collect();
    let same: Vec<(&str, &str)> = same.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
    let (name, long) = (newest.english().version.as_str(), "x".repeat(40_001));
    let lines = "x\n".repeat(1_001);
    for (other, field) in [
        (&[("kind", "law")][..], "kind"),
        (&[("version", "")], "version"),
        (&[("version", ".2027")], "version"),
        (&[("version", name)], "version"),
        (&[("effective", "soon")], "effective"),
        (&[("effective", "2027-01-14")], "effective"),
        (&[("effective", "2029-01-01")], "effective"),
        (&[("texts.en.text", " ")], "texts.en.text"),
        (&[("texts.en.text", &long)], "texts.en.text"),
        (&[("texts.fr.text", &lines)], "texts.fr.text"),
        (&[("texts.fr.changed", "")], "texts.fr.changed"),
        (&[("texts.zh.changed", "All.")], "texts.zh.text"),
        (
            &[("texts.ar.changed", "All."), ("texts.ar.text", "a\u{202E}b")],
            "texts.ar.text",
        ),
        (&same, "texts.en.text"),
    ] {
        let page = writes_but(&mut admin, other).await;
        assert_eq!(
            (page.status, page.url.path()),
            (StatusCode::UNPROCESSABLE_ENTITY, NEW),
            "{field}: {}",
            page.text()
        );
        assert_eq!(page.field_errors(), [field], "{}", page.text());
        let kept = page.form(&["texts.en.text"]);
        let kept = |name: &str, value: &str| kept.fields.contains(&(name.to_owned(), value.to_owned()));
        assert!(
            other
                .iter()
                .all(|(name, value)| *name == "kind" || kept(name, &value.replace("\r\n", "\n")))
        );
    }
    // One more day of another version is refused, too; the day before is not.
    published(&mut admin).await;
    let page = writes_but(&mut admin, &[("version", "2027-03")]).await;
    assert_eq!(page.field_errors(), ["effective"], "{}", page.text());
    let page = writes_but(&mut admin, &[("version", "2027-03"), ("effective", "2027-01-31")]).await;
    assert_eq!(page.url.path(), CONFIRM, "{}", page.text());
    assert_eq!(records(&op, "document.published").await.len(), 1);
    // The texts of another administrator are not found, nor those that are no longer kept.
    let mut other = administrator(&op, "other").await;
    let expired = other.browser.get(page.url.as_str()).await;
    assert!(
        expired.url.path() == NEW && expired.says("flash.terms_expired"),
        "{}",
        expired.text()
    );
    let mut elsewhere = admin.elsewhere(&op);
    elsewhere.logs_in().await;
    let found = elsewhere.browser.get(page.url.as_str()).await;
    assert_eq!(found.url.path(), CONFIRM, "{}", found.text());
    op.advance(31 * 60);
    let mut elsewhere = admin.elsewhere(&op);
    elsewhere.logs_in().await;
    let expired = elsewhere.browser.get(page.url.as_str()).await;
    assert!(
        expired.url.path() == NEW && expired.says("flash.terms_expired"),
        "{}",
        expired.text()
    );
}

#[tokio::test]
async fn a_publication_that_was_seen_otherwise_is_refused() {
    // G-9
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let mut other = administrator(&op, "other").await;
    let next = [
        ("version", "2027-03"),
        ("effective", "2027-03-01"),
        ("texts.en.text", "Another text."),
    ];
    let page = writes_but(&mut admin, &next).await;
    published(&mut other).await;
    let again = publishes(&mut admin, &page).await;
    assert_eq!(again.url.path(), CONFIRM, "{}", again.text());
    assert!(again.says("flash.terms_changed"), "{}", again.text());
    // It follows the other one now.
    assert!(again.text_of("#changes").contains("2027-02"), "{}", again.text());
    let done = publishes(&mut admin, &again).await;
    assert_eq!(done.url.path(), "/admin/terms/terms/2027-03", "{}", done.text());
    // Who moves or withdraws one from a page that is old does nothing.
    let version = other.browser.get(VERSION).await;
    let withdrawal = other.browser.is_asked(&version, "#withdraw").await;
    let moved = admin.browser.get(VERSION).await;
    let form = admin.browser.is_asked(&moved, "#schedule").await;
    let moved = admin.browser.submit(form, &[("effective", "2027-02-08")]).await;
    assert!(moved.says("flash.terms_rescheduled"), "{}", moved.text());
    let refused = other.browser.send(withdrawal).await;
    assert!(refused.says("flash.terms_changed") && refused.url.path() == VERSION);
    assert!(records(&op, "document.withdrawn").await.is_empty());
}

#[tokio::test]
async fn a_scheduled_version_is_moved_and_withdrawn() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let page = published(&mut admin).await;
    let digest = |page: &Page| page.text_of("[data-language='en'] code");
    let before = digest(&page);
    for day in ["", "2027-13-01", "2027-01-14", "2026-11-29", "2029-01-01"] {
        let form = admin.browser.is_asked(&page, "#schedule").await;
        let refused = admin.browser.submit(form, &[("effective", day)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{day}");
        let form = refused.form(&["effective"]);
        assert!(form.fields.contains(&("effective".into(), day.into())), "{day}");
        assert_eq!(refused.field_errors(), ["effective"], "{day}: {}", refused.text());
    }
    let form = admin.browser.is_asked(&page, "#schedule").await;
    let moved = admin.browser.submit(form, &[("effective", "2027-02-10")]).await;
    assert!(moved.says("flash.terms_rescheduled"), "{}", moved.text());
    assert!(moved.text_of("#effective").contains("10 February 2027"));
    assert_ne!(digest(&moved), before, "the day is part of the text");
    let record = records(&op, "document.rescheduled").await;
    assert_eq!(record[0].1["effective"], "2027-02-10"); // LG-1

    let form = admin.browser.is_asked(&moved, "#withdraw").await;
    let gone = admin.browser.send(form).await;
    assert!(gone.says("flash.terms_withdrawn") && !gone.has("[data-version='terms/2027-02']"));
    assert_eq!(records(&op, "document.withdrawn").await.len(), 1);
    assert_eq!(admin.browser.get(VERSION).await.status, StatusCode::NOT_FOUND);
    assert!(!op.browser().get("/terms").await.has("#announced"));
    // The name is free again: nobody has accepted it.
    published(&mut admin).await;
}

#[tokio::test]
async fn what_is_or_was_in_force_is_neither_moved_nor_withdrawn() {
    // AD-13
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let page = published(&mut admin).await;
    let moving = admin.browser.is_asked(&page, "#schedule").await;
    let withdrawal = admin.browser.is_asked(&page, "#withdraw").await;
    op.advance(17 * DAY);
    let mut admin = admin.elsewhere(&op);
    admin.logs_in().await;
    let page = admin.browser.get("/terms/accept").await;
    let form = page.form(&["version"]).press("accept_terms", "yes");
    admin.browser.send(form).await;
    for form in [moving, withdrawal] {
        let fresh = admin
            .browser
            .get("/admin/terms/new")
            .await
            .form(&["texts.en.text"]);
        let token = fresh
            .fields
            .iter()
            .find(|it| it.0 == "csrf")
            .expect("a token")
            .1
            .clone();
        let form = form.with("csrf", &token);
        let refused = admin.browser.send(form).await;
        assert!(
            refused.says("flash.terms_changed"),
            "{}: {}",
            refused.status,
            refused.text()
        );
    }
    let shown = admin.browser.get(VERSION).await;
    assert!(shown.has("[data-state='in_force']"), "{}", shown.text());
    assert!(!shown.has("#schedule") && !shown.has("#withdraw"));
    for action in ["schedule", "withdraw"] {
        let page = admin
            .browser
            .get(&format!("{VERSION}/confirm?action={action}"))
            .await;
        assert_eq!(page.url.path(), VERSION, "{}", page.text());
        let of_file = "/admin/terms/terms/2026-11";
        let page = admin
            .browser
            .get(&format!("{of_file}/confirm?action={action}"))
            .await;
        assert_eq!(page.url.path(), of_file, "{}", page.text());
    }
    // Also not at a node whose clock is behind that of the node where somebody has accepted it.
    let next = [
        ("version", "2027-03"),
        ("effective", "2027-03-01"),
        ("texts.en.text", "Another text."),
    ];
    let page = writes_but(&mut admin, &next).await;
    publishes(&mut admin, &page).await;
    let account = op.find_account("admin@itu.example").await.id;
    let accepted = format!(
        "INSERT INTO document_acceptances (account_id, document, version, language, sha256, accepted_at) \
         VALUES ('{account}', 'terms', '2027-03', 'en', 'x', '2027-03-01T00:00:00+00:00')"
    );
    op.app.db.execute_unprepared(&accepted).await.expect("accepted");
    let page = admin.browser.get("/admin/terms/terms/2027-03").await;
    let form = admin.browser.is_asked(&page, "#withdraw").await;
    let refused = admin.browser.send(form).await;
    assert!(refused.says("flash.terms_changed"), "{}", refused.text());
}

#[tokio::test]
async fn nobody_but_administrators_publishes() {
    // AD-1, G-4
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    published(&mut admin).await;
    for role in [Role::User, Role::Support, Role::Auditor] {
        let email = format!("{}@itu.example", role.as_str());
        let mut person = op.person_with(&email, role).await;
        person.logs_in().await;
        for path in [NEW, CONFIRM, "/admin/terms/terms/2027-02/confirm?action=withdraw"] {
            let page = person.browser.get(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{email} {path}");
            let page = person.browser.post(path, &[("csrf", "x")]).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{email} POST {path}");
        }
    }
}
