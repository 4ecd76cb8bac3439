//! Tests slow answers and a person who does not wait: presses again, goes back, stops, reloads. The test holds each
//! answer on the line and decides when it arrives.

use super::driver::{Browser, Device};
use super::server::Server;
use crate::support::PASSWORD;
use itu_account::i18n::{self, Locale};

const EMAIL: &str = "alice@example.org";
const PROFILE: &str = "/account/profile";

fn impatient(device: Device) -> Device {
    Device {
        waits: false,
        ..device
    }
}

/// Presses while the answer to the first press is held: the script holds the button; without it the browser sends the
/// form again.
async fn presses_again(person: &Browser, server: &Server, device: Device, css: &str, path: &str) {
    let before = server.line.posts(path);
    let button = person.finds(css, device.javascript).await;
    server.line.holds(path);
    person.presses(button).await;
    server.line.has_answers(path, before + 1).await;
    person.presses(button).await;
    if !device.javascript {
        server.line.has_answers(path, before + 2).await;
    }
    server.line.lets_go();
}

/// Requires that the second press changed nothing, as the page of the first shows.
async fn has_one_effect(person: &Browser, server: &Server, device: Device, path: &str, posts: usize) {
    if device.javascript {
        assert_eq!(server.line.posts(path), posts, "{path}");
        assert!(person.was_held().await, "{path}");
    }
    for css in ["#form-notice", ".flash--error", ".note.bad"] {
        assert!(!person.has(css).await, "{css}: {}", person.text().await);
    }
}

async fn the_journey(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let person = Browser::open(&device.label("slow"), impatient(device)).await;

    person.opens(&server.at("/login")).await;
    person.fills("email", EMAIL).await;
    person.fills("password", PASSWORD).await;
    presses_again(&person, &server, device, "#login-form #login", "/login").await;
    person.comes_to("/account").await;
    has_one_effect(&person, &server, device, "/login", 1).await;
    person.opens(&server.at("/account/sessions")).await;
    assert_eq!(person.count("main ul.rows > li").await, 1);

    person.opens(&server.at(PROFILE)).await;
    person.fills("job_title", "Cartographer").await;
    presses_again(&person, &server, device, "#save", PROFILE).await;
    person.sees("#flash.flash--done").await;
    person.comes_to_hold("job_title", "Cartographer").await;
    has_one_effect(&person, &server, device, PROFILE, 1).await;
    let sent = server.line.posts(PROFILE);

    // The person goes back while the form is under way: the change is made, and made once.
    person.opens(&server.at("/account")).await;
    person.opens(&server.at(PROFILE)).await;
    person.fills("job_title", "Navigator").await;
    let save = person.finds("#save", false).await;
    server.line.holds(PROFILE);
    person.presses(save).await;
    server.line.has_answers(PROFILE, sent + 1).await;
    person.goes_back_at_once().await;
    person.comes_to("/account").await;
    server.line.lets_go();
    person.opens(&server.at(PROFILE)).await;
    person.comes_to_hold("job_title", "Navigator").await;

    // The person stops the load and presses once more: the button does not stay held.
    person.fills("job_title", "Astronomer").await;
    let save = person.finds("#save", false).await;
    server.line.holds(PROFILE);
    person.presses(save).await;
    server.line.has_answers(PROFILE, sent + 2).await;
    person.stops().await;
    server.line.lets_go();
    person.comes_to_have("#save[aria-disabled]", false).await;
    person.presses(person.finds("#save", false).await).await;
    person.sees("#flash.flash--done").await;
    person.comes_to_hold("job_title", "Astronomer").await;
    assert_eq!(server.line.posts(PROFILE), sent + 3);

    // The person reloads while the form is under way: the browser shows the page of before, with what was saved
    // meanwhile.
    person.opens(&server.at(PROFILE)).await;
    person.fills("job_title", "Surveyor").await;
    let save = person.finds("#save", false).await;
    server.line.holds(PROFILE);
    person.presses(save).await;
    server.line.has_answers(PROFILE, sent + 4).await;
    person.reloads_at_once().await;
    person.comes_to_have("#save[aria-disabled]", false).await;
    server.line.lets_go();
    person.opens(&server.at(PROFILE)).await;
    person.comes_to_hold("job_title", "Surveyor").await;
    assert_eq!(server.line.posts(PROFILE), sent + 4);
    person.closes().await;
}

/// Tests the mails of a sign-up and of *resend*.
async fn of_mails(device: Device) {
    let server = Server::starts().await;
    let email = "hana@example.org";
    server
        .op
        .insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let person = Browser::open(&device.label("slow-mails"), impatient(device)).await;
    person.opens(&server.at("/signup")).await;
    person.fills_sign_up(email).await;
    presses_again(&person, &server, device, "#signup-continue", "/signup").await;
    person.comes_to("/signup/organization").await;
    has_one_effect(&person, &server, device, "/signup", 1).await;
    person.opens(&server.at("/signup/organization")).await;
    person.chooses_organization("ofcom", device).await;
    person.clicks("[name='accept_terms']").await;
    let path = "/signup/organization";
    let before = server.line.posts(path);
    presses_again(&person, &server, device, "#signup", path).await;
    person.sees("#verify-form").await;
    has_one_effect(&person, &server, device, path, before + 1).await;
    assert_eq!(server.mails_to(email).await, 1);

    server.op.advance(61);
    person.opens(&server.at("/signup/verify")).await;
    presses_again(&person, &server, device, "#resend", "/signup/verify/resend").await;
    person.sees("#code-state.good").await;
    has_one_effect(&person, &server, device, "/signup/verify/resend", 1).await;
    assert_eq!(server.mails_to(email).await, 2);

    person.opens(&server.at("/signup/verify")).await;
    person.fills("code", &server.op.outbox().code(email).await).await;
    presses_again(&person, &server, device, "#verify", "/signup/verify").await;
    person.sees("#ok").await;
    has_one_effect(&person, &server, device, "/signup/verify", 1).await;
    person.closes().await;
}

/// Tests a person who presses the button before the work of the page is done: here, before its worker has come.
async fn of_work(device: Device) {
    // DS-5
    let server = Server::starts().await;
    let email = "hana@example.org";
    let person = Browser::open(&device.label("slow-work"), impatient(device)).await;
    let worker = itu_account::templates::assets::named("work.js").expect("a worker");
    server.line.holds(&worker.path);
    person.opens(&server.at("/forgot-password")).await;
    person.fills("email", email).await;
    assert_eq!(person.reads("[data-working][role=status]").await, "");
    let send = person.finds("#send-link", true).await;
    person.presses(send).await;
    let locale = Locale::parse(device.language).expect("a language");
    let text = i18n::text(locale, "form.working", &()).expect("a text");
    person.comes_to_read("[data-working]", &text).await;
    assert!(person.has("#send-link[aria-disabled=true]").await);
    person.shows("waits-for-the-work").await;
    assert_eq!(server.line.posts("/forgot-password"), 0);
    server.line.lets_go();
    person.sees("#link-sent").await;
    assert!(!person.has("#mail-later").await, "the work was done");
    assert_eq!(server.line.posts("/forgot-password"), 1);
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn of_the_work_of_a_page() {
    let [_, scripted] = Device::plain_and_scripted();
    of_work(scripted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn of_an_account() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(the_journey(one), the_journey(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn of_a_sign_up() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(of_mails(one), of_mails(other));
}
