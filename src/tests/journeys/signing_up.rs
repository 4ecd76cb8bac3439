//! Tests signing up in one sitting: details, organization, code, and back to the service (product.md, "Sign-up, step by
//! step"), through the front door, without a script.

mod typing;

use axum::http::StatusCode;

use crate::support::{Page, Person, TestOp};
use itu_account::config::Rate;
use itu_account::domain::organization::OrganizationStatus;
use itu_account::storage::organizations;

impl Person {
    /// Fills and sends step 2 (product.md).
    pub(crate) async fn enters_details(&mut self, page: Page) -> Page {
        let form = page.form(&["email", "first_name", "password_confirmation"]);
        let (email, password) = (self.email.clone(), self.password.clone());
        let fields = [
            ("email", email.as_str()),
            ("first_name", "Zoë"),
            ("last_name", "Person"),
            ("password", &password),
            ("password_confirmation", &password),
            ("title", "dr"),
            ("gender", "female"),
            ("job_title", "Engineer"),
            ("professional_role", "technical"),
        ];
        self.browser.submit(form, &fields).await
    }

    /// Fills and sends step 3 (product.md), by the button that searches.
    pub(crate) async fn chooses(
        &mut self,
        page: Page,
        membership_type: &str,
        text: &str,
        ties: bool,
    ) -> Page {
        let form = page.form(&["membership_type", "organization_query"]);
        let fields = [
            ("membership_type", membership_type),
            ("member_state", "CH"),
            ("organization_query", text),
        ];
        let found = self.browser.submit(form.press("action", "search"), &fields).await;
        let form = found.form(&["organization_id", "accept_terms"]);
        let id = form.offers("organization_id").first().cloned().expect("a record");
        let mut fields = vec![
            ("organization_id", id.as_str()),
            ("accept_terms", "on"),
            ("newsletter", "on"),
        ];
        if ties {
            fields.push(("request_ties", "on"));
        }
        self.browser.submit(form.press("action", "submit"), &fields).await
    }

    pub(crate) async fn enters_code(&mut self, page: Page, code: &str) -> Page {
        let form = page.form(&["code"]);
        self.browser.submit(form, &[("code", code)]).await
    }
}

#[tokio::test]
async fn a_common_word_with_a_year_and_a_sign_is_no_password() {
    let op = TestOp::start().await;
    for password in [
        "Welcome2024!",
        "Ｗｅｌｃｏｍｅ２０２４！",
        "Zoë.Person-9x",
        "Xq-ITU-2024v",
    ] {
        let mut zoe = op.visitor("zoe@example.org");
        zoe.password = password.into();
        let page = zoe.browser.get("/signup").await;
        // PW-1: the page shows the rule.
        let rules = page.text();
        assert!(
            rules.contains("the word ITU by itself") && rules.contains("common words"),
            "{rules}"
        );
        let refused = zoe.enters_details(page).await;
        assert_eq!(refused.field_errors(), ["password"], "{password}");
    }
}

#[tokio::test]
async fn who_signs_up_too_often_waits_whatever_the_address() {
    // DS-2
    let op = TestOp::with(|config| config.limits.sign_up = vec![Rate::new(2, 600)]).await;
    op.person("known@example.org").await;
    let begins = async |email: &str, peer: [u8; 4]| {
        let mut visitor = op.visitor(email);
        visitor.browser.peer = peer.into();
        let page = visitor.browser.get("/signup").await;
        visitor.enters_details(page).await
    };
    let here = [192, 0, 2, 7];
    for email in ["a@example.org", "known@example.org"] {
        assert_eq!(
            begins(email, here).await.url.path(),
            "/signup/organization",
            "{email}"
        );
    }
    for email in ["b@example.org", "known@example.org"] {
        let page = begins(email, here).await;
        assert_eq!(page.status, 429, "{email}");
        assert!(!page.header("retry-after").is_empty(), "{email}");
    }
    let elsewhere = begins("b@example.org", [192, 0, 2, 8]).await;
    assert_eq!(elsewhere.url.path(), "/signup/organization");
    op.advance(600);
    assert_eq!(
        begins("b@example.org", here).await.url.path(),
        "/signup/organization"
    );
}

#[tokio::test]
async fn from_a_service_to_an_account_and_back_logged_in() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let mut rp = op.client("events").await;
    let mut zoe = op.visitor("zoe@example.org");

    let url = rp.authorization_url("openid profile email itu_membership itu_newsletter", &[]);
    let login = zoe.browser.get(&url).await;
    let details = zoe.browser.get(&login.link("/signup")).await;
    assert!(details.text().contains("events"), "the page names the service");
    let organization = zoe.enters_details(details).await;
    assert_eq!(
        organization.url.path(),
        "/signup/organization",
        "{}",
        organization.text()
    );
    let verify = zoe.chooses(organization, "member_state", "fed off", true).await;
    assert_eq!(verify.url.path(), "/signup/verify", "{}", verify.text());
    let done = zoe.enters_code(verify, &op.outbox().code(&zoe.email).await).await;
    assert!(
        done.text().contains("Thank you for your request"),
        "{}",
        done.text()
    );
    assert!(
        done.text().contains("Federal Office of Communications"),
        "the Focal Point decides"
    );

    let back = zoe.browser.get(&done.link("/authorize/continue")).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    let claims = rp.claims(&tokens.access_token).await;
    assert_eq!(claims["affiliation_status"], "pending");
    assert!(claims.get("membership_type").is_none(), "{claims}"); // AF-4
    assert_eq!(claims["ties_rights"], serde_json::json!([]));
    assert_eq!(claims["newsletter"], true);
    assert_eq!(
        (&claims["email"], &claims["given_name"]),
        (&"zoe@example.org".into(), &"Zoë".into())
    );
}

