//! Tests what happens around the code: the request ends, the person goes elsewhere, the address is verified otherwise.

use std::process::Command;

use serde_json::json;

use super::*;
use crate::support::PASSWORD;
use crate::support::product::program;
use itu_account::app::App;
use itu_account::clock::Clock;
use itu_account::testing;

#[tokio::test]
async fn a_request_that_is_over_keeps_nobody_from_the_code() {
    let op = TestOp::start().await;
    let other = json!({ "client_name": "Events", "initiate_login_uri": "https://service.example.org/login" });
    let mut rp = op.client_with("events", other).await;
    let mut old = taken_over(&op).await;
    let page = comes_from(&mut rp, &mut old, &[]).await;
    let code = mailed(&op, ADDRESS).await;
    op.advance(599);
    op.app.ephemeral.sweep();
    op.advance(5);
    op.app.ephemeral.sweep();

    // The code is too old as well, by now: the page says both, and sends another.
    let page = enters(&mut old, &page, &code).await;
    assert!(page.has("#over") && page.has("#resend"), "{}", page.text());
    let page = old.browser.send(page.form_to("/login/verify-email/resend")).await;
    assert!(page.has("#over"), "{}", page.text());
    let code = mailed(&op, ADDRESS).await;
    let over = enters(&mut old, &page, &code).await;
    assert_eq!(over.status, StatusCode::GONE, "{}", over.text());
    assert!(
        over.link_of("#to-service")
            .starts_with("https://service.example.org/login")
    );
    assert!(over.text().contains(ADDRESS) && is_verified(&op).await);

    let url = rp.authorization_url("openid email", &[]);
    let page = old.browser.get(&url).await;
    let back = accepts_terms(&mut old, page).await;
    rp.takes(&back);
}

#[tokio::test]
async fn who_cancels_goes_back_and_who_is_somebody_else_logs_in() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let alice = op.person("alice@example.org").await;
    let mut old = taken_over(&op).await;
    let page = comes_from(&mut rp, &mut old, &[]).await;
    let form = page
        .form(&["code", "decision=cancel"])
        .press("decision", "cancel");
    let back = old.browser.send(form).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));

    let url = rp.authorization_url("openid email", &[]);
    let page = old.browser.get(&url).await;
    asks(&page);
    assert!(page.has("#lost a[href^='mailto:']"), "{}", page.text());
    let login = old
        .browser
        .send(page.form(&["decision=other"]).press("decision", "other"))
        .await;
    assert_eq!(login.url.path(), "/login");
    (old.email, old.password) = (alice.email.clone(), PASSWORD.to_owned());
    let back = old.enters_password(login).await;
    rp.takes(&back);
    assert!(!is_verified(&op).await);
}

#[tokio::test]
async fn a_session_that_ends_while_the_code_is_typed_logs_in_again() {
    let op = TestOp::start().await;
    let mut old = taken_over(&op).await;
    let page = old.logs_in().await;
    let code = mailed(&op, ADDRESS).await;
    op.advance(9 * 3600); // SE-2
    let login = enters(&mut old, &page, &code).await;
    assert_eq!(login.url.path(), "/login", "{}", login.text());
    let page = old.enters_password(login).await;
    asks(&page);
    let code = mailed(&op, ADDRESS).await;
    let page = enters(&mut old, &page, &code).await;
    accepts_terms(&mut old, page).await;
}

#[tokio::test]
async fn a_reset_by_mail_proves_the_address_too() {
    // PW-5
    let op = TestOp::start().await;
    let mut old = taken_over(&op).await;
    let waiting = old.logs_in().await;
    let code = mailed(&op, ADDRESS).await;
    let mut other = old.elsewhere(&op);
    let page = other.browser.get("/forgot-password").await;
    other
        .browser
        .submit(page.form(&["email"]), &[("email", ADDRESS)])
        .await;
    let link = op.outbox().link(ADDRESS, "/reset-password").await;
    let page = other.browser.get(&link).await;
    let values = [("password", PASSWORD), ("password_confirmation", PASSWORD)];
    other
        .browser
        .submit(page.form(&["password_confirmation"]), &values)
        .await;
    assert!(is_verified(&op).await);
    other.password = PASSWORD.into();
    let page = other.logs_in().await;
    assert_eq!(page.url.path(), "/terms/accept", "{}", page.text());
    // PW-6: the code and the session that it was for are gone.
    let page = enters(&mut old, &waiting, &code).await;
    assert_eq!(page.url.path(), "/login", "{}", page.text());
    let db = op.app.db.read();
    let id = op.find_account(ADDRESS).await.id;
    let open = itu_account::storage::email_codes::find_open(db, "first_login", id.as_str()).await;
    assert!(open.expect("a database").is_none());
}

#[tokio::test]
async fn addresses_that_the_former_platform_has_verified_need_no_code() {
    let op = TestOp::start().await;
    let verified = file().with_verified_addresses();
    let mut old = imports(&op, verified).await;
    let page = old.logs_in().await;
    assert_eq!(page.url.path(), "/terms/accept", "{}", page.text());
    assert!(is_verified(&op).await && codes(&op).await == 0);
}

#[tokio::test]
async fn the_operator_says_so_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (people, settings) = (at("people.csv"), at("itu-account.toml"));
    let database = format!("sqlite://{}", at("db").display());
    std::fs::write(
        &settings,
        format!(
            "issuer = \"http://localhost:8080\"\n[database]\nurl = \"{database}\"\n[keys]\ndirectory = \"{}\"\n",
            at("keys").display()
        ),
    )
    .expect("written");
    for (email, more) in [
        ("yes@example.org", &["--addresses-verified"][..]),
        ("no@example.org", &[]),
    ] {
        std::fs::write(&people, format!("email,first_name,last_name\n{email},A,B\n")).expect("written");
        let done = Command::new(program())
            .arg("--config")
            .arg(&settings)
            .args(["user", "import"])
            .args(more)
            .arg(&people)
            .output()
            .expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let mut config = testing::empty_config().await;
    config.database = itu_account::config::Database::at(database);
    config.keys.directory = at("keys");
    config.keys.master_key_file = None;
    let app = App::open(config, Clock::System).await.expect("it starts");
    for (email, verified) in [("yes@example.org", true), ("no@example.org", false)] {
        let key = EmailAddress::parse(email).expect("an address").key();
        let found = itu_account::storage::accounts::find_by_email(app.db.read(), &key).await;
        let found = found.expect("a database").expect("an account");
        assert_eq!(found.email_verified, verified, "{email}");
    }
}
