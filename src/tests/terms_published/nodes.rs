//! Tests what other nodes and open sessions see of a version that is published.

use super::{DAY, published, publishes, writes_but};
use crate::client_pages::administrator;
use crate::support::TestOp;
use itu_account::accounts::publication_draft::NewVersion;
use itu_account::accounts::{Error, publications};
use itu_account::app::App;
use itu_account::domain::actor::Context;
use itu_account::domain::document::{DocumentKind, Texts};
use itu_account::http::router;
use itu_account::jobs;

#[tokio::test]
async fn another_node_sees_it_and_asks_for_it_when_its_day_comes() {
    let op = TestOp::start().await;
    let config = (*op.app.config).clone();
    let node = App::open(config, op.clock.clone()).await.expect("another node");
    let other = router::router(&node);
    let mut admin = administrator(&op, "admin").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    published(&mut admin).await;
    let mut stranger = op.browser().at(other.clone());
    assert!(!stranger.get("/terms").await.has("#announced"));
    jobs::refresh(&node).await.expect("read again");
    assert!(stranger.get("/terms").await.has("#announced"));
    // A start reads it, too.
    let config = (*op.app.config).clone();
    let third = App::open(config, op.clock.clone()).await.expect("a start");
    let mut browser = op.browser().at(router::router(&third));
    assert!(browser.get("/terms").await.has("#announced"));

    op.advance(17 * DAY);
    let mut alice = alice.elsewhere(&op);
    alice.browser = alice.browser.at(other);
    let page = alice.logs_in().await;
    assert_eq!(page.url.path(), "/terms/accept", "{}", page.text());
    assert!(page.text_of("#changed-terms").contains("It is shorter."));
    // A version that is published while the page is read is asked for; this node has not read it yet.
    let mut admin = admin.elsewhere(&op);
    let admin_page = admin.logs_in().await;
    let form = admin_page.form(&["version"]).press("accept_terms", "yes");
    admin.browser.send(form).await;
    let today = op.now().date_naive().to_string();
    let urgent = [("version", "urgent"), ("effective", today.as_str())];
    let day_of_first = writes_but(&mut admin, &urgent).await;
    assert_eq!(
        day_of_first.field_errors(),
        ["effective"],
        "its day is that of the other"
    );
    op.advance(DAY);
    let mut admin = admin.elsewhere(&op);
    admin.logs_in().await;
    let mut alice = alice.elsewhere(&op);
    alice.browser = alice.browser.at(router::router(&node));
    let page = alice.logs_in().await;
    let today = op.now().date_naive().to_string();
    let urgent = [
        ("version", "urgent"),
        ("effective", today.as_str()),
        ("texts.en.text", "At once."),
    ];
    let preview = writes_but(&mut admin, &urgent).await;
    assert!(preview.has("#publish.danger"), "{}", preview.text());
    publishes(&mut admin, &preview).await;
    let form = page.form(&["version"]).press("accept_terms", "yes");
    let again = alice.browser.send(form).await;
    assert_eq!(again.url.path(), "/terms/accept", "{}", again.text());
    assert!(again.notes("error.terms_changed"), "{}", again.text()); // SU-6
    jobs::refresh(&node).await.expect("read again");
    let page = alice.browser.get("/terms/accept").await;
    let form = page.form(&["version"]).press("accept_terms", "yes");
    alice.browser.send(form).await;
    let account = op.find_account("alice@example.org").await;
    assert_eq!(account.terms_version.as_deref(), Some("urgent"));
    // The version that was in force for a day stays readable.
    let old = op.browser().get("/terms?version=2027-02").await;
    assert!(old.text().contains("Keep it & yourself."), "{}", old.text());
}

#[tokio::test]
async fn of_two_that_are_published_at_once_for_a_day_one_is() {
    // G-9
    let op = TestOp::start().await;
    let config = (*op.app.config).clone();
    let node = App::open(config, op.clock.clone()).await.expect("another node");
    for round in 1..=5 {
        let new = |name: &str| {
            let name = format!("{name}{round}");
            let text = format!("version: {name}\neffective: 2027-03-0{round}\nchanged: All.\n\nOf {name}.\n");
            let files = Texts::from([("en.md".to_owned(), text)]);
            NewVersion::of_files(DocumentKind::Privacy, files).expect("a version")
        };
        let (context, one, two) = (Context::operator(), new("a"), new("b"));
        let (first, second) = tokio::join!(
            publications::publish(&op.app, &context, &one, None),
            publications::publish(&node, &context, &two, None)
        );
        let refused = [first.err(), second.err()];
        let refused: Vec<_> = refused.into_iter().flatten().collect();
        assert!(
            matches!(&refused[..], [Error::Fields(wrong)] if wrong.contains_key("effective")),
            "{refused:?}"
        );
    }
    let documents = op.app.documents_in(op.app.db.read()).await.expect("read");
    let published = documents
        .versions(DocumentKind::Privacy)
        .iter()
        .filter(|it| it.publication().is_some());
    assert_eq!(published.count(), 5);
}
