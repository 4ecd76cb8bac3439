//! Tests the code itself: sent once, counted, void after a while, good once.

use futures_util::future::join_all;

use super::*;
use crate::journeys::second_factor;
use crate::support::Form;

#[tokio::test]
async fn the_code_verifies_the_address_and_the_claims_state_it() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let mut old = taken_over(&op).await;

    let page = comes_from(&mut rp, &mut old, &[]).await;
    asks(&page);
    assert!(
        page.text().contains("events") && page.text().contains(ADDRESS),
        "{}",
        page.text()
    );
    let mail = op.outbox().latest(ADDRESS).await;
    let code = mailed(&op, ADDRESS).await;
    // SU-5: the mail is fixed text and the code, which is not in the subject. One mail announces code and login.
    assert_eq!(mail.kind, "first_login_code");
    assert!(
        !mail.subject.contains(&code) && !mail.text.contains("Old Person"),
        "{}",
        mail.text
    );
    assert_eq!(op.outbox().count().await, 1);

    // SU-3: text that cannot be a code is not counted.
    let page = enters(&mut old, &page, "12-34").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text().contains("did not count"), "{}", page.text());
    let page = enters(&mut old, &page, other_than(&code)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text().contains("4 attempts left"), "{}", page.text());
    // The code is accepted in whatever digits it is typed.
    let arabic: String = code
        .bytes()
        .filter_map(|it| char::from_u32(0x660 + u32::from(it - b'0')))
        .collect();
    let page = enters(&mut old, &page, &format!(" {} {} ", &arabic[..8], &arabic[8..])).await;
    let back = accepts_terms(&mut old, page).await;

    let code = rp.takes(&back);
    let tokens = rp.redeems(&code).await.expect("tokens");
    let claims = rp.claims(&tokens.access_token).await;
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&ADDRESS.into(), &true.into())
    ); // UI-2
    assert_eq!(tokens.claims.email_verified(), Some(true));
    assert_eq!(
        second_factor::claims(&tokens.id_token)["amr"],
        serde_json::json!(["pwd"])
    );
    assert_eq!(
        (
            count(&op, "account.email_code_sent").await,
            count(&op, "account.email_verified").await
        ),
        (1, 1)
    );

    // A second login, in another browser, asks for no code.
    let mut again = old.elsewhere(&op);
    let back = comes_from(&mut rp, &mut again, &[]).await;
    rp.takes(&back);
    assert_eq!(codes(&op).await, 1);
}

#[tokio::test]
async fn another_code_comes_on_request_and_after_a_while() {
    // SU-3, A 4: a GET of the page sends nothing.
    let op = TestOp::start().await;
    let mut old = taken_over(&op).await;
    let page = old.logs_in().await;
    asks(&page);
    let first = mailed(&op, ADDRESS).await;
    old.browser.get(PAGE).await;
    let resend = old.browser.get(PAGE).await.form_to("/login/verify-email/resend");

    let early = old.browser.send(resend.clone()).await;
    assert!(
        early.text().contains("another one in 60 seconds"),
        "{}",
        early.text()
    );
    assert_eq!(codes(&op).await, 1);
    op.advance(61);
    let page = old.browser.get(PAGE).await;
    let resend = page.form_to("/login/verify-email/resend");
    let page = old.browser.send(resend.clone()).await;
    assert!(page.text().contains("on its way"), "{}", page.text());
    assert_eq!(codes(&op).await, 2);
    // *Resend* is pressed twice, and the page reloaded.
    old.browser.send(resend).await;
    old.browser.get(page.url.as_str()).await;
    old.browser.get("/login/verify-email/resend").await;
    assert_eq!(codes(&op).await, 2);
    let page = enters(&mut old, &page, &first).await;
    assert!(page.text().contains("attempts left") || first == mailed(&op, ADDRESS).await);

    // After ten minutes there is no code to type, and the page offers another.
    op.advance(601);
    let page = old.browser.get(PAGE).await;
    assert!(
        page.find_form(&["code"]).is_none() && page.has("#resend"),
        "{}",
        page.text()
    );
    let page = old.browser.send(page.form_to("/login/verify-email/resend")).await;
    let code = mailed(&op, ADDRESS).await;
    let page = enters(&mut old, &page, &code).await;
    accepts_terms(&mut old, page).await;
    assert!(is_verified(&op).await);
}

