//! Tests *This was not me*: the link in mails about an account's security, which ends all access and starts recovery
//! (security.md LG-4).

use axum::http::StatusCode;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::second_factor::passkeys::makes;
use super::second_factor::sets_up;
use crate::account_deletion::deletes;
use crate::support::{Authenticator as Device, ISSUER, Page, Person, Site, TestOp};
use itu_account::accounts::{Error, not_me};
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::role::Role;
use itu_account::jobs;

const EMAIL: &str = "alice@example.org";
const PAGE: &str = "/account/not-me";
const BETTER: &str = "Harbour-9-violin";
const DAY: i64 = 24 * 3600;

async fn rows(op: &TestOp, query: &str) -> Vec<String> {
    let db = op.app.db.read();
    let query = Statement::from_string(db.get_database_backend(), query);
    let rows = db.query_all_raw(query).await.expect("rows");
    rows.iter().map(|it| format!("{it:?}")).collect()
}

async fn events(op: &TestOp, action: &str) -> usize {
    let query = format!("SELECT id FROM events WHERE action = '{action}'");
    rows(op, &query).await.len()
}

impl TestOp {
    /// Returns the link of the newest mail of this kind.
    async fn not_me_link(&self, kind: &str) -> String {
        let mails = self.outbox().to(EMAIL).await;
        let mail = mails.iter().find(|it| it.kind == kind);
        let text = &mail.unwrap_or_else(|| panic!("no mail {kind}")).text;
        let start = format!("{ISSUER}{PAGE}?token=nm_");
        let link = text.split_whitespace().find(|it| it.starts_with(&start));
        link.unwrap_or_else(|| panic!("no link in {text}")).to_owned()
    }

    /// Opens the link of a mail in a browser without a session, and presses its button.
    async fn secures(&self, kind: &str) -> Page {
        self.advance(2);
        let link = self.not_me_link(kind).await;
        let mut browser = self.browser();
        let page = browser.get(&link).await;
        let form = page.find_form_at(PAGE);
        let form = form.unwrap_or_else(|| panic!("no button: {}", page.text()));
        browser.send(form).await
    }

    async fn sets_password(&self, password: &str) {
        let link = self.outbox().link(EMAIL, "/reset-password").await;
        let mut browser = self.browser();
        let page = browser.get(&link).await;
        let form = page.form(&["password", "password_confirmation"]);
        let fields = [("password", password), ("password_confirmation", password)];
        browser.submit(form, &fields).await;
    }
}

async fn may_log_in(op: &TestOp, person: &Person) -> bool {
    let mut elsewhere = person.elsewhere(op);
    elsewhere.logs_in().await.url.path() == "/account"
}

async fn new_device_mails(op: &TestOp) -> usize {
    let mails = op.outbox().to(EMAIL).await;
    mails.iter().filter(|it| it.kind == "new_sign_in").count()
}

#[tokio::test]
async fn it_ends_all_access_and_starts_recovery() {
    let site = Site::start().await;
    site.answers("/out", 200, &[], "");
    let op = TestOp::with(|config| site.is_allowed(config)).await;
    let logout = json!({"backchannel_logout_uri": site.at("/out")});
    let mut rp = op.client_with("events", logout).await;
    let owner = op.person(EMAIL).await;
    let mut thief = owner.elsewhere(&op);
    let code = thief.logs_in_at(&mut rp, "openid email offline_access").await;
    let tokens = rp.redeems(&code).await.expect("tokens");

    // The link leads to a page and decides nothing; its token leaves the address, and is stored by its digest.
    let link = op.not_me_link("new_sign_in").await;
    let token = link.rsplit('=').next().expect("a token").to_owned();
    let stored = rows(&op, "SELECT * FROM not_me_links").await.join("\n");
    assert!(!stored.contains(&token)); // G-7, G-13
    let mut mailbox = op.browser();
    let page = mailbox.get(&link).await;
    assert_eq!(page.url.as_str(), format!("{ISSUER}{PAGE}"));
    assert!(page.has("#not-me-open") && page.text_of("#consequence").contains(EMAIL));
    assert!(!page.has("#added") && !page.has("#earlier"));
    assert_eq!(thief.browser.get("/account").await.url.path(), "/account"); // G-5

    op.advance(2);
    let page = mailbox.send(page.form_to(PAGE)).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, PAGE));
    assert!(page.has("#not-me-done #next") && page.text().contains(EMAIL));
    assert_eq!(thief.browser.get("/account").await.url.path(), "/login");
    let refresh = tokens.refresh_token.expect("offline access");
    assert!(rp.refreshes(&refresh).await.is_err());
    assert!(!may_log_in(&op, &owner).await);
    jobs::deliver_logouts(&op.app).await.expect("notified");
    assert_eq!(site.received("/out").len(), 1); // LO-3
    assert_eq!(events(&op, "account.secured").await, 1); // LG-1
    assert_eq!(op.outbox().latest(EMAIL).await.kind, "account_secured");

    let mut owner = owner;
    op.sets_password(BETTER).await;
    BETTER.clone_into(&mut owner.password);
    owner.logs_in().await;
    let history = owner.browser.get("/account/history").await.text();
    for line in [
        "Account secured with “This was not me”",
        "Session ended when the account was secured",
    ] {
        assert!(history.contains(line), "{line}: {history}");
    }
}

