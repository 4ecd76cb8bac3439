//! Tests *This was not me* with the keyboard alone: from the link of the mail to a new password and the login.

use fantoccini::key::Key;

use super::driver::{Browser, Device};
use super::server::Server;
use crate::support::PASSWORD;

const EMAIL: &str = "alice@example.org";
const BETTER: &str = "Harbour-9-violin";
async fn the_journey(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let stranger = Browser::open(&device.label("stranger"), device).await;
    stranger.logs_in(&server, EMAIL).await;

    let person = Browser::open(&device.label("not-me"), device).await;
    let link = server.op.outbox().link(EMAIL, "/account/not-me").await;
    person.goes_to(&link).await;
    person.sees("#not-me-open").await;
    person.shows("open").await;
    person.enters("#secure").await;
    person.sees("#not-me-done").await;
    person.shows("done").await;
    stranger.goes_to(&server.at("/account")).await;
    stranger.comes_to("/login").await;
    stranger.closes().await;

    let link = server.op.outbox().link(EMAIL, "/reset-password").await;
    person.goes_to(&link).await;
    person.types_into("password", BETTER).await;
    person.types_into("password_confirmation", BETTER).await;
    person.presses_keys([Key::Enter.into()]).await;
    person.comes_to_have("#password", false).await;
    person.goes_to(&server.at("/login")).await;
    person.types_into("email", EMAIL).await;
    person.types_into("password", BETTER).await;
    person.presses_keys([Key::Enter.into()]).await;
    person.comes_to("/account").await;
    assert_ne!(PASSWORD, BETTER);
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn secures_the_account_by_keyboard() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(the_journey(one), the_journey(other));
}
