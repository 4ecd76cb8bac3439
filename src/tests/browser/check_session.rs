//! Tests the page at `check_session_iframe`, framed by a service of another site (OpenID Connect Session Management 1.0
//! §3.2; security.md BR-7).

use super::driver::{Browser, Device};
use super::server::{Server, Service};

const EMAIL: &str = "alice@example.org";

/// Logs in at a service on `127.0.0.1`. The provider is on `localhost`, over TLS: its cookie is `SameSite=None`.
async fn comes_to_a_service(device: Device, label: &str) -> (Server, Service, Browser) {
    let server = Server::starts_with_tls().await;
    server.op.person(EMAIL).await;
    let service = Service::opens(&server, "Events", true).await;
    let person = Browser::open(label, device).await;
    person.goes_to(&service.login("")).await;
    person.enters_password(EMAIL).await;
    person.sees("#landed").await;
    assert!(
        person.url().await.contains("session_state="),
        "{}",
        person.url().await
    );
    (server, service, person)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_login_that_ends_is_seen() {
    let (server, _, person) = comes_to_a_service(Device::DESKTOP, "session").await;
    person.comes_to_read("#status", "unchanged").await;
    let service = person.opens_a_tab().await;
    person.goes_to(&server.at("/logout")).await;
    person.clicks("#logout-confirm").await;
    person.arrives_at("/logged-out").await;
    person.returns_to(service).await;
    person.comes_to_read("#status", "changed").await;
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_cookie_that_is_kept_back_is_no_change() {
    let device = Device {
        blocks_third_party_cookies: true,
        ..Device::DESKTOP
    };
    let (server, _, person) = comes_to_a_service(device, "session-blocked").await;
    person.comes_to_read("#status", "error").await;
    // The cookie is there, and the login is still valid.
    person.goes_to(&server.at("/account")).await;
    person.arrives_at("/account").await;
    assert!(person.cookie("__Host-itu_state").await.is_some());
    person.closes().await;
}
