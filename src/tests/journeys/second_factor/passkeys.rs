//! Tests passkeys: made on the account's page, presented after the password or in its place, asked for by services,
//! lost (product.md, "Beside the sign-up"; Web Authentication §7).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::support::Authenticator as Device;

const PASSKEYS: &str = "/account/security/passkeys";
const PHR: &str = "phr";

/// Opens a page with the challenge, from one that offers it.
pub(super) async fn asks(browser: &mut Browser, page: &Page, button: (&str, &str)) -> Page {
    let (name, value) = button;
    let form = match name {
        "" => page.form_to("/login/passkey"),
        name => page.form(&[&format!("{name}={value}")]).press(name, value),
    };
    browser.send(form).await
}

pub(super) async fn sends(browser: &mut Browser, page: &Page, answer: &str) -> Page {
    let form = page.form(&["credential"]).with("credential", answer);
    browser.send(form).await
}

/// Makes a passkey in the session of this person. Returns the page after it.
pub(crate) async fn makes(person: &mut Person, device: &mut Device) -> Page {
    let page = person.browser.get(PASSKEYS).await;
    let page = asks(&mut person.browser, &page, ("action", "begin")).await;
    let answer = device.creates(&Device::question(&page));
    let form = page.form(&["credential", "name"]).with("name", "My phone");
    person.browser.send(form.with("credential", &answer)).await
}

/// Returns a person who has logged in and made a passkey.
pub(crate) async fn with_passkey(op: &TestOp, email: &str) -> (Person, Device) {
    let mut person = op.person(email).await;
    person.logs_in().await;
    let mut device = Device::new();
    makes(&mut person, &mut device).await;
    (person, device)
}

/// Logs in with the device alone.
pub(super) async fn logs_in_with(browser: &mut Browser, login: &Page, device: &mut Device) -> Page {
    let page = asks(browser, login, ("", "")).await;
    let answer = device.answers(&Device::question(&page));
    sends(browser, &page, &answer).await
}

#[tokio::test]
async fn a_passkey_alone_proves_no_address() {
    // UI-2: a person whose address is not verified here is asked for the code, whatever the login was.
    let op = TestOp::start().await;
    let (alice, mut device) = with_passkey(&op, "alice@example.org").await;
    crate::journeys::first_login::unverify(&op, "alice@example.org").await;
    let mut phone = alice.elsewhere(&op);
    let login = phone.browser.get("/login").await;
    let page = logs_in_with(&mut phone.browser, &login, &mut device).await;
    assert_eq!(page.url.path(), "/login/verify-email", "{}", page.text());
    let form = page.form(&["code"]).with(
        "code",
        &crate::journeys::first_login::mailed(&op, "alice@example.org").await,
    );
    let page = phone.browser.send(form).await;
    assert_eq!(page.url.path(), "/account", "{}", page.text());
}

#[tokio::test]
async fn a_passkey_logs_in_without_the_password() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let mut device = Device::new();
    let page = makes(&mut alice, &mut device).await;
    assert_eq!(codes_on(&page).len(), 10); // with the first factor
    assert!(heard(&op, &alice, "A passkey has been added").await);
    let page = alice.browser.get(PASSKEYS).await;
    assert!(page.text_of("#passkeys").contains("My phone"));

    let mut phone = alice.elsewhere(&op);
    let url = rp.authorization_url("openid", &[("acr_values", PHR)]);
    let login = phone.browser.get(&url).await;
    let back = logs_in_with(&mut phone.browser, &login, &mut device).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    let returned = claims(&tokens.id_token);
    assert_eq!(returned["acr"], PHR);
    assert_eq!(returned["amr"], json!(["pop", "user", "mfa"]));
    assert_eq!(returned["auth_time"], json!(op.clock.now().timestamp()));
    assert!(heard(&op, &alice, "Login from a new browser").await); // LG-4
    let page = phone.browser.get(PASSKEYS).await;
    assert!(!page.text_of("#passkeys").contains("not used yet"));
}

