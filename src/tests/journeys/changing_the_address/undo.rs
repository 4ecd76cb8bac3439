//! Tests the link that takes a change of the address back: without a login, once, for three days.

use futures_util::future::join_all;

use super::*;

const UNDO: &str = "/account/email/undo";
const BETTER: &str = "Harbour-9-violin";

impl TestOp {
    async fn undo_link(&self, address: &str) -> String {
        self.outbox().link(address, UNDO).await
    }

    /// Presses the button of the link that an address got, in a browser without a session.
    async fn undoes(&self, address: &str) -> Page {
        let link = self.undo_link(address).await;
        let mut browser = self.browser();
        let page = browser.get(&link).await;
        match page.find_form_at(UNDO) {
            Some(form) => browser.send(form).await,
            None => page,
        }
    }

    /// Sets a new password by the link that the restored address got.
    async fn sets_a_better_password(&self, browser: &mut Browser) {
        let page = browser
            .get(&self.outbox().link(OLD, "/reset-password").await)
            .await;
        let form = page.form(&["password", "password_confirmation"]);
        let fields = [("password", BETTER), ("password_confirmation", BETTER)];
        browser.submit(form, &fields).await;
    }

    async fn is_address_of_the_account(&self, email: &str) -> bool {
        let query = format!("SELECT id FROM accounts WHERE email = '{email}'");
        rows(self, &query).await.len() == 1
    }
}

/// Returns the owner of an account whose address somebody else changed an hour ago: both are logged in to it.
async fn taken_over(op: &TestOp) -> Person {
    let mut thief = alice(op).await;
    thief.changes_to(op, NEW).await;
    op.advance(3600);
    let mut owner = thief.elsewhere(op);
    owner.logs_in().await;
    owner
}

/// Returns a person after two changes of the address, more than a minute apart.
async fn moves_twice(op: &TestOp, addresses: [&str; 2]) -> Person {
    let mut person = alice(op).await;
    for address in addresses {
        person.changes_to(op, address).await;
        op.advance(61);
    }
    person
}

#[tokio::test]
async fn the_old_address_takes_the_change_back_and_ends_all_access() {
    // SU-7
    let op = TestOp::start().await;
    let mut thief = alice(&op).await;
    let mut rp = op.client("events").await;
    let code = thief.logs_in_at(&mut rp, "openid email offline_access").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    thief.changes_to(&op, NEW).await;
    op.advance(71 * 3600);
    thief.logs_in().await;
    thief.asks_for("thief@example.org").await;

    // The link leads to a page and decides nothing; its token leaves the address.
    let link = op.undo_link(OLD).await;
    let token = link.rsplit('=').next().expect("a token").to_owned();
    assert!(
        !rows(&op, "SELECT * FROM email_changes")
            .await
            .join("\n")
            .contains(&token)
    ); // G-7
    let mut owner = op.browser();
    let page = owner.get(&link).await;
    assert_eq!(page.url.as_str(), format!("{}{UNDO}", crate::support::ISSUER));
    assert!(page.text_of("#consequence").contains(OLD), "{}", page.text());
    assert!(op.is_address_of_the_account(NEW).await);

    op.advance(2);
    let form = page.form_to(UNDO);
    let page = owner.send(form.clone()).await;
    assert!(
        page.has("#undo-done") && page.text().contains(OLD),
        "{}",
        page.text()
    );
    assert!(op.is_address_of_the_account(OLD).await);
    // All access has ended: sessions, refresh tokens, the password, the change that was pending.
    assert_eq!(thief.browser.get("/account").await.url.path(), "/login");
    assert!(
        rp.refreshes(&tokens.refresh_token.expect("offline access"))
            .await
            .is_err()
    );
    assert!(!thief.may_log_in(&op).await);
    OLD.clone_into(&mut thief.email);
    assert!(!thief.may_log_in(&op).await);
    assert_eq!(
        rows(&op, "SELECT id FROM email_changes WHERE changed_at IS NULL")
            .await
            .len(),
        0
    );
    assert_eq!(count(&op, Action::EmailChangeUndone).await, 1);
    // Both addresses hear of it; the restored one sets a new password.
    let removed = op.outbox().latest(NEW).await;
    assert_eq!(removed.kind, "email_change_undone");
    assert!(!removed.text.contains("token="), "{}", removed.text);
    op.sets_a_better_password(&mut owner).await;
    BETTER.clone_into(&mut thief.password);
    assert!(thief.may_log_in(&op).await);

    // The link is spent, for a second press in the same browser and in another one.
    let page = op.undoes(OLD).await;
    assert!(page.has("#undo-void"), "{}", page.text());
    op.advance(120);
    let page = owner.send(form).await;
    assert!(page.has("#undo-void"), "{}", page.text());
}

