//! Tests Post/Redirect/Get: Back and reload repeat nothing, a second press has the outcome of the first, and what was
//! typed outlives what happened meanwhile.

use axum::http::{Method, StatusCode, header};

use crate::support::{Form, Page, Person, TestOp};

/// Sends the form and follows nothing.
async fn presses(person: &mut Person, form: &Form) -> Page {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form.fields)
        .finish();
    person.browser.once(Method::POST, &form.action, Some(body)).await
}

#[tokio::test]
async fn two_presses_at_once_are_one() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let login = alice.browser.get("/login").await;
    let form = login
        .form(&["email"])
        .with("email", "alice@example.org")
        .with("password", &alice.password.clone());
    let mut other = Person {
        browser: alice.browser.clone(),
        ..alice.elsewhere(&op)
    };
    let (first, second) = tokio::join!(presses(&mut alice, &form), presses(&mut other, &form));
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    assert_eq!(first.header("location"), second.header("location"));
    // Both presses get the one login: whichever answer the browser keeps, it is logged in.
    let session = |it: &Person| it.browser.cookie("__Host-itu_sid").map(str::to_owned);
    assert_eq!(session(&alice), session(&other));
    assert_eq!(alice.browser.get("/account").await.url.path(), "/account");
    let sessions = alice.browser.get("/account/sessions").await;
    assert_eq!(
        sessions.text().matches("last used").count(),
        1,
        "{}",
        sessions.text()
    );
}

#[tokio::test]
async fn a_second_press_sends_no_second_mail() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let page = alice.browser.get("/forgot-password").await;
    let form = page.form(&["email"]).with("email", "alice@example.org");
    let sent = alice.browser.send(form.clone()).await;
    assert!(sent.has("#link-sent"), "{}", sent.text());
    let before = op.outbox().count().await;
    let again = alice.browser.send(form).await;
    assert_eq!(again.url, sent.url);
    let reloaded = alice.browser.get(sent.url.as_str()).await;
    assert!(reloaded.has("#link-sent"));
    assert_eq!(op.outbox().count().await, before);
}

#[tokio::test]
async fn a_second_press_of_log_out_is_logged_out() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get("/account").await;
    let form = page.form_to("/logout").press("decision", "logout");
    let first = alice.browser.send(form.clone()).await;
    assert_eq!(first.url.path(), "/logged-out");
    let second = alice.browser.send(form.clone()).await;
    assert_eq!(
        (second.status, second.url.path()),
        (StatusCode::OK, "/logged-out")
    );
    // A press long after has the same outcome, though none is remembered any more.
    op.advance(3600);
    op.app.ephemeral.sweep();
    let third = alice.browser.send(form).await;
    assert_eq!((third.status, third.url.path()), (StatusCode::OK, "/logged-out"));
}

#[tokio::test]
async fn what_was_saved_since_is_not_hidden_by_an_old_outcome() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get("/account/profile").await;
    let first = page.form(&["job_title"]).with("job_title", "Engineer");
    let saved = alice.browser.send(first.clone()).await;
    assert!(saved.says("flash.saved"), "{}", saved.text());
    let second = saved.form(&["job_title"]).with("job_title", "Director");
    alice.browser.send(second).await;
    // The person goes back twice and presses again: the change is made, not only reported.
    alice.browser.send(first).await;
    let page = alice.browser.get("/account/profile").await;
    assert!(
        page.form(&["job_title"])
            .fields
            .contains(&("job_title".into(), "Engineer".into()))
    );
}

#[tokio::test]
async fn edits_outlive_the_session() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get("/account/profile").await;
    let form = page.form(&["job_title"]).with("job_title", "Chief Cartographer");
    op.advance(3601); // SE-2
    let login = alice.browser.send(form).await;
    assert_eq!(login.url.path(), "/login");
    assert!(login.says("flash.session_expired"), "{}", login.text());

    // Another person who logs in there sees nothing of it.
    let mut bob = op.person("bob@example.org").await;
    bob.browser = alice.browser.clone();
    let theirs = bob.enters_password(login.clone()).await;
    assert_eq!(theirs.url.path(), "/account/profile");
    assert!(!theirs.body.contains("Cartographer"));

    let page = alice.enters_password(login).await;
    assert_eq!(page.url.path(), "/account/profile", "{}", page.text());
    let form = page.form(&["job_title"]);
    assert!(
        form.fields
            .contains(&("job_title".into(), "Chief Cartographer".into()))
    );
    let saved = alice.browser.send(form).await;
    assert!(saved.says("flash.saved"), "{}", saved.text());
}

#[tokio::test]
async fn a_page_that_lost_its_cookie_keeps_what_was_typed() {
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let page = zoe.browser.get("/signup").await;
    let form = page
        .form(&["first_name"])
        .with("first_name", "Zoë")
        .with("password", "Quartz-harbour-77");
    zoe.browser.forget_cookies();
    let again = zoe.browser.send(form).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "{}", again.text()); // BR-1
    let form = again.form(&["first_name"]);
    assert!(form.fields.contains(&("first_name".into(), "Zoë".into())));
    assert!(!again.body.contains("Quartz-harbour-77"));
}

#[tokio::test]
async fn a_message_is_not_made_by_an_address() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    for query in ["done=approved", "flash=flash.approved", "outcome=approved"] {
        let page = alice.browser.get(&format!("/account/organization?{query}")).await;
        assert!(!page.has("#flash"), "{query}");
    }
    // The address of a message shows nothing in another browser.
    let page = alice.browser.get("/account/profile").await;
    let saved = alice.browser.send(page.form(&["job_title"])).await;
    assert!(saved.says("flash.saved"));
    let mut other = alice.elsewhere(&op);
    other.logs_in().await;
    assert!(!other.browser.get(saved.url.as_str()).await.has("#flash"));
}

#[tokio::test]
async fn a_wait_is_shown_and_ends() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.password = "Wrong-lamp-42".into();
    let mut page = alice.browser.get("/login").await;
    for _ in 0..6 {
        page = alice.enters_password(page).await;
    }
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.has("#throttled") && !page.header(header::RETRY_AFTER.as_str()).is_empty()); // DS-2
    op.advance(60);
    let later = alice.browser.get(page.url.as_str()).await;
    assert_eq!(later.status, StatusCode::OK);
    assert!(!later.has("#throttled"));
    assert!(
        later
            .form(&["email"])
            .fields
            .contains(&("email".into(), "alice@example.org".into()))
    );
}

#[tokio::test]
async fn recovery_codes_stay_until_they_are_saved() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (_, codes) = super::second_factor::sets_up(&op, &mut alice).await;
    let page = alice.browser.get("/account/security/recovery-codes").await;
    assert!(
        codes.iter().all(|it| page.text().contains(it.as_str())),
        "{}",
        page.text()
    );
    assert!(page.text_of("#codes-account").contains("alice@example.org"));
    let file = alice.browser.get(&page.link_of("#download-codes")).await;
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert!(
        codes.iter().all(|it| file.body.contains(it.as_str())) && file.body.contains("alice@example.org")
    );
    // Another session of the same person does not read them.
    let mut elsewhere = alice.elsewhere(&op);
    elsewhere.logs_in().await;
    let other = elsewhere.browser.get("/account/security/recovery-codes").await;
    assert!(codes.iter().all(|it| !other.body.contains(it.as_str())));
    let done = alice
        .browser
        .send(page.form_to("/account/security/recovery-codes"))
        .await;
    assert_eq!(done.url.path(), "/account/security/totp");
    let gone = alice.browser.get("/account/security/recovery-codes").await;
    assert_eq!(gone.url.path(), "/account/security");
}