#[tokio::test]
async fn a_sign_up_outlives_its_request_and_still_returns_to_the_service() {
    let op = TestOp::start().await;
    op.insert_organization("shop", "Corner Shop", "non_member").await;
    let mut rp = op.client("events").await;
    let mut zoe = op.visitor("zoe@example.org");
    let url = rp.authorization_url("openid itu_membership", &[("prompt", "create")]);
    let details = zoe.browser.get(&url).await;
    assert_eq!(details.url.path(), "/signup"); // Initiating User Registration §2
    let organization = zoe.enters_details(details).await;
    op.advance(3600);
    let verify = zoe.chooses(organization, "non_member", "corner", false).await;
    let done = zoe.enters_code(verify, &op.outbox().code(&zoe.email).await).await;
    let back = zoe.browser.get(&done.link("/authorize/continue")).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens"); // AZ-6
    let claims = rp.claims(&tokens.access_token).await;
    assert_eq!(claims["affiliation_status"], "self_declared");
    assert_eq!(claims["membership_type"], "non_member");
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost() {
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let page = zoe.browser.get("/signup").await;
    let form = page.form(&["email", "password"]);
    let fields = [
        ("email", "zoe@"),
        ("first_name", "Zoë"),
        ("password", "short"),
        ("gender", "robot"),
    ];
    let again = zoe.browser.submit(form, &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let wrong = again.field_errors();
    for field in [
        "email",
        "last_name",
        "password",
        "gender",
        "job_title",
        "professional_role",
    ] {
        assert!(wrong.iter().any(|it| it == field), "{field}: {wrong:?}");
    }
    assert!(!wrong.iter().any(|it| it == "first_name") && again.body.contains("value=\"Zoë\""));
    assert!(!again.body.contains("short"), "a password is not shown again");
}

#[tokio::test]
async fn an_own_record_makes_a_non_member() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let mut zoe = op.visitor("zoe@example.org");
    let page = zoe.browser.get("/signup").await;
    let page = zoe.enters_details(page).await;
    let form = page.form(&["membership_type", "organization_query"]);
    let page = zoe
        .browser
        .submit(form.press("action", "new"), &[("membership_type", "academia")])
        .await;
    let form = page.form(&["organization_name"]);
    let fields = [
        ("member_state", "CH"),
        ("organization_name", "My Own Lab"),
        ("accept_terms", "on"),
    ];
    let verify = zoe.browser.submit(form.press("action", "create"), &fields).await;
    let done = zoe.enters_code(verify, &op.outbox().code(&zoe.email).await).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());

    let code = zoe.logs_in_at(&mut rp, "openid itu_membership").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    let claims = rp.claims(&tokens.access_token).await;
    assert_eq!(claims["membership_type"], "non_member"); // SU-6
    assert!(claims.get("organization").is_none());
}

#[tokio::test]
async fn a_wrong_code_is_counted_and_a_new_one_can_be_had() {
    let op = TestOp::start().await;
    op.insert_organization("shop", "Corner Shop", "non_member").await;
    let mut zoe = op.visitor("zoe@example.org");
    let page = zoe.browser.get("/signup").await;
    let page = zoe.enters_details(page).await;
    let mut page = zoe.chooses(page, "non_member", "corner", false).await;
    let first = op.outbox().code(&zoe.email).await;
    for _ in 0..5 {
        page = zoe.enters_code(page, "00000000").await;
    }
    page = zoe.enters_code(page, &first).await; // SU-3: five attempts
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    op.advance(61);
    let verify = zoe.browser.get("/signup/verify").await;
    let resend = verify
        .find_form_at("/signup/verify/resend")
        .expect("a second form");
    let page = zoe.browser.send(resend).await;
    let second = op.outbox().code(&zoe.email).await;
    assert_ne!(first, second);
    let done = zoe.enters_code(page, &second).await;
    assert!(done.text().contains("Thank you"), "{}", done.text());
    assert_eq!(
        zoe.browser
            .get("/signup/verify")
            .await
            .find_form(&["code"])
            .map(|it| it.names),
        None
    ); // G-8
}

#[tokio::test]
async fn the_search_answers_scripts() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let page = op
        .browser()
        .get("/organizations/search?q=comm&membership_type=member_state&member_state=CH")
        .await;
    assert!(page.header("content-type").starts_with("application/json"));
    assert!(page.body.contains("\"id\":\"ofcom\"") && page.body.contains("\"needs_approval\":true"));
    let page = op
        .browser()
        .get("/organizations/search?q=comm&membership_type=academia")
        .await;
    assert_eq!(page.body, "[]");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_leads_back_to_the_service() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid", &[]);
    let login = alice.browser.get(&url).await;
    let page = alice.browser.get(&login.link("/forgot-password")).await;
    let sent = alice
        .browser
        .submit(page.form(&["email"]), &[("email", "alice@example.org")])
        .await;
    assert_eq!(sent.status, StatusCode::OK);

    let page = alice
        .browser
        .get(&op.outbox().link("alice@example.org", "/reset-password").await)
        .await;
    assert_eq!(page.url.as_str(), "https://id.example.test/reset-password"); // PW-5: without the token
    let new = [
        ("password", "Other-lamp-77"),
        ("password_confirmation", "Other-lamp-77"),
    ];
    let done = alice.browser.submit(page.form(&["password"]), &new).await;
    let login = alice.browser.get(&done.link("/authorize/continue")).await;
    alice.password = "Other-lamp-77".into();
    let back = alice.enters_password(login).await;
    rp.takes(&back);
}
