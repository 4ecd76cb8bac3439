//! Tests that the service's request is over while its page is open: the person does what needs no service, and then a
//! page leads back to the service.

use super::driver::{Browser, Device};
use super::server::{Server, Service};
use crate::support::PASSWORD;

const EMAIL: &str = "alice@example.org";

/// Requires *This request is over*, and goes from there to the service, which needs no password any more.
async fn leads_back(person: &Browser, service: &Service) {
    person.sees("#request-over").await;
    assert!(person.text().await.contains(service.name));
    person.shows("request-over").await;
    person.clicks("#to-service").await;
    person.sees("#home").await;
    person.clicks("#login").await;
    person.sees("#landed").await;
    assert_eq!(person.reads("#landed").await, "");
}

async fn of_a_login(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let service = Service::opens(&server, "Events", true).await;
    let person = Browser::open(&device.label("over"), device).await;
    let asked = service.login(&format!("&ui_locales={}", device.language));
    person.goes_to(&asked).await;
    person.sees("#login-form").await;
    server.restarts().await;
    person.enters_password(EMAIL).await;
    person.is_spoken_to_in(device.language).await;
    leads_back(&person, &service).await;
    assert_eq!(server.line.posts("/login"), 1);
    person.closes().await;
}

/// Tests a second tab that went through; the first still shows the login.
async fn of_a_second_tab(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let service = Service::opens(&server, "Events", true).await;
    let person = Browser::open(&device.label("over-tab"), device).await;
    person.goes_to(&service.login("")).await;
    person.sees("#login-form").await;
    let login = person.url().await;
    let first = person.opens_a_tab().await;
    person.goes_to(&login).await;
    person.enters_password(EMAIL).await;
    person.sees("#landed").await;
    person.returns_to(first).await;
    person.enters_password(EMAIL).await;
    // The code is not redeemed: the service gets the same answer.
    person.sees("#landed").await;
    assert_eq!((person.reads("#landed").await.as_str(), service.codes()), ("", 1));
    person.closes().await;
}

async fn of_a_sign_up(device: Device) {
    let server = Server::starts().await;
    server
        .op
        .insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let service = Service::opens(&server, "Events", true).await;
    let person = Browser::open(&device.label("over-signup"), device).await;
    person.goes_to(&service.login("")).await;
    person.clicks("#create-account").await;
    person.fills_sign_up("hana@example.org").await;
    person.fills("password_confirmation", "Another-lamp-42").await;
    server.restarts().await;
    person.clicks("#signup-continue").await;
    person.sees("#form-notice").await;
    person.sees("#over").await;
    person.shows("nine-fields").await;
    person
        .holds(&[
            ("email", "hana@example.org"),
            ("first_name", "Hana"),
            ("last_name", "Choi"),
            ("title", "dr"),
            ("gender", "female"),
            ("job_title", "Engineer"),
            ("professional_role", "technical"),
        ])
        .await;
    person.fills("password", PASSWORD).await;
    person.fills("password_confirmation", PASSWORD).await;
    person.clicks("#signup-continue").await;
    person.chooses_organization("ofcom", device).await;
    person.sees("#over").await;
    person.clicks("[name='accept_terms']").await;
    person.clicks("#signup").await;
    person.sees("#verify-form").await;
    person.sees("#over").await;
    let code = server.op.outbox().code("hana@example.org").await;
    person.fills("code", &code).await;
    person.clicks("#verify").await;
    person.clicks("#ok").await;
    leads_back(&person, &service).await;
    person.closes().await;
}

async fn of_a_consent(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let service = Service::opens(&server, "Guest", false).await;
    let person = Browser::open(&device.label("over-consent"), device).await;
    person.logs_in(&server, EMAIL).await;
    person.goes_to(&service.login("")).await;
    person.sees("#allow").await;
    server.restarts().await;
    person.clicks("#allow").await;
    person.sees("#request-over").await;
    assert!(person.text().await.contains(EMAIL));
    person.shows("request-over").await;
    assert_eq!(service.codes(), 0);
    person.clicks("#to-service").await;
    person.clicks("#login").await;
    // No consent was given: it is asked for again.
    person.clicks("#allow").await;
    person.sees("#landed").await;
    assert_eq!(service.codes(), 1);
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_login_goes_on() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(of_a_login(one), of_a_login(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_second_tab_has_the_same_answer() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(of_a_second_tab(one), of_a_second_tab(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_sign_up_keeps_what_was_typed() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(of_a_sign_up(one), of_a_sign_up(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_consent_says_so() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(of_a_consent(one), of_a_consent(other));
}
