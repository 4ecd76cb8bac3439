//! Tests with the keyboard alone what an office brings along: the second factor that the deployment demands, and the
//! recovery of a person who has lost every factor, which two administrators and that person decide.

use fantoccini::key::Key;
use sea_orm::ConnectionTrait;

use super::driver::{Browser, Device};
use super::server::Server;
use crate::journeys::second_factor::sets_up;
use crate::support::PASSWORD;
use itu_account::domain::role::{Duty, Role};

const ALICE: &str = "alice@example.org";
const ADA: &str = "ada@itu.example";
const BOB: &str = "bob@itu.example";

async fn logs_in(person: &Browser, server: &Server, email: &str) {
    person.goes_to(&server.at("/login")).await;
    person.types_into("email", email).await;
    person.types_into("password", PASSWORD).await;
    person.presses_keys([Key::Enter.into()]).await;
}

async fn logs_out(person: &Browser, server: &Server) {
    person.goes_to(&server.at("/logout")).await;
    person.enters("#logout-confirm").await;
    person.arrives_at("/logged-out").await;
}

async fn the_journey(label: &str, device: Device) {
    let server = Server::starts_with(|config| config.policy.second_factor = vec![Duty::Administrator]).await;
    let op = &server.op;
    let mut alice = op.person(ALICE).await;
    sets_up(op, &mut alice).await;
    for email in [ADA, BOB] {
        op.person_with(email, Role::Administrator).await;
    }
    let language = format!("UPDATE accounts SET language = '{}'", device.language);
    op.app.db.execute_unprepared(&language).await.expect("a language");

    // One asks. The page about the office comes first, and is no obstacle yet.
    let admin = Browser::open(label, device).await;
    logs_in(&admin, &server, ADA).await;
    admin.sees("#second-factor-required").await;
    admin.shows("required").await;
    admin.enters("#go-on").await;
    admin.arrives_at("/account").await;
    admin.goes_to(&server.at("/admin/recoveries")).await;
    admin.sees("#empty").await;
    admin.shows("recoveries").await;
    admin.types_into("email", ALICE).await;
    admin.enters("#search").await;
    admin.sees("#request-form").await;
    admin
        .types_into("reason", "Called back on the number of the registration")
        .await;
    admin.shows("candidate").await;
    admin.enters("#request").await;
    admin.sees("#needs-another").await;
    admin.shows("asked").await;
    let recovery = admin.url().await;
    logs_out(&admin, &server).await;

    // Another confirms.
    logs_in(&admin, &server, BOB).await;
    admin.enters("#go-on").await;
    admin.arrives_at("/account").await;
    admin
        .goes_to(recovery.split('?').next().expect("an address"))
        .await;
    admin.sees("#consequence").await;
    admin.shows("to-confirm").await;
    admin.enters("#confirm").await;
    admin.sees("[data-state=confirmed]").await;
    admin.shows("confirmed").await;

    // The person stops it, with the link alone.
    let person = Browser::open(&format!("{label}-person"), device).await;
    let link = op.outbox().link(ALICE, "/recovery/stop").await;
    person.goes_to(&link).await;
    person.sees("#stop-open").await;
    person.shows("stop").await;
    person.enters("#stop").await;
    person.sees("#stop-done").await;
    person.shows("stopped").await;
    person.goes_to(&link).await;
    person.sees("#stop-void").await;
    person.closes().await;
    admin.goes_to(&server.at("/admin/recoveries")).await;
    admin.sees("[data-state=stopped]").await;
    admin.shows("list").await;
    admin.closes().await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn on_a_desktop() {
    the_journey("office", Device::DESKTOP).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn in_arabic_on_a_phone_without_script() {
    let arabic = Device {
        language: "ar",
        ..Device::PHONE
    };
    the_journey("office-ar", arabic.without_script()).await;
}
