//! Tests passkeys as the first choice with the keyboard alone: offered after the password, then chosen in the e-mail field
//! of the login, or by the button. The virtual authenticator picks its passkey by itself, as a person would in the list of
//! the field.

use fantoccini::key::Key;
use sea_orm::ConnectionTrait;

use super::driver::{Browser, Device};
use super::server::{Server, Service};

const EMAIL: &str = "alice@example.org";

async fn enters_password(person: &Browser) {
    person.types_into("email", EMAIL).await;
    person.types_into("password", crate::support::PASSWORD).await;
    person.presses_keys([Key::Enter.into()]).await;
}

async fn logs_out(person: &Browser, server: &Server) {
    person.goes_to(&server.at("/logout")).await;
    person.enters("#logout-confirm").await;
    person.arrives_at("/logged-out").await;
}

async fn the_journey(label: &str, device: Device) {
    let server = Server::starts().await;
    server.op.person(EMAIL).await;
    let language = format!("UPDATE accounts SET language = '{}'", device.language);
    server
        .op
        .app
        .db
        .execute_unprepared(&language)
        .await
        .expect("a language");
    let service = Service::opens(&server, "events", true).await;
    let person = Browser::open(label, device).await;
    let authenticator = person.gets_a_device().await;

    // The offer comes after the password, in the way of no service: one press, the codes, and on to the service.
    person.goes_to(&service.login("")).await;
    enters_password(&person).await;
    person.sees("#passkey-offer").await;
    person.shows("offer").await;
    person.enters("#create-form [data-ask]").await;
    person.sees("#recovery-codes").await;
    person.shows("codes").await;
    person.enters("#kept").await;
    person.sees("#landed").await;
    assert_eq!(service.codes(), 1);

    // The passkey in the field logs in: nothing is typed or pressed.
    logs_out(&person, &server).await;
    person.goes_to(&service.login("")).await;
    person.sees("#landed").await;
    assert_eq!(service.codes(), 2);

    // A person who lets the list be presses the button.
    person.is_recognized(&authenticator, false).await;
    logs_out(&person, &server).await;
    person.goes_to(&service.login("")).await;
    person.tabs_to("#use-passkey").await;
    person.is_recognized(&authenticator, true).await;
    person.presses_keys([Key::Enter.into()]).await;
    person.sees("#landed").await;
    assert_eq!(service.codes(), 3);
    person.closes().await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn on_a_desktop() {
    the_journey("passkey-autofill", Device::DESKTOP).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn in_arabic_on_a_phone() {
    let arabic = Device {
        language: "ar",
        ..Device::PHONE
    };
    the_journey("passkey-autofill-ar", arabic).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn not_now_is_one_press_and_holds() {
    let server = Server::starts().await;
    server.op.person(EMAIL).await;
    let person = Browser::open("passkey-not-now", Device::DESKTOP).await;
    person.gets_a_device().await;
    for is_first in [true, false] {
        person.goes_to(&server.at("/login")).await;
        enters_password(&person).await;
        if is_first {
            person.enters("#later").await;
        }
        person.arrives_at("/account").await;
        logs_out(&person, &server).await;
    }
    person.closes().await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_device_that_makes_no_passkeys_is_offered_none() {
    for device in [Device::DESKTOP, Device::DESKTOP.without_script()] {
        let server = Server::starts().await;
        server.op.person(EMAIL).await;
        let person = Browser::open("passkey-none", device).await;
        person.goes_to(&server.at("/login")).await;
        enters_password(&person).await;
        person.arrives_at("/account").await;
        person.closes().await;
    }
}