#[tokio::test]
async fn after_the_password_a_passkey_or_a_recovery_code_is_asked_for() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let mut device = Device::new();
    let codes = codes_on(&makes(&mut alice, &mut device).await);

    let mut phone = alice.elsewhere(&op);
    let login = phone.browser.get(&rp.authorization_url("openid", &[])).await;
    let step = phone.enters_password(login).await;
    assert_eq!(step.url.path(), "/login/second-factor");
    let page = asks(&mut phone.browser, &step, ("decision", "passkey")).await;
    let question = Device::question(&page);
    assert_eq!(question["allowCredentials"][0]["id"], device.id());
    let answer = device.answers(&question);
    let back = sends(&mut phone.browser, &page, &answer).await;
    let returned = claims(&rp.redeems(&rp.takes(&back)).await.expect("tokens").id_token);
    assert_eq!(
        (&returned["acr"], &returned["amr"]),
        (&json!(PHR), &json!(["pwd", "pop", "user", "mfa"]))
    );

    let mut other = alice.elsewhere(&op);
    let step = other.logs_in().await;
    let six_digits = enters(&mut other.browser, &step, "123456").await;
    assert_eq!(six_digits.field_errors(), ["otp"]); // there is no app
    let page = enters(&mut other.browser, &six_digits, &codes[0]).await;
    assert_eq!(page.url.path(), "/account");
    // A person who has lost the device takes its passkey away by the code.
    let list = other.browser.get(PASSKEYS).await;
    let page = other.browser.confirms(&list, "#remove-1").await;
    assert!(page.has("#no-passkeys"), "{}", page.text());
    assert!(heard(&op, &alice, "Two-step login has been turned off").await);
    let mut fresh = alice.elsewhere(&op);
    let login = fresh.browser.get("/login").await;
    let refused = logs_in_with(&mut fresh.browser, &login, &mut device).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fresh.logs_in().await.url.path(), "/account");
}

#[tokio::test]
async fn a_session_is_raised_by_a_passkey_where_a_service_wants_one() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    let mut phone = alice.elsewhere(&op);
    let step = phone.logs_in().await;
    enters(&mut phone.browser, &step, &app.shows(&op)).await;
    let mut device = Device::new();
    let page = makes(&mut alice, &mut device).await;
    assert!(page.has("#passkeys") && codes_on(&page).is_empty()); // the codes of the app are still good

    // Two factors satisfy mfa, but not a passkey's class; a code adds nothing.
    let url = rp.authorization_url("openid", &[("acr_values", "https://refeds.org/profile/mfa")]);
    rp.takes(&phone.browser.get(&url).await);
    let url = rp.authorization_url("openid", &[("acr_values", PHR)]);
    let step = phone.browser.get(&url).await;
    assert!(step.find_form(&["otp"]).is_none(), "{}", step.text());
    let page = asks(&mut phone.browser, &step, ("decision", "passkey")).await;
    let answer = device.answers(&Device::question(&page));
    let back = sends(&mut phone.browser, &page, &answer).await;
    let returned = claims(&rp.redeems(&rp.takes(&back)).await.expect("tokens").id_token);
    assert_eq!(returned["acr"], PHR);

    // The class is essential, and the person has no passkey.
    let essential = json!({"id_token": {"acr": {"essential": true, "value": PHR}}}).to_string();
    let url = rp.authorization_url("openid", &[("claims", &essential)]);
    let mut bob = op.person("bob@example.org").await;
    let login = bob.browser.get(&url).await;
    let page = bob.enters_password(login).await;
    assert!(
        page.has("#setup-passkey") && !page.has("#setup-totp"),
        "{}",
        page.text()
    );
    let back = page.form(&["decision=back"]).press("decision", "back");
    let back = bob.browser.send(back).await;
    assert_eq!(back.query("error").as_deref(), Some(super::stepping_up::UNMET));
}

