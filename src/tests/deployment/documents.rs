//! Tests the documents of a deployment: published versions are exported, and published where they are missing, with the days that
//! they had; what is served under the same name is never changed (security.md AD-13).

use sea_orm::ConnectionTrait;

use super::lines;
use crate::support::TestOp;
use itu_account::accounts::publication_draft::NewVersion;
use itu_account::accounts::publications;
use itu_account::domain::actor::Context;
use itu_account::domain::difference::Unnamed;
use itu_account::domain::document::{DocumentKind, Texts};
use itu_account::domain::profile::Language;

const DAY: i64 = 24 * 3600;

fn file(version: &str, day: &str) -> String {
    format!("version: {version}\neffective: {day}\nchanged: All.\n\nThe text of {version}.\n")
}

async fn publishes(op: &TestOp, kind: DocumentKind, version: &str, day: &str) {
    let files = Texts::from([
        ("en.md".to_owned(), file(version, day)),
        (
            "fr.md".to_owned(),
            file(version, day).replace("The text", "Le texte"),
        ),
    ]);
    let new = NewVersion::of_files(kind, files).expect("a version");
    let made = publications::publish(&op.app, &Context::operator(), &new, None).await;
    made.expect("published");
}

#[tokio::test]
async fn what_was_published_is_exported_and_published_elsewhere() {
    let op = TestOp::start().await;
    publishes(&op, DocumentKind::Terms, "now", "2027-01-15").await;
    publishes(&op, DocumentKind::Terms, "later", "2027-03-01").await;
    publishes(&op, DocumentKind::Privacy, "later", "2027-03-01").await;
    let exported = op.export().await;
    assert_eq!(
        exported["terms/now/en.md"],
        file("now", "2027-01-15").into_bytes()
    );
    assert!(
        op.apply(&exported, Unnamed::Kept)
            .await
            .expect("applied")
            .differences
            .is_empty()
    );

    // Elsewhere, and later: what was in force is in force, since the same day.
    let other = TestOp::start().await;
    other.advance(DAY);
    let applied = other.apply(&exported, Unnamed::Kept).await.expect("applied");
    let documents = [
        "+ document terms/now",
        "+ document privacy/later",
        "+ document terms/later",
    ];
    let mut made = lines(&applied);
    made.retain(|it| it.contains("document"));
    made.sort_unstable();
    let mut expected = documents.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(made, expected);
    assert_eq!(other.export().await, exported);
    let documents = other.app.documents.current();
    let in_force = documents.in_force(DocumentKind::Terms, Language::Fr, other.now());
    assert_eq!(in_force.version, "now");
    assert_eq!(other.audited("document.published").await, 3);
    let mut alone = exported.clone();
    alone.retain(|name, _| name.ends_with(".md"));
    let again = other.apply(&alone, Unnamed::Pruned).await.expect("applied");
    assert!(
        !lines(&again).iter().any(|it| it.contains("document")),
        "{again:?}"
    );
    assert_eq!(other.audited("document.published").await, 3);
    // What was published since the export stays, also with --prune.
    publishes(&other, DocumentKind::Terms, "last", "2027-04-01").await;
    other.apply(&alone, Unnamed::Pruned).await.expect("applied");
    let documents = other.app.documents.current();
    assert!(documents.version(DocumentKind::Terms, "last").is_some());
}

#[tokio::test]
async fn a_text_that_is_served_is_never_changed_and_a_wrong_one_not_published() {
    let op = TestOp::start().await;
    publishes(&op, DocumentKind::Terms, "next", "2027-03-01").await;
    let exported = op.export().await;
    for (name, text, problem) in [
        (
            "terms/next/en.md",
            file("next", "2027-03-02"),
            "terms/next/en.md: is not the text that is served: a version that was published keeps its texts",
        ),
        (
            "terms/2020-01/en.md",
            file("2020-01", "2020-01-01"),
            "terms/2020-01/en.md: is not the text that is served: this version is a setting",
        ),
        (
            "terms/next/zh.md",
            file("next", "2027-03-01"),
            "terms/next/zh.md: is not served",
        ),
        (
            "terms/other/en.md",
            file("another", "2027-05-01"),
            "terms/other: the version in the file has another name",
        ),
        (
            "terms/other/en.md",
            file("other", "2027-03-01"),
            "terms/other: Another version takes effect on this day.",
        ),
        (
            "terms/other/en.md",
            file("other", "2027-05-01").replace("changed: All.\n", ""),
            "terms/other: en.md: does not say what changed",
        ),
        (
            "terms/other/de.md",
            file("other", "2027-05-01"),
            "terms/other: de.md: no language",
        ),
        (
            "terms/other/en.md",
            "Text.".to_owned(),
            "terms/other: en.md: line 1: ",
        ),
    ] {
        let mut given = exported.clone();
        given.insert(name.to_owned(), text.into_bytes());
        let refused = op
            .apply(&given, Unnamed::Kept)
            .await
            .expect_err(problem)
            .to_string();
        assert!(
            refused.lines().any(|it| it.starts_with(problem)),
            "{problem}: {refused}"
        );
        assert_eq!(op.export().await, exported, "{problem}");
    }
    // Two that take effect on the same day are refused together.
    let mut given = exported.clone();
    for version in ["one", "two"] {
        given.insert(
            format!("terms/{version}/en.md"),
            file(version, "2027-06-01").into_bytes(),
        );
    }
    let refused = op.apply(&given, Unnamed::Kept).await.expect_err("refused");
    assert!(
        refused
            .to_string()
            .contains("Another version takes effect on this day."),
        "{refused}"
    );
    given = exported.clone();
    given.insert("privacy/x/en.md".to_owned(), vec![0xff]);
    let refused = op.apply(&given, Unnamed::Kept).await.expect_err("refused");
    assert!(
        refused.to_string().contains("privacy/x/en.md: is not UTF-8"),
        "{refused}"
    );
    // A row that somebody changed in the database is not served.
    let forged = "UPDATE document_texts SET text = 'forged'";
    op.app.db.execute_unprepared(forged).await.expect("forged");
    let config = (*op.app.config).clone();
    let started = itu_account::app::App::open(config, op.clock.clone()).await;
    assert!(started.is_err());
}
