use axum::http::StatusCode;
use chrono::Duration;

use crate::support::{PASSWORD, TestOp};
use itu_account::config::Rate;

#[tokio::test]
async fn the_code_of_a_form_with_work_leaves_at_once() {
    // DS-5
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let (page, form) = zoe.fills_in_details().await;
    assert!(
        page.header("content-security-policy")
            .contains("; worker-src 'self'")
    );
    let organization = zoe.browser.send(form.with_work(&page)).await;
    assert!(
        !organization
            .header("content-security-policy")
            .contains("worker-src")
    );
    let verify = zoe.asks_for_a_code(&organization).await;
    assert_eq!(verify.url.path(), "/signup/verify");
    assert!(!verify.has("#mail-later"));
    assert_eq!(op.wait_of_mail("zoe@example.org").await, Duration::zero());
    assert_eq!(
        op.events("signup.started").await,
        [r#"{"work":"verified"}"#, "code_sent"]
    );
}

#[tokio::test]
async fn without_a_script_the_code_comes_later_and_the_page_says_so() {
    // DS-5
    let op = TestOp::start().await;
    let mut waits = Vec::new();
    for (at, known) in [false, true, false].into_iter().enumerate() {
        let email = format!("{at}@example.org");
        if known {
            op.person(&email).await;
        }
        let mut person = op.visitor(&email);
        let (_, form) = person.fills_in_details().await;
        let page = person.browser.send(form).await;
        let verify = person.asks_for_a_code(&page).await;
        assert!(verify.has("#mail-later"), "{}", verify.text());
        // SU-1: alike for an address that has an account.
        waits.push(op.wait_of_mail(&email).await.num_seconds());
        if !known {
            op.advance(61);
            let form = verify.form_to("/signup/verify/resend");
            let again = person.browser.send(form).await;
            assert!(again.has("#mail-later"));
            assert_eq!(op.outbox().to(&email).await.len(), 2);
            assert_eq!(op.wait_of_mail(&email).await.num_seconds(), waits[at]);
            let code = op.outbox().code(&email).await;
            let form = again.form(&["code"]);
            let done = person.browser.submit(form, &[("code", &code)]).await;
            assert!(done.has("#ok"), "{}", done.text());
        }
    }
    // The later the more there were.
    assert_eq!(waits, [15, 30, 45]);
}

#[tokio::test]
async fn the_mail_to_reset_a_password_waits_alike_for_all() {
    // DS-5, SU-1
    let op = TestOp::start().await;
    op.person("alice@example.org").await;
    for (email, with_work, wait) in [
        ("alice@example.org", true, 0),
        ("alice@example.org", false, 15),
        ("nobody@example.org", true, 0),
        ("nobody@example.org", false, 30),
    ] {
        let mut browser = op.browser();
        let page = browser.get("/forgot-password").await;
        let form = page.form_to("/forgot-password").with("email", email);
        let form = if with_work { form.with_work(&page) } else { form };
        op.advance(1);
        let sent = browser.send(form).await;
        assert!(sent.has("#link-sent"), "{}", sent.text());
        assert_eq!(sent.has("#mail-later"), !with_work);
        assert_eq!(
            op.wait_of_mail(email).await,
            Duration::seconds(wait),
            "{email} {with_work}"
        );
    }
}

#[tokio::test]
async fn a_network_sends_so_many_forms_without_work_and_more_with_it() {
    // DS-2, DS-5, G-15
    let op = TestOp::with(|config| config.limits.forms_without_work = vec![Rate::new(2, 600)]).await;
    let begins = async |email: &str, peer: &str, with_work: bool| {
        let mut visitor = op.visitor(email);
        visitor.browser.peer = peer.parse().unwrap();
        let (page, form) = visitor.fills_in_details().await;
        let form = if with_work { form.with_work(&page) } else { form };
        visitor.browser.send(form).await
    };
    // One client has a whole /64 of IPv6.
    for (email, peer) in [
        ("a@example.org", "2001:db8::1"),
        ("b@example.org", "2001:db8::2:0:0:2"),
    ] {
        let page = begins(email, peer, false).await;
        assert_eq!(page.url.path(), "/signup/organization", "{}", page.text());
    }
    let refused = begins("c@example.org", "2001:db8::3", false).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!refused.header("retry-after").is_empty());
    for (peer, with_work) in [("2001:db8::3", true), ("2001:db8:0:1::1", false)] {
        let page = begins("c@example.org", peer, with_work).await;
        assert_eq!(page.url.path(), "/signup/organization", "{peer}");
    }
    op.advance(600);
    let page = begins("d@example.org", "2001:db8::3", false).await;
    assert_eq!(page.url.path(), "/signup/organization");
}

#[tokio::test]
async fn who_goes_back_to_correct_the_form_has_done_the_work() {
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let (page, form) = zoe.fills_in_details().await;
    let form = form.with_work(&page);
    zoe.browser.send(form.clone()).await;
    // A browser that shows the page from memory sends the solution that has counted.
    let organization = zoe.browser.send(form.clone().with("first_name", "Zoé")).await;
    let verify = zoe.asks_for_a_code(&organization).await;
    assert!(!verify.has("#mail-later"));
    assert_eq!(op.wait_of_mail("zoe@example.org").await, Duration::zero());
    // Another address is another mail.
    let organization = zoe.browser.send(form.with("email", "other@example.org")).await;
    zoe.asks_for_a_code(&organization).await;
    assert_eq!(op.wait_of_mail("other@example.org").await, Duration::seconds(15));
}

#[tokio::test]
async fn it_can_be_switched_off_and_trusted_networks_wait_for_nothing() {
    let off = TestOp::with(|config| config.accounts.proof_of_work = false).await;
    let trusted = TestOp::with(|config| {
        config.limits.trusted_networks = Some(
            itu_account::config::Network::parse("192.0.2.0/24")
                .into_iter()
                .collect(),
        );
    })
    .await;
    for (op, asks) in [(off, false), (trusted, true)] {
        let mut zoe = op.visitor("zoe@example.org");
        let (page, form) = zoe.fills_in_details().await;
        assert_eq!(page.has("input[name=work]"), asks);
        assert_eq!(
            page.header("content-security-policy").contains("worker-src"),
            asks
        );
        let organization = zoe.browser.send(form).await;
        let verify = zoe.asks_for_a_code(&organization).await;
        assert!(!verify.has("#mail-later")); // G-15
        assert_eq!(op.wait_of_mail("zoe@example.org").await, Duration::zero());
        let code = op.outbox().code("zoe@example.org").await;
        let form = verify.form(&["code"]);
        assert!(zoe.browser.submit(form, &[("code", &code)]).await.has("#ok"));
        assert_eq!(zoe.password, PASSWORD);
    }
}