#[tokio::test]
async fn an_answer_counts_once_and_only_from_its_device_page_and_owner() {
    let op = TestOp::start().await;
    let (alice, mut hers) = with_passkey(&op, "alice@example.org").await;
    let (_, mut his) = with_passkey(&op, "bob@example.org").await;

    let mut elsewhere = hers.clone();
    elsewhere.origin = "https://id.example.test.evil.example".into();
    let mut unknown = Device::new();
    unknown.creates(&json!({"user": {"id": "AA"}, "rp": {"id": "x"}, "challenge": "AA"}));
    let changed = |answer: String, change: &dyn Fn(&mut Value)| {
        let mut answer = serde_json::from_str(&answer).expect("JSON");
        change(&mut answer);
        answer.to_string()
    };
    let mut browser = op.browser();
    let login = browser.get("/login").await;
    for why in [
        "another origin",
        "another question",
        "another kind of question",
        "the owner was not made sure of",
        "an unknown credential",
        "another key",
        "another owner",
        "no answer",
        "no JSON",
    ] {
        let page = asks(&mut browser, &login, ("", "")).await;
        let question = Device::question(&page);
        let mut her = hers.clone();
        let answer = match why {
            "another origin" => elsewhere.answers(&question),
            "another question" => her.answers(&json!({"challenge": "AAAA", "rpId": question["rpId"]})),
            "another kind of question" => her.creates(
                &json!({"challenge": question["challenge"], "rp": {"id": question["rpId"]}, "user": {"id": "AA"}}),
            ),
            "the owner was not made sure of" => her.touched_only().answers(&question),
            "an unknown credential" => unknown.answers(&question),
            "another key" => changed(his.clone().answers(&question), &|answer| {
                answer["id"] = json!(hers.id());
                answer["rawId"] = json!(hers.id());
                answer["response"]["userHandle"] = Value::Null;
            }),
            "another owner" => {
                let his: Value = serde_json::from_str(&his.clone().answers(&question)).expect("JSON");
                changed(her.answers(&question), &|answer| {
                    answer["response"]["userHandle"] = his["response"]["userHandle"].clone();
                })
            }
            "no answer" => "{}".into(),
            _ => "\u{fffd}".into(),
        };
        let refused = sends(&mut browser, &page, &answer).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        assert!(refused.has("#form-notice"), "{why}");
        assert_eq!(browser.get("/account").await.url.path(), "/login", "{why}");
    }

    // An answer counts once.
    let page = asks(&mut browser, &login, ("", "")).await;
    let answer = hers.answers(&Device::question(&page));
    assert_eq!(sends(&mut browser, &page, &answer).await.url.path(), "/account");
    let mut thief = op.browser();
    let refused = sends(&mut thief, &page, &answer).await;
    assert_ne!(refused.url.path(), "/account");

    // Bob's passkey is no second factor of hers.
    let mut fresh = alice.elsewhere(&op);
    let step = fresh.logs_in().await;
    let page = asks(&mut fresh.browser, &step, ("decision", "passkey")).await;
    let answer = his.answers(&Device::question(&page));
    let refused = sends(&mut fresh.browser, &page, &answer).await;
    assert_eq!(refused.url.path(), "/login/second-factor");
    assert!(refused.has("#form-notice"));
    // The login still waits.
    let page = asks(&mut fresh.browser, &refused, ("decision", "passkey")).await;
    let answer = hers.answers(&Device::question(&page));
    assert_eq!(
        sends(&mut fresh.browser, &page, &answer).await.url.path(),
        "/account"
    );
}

#[tokio::test]
async fn after_a_reset_a_passkey_counts_alone_once_the_new_password_was_beside_it() {
    // A person with the old password may have made it.
    let op = TestOp::start().await;
    let (mut alice, mut device) = with_passkey(&op, "alice@example.org").await;
    let page = alice.browser.get("/forgot-password").await;
    let form = page.form(&["email"]).with("email", &alice.email);
    alice.browser.send(form).await;
    let link = op.outbox().link(&alice.email, "/reset-password").await;
    let page = alice.browser.get(&link).await;
    let new = "Another-lamp-43";
    let form = page
        .form(&["password", "password_confirmation"])
        .with("password", new);
    alice.browser.send(form.with("password_confirmation", new)).await;
    alice.password = new.into();

    let mut phone = alice.elsewhere(&op);
    let login = phone.browser.get("/login").await;
    let refused = logs_in_with(&mut phone.browser, &login, &mut device).await;
    assert!(
        refused.text_of("#form-notice").contains("was reset by email"),
        "{}",
        refused.text()
    );
    let trail = super::setting_up::stored(&op, "events").await;
    assert!(trail.contains(&"session.sign_in_failed".to_owned())); // LG-1
    let step = phone.logs_in().await;
    let page = asks(&mut phone.browser, &step, ("decision", "passkey")).await;
    let answer = device.answers(&Device::question(&page));
    assert_eq!(
        sends(&mut phone.browser, &page, &answer).await.url.path(),
        "/account"
    );

    let mut other = alice.elsewhere(&op);
    let login = other.browser.get("/login").await;
    let page = logs_in_with(&mut other.browser, &login, &mut device).await;
    assert_eq!(page.url.path(), "/account");
}