#[tokio::test]
async fn a_link_works_for_a_week_once_and_says_what_became_of_it() {
    let op = TestOp::start().await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    let link = op.not_me_link("new_sign_in").await;
    let token = link.rsplit('=').next().expect("a token");
    for wrong in ["", "nm_", &token[3..], &token.replace("nm_", "pr_")] {
        let refused = not_me::open(&op.app, wrong).await;
        assert!(matches!(refused, Err(Error::LinkVoid)), "{wrong}"); // G-7
    }
    for path in [
        PAGE.to_owned(),
        format!("{PAGE}?token=%00"),
        format!("{PAGE}?token=nm_x"),
    ] {
        assert!(op.browser().get(&path).await.has("#not-me-void"), "{path}");
    }

    op.advance(7 * DAY - 1);
    let visitor = Context::of(Actor::Visitor);
    let all = join_all((0..10).map(|_| not_me::secure(&op.app, &visitor, token))).await;
    assert_eq!(all.iter().filter(|it| it.is_ok()).count(), 1); // G-8
    assert_eq!(events(&op, "account.secured").await, 1);
    let page = op.browser().get(&link).await;
    assert!(page.has("#not-me-used #forgot-password"), "{}", page.text());

    // A new password has been set by mail since: the links before it are void.
    op.sets_password(BETTER).await;
    let link = op.not_me_link("password_changed").await;
    let mut browser = op.browser();
    let open = browser.get(&link).await;
    op.advance(7 * DAY);
    assert!(op.browser().get(&link).await.has("#not-me-expired"));
    // The button that was on the page before does nothing any more, and says so.
    let page = browser.send(open.form_to(PAGE)).await;
    assert!(page.has("#not-me-expired"), "{}", page.text());
    assert_eq!(events(&op, "account.secured").await, 1);
    op.advance(91 * DAY);
    jobs::sweep(&op.app).await.expect("swept");
    assert!(op.browser().get(&link).await.has("#not-me-void"));
    assert!(rows(&op, "SELECT * FROM not_me_links").await.is_empty());
}

#[tokio::test]
async fn factors_added_since_the_mail_are_named_and_stay() {
    // PW-5: whoever reads the mailbox alone gets round no second factor, not even in the week after it was set up.
    let op = TestOp::start().await;
    let mut alice = op.person(EMAIL).await;
    sets_up(&op, &mut alice).await;
    makes(&mut alice, &mut Device::new()).await;

    // The mail about the passkey names the passkey alone, and the other as one from before.
    let mut mailbox = op.browser();
    let passkey_link = op.not_me_link("second_factor_changed").await;
    let page = mailbox.get(&passkey_link).await;
    assert!(page.text_of("#added").contains("Passkey"), "{}", page.text());
    assert!(page.text_of("#added").contains("ServiceDesk"), "{}", page.text());
    assert!(page.text_of("#earlier").contains("Authenticator app"));
    // The mail about the login before it names both.
    let done = op.secures("new_sign_in").await;
    let added = done.text_of("#added");
    assert!(added.contains("Passkey") && added.contains("Authenticator app"));
    for table in ["passkeys", "totp_factors"] {
        assert_eq!(
            rows(&op, &format!("SELECT * FROM {table}")).await.len(),
            1,
            "{table}"
        );
    }
    assert_eq!(rows(&op, "SELECT * FROM recovery_codes").await.len(), 10);
    let mail = op.outbox().latest(EMAIL).await;
    assert!(mail.text.contains("- Passkey, added on"), "{}", mail.text);
    assert_eq!(events(&op, "second_factor.removed").await, 0);
    // The new password alone does not log in, nor does the passkey before it was used beside that.
    op.sets_password(BETTER).await;
    BETTER.clone_into(&mut alice.password);
    alice.browser.forget_cookies();
    assert_eq!(alice.logs_in().await.url.path(), "/login/second-factor");
    let alone = rows(&op, "SELECT * FROM passkeys WHERE counts_alone").await;
    assert!(alone.is_empty(), "{alone:?}");
    // The button that is still open leads nowhere any more.
    let page = mailbox.send(page.form_to(PAGE)).await;
    assert!(!page.has("#not-me-done"), "{}", page.text());
}