#[tokio::test]
async fn five_wrong_codes_void_it() {
    // SU-3, SU-4
    let op = TestOp::start().await;
    let mut old = taken_over(&op).await;
    let mut page = old.logs_in().await;
    let code = mailed(&op, ADDRESS).await;
    let right = page.form(&["code"]).with("code", &code);
    for left in [4, 3, 2, 1] {
        op.advance(1);
        page = old.browser.get(PAGE).await;
        page = enters(&mut old, &page, other_than(&code)).await;
        let said = if left == 1 {
            "one attempt left".to_owned()
        } else {
            format!("{left} attempts left")
        };
        assert!(page.text().contains(&said), "{}", page.text());
    }
    let page = enters(&mut old, &page, other_than(&code)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.find_form(&["code"]).is_none(), "{}", page.text());
    let page = old.browser.send(right).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!is_verified(&op).await);
    // Another login mails another code: the minute is over.
    op.advance(61);
    let mut again = old.elsewhere(&op);
    let page = again.logs_in().await;
    let code = mailed(&op, ADDRESS).await;
    let page = enters(&mut again, &page, &code).await;
    accepts_terms(&mut again, page).await;
}

#[tokio::test]
async fn a_code_counts_once_however_often_it_is_sent() {
    // G-8, A 4
    let op = TestOp::start().await;
    let mut old = taken_over(&op).await;
    let page = old.logs_in().await;
    let code = mailed(&op, ADDRESS).await;
    let form = page.form(&["code"]).with("code", &code);
    let context = Context::operator();
    let account = op.find_account(ADDRESS).await;
    let verify =
        || itu_account::accounts::verification::first_login::verify(&op.app, &context, &account, &code);
    let all = join_all((0..10).map(|_| verify())).await;
    // Five attempts are counted; a request that comes after the success finds it done.
    assert!(all.iter().any(Result::is_ok), "{all:?}");
    assert_eq!(count(&op, "account.email_verified").await, 1);
    for _ in 0..2 {
        let page = old.browser.send(form.clone()).await;
        assert_eq!(page.url.path(), "/terms/accept", "{}", page.text());
    }
    assert_eq!(count(&op, "account.email_verified").await, 1);
}

#[tokio::test]
async fn only_who_knows_the_password_has_a_code_mailed() {
    // SU-1, PW-3
    let op = TestOp::start().await;
    let old = taken_over(&op).await;
    for email in [ADDRESS, "nobody@example.org"] {
        let mut stranger = op.visitor(email);
        let page = stranger.logs_in().await;
        assert_eq!(
            (page.status, page.url.path()),
            (StatusCode::UNPROCESSABLE_ENTITY, "/login")
        );
        // A visitor without a login cannot open the page.
        assert_eq!(stranger.browser.get(PAGE).await.url.path(), "/login");
        assert_eq!(
            stranger
                .browser
                .get("/login/verify-email/resend")
                .await
                .url
                .path(),
            "/login"
        );
    }
    assert_eq!(op.outbox().count().await, 0);
    // Sign-ups by strangers with the address take no code and no attempt from its owner.
    for _ in 0..4 {
        signs_up(&op).await;
        op.advance(61);
    }
    let mut old = old;
    let page = old.logs_in().await;
    assert_eq!(codes(&op).await, 1);
    let code = mailed(&op, ADDRESS).await;
    let page = enters(&mut old, &page, &code).await;
    accepts_terms(&mut old, page).await;
}

async fn signs_up(op: &TestOp) {
    use crate::accounts::{details, submission};
    use crate::support::visitor;
    use itu_account::accounts::signup;
    let handle = signup::begin(&op.app, &visitor(), details(ADDRESS), None).await;
    let handle = handle.expect("a sign-up");
    // After a while the sign-ups are too many; that limit is the strangers'.
    let submission = signup::Submission {
        newsletter: false,
        ..submission(op)
    };
    let _ = signup::submit(&op.app, &visitor(), handle.expose(), submission).await;
}

#[tokio::test]
async fn the_language_menu_keeps_the_step() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let mut old = taken_over(&op).await;
    let page = comes_from(&mut rp, &mut old, &[("ui_locales", "fr")]).await;
    assert!(page.has("html[lang=fr]"), "{}", page.text());
    let code = mailed(&op, ADDRESS).await;
    let form: Form = page.form(&["code"]).smuggle("ui_locales", "ar");
    let page = old.browser.send(form).await;
    assert!(
        page.has("html[lang=ar][dir=rtl]") && page.url.path() == PAGE,
        "{}",
        page.text()
    );
    let page = enters(&mut old, &page, &code).await;
    assert!(page.has("html[lang=ar]"));
    let back = accepts_terms(&mut old, page).await;
    rp.takes(&back);
}
