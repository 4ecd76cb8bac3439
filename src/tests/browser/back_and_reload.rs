//! Tests Back and reload after every kind of form: the page is right, no form is sent again, nothing happens twice.

use super::driver::{Browser, Device};
use super::server::{Server, Service};
use crate::support::PASSWORD;

const EMAIL: &str = "alice@example.org";

/// Reloads a page that a form led to; it is still there, and the browser has sent no form again.
async fn reloads_the_outcome(person: &Browser, server: &Server, path: &str, css: &str, posts: usize) {
    person.sees(css).await;
    assert_eq!(server.line.posts(path), posts, "{path}");
    let shown = person.reads("main").await;
    person.reloads().await;
    person.sees(css).await;
    assert_eq!(person.transition().await, "reload");
    assert_eq!(person.reads("main").await, shown);
    assert_eq!(server.line.posts(path), posts, "a reload sends {path} again");
}

async fn of_a_login(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let person = Browser::open(&device.label("back"), device).await;

    person.goes_to(&server.at("/login")).await;
    person.is_spoken_to_in(device.language).await;
    person.fills("email", EMAIL).await;
    person.fills("password", "Wrong-lamp-42").await;
    person.clicks("#login-form #login").await;
    reloads_the_outcome(&person, &server, "/login", "#form-notice", 1).await;
    assert_eq!(person.value("email").await, EMAIL);
    person.shows("wrong-password").await;
    person.goes_back().await;
    person.sees("#login-form").await;
    assert!(!person.has("#form-notice").await);
    assert_eq!(server.line.posts("/login"), 1, "Back sends a form again");

    person.fills("email", EMAIL).await;
    person.fills("password", PASSWORD).await;
    person.clicks("#login-form #login").await;
    person.arrives_at("/account").await;
    reloads_the_outcome(&person, &server, "/login", "h1", 2).await;
    // The login offers nothing to a person who is logged in.
    person.goes_back().await;
    person.arrives_at("/account").await;
    assert_eq!(server.line.posts("/login"), 2);

    person.goes_to(&server.at("/account")).await;
    person.goes_to(&server.at("/account/profile")).await;
    person.fills("job_title", "Chief ☃").await;
    person.clicks("#save").await;
    reloads_the_outcome(&person, &server, "/account/profile", "#form-notice", 1).await;
    assert_eq!(person.value("job_title").await, "Chief ☃");
    person.shows("profile-refused").await;
    person.fills("job_title", "Cartographer").await;
    person.clicks("#save").await;
    reloads_the_outcome(&person, &server, "/account/profile", "#flash", 2).await;
    person.shows("profile-saved").await;
    person.goes_back().await;
    person.goes_back().await;
    person.sees("#profile-form").await;
    assert!(!person.has("#flash").await && !person.has("#form-notice").await);
    person.reloads().await;
    person.sees("#profile-form").await;
    assert_eq!(person.value("job_title").await, "Cartographer");
    assert_eq!(
        server.line.posts("/account/profile"),
        2,
        "Back sends a form again"
    );

    person.clicks("#person-menu summary").await;
    person.clicks("#person-menu #logout").await;
    person.arrives_at("/logged-out").await;
    reloads_the_outcome(&person, &server, "/logout", "#logged-out", 1).await;
    person.goes_back().await;
    person.sees("#login-form").await;
    assert!(!person.text().await.contains("Cartographer"));
    assert_eq!(server.line.posts("/logout"), 1);
    person.closes().await;
}