#[tokio::test]
async fn recovery_codes_stay_unless_they_were_renewed() {
    for renewed in [false, true] {
        let op = TestOp::start().await;
        let mut alice = op.person(EMAIL).await;
        sets_up(&op, &mut alice).await;
        makes(&mut alice, &mut Device::new()).await;
        if renewed {
            let page = alice.browser.get("/account/security/totp").await;
            let form = page.form(&["action=renew_codes"]);
            alice.browser.send(form.press("action", "renew_codes")).await;
        }
        let page = op.secures("second_factor_changed").await;
        assert!(
            page.text_of("#earlier").contains("Authenticator app"),
            "{}",
            page.text()
        );
        assert_eq!(page.has("#codes"), renewed);
        assert_eq!(rows(&op, "SELECT * FROM totp_factors").await.len(), 1);
        assert_eq!(rows(&op, "SELECT * FROM passkeys").await.len(), 1);
        let codes = rows(&op, "SELECT * FROM recovery_codes").await;
        assert_eq!(codes.is_empty(), renewed, "{codes:?}");
        // The new password alone does not log in.
        op.sets_password(BETTER).await;
        BETTER.clone_into(&mut alice.password);
        alice.browser.forget_cookies();
        assert_eq!(alice.logs_in().await.url.path(), "/login/second-factor");
    }
}

#[tokio::test]
async fn a_browser_from_before_is_a_new_one_again() {
    // PW-4: whoever took the account over is not recognized any more.
    let op = TestOp::start().await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    op.advance(2 * 3600);
    alice.logs_in().await;
    assert_eq!(new_device_mails(&op).await, 1);
    op.secures("new_sign_in").await;
    op.sets_password(BETTER).await;
    BETTER.clone_into(&mut alice.password);
    op.advance(2 * 3600);
    alice.logs_in().await;
    assert_eq!(new_device_mails(&op).await, 2);
    op.advance(2 * 3600);
    alice.logs_in().await;
    assert_eq!(new_device_mails(&op).await, 2);
}

/// Changes the address of the account, as somebody who took it over does.
async fn changes_address(op: &TestOp, thief: &mut Person, email: &str) {
    let page = thief.browser.get("/account/email").await;
    let form = page.form(&["email"]).press("action", "request");
    thief.browser.submit(form, &[("email", email)]).await;
    let code = op.outbox().code(email).await;
    let page = thief.browser.get("/account/email").await;
    let form = page.form(&["code"]).press("action", "confirm");
    let page = thief.browser.submit(form, &[("code", &code)]).await;
    assert_eq!(page.text_of("#current-email"), email, "{}", page.text());
}

#[tokio::test]
async fn a_change_of_the_address_since_is_undone_with_it() {
    // SU-7: else the link for the new password would go to whoever changed it.
    let op = TestOp::start().await;
    let owner = op.person(EMAIL).await;
    let mut thief = owner.elsewhere(&op);
    thief.logs_in().await;
    changes_address(&op, &mut thief, "thief@example.org").await;
    let page = op.secures("new_sign_in").await;
    assert!(page.has("#not-me-done"), "{}", page.text());
    assert_eq!(
        rows(&op, &format!("SELECT id FROM accounts WHERE email = '{EMAIL}'"))
            .await
            .len(),
        1
    );
    let removed = op.outbox().latest("thief@example.org").await;
    assert_eq!(removed.kind, "email_change_undone");
    assert!(!removed.text.contains("token="), "{}", removed.text);
    assert!(
        op.outbox()
            .latest(EMAIL)
            .await
            .text
            .contains("/reset-password?token=")
    );
    // The link of the mail about the change has nothing left to undo.
    let undo = op.outbox().link(EMAIL, "/account/email/undo").await;
    assert!(op.browser().get(&undo).await.has("#undo-void"));
}

#[tokio::test]
async fn an_address_that_the_account_no_longer_has_does_nothing_to_it() {
    let op = TestOp::start().await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    changes_address(&op, &mut alice, "alice@new.example").await;
    let link = op.not_me_link("new_sign_in").await;
    op.advance(72 * 3600);
    assert!(op.browser().get(&link).await.has("#not-me-void"));
}

