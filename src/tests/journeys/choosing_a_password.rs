//! Tests which new passwords are refused, in each form that takes one: those of the list that the program contains, of the
//! operator's list, and of the operator's breach service, which may be away (product.md, step 2).

use axum::http::StatusCode;
use sha1::{Digest as _, Sha1};

use crate::support::{Page, Person, Site, TestOp};

/// A password that meets every rule and is on no list.
const GOOD: &str = "Tulip-lamp-42";
/// One that meets every rule and stands in a breach as it is.
const BREACHED: &str = "John3:16";

impl Person {
    /// Sends step 2 of the sign-up (product.md) with this password.
    async fn signs_up_with(&mut self, password: &str) -> Page {
        let page = self.browser.get("/signup").await;
        let form = page.form(&["email", "first_name", "password_confirmation"]);
        let fields = [
            ("email", self.email.as_str()),
            ("first_name", "Zoë"),
            ("last_name", "Person"),
            ("password", password),
            ("password_confirmation", password),
            ("gender", "female"),
            ("job_title", "Engineer"),
            ("professional_role", "technical"),
        ];
        self.browser.submit(form, &fields).await
    }

    async fn changes_password_to(&mut self, password: &str) -> Page {
        let page = self.browser.get("/account/security/password").await;
        let form = page.form(&["current_password", "password_confirmation"]);
        let fields = [
            ("current_password", self.password.as_str()),
            ("password", password),
            ("password_confirmation", password),
        ];
        self.browser.submit(form, &fields).await
    }
}

fn is_refused(page: &Page) -> bool {
    page.text_of("#password-error")
        .contains("has appeared in a data breach")
        && page.field_errors() == ["password"]
}

fn is_accepted(page: &Page) -> bool {
    page.find_form(&["membership_type"]).is_some()
}

#[tokio::test]
async fn a_breached_password_is_refused_in_every_form_that_takes_a_new_one() {
    // PW-1
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let page = zoe.signs_up_with(BREACHED).await;
    assert!(is_refused(&page), "{}", page.text());
    // What else was typed is still there.
    assert_eq!(
        page.attribute_of("#job_title", "value").as_deref(),
        Some("Engineer")
    );
    assert_eq!(page.attribute_of("#password", "value"), None);
    assert!(is_accepted(&zoe.signs_up_with(GOOD).await));

    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.changes_password_to(BREACHED).await;
    assert!(is_refused(&page), "{}", page.text());
    let page = alice.changes_password_to("Dragon-2026!").await;
    assert!(is_refused(&page), "an entry with digits and signs around it");

    let mut bob = op.person("bob@example.org").await;
    let form = bob.browser.get("/forgot-password").await.form(&["email"]);
    bob.browser.submit(form, &[("email", "bob@example.org")]).await;
    let link = op.outbox().link("bob@example.org", "/reset-password").await;
    let form = bob
        .browser
        .get(&link)
        .await
        .form(&["password", "password_confirmation"]);
    let fields = [("password", BREACHED), ("password_confirmation", BREACHED)];
    let page = bob.browser.submit(form, &fields).await;
    assert!(is_refused(&page), "{}", page.text());
}

#[tokio::test]
async fn the_operators_list_stands_beside_the_programs() {
    // PW-1
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("passwords.txt");
    std::fs::write(&file, "Blue-Salon\n").expect("written");
    let op = TestOp::with(|config| config.passwords.blocklist_file = Some(file)).await;
    let mut zoe = op.visitor("zoe@example.org");
    assert!(is_refused(&zoe.signs_up_with("2026:blue-Sal0n!").await));
    assert!(is_refused(&zoe.signs_up_with(BREACHED).await));
    assert!(is_accepted(&zoe.signs_up_with(GOOD).await));
}

/// Returns the digits of the range of a password, and the rest of its digest.
fn range_of(password: &str) -> (String, String) {
    let digest: String = Sha1::digest(password)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let (prefix, rest) = digest.split_at(5);
    (format!("/range/{prefix}"), rest.to_owned())
}

async fn with_breach_service(site: &Site) -> TestOp {
    TestOp::with(|config| {
        site.is_allowed(config);
        config.passwords.breach_range_url = Some(site.at("/range/"));
    })
    .await
}