#[tokio::test]
async fn factors_stay_and_codes_that_were_renewed_since_are_void() {
    // SU-7, PW-5: whoever reads the old mailbox alone gets round no second factor, whenever it was set up.
    for renewed in [false, true] {
        let op = TestOp::start().await;
        let mut alice = alice(&op).await;
        alice.changes_to(&op, NEW).await;
        op.advance(60);
        alice.browser.forget_cookies();
        sets_up(&op, &mut alice).await;
        if renewed {
            let page = alice.browser.get("/account/security/totp").await;
            let form = page.form(&["action=renew_codes"]);
            alice.browser.send(form.press("action", "renew_codes")).await;
        }
        let page = op.browser().get(&op.undo_link(OLD).await).await;
        assert!(page.has("#factors"), "{}", page.text());
        let page = op.undoes(OLD).await;
        assert!(page.has("#undo-done") && page.has("#factors"), "{}", page.text());
        let apps = rows(&op, "SELECT account_id AS id FROM totp_factors").await;
        assert_eq!(apps.len(), 1);
        let codes = rows(&op, "SELECT account_id AS id FROM recovery_codes").await;
        assert_eq!(codes.is_empty(), renewed, "{codes:?}");
        assert_eq!(count(&op, Action::SecondFactorRemoved).await, 0);
        op.sets_a_better_password(&mut op.browser()).await;
        OLD.clone_into(&mut alice.email);
        BETTER.clone_into(&mut alice.password);
        alice.browser.forget_cookies();
        assert_eq!(alice.logs_in().await.url.path(), "/login/second-factor");
    }
}

#[tokio::test]
async fn the_browser_of_the_person_may_take_it_back_too() {
    // SU-7: the session of this browser ends with all others.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.changes_to(&op, NEW).await;
    let link = op.undo_link(OLD).await;
    let form = alice.browser.get(&link).await.form_to(UNDO);
    let page = alice.browser.send(form).await;
    assert!(page.has("#undo-done"), "{}", page.text());
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
}

#[tokio::test]
async fn a_link_works_for_72_hours_and_once_under_parallel_presses() {
    // SU-7, G-8
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.changes_to(&op, NEW).await;
    let link = op.undo_link(OLD).await;
    let token = link.rsplit('=').next().expect("a token");
    let wrong = [
        String::new(),
        "eu_".to_owned(),
        token[3..].to_owned(),
        token.replace("eu_", "pr_"),
        format!("{token}{}", "x".repeat(200)),
    ];
    for wrong in wrong {
        let refused = email_undo::open(&op.app, &wrong).await;
        assert!(matches!(refused, Err(Error::LinkVoid)), "{wrong}");
    }
    let page = op.browser().get(&format!("{UNDO}?token=%00")).await;
    assert!(page.has("#undo-void"), "{}", page.text());
    assert!(op.browser().get(UNDO).await.has("#undo-void"));

    op.advance(72 * 3600 - 1);
    let visitor = Context::of(Actor::Visitor);
    let all = join_all((0..10).map(|_| email_undo::undo(&op.app, &visitor, token))).await;
    assert_eq!(all.iter().filter(|it| it.is_ok()).count(), 1, "{all:?}");
    assert_eq!(count(&op, Action::EmailChangeUndone).await, 1);

    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    bob.changes_to(&op, "bob@new.example").await;
    op.advance(72 * 3600);
    assert!(op.undoes("bob@example.org").await.has("#undo-void"));
    assert!(op.is_address_of_the_account("bob@new.example").await);
}

#[tokio::test]
async fn an_earlier_change_is_undone_with_all_that_came_after_it() {
    // SU-7: whoever took the account over changes the address twice to be rid of its owner.
    let op = TestOp::start().await;
    moves_twice(&op, ["thief@one.example", "thief@two.example"]).await;
    let page = op.undoes(OLD).await;
    assert!(page.has("#undo-done"), "{}", page.text());
    assert!(op.is_address_of_the_account(OLD).await);
    assert_eq!(
        op.outbox().latest("thief@two.example").await.kind,
        "email_change_undone"
    );
    let page = op.undoes("thief@one.example").await;
    assert!(page.has("#undo-void"), "{}", page.text());
    assert!(op.is_address_of_the_account(OLD).await);
}