#[tokio::test]
async fn access_ends_also_where_the_address_has_become_another_accounts() {
    // SU-7, LG-4: the thief moved the address away, and the victim has signed up again meanwhile.
    let op = TestOp::start().await;
    let owner = op.person(EMAIL).await;
    let mut thief = owner.elsewhere(&op);
    thief.logs_in().await;
    let link = op.not_me_link("new_sign_in").await;
    changes_address(&op, &mut thief, "thief@example.org").await;
    changes_address(&op, &mut thief, "thief@elsewhere.example").await;
    let mut again = op.person(EMAIL).await;
    again.logs_in().await;
    let mut mailbox = op.browser();
    let page = mailbox.get(&link).await;
    assert!(page.has("#not-me-open #taken"), "{}", page.text());
    assert!(
        !page
            .text_of("#consequence")
            .contains("A link to set a new password")
    );
    op.advance(2);
    let page = mailbox.send(page.form_to(PAGE)).await;
    assert!(page.has("#not-me-taken"), "{}", page.text());
    assert!(page.text().contains("ServiceDesk@itu.int"), "{}", page.text());
    // The thief is out, has no password, no link, and nothing to undo.
    assert_eq!(thief.browser.get("/account").await.url.path(), "/login");
    assert!(
        rows(&op, "SELECT * FROM sessions WHERE ended_at IS NULL")
            .await
            .len()
            == 1
    );
    assert_eq!(events(&op, "account.secured").await, 1); // LG-1
    let told = op.outbox().latest("thief@elsewhere.example").await;
    assert_eq!(told.kind, "account_secured");
    assert!(
        !told.text.contains("token=") && !told.text.contains(EMAIL),
        "{}",
        told.text
    );
    assert!(
        rows(&op, "SELECT * FROM password_resets WHERE NOT spent")
            .await
            .is_empty()
    );
    let undo = op.outbox().link("thief@example.org", "/account/email/undo").await;
    assert!(op.browser().get(&undo).await.has("#undo-void"));
    let shut = "SELECT id FROM accounts WHERE password_hash IS NULL AND email = 'thief@elsewhere.example'";
    assert_eq!(rows(&op, shut).await.len(), 1);
    // Whoever reads the present address gets no further with a new password: the account is suspended.
    let suspended =
        "SELECT id FROM accounts WHERE status = 'suspended' AND email = 'thief@elsewhere.example'";
    assert_eq!(rows(&op, suspended).await.len(), 1);
    // Nothing is taken from whoever has the address now.
    assert_eq!(again.browser.get("/account").await.url.path(), "/account");
    assert!(mailbox.get(&link).await.has("#not-me-used"));
}

#[tokio::test]
async fn the_last_administrator_is_not_suspended_by_a_link() {
    // AD-1, SU-7: all access ends, and the administration stays open to whoever runs it.
    for others in [0, 1] {
        for by_undo in [false, true] {
            let op = TestOp::start().await;
            let owner = op.person_with(EMAIL, Role::Administrator).await;
            if others == 1 {
                op.person_with("other@itu.example", Role::Administrator).await;
            }
            let mut thief = owner.elsewhere(&op);
            thief.logs_in().await;
            let mut link = op.not_me_link("new_sign_in").await;
            changes_address(&op, &mut thief, "thief@elsewhere.example").await;
            op.person(EMAIL).await;
            let mut form = PAGE;
            if by_undo {
                link = op.outbox().link(EMAIL, "/account/email/undo").await;
                form = "/account/email/undo";
            }
            let mut mailbox = op.browser();
            let page = mailbox.get(&link).await;
            op.advance(2);
            let page = mailbox.send(page.form_to(form)).await;
            assert_eq!(page.status, 200, "{}", page.text());
            assert_eq!(thief.browser.get("/account").await.url.path(), "/login");
            assert_eq!(events(&op, "account.secured").await, 1);
            let suspended = "SELECT id FROM accounts WHERE status = 'suspended'";
            assert_eq!(rows(&op, suspended).await.len(), others, "by undo: {by_undo}");
            let shut =
                "SELECT id FROM accounts WHERE password_hash IS NULL AND email = 'thief@elsewhere.example'";
            assert_eq!(rows(&op, shut).await.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_deletion_that_was_begun_since_is_stopped() {
    let op = TestOp::start().await;
    let mut thief = op.person(EMAIL).await;
    thief.logs_in().await;
    deletes(&mut thief).await;
    assert_eq!(rows(&op, "SELECT * FROM account_deletions").await.len(), 1);
    let page = op.browser().get(&op.not_me_link("new_sign_in").await).await;
    assert!(page.has("#keeps"), "{}", page.text());
    let page = op.secures("new_sign_in").await;
    assert!(page.has("#not-me-done #keeps"), "{}", page.text());
    assert!(rows(&op, "SELECT * FROM account_deletions").await.is_empty());
    op.sets_password(BETTER).await;
    BETTER.clone_into(&mut thief.password);
    assert!(may_log_in(&op, &thief).await);
}