#[tokio::test]
async fn a_set_up_that_began_before_there_was_a_factor_does_not_end_after() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let mut thief = alice.elsewhere(&op);
    thief.logs_in().await;
    let page = thief.browser.get(SETUP).await;
    let begun = thief
        .browser
        .send(page.form(&["action=begin"]).press("action", "begin"))
        .await;
    let app = Authenticator::typed(&begun.text_of("#totp-secret"));
    let page = thief.browser.get(PASSKEYS).await;
    let asked = asks(&mut thief.browser, &page, ("action", "begin")).await;

    makes(&mut alice, &mut Device::new()).await;
    let page = confirms(&mut thief, &begun, &app.shows(&op)).await;
    assert_eq!(page.url.path(), "/reauthenticate");
    let answer = Device::new().creates(&Device::question(&asked));
    let form = asked.form(&["credential", "name"]).with("credential", &answer);
    let page = thief.browser.send(form.with("name", "Mine")).await;
    assert_eq!(page.url.path(), "/reauthenticate");
    let page = alice.browser.get(PASSKEYS).await;
    assert!(!page.text_of("#passkeys").contains("Mine"));
}

#[tokio::test]
async fn who_is_asked_again_shows_their_own_and_nobody_elses() {
    let op = TestOp::start().await;
    let (mut alice, mut hers) = with_passkey(&op, "alice@example.org").await;
    let (_, mut his) = with_passkey(&op, "bob@example.org").await;
    op.advance(600);
    let again = alice
        .browser
        .get("/reauthenticate?next=account/security/password")
        .await;
    let page = asks(&mut alice.browser, &again, ("decision", "own")).await;
    let question = Device::question(&page);
    assert_eq!(question["allowCredentials"][0]["id"], hers.id());
    let refused = sends(&mut alice.browser, &page, &his.answers(&question)).await;
    assert!(refused.has("#form-notice"), "{}", refused.text());
    let page = asks(&mut alice.browser, &again, ("decision", "own")).await;
    let answer = hers.answers(&Device::question(&page));
    let page = sends(&mut alice.browser, &page, &answer).await;
    assert_eq!(page.url.path(), "/account/security/password");
    assert!(page.has("#password-form"));

    // A challenge that is no longer open causes no failure.
    let mut late = op.browser();
    let login = late.get("/login").await;
    let page = asks(&mut late, &login, ("", "")).await;
    let answer = hers.answers(&Device::question(&page));
    op.advance(301);
    let page = sends(&mut late, &page, &answer).await;
    assert_eq!(page.url.path(), "/login");
    assert!(page.says("flash.login_expired"), "{}", page.text());
}

