//! Tests the offer of a passkey after a login with the password, and the names that passkeys get by themselves.

use super::passkeys::{asks, with_passkey};
use super::*;
use crate::support::Authenticator as Device;

const OFFER: &str = "/login/passkey/offer";
const PASSKEYS: &str = "/account/security/passkeys";
const DAY: i64 = 86_400;

/// The AAGUID of a security key that is in the list, as its vendor publishes it.
const SECURITY_KEY: [u8; 16] = [
    0xcb, 0x69, 0x48, 0x1e, 0x8f, 0xf7, 0x40, 0x39, 0x93, 0xec, 0x0a, 0x27, 0x29, 0xa1, 0x54, 0xa8,
];

/// Enters the password in a browser whose device can make passkeys, as the script of the page finds out.
async fn enters_password(person: &mut Person, login: &Page) -> Page {
    let form = login.form(&["email", "password", "passkeys"]);
    let form = form
        .with("email", &person.email)
        .with("password", &person.password)
        .with("passkeys", "on");
    person.browser.send(form).await
}

async fn logs_in(person: &mut Person) -> Page {
    let login = person.browser.get("/login").await;
    enters_password(person, &login).await
}

/// Logs in, and is offered a passkey.
pub(crate) async fn is_offered(person: &mut Person) -> Page {
    let page = logs_in(person).await;
    assert_eq!(page.url.path(), OFFER, "{}", page.text());
    page
}

async fn says_not_now(person: &mut Person, page: &Page) -> Page {
    let later = page.form(&["decision=later"]).press("decision", "later");
    person.browser.send(later).await
}

/// Makes the passkey, as one press does.
async fn accepts(person: &mut Person, page: &Page, device: &mut Device) -> Page {
    let answer = device.creates(&Device::question(page));
    let form = page.form(&["credential"]).with("credential", &answer);
    person.browser.send(form).await
}

#[tokio::test]
async fn not_now_holds_for_three_months_wherever_it_was_said() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let page = alice.browser.get("/account/profile").await;
    let page = enters_password(&mut alice, &page).await;
    assert_eq!(page.url.path(), OFFER);
    // The login leads where it would have led.
    let page = says_not_now(&mut alice, &page).await;
    assert_eq!(page.url.path(), "/account/profile");
    assert_eq!(alice.browser.get(OFFER).await.url.path(), "/account");

    let mut phone = alice.elsewhere(&op);
    assert_eq!(logs_in(&mut phone).await.url.path(), "/account");
    op.advance(90 * DAY - 1);
    let mut later = alice.elsewhere(&op);
    assert_eq!(logs_in(&mut later).await.url.path(), "/account");
    op.advance(1);
    let mut again = alice.elsewhere(&op);
    is_offered(&mut again).await;
}

#[tokio::test]
async fn nobody_is_offered_what_they_cannot_make_or_have() {
    let op = TestOp::start().await;
    // Without script, or where the device makes none, the form says nothing.
    let mut alice = op.person("alice@example.org").await;
    assert_eq!(alice.logs_in().await.url.path(), "/account");
    // What is due comes first, and is enough for one login.
    crate::journeys::first_login::unverify(&op, "alice@example.org").await;
    let mut fresh = alice.elsewhere(&op);
    assert_eq!(logs_in(&mut fresh).await.url.path(), "/login/verify-email");
    // A person who has a passkey is not offered another.
    let (bob, _) = with_passkey(&op, "bob@example.org").await;
    let mut phone = bob.elsewhere(&op);
    assert_eq!(logs_in(&mut phone).await.url.path(), "/login/second-factor");
    // A login that confirms an act is not interrupted.
    let mut carol = op.person("carol@example.org").await;
    carol.logs_in().await;
    let page = carol.browser.get("/reauthenticate?next=account/email").await;
    let form = page.form(&["password"]).with("password", &carol.password);
    let page = carol.browser.send(form).await;
    assert_eq!(page.url.path(), "/account/email", "{}", page.text());
}

#[tokio::test]
async fn a_service_gets_its_answer_after_the_offer() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let login = alice.browser.get(&rp.authorization_url("openid", &[])).await;
    let offer = enters_password(&mut alice, &login).await;
    assert!(
        offer.url.path() == OFFER && offer.has("#service"),
        "{}",
        offer.text()
    );
    let mut device = Device::new();
    device.aaguid = SECURITY_KEY;
    let codes = accepts(&mut alice, &offer, &mut device).await;
    assert_eq!(codes_on(&codes).len(), 10, "{}", codes.text());
    let back = alice
        .browser
        .send(codes.form_to("/account/security/recovery-codes"))
        .await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    // The passkey was made in this login, and verified by that.
    assert_eq!(claims(&tokens.id_token)["acr"], "phr");
    let page = alice.browser.get(PASSKEYS).await;
    assert!(page.text_of("#passkeys").contains("YubiKey 5"));

    let mut bob = op.person("bob@example.org").await;
    let login = bob.browser.get(&rp.authorization_url("openid", &[])).await;
    let offer = enters_password(&mut bob, &login).await;
    let back = says_not_now(&mut bob, &offer).await;
    rp.redeems(&rp.takes(&back)).await.expect("tokens");
}

#[tokio::test]
async fn a_late_answer_is_asked_for_again_and_a_late_press_goes_on() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let page = is_offered(&mut alice).await;
    // The answer of another device, or none at all.
    let form = page.form(&["credential"]).with("credential", "{}");
    let page = alice.browser.send(form).await;
    assert!(page.notes("error.passkey"), "{}", page.text());
    // The challenge is spent; one press makes another.
    let page = alice.browser.send(page.form_to(OFFER)).await;
    assert_eq!(page.url.path(), OFFER);
    let answer = Device::new().creates(&Device::question(&page));
    op.advance(300);
    let form = page.form(&["credential"]).with("credential", &answer);
    let page = alice.browser.send(form).await;
    assert!(page.notes("error.passkey_late"), "{}", page.text());
    // SE-4: the login is no longer recent. The person goes on.
    let page = alice.browser.send(page.form_to(OFFER)).await;
    assert_eq!(page.url.path(), "/account", "{}", page.text());
}

#[tokio::test]
async fn an_app_is_no_passkey() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    let mut phone = alice.elsewhere(&op);
    let step = logs_in(&mut phone).await;
    let form = step.form(&["otp", "passkeys"]).with("otp", &app.shows(&op));
    let page = phone.browser.send(form.with("passkeys", "on")).await;
    assert_eq!(page.url.path(), OFFER, "{}", page.text());
    // The codes of the app are still good: the login goes on at once.
    let page = accepts(&mut phone, &page, &mut Device::new()).await;
    assert_eq!(page.url.path(), "/account", "{}", page.text());
}

#[tokio::test]
async fn a_passkey_without_a_name_has_that_of_what_made_it() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    for (aaguid, typed, name) in [
        (SECURITY_KEY, "", "YubiKey 5"),
        (SECURITY_KEY, " ", "YubiKey 5 2"),
        (SECURITY_KEY, "Blue key", "Blue key"),
        ([0; 16], "", "Passkey"),
    ] {
        let page = alice.browser.get(PASSKEYS).await;
        let page = asks(&mut alice.browser, &page, ("action", "begin")).await;
        let mut device = Device::new();
        device.aaguid = aaguid;
        let answer = device.creates(&Device::question(&page));
        let form = page.form(&["credential", "name"]).with("name", typed);
        alice.browser.send(form.with("credential", &answer)).await;
        let list = alice.browser.get(PASSKEYS).await.text_of("#passkeys");
        assert!(list.contains(name), "{name}: {list}");
    }
}