#[tokio::test]
async fn a_breach_service_learns_five_digits_and_refuses_what_it_has() {
    // PW-1
    let site = Site::start().await;
    let op = with_breach_service(&site).await;
    let mut zoe = op.visitor("zoe@example.org");
    let (range, rest) = range_of(GOOD);

    let others = "0018A45C4D1DEF81644B54AB7F969B88D65:10\r\n";
    site.answers(&range, 200, &[], format!("{others}{rest}:3\r\n"));
    let page = zoe.signs_up_with(GOOD).await;
    assert!(is_refused(&page), "{}", page.text());
    let sent = site.headers(&range);
    assert_eq!(sent[0]["add-padding"], "true");
    assert_eq!(site.received(&range), [""]);
    for forbidden in ["cookie", "referer", "authorization"] {
        assert!(!sent[0].contains_key(forbidden), "{forbidden}");
    }

    // Padding has a count of 0: nobody has that password.
    site.answers(&range, 200, &[], format!("{others}{rest}:0\r\n"));
    assert!(is_accepted(&zoe.signs_up_with(GOOD).await));
    site.answers(&range, 200, &[], others);
    assert!(is_accepted(&zoe.signs_up_with(GOOD).await));
    assert_eq!(site.asked(&range), 3);

    // The rules and the list that the program contains come first: a password that they refuse is not asked about.
    assert!(is_refused(&zoe.signs_up_with(BREACHED).await));
    assert_eq!(site.asked(&range_of(BREACHED).0), 0);
    assert_eq!(op.app.breach_service.outages(), 0);
}

#[tokio::test]
async fn a_breach_service_that_is_away_or_slow_refuses_nobody_and_is_counted() {
    // PW-1
    let site = Site::start().await;
    let op = with_breach_service(&site).await;
    let mut zoe = op.visitor("zoe@example.org");
    let (range, rest) = range_of(GOOD);

    site.answers(&range, 503, &[], format!("{rest}:3"));
    assert!(is_accepted(&zoe.signs_up_with(GOOD).await));
    assert_eq!(op.app.breach_service.outages(), 1);

    // It answers only once two have asked: nobody else ever does.
    site.answers(&range, 200, &[], format!("{rest}:3"));
    site.has_meet(&range, 2);
    let page = zoe.signs_up_with(GOOD).await;
    assert!(is_accepted(&page), "{}", page.text());
    assert_eq!(op.app.breach_service.outages(), 2);

    site.answers(&range, 200, &[], vec![b'0'; 512 * 1024 + 1]);
    assert!(is_accepted(&zoe.signs_up_with(GOOD).await));
    assert_eq!(op.app.breach_service.outages(), 3);
}

#[tokio::test]
async fn a_password_manager_finds_the_page_that_changes_the_password() {
    // contract.md, Pages
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let page = alice.browser.get("/.well-known/change-password").await;
    assert!(
        page.form(&["email", "password"])
            .fields
            .iter()
            .any(|it| it.0 == "next")
    );
    alice.enters_password(page).await;
    let page = alice.browser.get("/.well-known/change-password").await;
    assert_eq!(page.status, StatusCode::OK);
    page.form(&["current_password", "password_confirmation"]);
    // The draft asks for 404 where nothing is, so that the redirect above means something.
    let nothing = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    assert_eq!(alice.browser.get(nothing).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_field_of_a_password_can_be_read_by_a_button_with_a_name_of_its_own() {
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let page = zoe.browser.get("/signup?ui_locales=fr").await;
    for (field, name) in [
        ("password", "Afficher «\u{a0}Mot de passe\u{a0}»"),
        (
            "password_confirmation",
            "Afficher «\u{a0}Confirmer le mot de passe\u{a0}»",
        ),
    ] {
        let button = format!("[data-reveal={field}][hidden][aria-pressed=false]");
        assert_eq!(page.attribute_of(&button, "aria-label").as_deref(), Some(name));
    }
    assert!(page.has("#password-strength[role=status]"));
    assert!(zoe.browser.get("/login").await.has("[data-reveal=password]"));
}