#[tokio::test]
async fn a_passkey_is_made_by_a_recent_login_and_named() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    op.advance(600);
    let page = alice.browser.get(PASSKEYS).await;
    let page = asks(&mut alice.browser, &page, ("action", "begin")).await;
    assert_eq!(page.url.path(), "/reauthenticate"); // SE-4
    let form = page.form(&["password"]).with("password", &alice.password);
    let page = alice.browser.send(form).await;
    assert_eq!(page.url.path(), PASSKEYS);

    // A bad name costs nothing: the same answer counts with another.
    let page = asks(&mut alice.browser, &page, ("action", "begin")).await;
    let mut device = Device::new();
    let answer = device.creates(&Device::question(&page));
    let form = page.form(&["credential", "name"]).with("credential", &answer);
    let page = alice.browser.send(form.with("name", "\u{202e}")).await;
    assert_eq!(page.field_errors(), ["name"]);
    let form = page.form(&["credential", "name"]).with("credential", &answer);
    let page = alice.browser.send(form.with("name", "Key")).await;
    assert!(page.has("#recovery-codes"), "{}", page.text());
    // The same credential cannot be registered again, neither by its owner nor by another person.
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    let page = makes(&mut bob, &mut device).await;
    assert!(
        page.has("#form-notice") && page.has("#no-passkeys"),
        "{}",
        page.text()
    );

    let page = alice.browser.get(PASSKEYS).await;
    let form = page
        .form(&["passkey_id", "action=rename"])
        .with("name", "Blue <key>");
    let page = alice.browser.send(form.press("action", "rename")).await;
    assert_eq!(page.field_errors(), ["name"]);
    assert!(
        page.has("#passkeys details[open] input[value='Blue <key>']"),
        "{}",
        page.text()
    );
    let form = page
        .form(&["passkey_id", "action=rename"])
        .with("name", "Blue key");
    let page = alice.browser.send(form.press("action", "rename")).await;
    assert!(page.text_of("#passkeys").contains("Blue key"));
    // Another person's id is not found.
    let id = page
        .attribute_of("input[name=passkey_id]", "value")
        .expect("an id");
    let list = bob.browser.get(PASSKEYS).await;
    let form = list.form(&["action=begin"]).smuggle("passkey_id", &id);
    for action in ["rename", "remove"] {
        let form = form.clone().smuggle("name", "Mine").smuggle("action", action);
        bob.browser.send(form).await;
    }
    let page = alice.browser.get(PASSKEYS).await;
    assert!(page.text_of("#passkeys").contains("Blue key"));
}

#[tokio::test]
async fn the_password_is_changed_by_who_has_just_presented_a_passkey() {
    let op = TestOp::start().await;
    let (mut alice, mut device) = with_passkey(&op, "alice@example.org").await;
    let changes = async |person: &mut Person, new: &str| {
        let page = person.browser.get("/account/security/password").await;
        let form = page.form(&["current_password"]);
        let form = form.with("current_password", &person.password.clone());
        let form = form.with("password", new).with("password_confirmation", new);
        person.browser.send(form).await
    };
    let page = changes(&mut alice, "Another-lamp-43").await;
    assert!(page.says("flash.password_changed"), "{}", page.text());

    alice.password = "Another-lamp-43".into();
    op.advance(600);
    let page = alice.browser.get("/account/security/password").await;
    assert!(!page.has("#password-form"));
    let page = alice.browser.get(&page.link_of("#prove-first")).await;
    // The passkey itself confirms.
    let page = asks(&mut alice.browser, &page, ("decision", "own")).await;
    let answer = device.answers(&Device::question(&page));
    let page = sends(&mut alice.browser, &page, &answer).await;
    assert_eq!(page.url.path(), "/account/security/password");
    let page = changes(&mut alice, "Third-lamp-44").await;
    assert!(page.says("flash.password_changed"), "{}", page.text());
}

#[tokio::test]
async fn where_browsers_make_no_passkeys_none_are_offered() {
    // An issuer without a name is for one machine only.
    let op = TestOp::with(|config| {
        config.issuer = itu_account::config::Issuer::parse("http://127.0.0.1:8400").expect("an issuer")
    })
    .await;
    let mut browser = Browser::new(op.router.clone(), "http://127.0.0.1:8400".parse().expect("a URL"));
    let page = browser.get("/login").await;
    assert!(page.find_form_at("/login/passkey").is_none());
    let challenge = browser.get("/login/passkey/challenge").await;
    assert_eq!(challenge.status, StatusCode::NOT_FOUND);
    let metadata = browser.get("/.well-known/openid-configuration").await;
    let metadata: Value = serde_json::from_str(&metadata.body).expect("JSON");
    let classes = metadata["acr_values_supported"].as_array().expect("classes");
    assert!(
        classes.len() == 2 && !classes.contains(&json!(PHR)),
        "{classes:?}"
    );
}
