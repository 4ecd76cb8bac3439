//! Tests the Terms of Use and the Privacy Notice from version to version: announced, asked for in open sessions and before
//! a service gets its code, accepted with the text that was shown, or refused with a way out (product.md, step 3 d).

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use tempfile::TempDir;

use crate::support::{Page, Person, TestOp};
use itu_account::app::App;
use itu_account::domain::secret::Digest;
use itu_account::http::router;

const EMAIL: &str = "alice@example.org";
const ACCEPT: &str = "/terms/accept";
const REFUSED: &str = "/terms/refused";
/// From the beginning of a test's clock to ten minutes before midnight, and from there to the day after.
const LATE: i64 = (15 * 60 + 50) * 60;
const NIGHT: i64 = 20 * 60;

const FIRST: &str = "version: 1\neffective: 2020-01-01\n\nThe first text.\n";
const SECOND: &str =
    "version: 2\neffective: 2027-01-16\nchanged: It is the second now.\n\nThe second text.\n";
const DEUXIEME: &str =
    "version: 2\neffective: 2027-01-16\nchanged: C’est la deuxième.\n\nLe deuxième texte.\n";

/// Writes an operator's documents: the terms get a second version the day after the beginning of the clock.
fn operators_documents() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("terms/1/en.md", FIRST),
        ("terms/2/en.md", SECOND),
        ("terms/2/fr.md", DEUXIEME),
        ("privacy/1/en.md", FIRST),
    ] {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

/// Starts ten minutes before the new terms come into force.
async fn on_the_eve() -> TestOp {
    let documents = operators_documents();
    let op = TestOp::with(|it| it.site.documents = Some(documents.path().to_owned())).await;
    op.advance(LATE);
    op
}

async fn query(op: &TestOp, sql: &str) -> Vec<QueryResult> {
    let db = op.app.db.read();
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    db.query_all_raw(statement).await.unwrap()
}

/// Returns document, version, language and digest of what was accepted.
async fn acceptances(op: &TestOp) -> Vec<[String; 4]> {
    let rows = query(
        op,
        "SELECT * FROM document_acceptances ORDER BY document, version",
    )
    .await;
    let columns = ["document", "version", "language", "sha256"];
    rows.iter()
        .map(|row| columns.map(|it| row.try_get("", it).unwrap()))
        .collect()
}

fn row(document: &str, version: &str, language: &str, text: &str) -> [String; 4] {
    let sha256 = Digest::of(text.as_bytes()).as_str().to_owned();
    [document.into(), version.into(), language.into(), sha256]
}

async fn accepts(person: &mut Person, page: &Page) -> Page {
    assert_eq!(page.url.path(), ACCEPT, "{}", page.text());
    let form = page.form(&["version"]).press("accept_terms", "yes");
    person.browser.send(form).await
}

async fn refuses(person: &mut Person, page: &Page) -> Page {
    let form = page.form(&["version"]).press("decision", "refuse");
    let page = person.browser.send(form).await;
    assert_eq!(
        (page.status, page.url.path()),
        (StatusCode::OK, REFUSED),
        "{}",
        page.text()
    );
    page
}

#[tokio::test]
async fn a_new_version_is_announced_and_then_meets_an_open_session() {
    let op = on_the_eve().await;
    let mut alice = op.person(EMAIL).await;
    let overview = alice.logs_in().await;
    assert_eq!(overview.url.path(), "/account");
    assert!(overview.has("#announced-terms") && !overview.has("#announced-privacy"));
    let terms = op.browser().get("/terms").await;
    assert_eq!(terms.attribute_of("#document", "data-version").unwrap(), "1");
    let coming = op.browser().get(&terms.link_of("#announced a")).await;
    assert!(coming.has("#not-in-force") && coming.text().contains("The second text."));

    op.advance(NIGHT);
    let page = alice.browser.get("/account/profile?ui_locales=fr").await;
    assert_eq!(page.url.path(), ACCEPT, "{}", page.text());
    assert!(page.text_of("#changed-terms").contains("C’est la deuxième."));
    assert!(
        !page.has("#read-privacy"),
        "what did not change is not asked about"
    );
    // Nothing else of the account opens.
    assert_eq!(alice.browser.get("/account/services").await.url.path(), ACCEPT);
    let page = accepts(&mut alice, &page).await;
    assert_eq!(page.url.path(), "/account/profile", "{}", page.text());
    // The text that was shown, in its language; the same again changes nothing.
    let shown = vec![row("terms", "2", "fr", DEUXIEME)];
    assert_eq!(acceptances(&op).await, shown);
    assert_eq!(alice.browser.get(ACCEPT).await.url.path(), "/account");
    let account = op.find_account(EMAIL).await;
    assert_eq!(account.terms_version.as_deref(), Some("2"));
    assert_eq!(account.privacy_version.as_deref(), Some("1"));
    let log = query(
        &op,
        "SELECT reason FROM events WHERE action = 'account.terms_accepted'",
    )
    .await;
    let reasons: Vec<String> = log.iter().map(|it| it.try_get("", "reason").unwrap()).collect();
    assert_eq!(reasons, ["terms 2 fr"]); // LG-1

    let old = op.browser().get("/terms?version=1").await;
    assert!(old.has("#not-in-force") && old.text().contains("The first text."));
    assert_eq!(
        op.browser().get("/terms?version=3").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_text_of_the_form_is_accepted_whatever_language_is_chosen_meanwhile() {
    // SU-6
    let op = on_the_eve().await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    op.advance(NIGHT);
    let page = alice.browser.get("/account?ui_locales=fr").await;
    let other_window = alice.browser.get("/faq?ui_locales=zh").await;
    assert!(other_window.has("html[lang=zh]"));
    let page = accepts(&mut alice, &page).await;
    assert_eq!(page.url.path(), "/account", "{}", page.text());
    assert!(page.has("html[lang=zh]"));
    assert_eq!(acceptances(&op).await, [row("terms", "2", "fr", DEUXIEME)]);
}

#[tokio::test]
async fn nodes_with_different_documents_ask_once_each() {
    // G-9: a node of the release before has another version in force, as after a rollback.
    let op = on_the_eve().await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    op.advance(NIGHT);
    let page = alice.browser.get("/account").await;
    accepts(&mut alice, &page).await;

    let others = tempfile::tempdir().unwrap();
    for document in ["terms", "privacy"] {
        let path = others.path().join(document).join("0");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("en.md"), FIRST.replace("version: 1", "version: 0")).unwrap();
    }
    let mut config = (*op.app.config).clone();
    config.site.documents = Some(others.path().to_owned());
    let node = App::open(config, op.clock.clone()).await.expect("another node");
    let other = router::router(&node);
    // She accepted version 1 of the notice before acceptances were kept, so that she is asked for it once more.
    for (router, asks) in [
        (&other, true),
        (&op.router, true),
        (&other, false),
        (&op.router, false),
        (&other, false),
    ] {
        alice.browser = alice.browser.at(router.clone());
        let mut page = alice.browser.get("/account/profile").await;
        assert_eq!(page.url.path() == ACCEPT, asks, "{}", page.text());
        if asks {
            page = accepts(&mut alice, &page).await;
        }
        assert_eq!(page.url.path(), "/account/profile", "{}", page.text());
    }
    let accepted: Vec<_> = acceptances(&op)
        .await
        .into_iter()
        .map(|[it, version, ..]| (it, version))
        .collect();
    let expected = [("privacy", "0"), ("privacy", "1"), ("terms", "0"), ("terms", "2")];
    assert_eq!(
        accepted,
        expected.map(|(it, version)| (it.to_owned(), version.to_owned()))
    );
}

#[tokio::test]
async fn a_service_gets_its_code_after_the_acceptance() {
    let op = on_the_eve().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in_at(&mut rp, "openid").await;
    op.advance(NIGHT);

    // OpenID Connect Core §3.1.2.6: a page would have to be shown.
    let silent = rp.authorization_url("openid", &[("prompt", "none")]);
    let back = alice.browser.get(&silent).await;
    assert_eq!(back.query("error").as_deref(), Some("interaction_required"));
    let url = rp.authorization_url("openid", &[]);
    let page = alice.browser.get(&url).await;
    assert!(page.query("code").is_none());
    let back = accepts(&mut alice, &page).await;
    rp.redeems(&rp.takes(&back)).await.expect("tokens");
}

#[tokio::test]
async fn whoever_refuses_can_take_the_data_along_and_leave() {
    let op = on_the_eve().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    op.advance(NIGHT);
    let page = alice.browser.get("/account").await;
    let refused = refuses(&mut alice, &page).await;
    assert!(refused.has("#delete"));
    // What can be read there leads nowhere but on and back.
    for page in ["#data", "#delete"] {
        let page = alice.browser.get(&refused.link_of(page)).await;
        let leads_to = |path: &str| page.has(&format!("main a[href='{path}']"));
        assert!(
            !page.has("main nav.tabs") && !leads_to("/account/services"),
            "{}",
            page.text()
        );
        assert!(leads_to(REFUSED));
    }
    // SE-4: the login was long ago, and a new one leads to the data, not back to the documents.
    let data = alice.browser.get(&refused.link_of("#data")).await;
    assert_eq!((data.status, data.url.path()), (StatusCode::OK, "/account/data"));
    let asks = alice
        .browser
        .send(data.form(&["action=request"]).press("action", "request"))
        .await;
    assert_eq!(asks.url.path(), "/reauthenticate", "{}", asks.text());
    let password = [("password", alice.password.as_str())];
    let again = alice.browser.submit(asks.form(&["password"]), &password).await;
    assert_eq!(again.url.path(), "/account/data", "{}", again.text());
    let asked = alice
        .browser
        .send(again.form(&["action=request"]).press("action", "request"))
        .await;
    assert_eq!(
        asked.attribute_of("#download", "data-stage").as_deref(),
        Some("building")
    );
    let leave = alice.browser.get(&refused.link_of("#delete")).await;
    assert!(
        leave.url.path() == "/account/delete" && leave.has("#delete"),
        "{}",
        leave.text()
    );
    // All else stays shut, and nothing was accepted.
    assert_eq!(alice.browser.get("/account/profile").await.url.path(), ACCEPT);
    assert!(acceptances(&op).await.is_empty());

    let url = rp.authorization_url("openid", &[]);
    let page = alice.browser.get(&url).await;
    let refused = refuses(&mut alice, &page).await;
    let form = refused.form(&["decision=cancel"]).press("decision", "cancel");
    let back = alice.browser.send(form).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
    // To think again is possible at any time.
    let page = alice.browser.get(REFUSED).await;
    let page = alice.browser.get(&page.link_of("#think-again")).await;
    assert_eq!(accepts(&mut alice, &page).await.url.path(), "/account");
    assert_eq!(alice.browser.get(REFUSED).await.url.path(), "/account");
}

#[tokio::test]
async fn a_sign_up_keeps_the_texts_that_were_shown() {
    let op = on_the_eve().await;
    let mut zoe = op.visitor("zoe@example.org");
    let page = zoe.browser.get("/signup?ui_locales=fr").await;
    let page = zoe.enters_details(page).await;
    let form = page.form(&["membership_type", "organization_query"]);
    let typed = [("membership_type", "academia")];
    let page = zoe.browser.submit(form.press("action", "new"), &typed).await;
    let fields = [
        ("member_state", "CH"),
        ("organization_name", "My Own Lab"),
        ("accept_terms", "on"),
    ];
    let form = page.form(&["organization_name"]).press("action", "create");
    // The new terms come into force while the form is filled in.
    op.advance(NIGHT);
    let again = zoe.browser.submit(form, &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again.field_errors(), ["accept_terms"], "{}", again.text());
    let form = again.form(&["organization_name"]).press("action", "create");
    let verify = zoe.browser.submit(form, &[("accept_terms", "on")]).await;
    assert_eq!(verify.url.path(), "/signup/verify", "{}", verify.text());
    assert!(acceptances(&op).await.is_empty(), "there is no account yet");
    let done = zoe.enters_code(verify, &op.outbox().code(&zoe.email).await).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());

    // The notice has no French text: English was shown.
    let shown = vec![
        row("privacy", "1", "en", FIRST),
        row("terms", "2", "fr", DEUXIEME),
    ];
    assert_eq!(acceptances(&op).await, shown); // SU-6
    assert_eq!(
        zoe.browser.get("/account/profile").await.url.path(),
        "/account/profile"
    );
}

#[tokio::test]
async fn the_documents_of_the_program_are_there_in_six_languages() {
    let op = TestOp::start().await;
    for path in ["/terms", "/privacy"] {
        for language in ["ar", "en", "es", "fr", "ru", "zh"] {
            let page = op.browser().get(&format!("{path}?ui_locales={language}")).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(
                page.has("#changed") && page.count_of("#document h2") > 8,
                "{path} {language}"
            );
            // The version before can be read, too.
            let old = format!("{path}?version=2020-01&ui_locales={language}");
            assert!(op.browser().get(&old).await.has("#not-in-force"), "{old}");
        }
    }
}
