//! Tests that a second press of a button has the outcome of the first, and the effect of one (http::submission).

use super::driver::{Browser, Device};
use super::server::{Server, Service};
use crate::support::PASSWORD;

const EMAIL: &str = "alice@example.org";

/// Requires that nothing on the page says that something went wrong.
async fn is_no_failure(person: &Browser) {
    for css in ["#form-notice", ".flash--error", ".note.bad", "#request-over"] {
        assert!(!person.has(css).await, "{css}: {}", person.text().await);
    }
}

/// A person who presses each button twice, and the server.
struct Twice<'a> {
    person: &'a Browser,
    server: &'a Server,
    device: Device,
}

impl Twice<'_> {
    /// Presses the button of a form that goes to `path`, until the page shows `then`. With the script the browser sends
    /// one form; without it the server distinguishes the second from another.
    async fn presses(&self, button: &str, path: &str, then: &str) {
        let before = self.server.line.posts(path);
        self.person.double_clicks(button).await;
        self.person.sees(then).await;
        is_no_failure(self.person).await;
        let sent = self.server.line.posts(path) - before;
        assert!(
            sent == 1 || sent == 2 && !self.device.javascript,
            "{path}: {sent} forms"
        );
    }
}

async fn in_an_account(device: Device) {
    let server = Server::starts().await;
    let (op, email) = (&server.op, EMAIL);
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.insert_focal_point_of("ofcom", "fp@ofcom.example", device.language)
        .await;
    op.insert_person_reading(email, device.language).await;
    let person = Browser::open(&device.label("double"), device).await;
    let twice = Twice {
        person: &person,
        server: &server,
        device,
    };

    person.goes_to(&server.at("/login")).await;
    person.fills("email", email).await;
    person.fills("password", PASSWORD).await;
    twice
        .presses("#login-form #login", "/login", "#person-menu")
        .await;
    person.goes_to(&server.at("/account/sessions")).await;
    assert_eq!(person.count("main ul.rows > li").await, 1);

    person.goes_to(&server.at("/account/profile")).await;
    person.fills("job_title", "Cartographer").await;
    twice.presses("#save", "/account/profile", "#flash").await;
    assert_eq!(person.value("job_title").await, "Cartographer");

    person.goes_to(&server.at("/account/organization/change")).await;
    person.chooses_organization("ofcom", device).await;
    let path = "/account/organization/change";
    twice.presses("#request-change", path, "#pending").await;
    person.shows("requested").await;
    assert_eq!(server.mails_to("fp@ofcom.example").await, 1);
    let mails_before = server.mails_to(email).await;

    let focal = Browser::open(&device.label("double-focal-point"), device).await;
    let focal_twice = Twice {
        person: &focal,
        server: &server,
        device,
    };
    focal.logs_in(&server, "fp@ofcom.example").await;
    focal.goes_to(&server.at("/focal-point/ofcom/requests")).await;
    focal.clicks("main a[href*='/requests/']").await;
    focal.sees("#approve").await;
    let path = focal.path().await;
    focal_twice.presses("#approve", &path, "#flash").await;
    focal.shows("approved").await;
    assert_eq!(server.mails_to(email).await, mails_before + 1);
    focal.closes().await;

    person.goes_to(&server.at("/account")).await;
    person.clicks("#person-menu summary").await;
    twice
        .presses("#person-menu #logout", "/logout", "#logged-out")
        .await;
    person.closes().await;
}

async fn at_a_sign_up(device: Device) {
    let server = Server::starts().await;
    let email = "hana@example.org";
    server
        .op
        .insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let person = Browser::open(&device.label("double-signup"), device).await;
    let twice = Twice {
        person: &person,
        server: &server,
        device,
    };
    person.goes_to(&server.at("/signup")).await;
    person.fills_sign_up(email).await;
    twice
        .presses("#signup-continue", "/signup", "[name='membership_type']")
        .await;
    person.chooses_organization("ofcom", device).await;
    person.clicks("[name='accept_terms']").await;
    twice
        .presses("#signup", "/signup/organization", "#verify-form")
        .await;
    assert_eq!(server.mails_to(email).await, 1);
    server.op.advance(61);
    let path = "/signup/verify/resend";
    twice.presses("#resend", path, "#code-state.good").await;
    assert_eq!(server.mails_to(email).await, 2);
    let code = server.op.outbox().code(email).await;
    person.fills("code", &code).await;
    twice.presses("#verify", "/signup/verify", "#ok").await;
    person.shows("done").await;
    person.clicks("#ok").await;
    person.arrives_at("/account").await;
    person.closes().await;
}

async fn at_a_consent(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let service = Service::opens(&server, "guest", false).await;
    let person = Browser::open(&device.label("double-consent"), device).await;
    let twice = Twice {
        person: &person,
        server: &server,
        device,
    };
    person.goes_to(&service.login("")).await;
    person.fills("email", EMAIL).await;
    person.fills("password", PASSWORD).await;
    twice.presses("#login-form #login", "/login", "#allow").await;
    twice.presses("#allow", "/consent", "#landed").await;
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
