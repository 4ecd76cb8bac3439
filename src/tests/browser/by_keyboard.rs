//! Tests each journey by the keyboard alone (WCAG 2.2: 2.1.1): with the script, and without it in a browser whose
//! JavaScript is off. After a form that was refused, the focus is on what is wrong.

use fantoccini::key::Key;

use super::driver::{Browser, Device};
use super::server::{Server, Service};
use crate::journeys::second_factor::Authenticator;
use crate::support::PASSWORD;
use itu_account::accounts::data_download;
use itu_account::paths;

const EMAIL: &str = "hana@example.org";
const NEW_PASSWORD: &str = "Harbour-9-violin";

impl Browser {
    /// Requires that the page says what is wrong, has the focus there, and leads to the field.
    async fn is_led_to(&self, name: &str) {
        self.sees("#form-notice").await;
        assert_eq!(self.focus().await, "form-notice");
        self.enters(&format!("#form-notice a[href='#{name}']")).await;
        assert_eq!(self.focus().await, name);
    }

    /// Follows a link of the account's row of pages, which is a menu on a phone.
    async fn goes_by_menu_to(&self, path: &str) {
        let link = format!("main nav a[href='{path}']");
        if !self.sees(&link).await.is_displayed().await.expect("a link") {
            self.enters("main nav summary").await;
        }
        self.enters(&link).await;
        self.comes_to(path).await;
    }

    async fn leaves(&self) {
        self.enters("#person-menu summary").await;
        self.sees("#person-menu[open]").await;
        self.enters("#logout").await;
        self.sees("a[href='/login']").await;
    }
}

/// Fills in both forms of the sign-up; the first is refused once.
async fn signs_up(person: &Browser, server: &Server, device: Device) {
    person.goes_to(&server.at("/")).await;
    person.enters("main a[href='/signup']").await;
    person.types_into("email", EMAIL).await;
    person.types_into("first_name", "Hana").await;
    person.types_into("last_name", "Choi").await;
    person.picks("title", "dr").await;
    person.picks("gender", "female").await;
    for name in ["password", "password_confirmation"] {
        person.types_into(name, "too easy").await;
    }
    person.types_into("job_title", "Engineer").await;
    person.picks("professional_role", "technical").await;
    person.enters("#signup-continue").await;
    person.is_led_to("password").await;
    person.shows("refused").await;
    for name in ["password", "password_confirmation"] {
        person.types_into(name, PASSWORD).await;
    }
    // Enter in a field sends the form.
    person.presses_keys([Key::Enter.into()]).await;

    person.picks("membership_type", "member_state").await;
    person.picks("member_state", "CH").await;
    person.types_into("organization_query", "communications").await;
    if !device.javascript {
        person.enters("#organization-search").await;
    }
    person.ticks("#organization-ofcom").await;
    person.ticks("[name='accept_terms']").await;
    person.enters("#signup").await;
    person.sees("#verify-form").await;
    let code = server.op.outbox().code(EMAIL).await;
    person.types_into("code", &code).await;
    person.presses_keys([Key::Enter.into()]).await;
    person.enters("#ok").await;
    person.comes_to("/account").await;
}

/// From the sign-up over a download to a new address and back.
async fn joins(device: Device) {
    // Networks are not trusted: the work that the page does counts.
    let server = Server::starts_with(|config| config.limits.trusted_networks = Some(Vec::new())).await;
    server
        .op
        .insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let person = Browser::open(&device.label("keyboard-joins"), device).await;
    signs_up(&person, &server, device).await;
    // DS-5: the script did the work; without it the code leaves later.
    let wait = server.op.outbox().wait(EMAIL, "verification_code").await;
    assert_eq!(wait.is_zero(), device.javascript, "{wait}");

    person.goes_by_menu_to("/account/data").await;
    person.enters("#request").await;
    person.sees("#building").await;
    data_download::build_due(&server.op.app).await.expect("built");
    // The login is too old for the data by then.
    server.op.advance(301);
    person.enters("#look-again").await;
    person.enters("#prove-first").await;
    person.types_into("password", "Wrong-lamp-42").await;
    person.presses_keys([Key::Enter.into()]).await;
    person.sees("#form-notice").await;
    assert_eq!(person.focus().await, "form-notice");
    person.types_into("password", PASSWORD).await;
    person.presses_keys([Key::Enter.into()]).await;
    person.enters("#read").await;
    person.comes_to(paths::ACCOUNT_DATA_READ).await;
    assert!(person.text().await.contains(EMAIL));
    person.goes_by_menu_to("/account/data").await;
    person.enters("#file").await;
    assert!(person.downloaded("itu-account-data.json").await.contains(EMAIL));

    person.goes_by_menu_to("/account/profile").await;
    person.enters("main a[href='/account/email']").await;
    person.types_into("email", "hana.choi@example.org").await;
    person.presses_keys([Key::Enter.into()]).await;
    person.sees("#confirm-form").await;
    person.types_into("code", "00000000").await;
    person.presses_keys([Key::Enter.into()]).await;
    person.is_led_to("code").await;
    let code = server.op.outbox().code("hana.choi@example.org").await;
    person.types_into("code", &code).await;
    person.presses_keys([Key::Enter.into()]).await;
    person
        .comes_to_read("#current-email", "hana.choi@example.org")
        .await;
    let undo = server.op.outbox().link(EMAIL, paths::ACCOUNT_EMAIL_UNDO).await;
    person.goes_to(&undo).await;
    person.enters("#undo").await;
    person.sees("#undo-done").await;
    person.shows("undone").await;
    person.closes().await;
}

