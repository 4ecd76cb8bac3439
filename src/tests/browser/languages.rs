//! Tests the language menu on a page that is half filled in: everything typed is there again, but for passwords.

use super::driver::{Browser, Device};
use super::server::Server;
use crate::support::PASSWORD;

const EMAIL: &str = "alice@example.org";

/// Changes the language from the browser's, English or Arabic, to French, which is written from left to right, and
/// back.
async fn changes(person: &Browser, device: Device, typed: &[(&str, &str)]) {
    person.is_spoken_to_in(device.language).await;
    person.chooses_language("fr").await;
    person.holds(typed).await;
    person.shows("french").await;
    person.chooses_language(device.language).await;
    person.holds(typed).await;
    assert!(!person.has("#form-notice").await, "{}", person.text().await);
}

async fn the_journey(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    server
        .op
        .insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let person = Browser::open(&device.label("language"), device).await;

    person.goes_to(&server.at("/login")).await;
    person.fills("email", EMAIL).await;
    person.fills("password", PASSWORD).await;
    changes(&person, device, &[("email", EMAIL), ("password", "")]).await;

    person.goes_to(&server.at("/signup")).await;
    person.fills_sign_up("hana@example.org").await;
    let typed = [
        ("email", "hana@example.org"),
        ("first_name", "Hana"),
        ("last_name", "Choi"),
        ("title", "dr"),
        ("gender", "female"),
        ("job_title", "Engineer"),
        ("professional_role", "technical"),
        ("password", ""),
        ("password_confirmation", ""),
    ];
    changes(&person, device, &typed).await;
    person.fills("password", PASSWORD).await;
    person.fills("password_confirmation", PASSWORD).await;
    person.clicks("#signup-continue").await;

    // The last page of the sign-up comes next.
    person.chooses_organization("ofcom", device).await;
    person.clicks("[name='newsletter']").await;
    person.clicks("[name='accept_terms']").await;
    let typed = [
        ("membership_type", "member_state"),
        ("member_state", "CH"),
        ("organization_query", "communications"),
        ("newsletter", "true"),
        ("accept_terms", "true"),
    ];
    changes(&person, device, &typed).await;
    assert!(person.has("#organization-ofcom:checked").await);
    person.shows("last-page").await;
    person.clicks("#signup").await;
    person.sees("#verify-form").await;
    person.chooses_language("fr").await;
    person.sees("#verify-form").await;
    person.chooses_language(device.language).await;

    person.logs_in(&server, EMAIL).await;
    person.goes_to(&server.at("/account/profile")).await;
    person.fills("job_title", "Cartographer").await;
    person.fills("first_name", "Alicia").await;
    let typed = [("job_title", "Cartographer"), ("first_name", "Alicia")];
    changes(&person, device, &typed).await;
    person.clicks("#save").await;
    person.sees("#flash").await;
    person.holds(&typed).await;
    person.closes().await;
}

/// Tests the terms, which come before everything else; the request of a service and the language go through them.
async fn of_terms(device: Device) {
    let server = Server::starts().await;
    server
        .op
        .insert_person_who_owes_the_terms(EMAIL, device.language)
        .await;
    let person = Browser::open(&device.label("language-terms"), device).await;
    person.goes_to(&server.at("/account/profile")).await;
    person.enters_password(EMAIL).await;
    person.sees("#terms-form").await;
    person.chooses_language("fr").await;
    person.sees("#terms-form").await;
    person.shows("terms").await;
    person.clicks("#accept").await;
    // The page leads to where the person wanted to go, in the language that was chosen.
    person.sees("#profile-form").await;
    person.is_spoken_to_in("fr").await;
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn what_was_typed_stays() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(the_journey(one), the_journey(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn terms_stand_in_between() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(of_terms(one), of_terms(other));
}
