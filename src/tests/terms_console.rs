//! Tests the console of the Terms of Use and the Privacy Notice (product.md, `/admin/terms`): which version is in force, in which
//! languages, who accepted it and has yet to, the text as people see it and what changed; and who may read it (AD-1, G-4).

use axum::http::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tempfile::TempDir;

use crate::client_pages::administrator;
use crate::jobs::scans;
use crate::support::product::CommandLine;
use crate::support::{Person, TestOp, rows};
use itu_account::domain::role::Role;
use itu_account::jobs;
use itu_account::testing;

const LIST: &str = "/admin/terms";
const FIRST: &str = "version: 1\neffective: 2020-01-01\n\n## Data\nIt is kept for 7 days.\n\nThe end.\n";
const SECOND: &str = "version: 2\neffective: 2027-01-10\nchanged: It is kept longer.\n\n\
     ## Data\nIt is kept for 30 days.\n\n- A new item.\n\nThe end.\n";
const DEUXIEME: &str = "version: 2\neffective: 2027-01-10\nchanged: Plus longtemps.\n\n\
     ## Données\nElles sont conservées 30 jours.\n\nFin.\n";
const THIRD: &str = "version: 3\neffective: 2027-06-01\nchanged: More.\n\n## Data\nIt is kept for 30 days.\n";

/// Writes an operator's documents: the second version of the terms is in force, the third is to come.
fn documents() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("terms/1/en.md", FIRST),
        ("terms/2/en.md", SECOND),
        ("terms/2/fr.md", DEUXIEME),
        ("terms/3/en.md", THIRD),
        ("privacy/1/en.md", FIRST),
    ] {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

async fn with_documents() -> (TestOp, TempDir) {
    let documents = documents();
    let op = TestOp::with(|it| it.site.documents = Some(documents.path().to_owned())).await;
    (op, documents)
}

/// Returns a person who has accepted what is in force on the page that asks for it.
async fn accepts(op: &TestOp, email: &str) -> Person {
    let mut person = op.person(email).await;
    let forget =
        format!("UPDATE accounts SET terms_version = NULL, privacy_version = NULL WHERE email = '{email}'");
    op.app.db.execute_unprepared(&forget).await.expect("forgotten");
    person.logs_in().await;
    let page = person.browser.get("/terms/accept").await;
    let form = page.form(&["version"]).press("accept_terms", "yes");
    person.browser.send(form).await;
    person
}

#[tokio::test]
async fn versions_are_listed_with_those_who_accepted_them() {
    let (op, _documents) = with_documents().await;
    accepts(&op, "alice@example.org").await;
    accepts(&op, "bob@example.org").await;
    let mut admin = administrator(&op, "admin").await;
    let list = admin.browser.get(LIST).await;
    let row = |kind: &str, version: &str| format!("[data-version='{kind}/{version}']");
    for (version, state) in [("3", "scheduled"), ("2", "in_force"), ("1", "former")] {
        let badge = format!("{} [data-state='{state}']", row("terms", version));
        assert!(list.has(&badge), "{badge}: {}", list.text());
    }
    assert_eq!(list.count_of("[data-version]"), 4);
    assert!(list.has(&format!("{} [data-missing='ar es ru zh']", row("terms", "2"))));
    // Nothing is counted before the job ran.
    assert!(!list.has("[data-accepted]"));
    jobs::count_acceptances(&op.app).await.expect("counted");
    let list = admin.browser.get(LIST).await;
    let accepted = format!("{} [data-accepted='2'] [data-yet='1']", row("terms", "2"));
    assert!(list.has(&accepted), "{}", list.text());
    assert!(list.has(&format!("{} [data-accepted='0']", row("terms", "1"))));
    // It is not counted again for ten minutes, then it is.
    accepts(&op, "carol@example.org").await;
    jobs::count_acceptances(&op.app).await.expect("counted");
    let same = admin.browser.get("/admin/terms/terms/2").await;
    assert!(same.has("#people [data-accepted='2']"), "{}", same.text());
    op.advance(601);
    jobs::count_acceptances(&op.app).await.expect("counted");
    let more = admin.browser.get("/admin/terms/terms/2").await;
    assert!(more.has("#people [data-accepted='3']") && more.has("#people [data-yet='1']"));

    for (query, number) in [
        ("?kind=privacy", 1),
        ("?state=scheduled", 1),
        ("?q=2&kind=terms", 1),
        ("?q=none", 0),
    ] {
        let found = admin.browser.get(&format!("{LIST}{query}")).await;
        assert_eq!(
            found.count_of("[data-version]"),
            number,
            "{query}: {}",
            found.text()
        );
        assert_eq!(found.has("#empty"), number == 0, "{query}");
    }
    let wrong = admin.browser.get("/admin/terms?kind=law").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.field_errors(), ["kind"]);
}