#[tokio::test]
async fn who_changes_back_leaves_the_address_in_between_no_link() {
    // SU-7: whoever took the account over would get it again by the link that the owner's own change mails them.
    let op = TestOp::start().await;
    let mut owner = taken_over(&op).await;
    owner.changes_to(&op, OLD).await;
    // The newest mail first: it says that the address is replaced.
    let mails = op.outbox().to(NEW).await;
    let mail = mails.iter().find(|it| it.kind == "email_changed").unwrap();
    assert!(
        !mail.text.contains("token=") && !mail.text.contains("/login"),
        "{}",
        mail.text
    );
    let page = op.undoes(OLD).await;
    assert!(page.has("#undo-void"), "{}", page.text());
    assert!(op.is_address_of_the_account(OLD).await);
}

#[tokio::test]
async fn a_later_link_never_outlives_an_earlier_one() {
    // SU-7: else the address of whoever took the account over had the last word.
    let op = TestOp::start().await;
    let mut owner = taken_over(&op).await;
    owner.changes_to(&op, "alice@newest.example").await;
    op.advance(71 * 3600 - 2);
    let page = op.browser().get(&op.undo_link(NEW).await).await;
    assert!(page.has("#consequence"), "{}", page.text());
    op.advance(2);
    let page = op.undoes(NEW).await;
    assert!(page.has("#undo-void"), "{}", page.text());
}

#[tokio::test]
async fn a_later_change_is_undone_without_the_earlier_one() {
    // SU-7
    let op = TestOp::start().await;
    moves_twice(&op, [NEW, "alice@newest.example"]).await;
    assert!(op.undoes(NEW).await.has("#undo-done"));
    assert!(op.is_address_of_the_account(NEW).await);
    // The first address still can.
    assert!(op.undoes(OLD).await.has("#undo-done"));
    assert!(op.is_address_of_the_account(OLD).await);
}

#[tokio::test]
async fn an_old_address_that_has_become_another_account_is_not_taken_from_it() {
    // SU-2, SU-7
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.changes_to(&op, NEW).await;
    let mut other = op.person(OLD).await;
    other.logs_in().await;
    let mut mailbox = op.browser();
    let page = mailbox.get(&op.undo_link(OLD).await).await;
    assert!(page.has("#undo-open_taken #consequence"), "{}", page.text());
    let page = mailbox.send(page.form_to("/account/email/undo")).await;
    assert!(page.has("#undo-taken"), "{}", page.text());
    assert!(page.text().contains("ServiceDesk@itu.int"), "{}", page.text());
    assert!(op.is_address_of_the_account(NEW).await);
    assert_eq!(count(&op, Action::EmailChangeUndone).await, 0);
    // All access has ended all the same, and no link for a new password went to the new address.
    assert!(!alice.may_log_in(&op).await);
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    assert_eq!(count(&op, Action::AccountSecured).await, 1); // LG-1
    let told = op.outbox().to(NEW).await;
    assert!(told.iter().any(|it| it.kind == "account_secured"));
    assert!(told.iter().all(|it| !it.text.contains("/reset-password?token=")));
    // Whoever reads the present address gets no further with a new password: the account is suspended.
    let mut browser = op.browser();
    let form = browser.get("/forgot-password").await.form(&["email"]);
    browser.submit(form, &[("email", NEW)]).await;
    let link = op.outbox().link(NEW, "/reset-password").await;
    let form = browser
        .get(&link)
        .await
        .form(&["password", "password_confirmation"]);
    let fields = [("password", BETTER), ("password_confirmation", BETTER)];
    browser.submit(form, &fields).await;
    BETTER.clone_into(&mut alice.password);
    assert!(!alice.may_log_in(&op).await);
    assert_eq!(count(&op, Action::AccountSuspended).await, 1); // LG-1
    assert_eq!(other.browser.get("/account").await.url.path(), "/account");
    assert!(op.browser().get(&op.undo_link(OLD).await).await.has("#undo-void"));
}
