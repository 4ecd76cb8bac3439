use axum::http::StatusCode;

use crate::support::{Page, TestOp};
use itu_account::config::Rate;
use itu_account::limits::Limit;

/// Requires that neither people nor what fills in forms for them meets the field.
fn is_hidden(page: &Page) {
    for (css, count) in [
        (".decoy[aria-hidden=true]", 1),
        (".decoy input[name=website][tabindex='-1'][autocomplete=off]", 1),
        (".decoy input[required]", 0),
    ] {
        assert_eq!(page.count_of(css), count, "{css}");
    }
    let sheet = itu_account::templates::assets::named("app.css").expect("a sheet");
    let sheet = std::str::from_utf8(sheet.body).expect("UTF-8");
    assert!(sheet.contains(".decoy { display: none; }"));
}

#[tokio::test]
async fn a_program_that_fills_in_the_decoy_sees_success_and_nobody_is_written_to() {
    // DS-6
    let op = TestOp::start().await;
    op.person("known@example.org").await;
    for email in ["zoe@example.org", "known@example.org"] {
        let mut program = op.visitor(email);
        let (page, form) = program.fills_in_details().await;
        is_hidden(&page);
        let form = form.with_work(&page).with("website", "https://spam.example");
        let organization = program.browser.send(form).await;
        assert_eq!(organization.url.path(), "/signup/organization");
        let verify = program.asks_for_a_code(&organization).await;
        assert_eq!(verify.url.path(), "/signup/verify");
        let form = verify.form(&["code"]);
        let refused = program.browser.submit(form, &[("code", "12345678")]).await;
        assert_eq!(refused.field_errors(), ["code"]);
        op.advance(61);
        let form = verify.form_to("/signup/verify/resend");
        assert!(program.browser.send(form).await.has("#code-state"));
        assert!(op.outbox().to(email).await.is_empty());
    }
    let events = op.events("signup.started").await;
    assert_eq!(events.len(), 6);
    assert!(
        events.iter().all(|it| it == "decoy field filled in"),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_program_cannot_tell_that_its_form_was_refused() {
    // DS-5, DS-6: neither by what the pages say, nor by a limit, nor by the next challenge.
    let answers = async |decoy: &str| {
        let op = TestOp::with(|it| it.limits.forms_without_work = vec![Rate::new(3, 600)]).await;
        let mut answers = Vec::new();
        for email in ["known@example.org", "zoe@example.org"] {
            let mut program = op.visitor(email);
            let (_, form) = program.fills_in_details().await;
            let organization = program.browser.send(form.with("website", decoy)).await;
            let verify = program.asks_for_a_code(&organization).await;
            let mut browser = op.browser();
            let page = browser.get("/forgot-password").await;
            let form = page.form_to("/forgot-password").with("email", email);
            let sent = browser.send(form.with("website", decoy)).await;
            for page in [verify, sent] {
                answers.push((page.url.path().to_owned(), page.status, page.has("#mail-later")));
            }
        }
        let mut solver = op.visitor("solver@example.org");
        let (page, form) = solver.fills_in_details().await;
        solver
            .browser
            .send(form.with_work(&page).with("website", decoy))
            .await;
        let counted = op.app.limits.counted(Limit::FormsWithoutWork, "192.0.2.1").await;
        (answers, counted.expect("a store"))
    };
    let told = answers("").await;
    assert!(
        told.0[0].2 && told.0[3].1 == StatusCode::TOO_MANY_REQUESTS,
        "{told:?}"
    );
    assert_eq!(answers("https://spam.example").await, told);
}

#[tokio::test]
async fn a_reset_that_a_program_asks_for_sends_nothing_and_voids_nothing() {
    // DS-6
    let op = TestOp::start().await;
    op.person("alice@example.org").await;
    let asks = async |decoy: &str| {
        let mut browser = op.browser();
        let page = browser.get("/forgot-password").await;
        is_hidden(&page);
        let form = page.form_to("/forgot-password").with_work(&page);
        let form = form.with("email", "alice@example.org").with("website", decoy);
        let sent = browser.send(form).await;
        assert!(sent.has("#link-sent") && !sent.has("#mail-later"));
    };
    asks("").await;
    let link = op.outbox().link("alice@example.org", "/reset-password").await;
    op.advance(1);
    asks("spam").await;
    assert_eq!(op.outbox().to("alice@example.org").await.len(), 1);
    assert_eq!(
        op.events("password.reset_requested").await,
        [r#"{"work":"verified"}"#, "decoy field filled in"]
    );
    let page = op.browser().get(&link).await;
    assert!(page.find_form(&["password_confirmation"]).is_some());
}

#[tokio::test]
async fn the_decoy_can_be_switched_off() {
    let op = TestOp::with(|config| config.accounts.decoy_field = false).await;
    let mut zoe = op.visitor("zoe@example.org");
    let (page, form) = zoe.fills_in_details().await;
    assert!(!page.has("[name=website]"));
    let form = form.with_work(&page).with("website", "https://example.org");
    let organization = zoe.browser.send(form).await;
    zoe.asks_for_a_code(&organization).await;
    assert_eq!(op.outbox().to("zoe@example.org").await.len(), 1);
}
