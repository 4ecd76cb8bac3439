//! Tests a second step: an authenticator app, a passkey, and the day when both are lost.

use super::driver::{Browser, Device};
use crate::journeys::second_factor::Authenticator;
use crate::support::product::Demo;
use itu_account::clock::Clock;

const EMAIL: &str = "focal.kr@msn.example";

async fn enters_password(person: &Browser, demo: &Demo) {
    person.goes_to(&format!("{}/login", demo.url)).await;
    person.fills("email", EMAIL).await;
    person.fills("password", &demo.password).await;
    person.clicks("#login-form #login").await;
}

async fn logs_out(person: &Browser, demo: &Demo) {
    person.goes_to(&format!("{}/logout", demo.url)).await;
    person.clicks("#logout-confirm").await;
    person.arrives_at("/logged-out").await;
    person.goes_to(&format!("{}/login", demo.url)).await;
    person.sees("#login-form").await;
}

async fn the_journey(label: &str, kind: Device) {
    let demo = Demo::starts();
    let person = Browser::open(label, kind).await;
    let device = person.gets_a_device().await;
    enters_password(&person, &demo).await;
    person.clicks("#accept").await;
    person.arrives_at("/account").await;

    person.goes_to(&format!("{}/account/security", demo.url)).await;
    person.shows("security").await;
    person.clicks("#setup-totp").await;
    person.clicks("#begin-totp").await;
    let app = Authenticator::typed(&person.reads("#totp-secret").await);
    person.shows("app").await;
    person.fills("otp", &app.shows_at(Clock::System.now())).await;
    person.clicks("#confirm-totp").await;
    let codes = person.reads("#recovery-codes").await;
    person.shows("recovery-codes").await;

    person
        .goes_to(&format!("{}/account/security/passkeys", demo.url))
        .await;
    person.shows("passkeys-none").await;
    person.clicks("#add-passkey").await;
    person.sees("#create-form").await;
    person.shows("passkey-create").await;
    person.clicks("#create-form [data-ask]").await;
    person.sees("#passkeys").await;
    person.shows("passkeys").await;

    // The passkey replaces the password. The person does not choose it in the field but presses the button.
    person.is_recognized(&device, false).await;
    logs_out(&person, &demo).await;
    person.shows("login").await;
    person.is_recognized(&device, true).await;
    person.clicks("#use-passkey").await;
    person.arrives_at("/account").await;
    person
        .goes_to(&format!("{}/account/security/passkeys", demo.url))
        .await;
    person.sees("#passkeys").await;

    // The passkey comes after the password.
    person.is_recognized(&device, false).await;
    logs_out(&person, &demo).await;
    enters_password(&person, &demo).await;
    person.sees("#second-factor-form").await;
    person.shows("second-step").await;
    person.is_recognized(&device, true).await;
    person.clicks("#use-passkey").await;
    person.arrives_at("/account").await;
    person.closes().await;

    // The person has neither the device nor the app.
    let other = Browser::open(&format!("{label}-elsewhere"), kind).await;
    enters_password(&other, &demo).await;
    other.sees("#second-factor-form").await;
    other
        .fills("otp", codes.split_whitespace().next().expect("a code"))
        .await;
    other.clicks("#second-factor-form #login").await;
    other.arrives_at("/account").await;
    other
        .goes_to(&format!("{}/account/security/passkeys", demo.url))
        .await;
    other.clicks("#passkeys summary").await;
    other.shows("passkey-change").await;
    other.clicks("#passkeys #remove-1").await;
    other.clicks("#confirm").await;
    other.sees("#no-passkeys").await;
    other.shows("passkey-removed").await;
    other.closes().await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn on_a_desktop() {
    the_journey("two-steps", Device::DESKTOP).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn in_french_on_a_phone() {
    the_journey("deux-etapes", Device::PHONE).await;
}