async fn of_a_sign_up(device: Device) {
    let server = Server::starts().await;
    server
        .op
        .insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let person = Browser::open(&device.label("back-signup"), device).await;
    person.goes_to(&server.at("/signup")).await;
    person.fills_sign_up("hana@example.org").await;
    person.fills("password_confirmation", "Another-lamp-42").await;
    person.clicks("#signup-continue").await;
    reloads_the_outcome(&person, &server, "/signup", "#form-notice", 1).await;
    person.shows("refused").await;
    person
        .holds(&[
            ("email", "hana@example.org"),
            ("first_name", "Hana"),
            ("gender", "female"),
        ])
        .await;
    assert_eq!(person.value("password").await, "");
    person.fills("password", PASSWORD).await;
    person.fills("password_confirmation", PASSWORD).await;
    person.clicks("#signup-continue").await;

    person.sees("[name='membership_type']").await;
    person.goes_back().await;
    person.sees("#signup-form").await;
    person
        .holds(&[("email", "hana@example.org"), ("job_title", "Engineer")])
        .await;
    person.goes_to(&server.at("/signup/organization")).await;
    person.chooses_organization("ofcom", device).await;
    person.clicks("[name='accept_terms']").await;
    person.clicks("#signup").await;

    person.sees("#verify-form").await;
    person.reloads().await;
    person.sees("#verify-form").await;
    person.fills("code", "00000000").await;
    person.clicks("#verify").await;
    reloads_the_outcome(&person, &server, "/signup/verify", "#form-notice", 1).await;
    person.shows("wrong-code").await;
    person.goes_back().await;
    person.sees("#verify-form").await;
    assert!(!person.has("#form-notice").await);
    server.op.advance(61);
    person.clicks("#resend").await;
    reloads_the_outcome(&person, &server, "/signup/verify/resend", "#code-state", 1).await;
    person.goes_back().await;
    person.sees("#verify-form").await;
    // Neither Back nor a reload sends a mail.
    assert_eq!(server.mails_to("hana@example.org").await, 2);

    // A second window still shows the page before.
    let first = person.opens_a_tab().await;
    person.goes_to(&server.at("/signup/organization")).await;
    person.chooses_organization("ofcom", device).await;
    person.clicks("[name='accept_terms']").await;
    let second = person.opens_a_tab().await;
    person.returns_to(first).await;

    let code = server.op.outbox().code("hana@example.org").await;
    person.fills("code", &code).await;
    person.clicks("#verify").await;
    reloads_the_outcome(&person, &server, "/signup/verify", "#ok", 2).await;
    // A person who has the account by now goes on with it.
    person.goes_back().await;
    person.arrives_at("/account").await;
    person.goes_to(&server.at("/signup/organization")).await;
    person.arrives_at("/account").await;
    assert_eq!(server.line.posts("/signup/verify"), 2);
    person.returns_to(second).await;
    let before = server.line.posts("/signup/organization");
    person.clicks("#signup").await;
    person.comes_to("/account").await;
    person.reloads().await;
    person.comes_to("/account").await;
    assert_eq!(server.line.posts("/signup/organization"), before + 1);
    person.closes().await;
}

async fn of_a_consent(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let service = Service::opens(&server, "guest", false).await;
    let person = Browser::open(&device.label("back-consent"), device).await;
    person.logs_in(&server, EMAIL).await;
    person.goes_to(&service.login("")).await;
    person.sees("#allow").await;
    person.shows("consent").await;
    person.reloads().await;
    person.clicks("#allow").await;
    person.sees("#landed").await;
    person.reloads().await;
    person.sees("#landed").await;
    assert_eq!((server.line.posts("/consent"), service.codes()), (1, 1));
    // Back from the service shows the question as it was left. A second press gets the answer of the first, and so does
    // a reload.
    person.goes_back().await;
    if person.has("#allow").await {
        person.clicks("#allow").await;
        person.sees("#landed").await;
        person.goes_back().await;
        person.reloads().await;
    }
    person.sees("#landed").await;
    assert_eq!(service.codes(), 1);
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn after_a_login_and_a_profile() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(of_a_login(one), of_a_login(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn after_a_sign_up() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(of_a_sign_up(one), of_a_sign_up(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn after_a_consent() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(of_a_consent(one), of_a_consent(other));
}
