//! A second press of a button has the outcome of the first, and the effect of one (http::submission).

use super::driver::{Browser, Device};
use super::server::{Server, Service};
use crate::support::PASSWORD;

const EMAIL: &str = "alice@example.org";

/// Nothing on the page says that something went wrong.
async fn is_no_failure(person: &Browser) {
    for css in ["#form-notice", ".flash--error", ".note.bad", "#request-over"] {
        assert!(!person.has(css).await, "{css}: {}", person.text().await);
    }
}

/// Presses twice; with the script the browser sends one form, without it the server tells the second from another.
async fn presses(person: &Browser, server: &Server, device: Device, css: &str, path: &str, then: &str) {
    let before = server.line.posts(path);
    person.double_clicks(css).await;
    person.sees(then).await;
    is_no_failure(person).await;
    let sent = server.line.posts(path) - before;
    assert!(
        sent == 1 || sent == 2 && !device.javascript,
        "{path}: {sent} forms"
    );
}

async fn in_an_account(device: Device) {
    let server = Server::starts().await;
    let (op, email) = (&server.op, EMAIL);
    op.organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.focal_point_of("ofcom", "fp@ofcom.example", device.language)
        .await;
    op.person_reading(email, device.language).await;
    let person = Browser::open(&device.label("double"), device).await;

    person.goes_to(&server.at("/login")).await;
    person.fills("email", email).await;
    person.fills("password", PASSWORD).await;
    presses(
        &person,
        &server,
        device,
        "#login-form #login",
        "/login",
        "#person-menu",
    )
    .await;
    person.goes_to(&server.at("/account/sessions")).await;
    assert_eq!(person.count("main ul.rows > li").await, 1);

    person.goes_to(&server.at("/account/profile")).await;
    person.fills("job_title", "Cartographer").await;
    presses(&person, &server, device, "#save", "/account/profile", "#flash").await;
    assert_eq!(person.value("job_title").await, "Cartographer");

    person.goes_to(&server.at("/account/organization/change")).await;
    person.chooses_organization("ofcom", device).await;
    let path = "/account/organization/change";
    presses(&person, &server, device, "#request-change", path, "#pending").await;
    person.shows("requested").await;
    assert_eq!(server.mails_to("fp@ofcom.example").await, 1);
    let told_before = server.mails_to(email).await;

    let focal = Browser::open(&device.label("double-focal-point"), device).await;
    focal.logs_in(&server, "fp@ofcom.example").await;
    focal.goes_to(&server.at("/focal-point/ofcom/requests")).await;
    focal.clicks("main a[href*='/requests/']").await;
    focal.sees("#approve").await;
    let path = focal.path().await;
    presses(&focal, &server, device, "#approve", &path, "#flash").await;
    focal.shows("approved").await;
    assert_eq!(server.mails_to(email).await, told_before + 1);
    focal.closes().await;

    person.goes_to(&server.at("/account")).await;
    person.clicks("#person-menu summary").await;
    presses(
        &person,
        &server,
        device,
        "#person-menu #logout",
        "/logout",
        "#logged-out",
    )
    .await;
    person.closes().await;
}

async fn at_a_sign_up(device: Device) {
    let server = Server::starts().await;
    let email = "hana@example.org";
    server
        .op
        .organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let person = Browser::open(&device.label("double-signup"), device).await;
    person.goes_to(&server.at("/signup")).await;
    person.fills_sign_up(email).await;
    presses(
        &person,
        &server,
        device,
        "#signup-continue",
        "/signup",
        "[name='membership_type']",
    )
    .await;
    person.chooses_organization("ofcom", device).await;
    person.clicks("[name='accept_terms']").await;
    presses(
        &person,
        &server,
        device,
        "#signup",
        "/signup/organization",
        "#verify-form",
    )
    .await;
    assert_eq!(server.mails_to(email).await, 1);
    server.op.advance(61);
    let path = "/signup/verify/resend";
    presses(&person, &server, device, "#resend", path, "#code-state.good").await;
    assert_eq!(server.mails_to(email).await, 2);
    let code = server.op.outbox().code(email).await;
    person.fills("code", &code).await;
    presses(&person, &server, device, "#verify", "/signup/verify", "#ok").await;
    person.shows("done").await;
    person.clicks("#ok").await;
    person.arrives_at("/account").await;
    person.closes().await;
}

async fn at_a_consent(device: Device) {
    let server = Server::starts().await;
    server.op.person_reading(EMAIL, device.language).await;
    let service = Service::opens(&server, "guest", false).await;
    let person = Browser::open(&device.label("double-consent"), device).await;
    person.goes_to(&service.login("")).await;
    person.fills("email", EMAIL).await;
    person.fills("password", PASSWORD).await;
    presses(&person, &server, device, "#login-form #login", "/login", "#allow").await;
    presses(&person, &server, device, "#allow", "/consent", "#landed").await;
    assert_eq!(person.reads("#landed").await, "");
    assert_eq!(service.codes(), 1);
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn in_an_account_twice_is_once() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(in_an_account(one), in_an_account(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn at_a_sign_up_twice_is_once() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(at_a_sign_up(one), at_a_sign_up(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn at_a_consent_twice_is_once() {
    let [one, other] = Device::plain_and_scripted();
    tokio::join!(at_a_consent(one), at_a_consent(other));
}