/// From a service's login over both factors, a forgotten password and a passkey to the deletion, which is stopped.
async fn returns(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let events = Service::opens(&server, "events", false).await;
    let person = Browser::open(&device.label("keyboard-returns"), device).await;

    person.goes_to(&events.login("")).await;
    person.types_into("email", EMAIL).await;
    person.types_into("password", "Wrong-lamp-42").await;
    person.presses_keys([Key::Enter.into()]).await;
    person.sees("#form-notice").await;
    assert_eq!(person.focus().await, "form-notice");
    person.types_into("password", PASSWORD).await;
    person.enters("#login").await;
    person.enters("#allow").await;
    person.sees("#landed").await;

    person.goes_to(&server.at("/account")).await;
    person.goes_by_menu_to("/account/services").await;
    person.enters("#withdraw-events").await;
    person.enters("#confirm").await;
    person.sees("#flash").await;
    assert!(!person.has("#withdraw-events").await);

    person.goes_by_menu_to("/account/security").await;
    person.enters("#setup-totp").await;
    person.enters("#begin-totp").await;
    let app = Authenticator::typed(&person.reads("#totp-secret").await);
    person.types_into("otp", "000000").await;
    person.presses_keys([Key::Enter.into()]).await;
    person.is_led_to("otp").await;
    person
        .types_into("otp", &app.shows_at(server.op.clock.now()))
        .await;
    person.presses_keys([Key::Enter.into()]).await;
    person.enters("#kept").await;
    person.leaves().await;

    person.goes_to(&server.at("/login")).await;
    person.enters("#forgot-password").await;
    person.types_into("email", EMAIL).await;
    person.presses_keys([Key::Enter.into()]).await;
    person.sees("#link-sent").await;
    let link = server.op.outbox().link(EMAIL, paths::RESET_PASSWORD).await;
    person.goes_to(&link).await;
    for name in ["password", "password_confirmation"] {
        person.types_into(name, NEW_PASSWORD).await;
    }
    person.enters("#reset").await;
    person.enters("#continue").await;
    server.op.advance(31);
    person.types_into("email", EMAIL).await;
    person.types_into("password", NEW_PASSWORD).await;
    person.presses_keys([Key::Enter.into()]).await;
    person
        .types_into("otp", &app.shows_at(server.op.clock.now()))
        .await;
    person.presses_keys([Key::Enter.into()]).await;
    person.comes_to("/account").await;

    if device.javascript {
        person.gets_a_device().await;
        person.goes_by_menu_to("/account/security").await;
        person.enters("main a[href='/account/security/passkeys']").await;
        person.enters("#add-passkey").await;
        person.enters("#create-form [data-ask]").await;
        person.sees("#passkeys").await;
        person.leaves().await;
        // The passkey is chosen in the field that has the focus: the virtual authenticator does so by itself.
        person.goes_to(&server.at("/login")).await;
        person.comes_to("/account").await;
        person.shows("by-passkey").await;
    }

    person.goes_by_menu_to("/account/data").await;
    person.enters("main a[href='/account/delete']").await;
    person.enters("#delete").await;
    person.enters("#confirm").await;
    person.sees("#deletion-begun").await;
    let stop = server.op.outbox().link(EMAIL, paths::ACCOUNT_DELETE_STOP).await;
    person.goes_to(&stop).await;
    person.enters("#keep").await;
    person.sees("#deletion-done").await;
    person.shows("kept").await;
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn signing_up_downloading_and_changing_the_address() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(joins(one), joins(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn logging_in_recovering_and_setting_up_both_factors() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(returns(one), returns(other));
}