#[tokio::test]
async fn a_version_is_shown_as_people_see_it_with_what_changed() {
    let (op, _documents) = with_documents().await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/terms/terms/2").await;
    assert!(page.has("[data-source='directory']") && page.has("[data-language='fr'] code"));
    assert!(page.has("[data-language='zh'] .badge.warn"), "{}", page.text());
    assert_eq!(page.text_of("#difference [data-change='changed'] del"), "7");
    assert_eq!(page.text_of("#difference [data-change='changed'] ins"), "30");
    assert!(
        page.text_of("#difference [data-change='added']")
            .contains("A new item.")
    );
    assert!(page.text_of("#text").contains("It is kept longer."));
    let shown = admin.browser.get(&page.link_of("#public")).await;
    assert!(shown.has("#document[data-version='2']"), "{}", shown.text());

    // In French it is the French text; a language that is missing is in English, and says so.
    let page = admin.browser.get("/admin/terms/terms/2?language=fr").await;
    assert!(page.has("#text[lang='fr']") && page.text_of("#text").contains("30 jours"));
    let page = admin.browser.get("/admin/terms/terms/2?language=ar").await;
    assert!(page.has("#preview div.note") && page.text_of("#text").contains("A new item."));
    assert!(
        admin
            .browser
            .get("/admin/terms/terms/1")
            .await
            .has("#first-version")
    );
    for path in ["terms/9", "law/1", "terms/2?language=xx"] {
        let page = admin.browser.get(&format!("{LIST}/{path}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn nobody_but_administrators_reads_the_console() {
    // AD-1, G-4
    let (op, _documents) = with_documents().await;
    for role in [Role::User, Role::Support, Role::Auditor] {
        let email = format!("{}@itu.example", role.as_str());
        let mut person = op.person_with(&email, role).await;
        person.logs_in().await;
        for path in [LIST, "/admin/terms/terms/2"] {
            let page = person.browser.get(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{email} {path}");
        }
    }
}

#[tokio::test]
async fn counts_and_lists_read_no_whole_table() {
    let (op, _documents) = with_documents().await;
    for number in 0..3 {
        let account = rows::account(&format!("n{number}@example.org"), op.now());
        op.insert_account(account, None).await;
    }
    let mut admin = administrator(&op, "admin").await;
    op.app.db.statements().take();
    jobs::count_acceptances(&op.app).await.expect("counted");
    for path in [LIST, "/admin/terms/terms/2"] {
        assert_eq!(admin.browser.get(path).await.status, StatusCode::OK);
    }
    let statements = op.app.db.statements().take();
    assert!(
        statements
            .iter()
            .any(|it| it.sql.contains("document_acceptances"))
    );
    for statement in statements {
        let found = scans(&op.app, &statement).await;
        assert!(found.is_empty(), "{found:?}: {}", statement.sql);
    }
}

#[tokio::test]
async fn the_command_says_the_same() {
    let documents = documents();
    let config = testing::empty_config().await;
    let documents = format!("[site]\ndocuments = \"{}\"\n", documents.path().display());
    let command_line = CommandLine::of(&config, &documents);
    let types = |words: &[&str]| command_line.types(words);
    let output = types(&["--format", "json", "terms", "list", "--kind", "terms"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let versions: Vec<Value> = text
        .lines()
        .map(|it| serde_json::from_str(it).unwrap_or_else(|error| panic!("{error}: {output:?}")))
        .collect();
    assert_eq!(versions.len(), 3, "{text}");
    assert_eq!(versions[1]["source"], "directory");
    let output = types(&["terms", "show", "terms", "2", "--language", "fr"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), DEUXIEME.trim());
    let output = types(&["terms", "diff", "terms", "2"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("~ It is kept for [-7-]{+30+} days."), "{text}");
    assert!(text.contains("+ - A new item."), "{text}");
    for words in [
        &["terms", "diff", "terms", "1"][..],
        &["terms", "show", "terms", "9"],
        &["terms", "show", "terms", "2", "--language", "xx"],
        &["terms", "list", "--kind", "law"],
    ] {
        assert!(!types(words).status.success(), "{words:?}");
    }
}
