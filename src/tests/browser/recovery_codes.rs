//! Tests that recovery codes stay readable until the person says that they are saved.

use super::driver::{Browser, Device};
use super::server::Server;
use crate::journeys::second_factor::Authenticator;

const EMAIL: &str = "alice@example.org";

async fn the_journey(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let person = Browser::open(&device.label("codes"), device).await;
    person.logs_in(&server, EMAIL).await;
    person.goes_to(&server.at("/account/security")).await;
    person.clicks("#setup-totp").await;
    person.clicks("#begin-totp").await;
    let app = Authenticator::typed(&person.reads("#totp-secret").await);
    person.fills("otp", &app.shows_at(server.op.clock.now())).await;
    person.clicks("#confirm-totp").await;
    let codes = person.reads("#recovery-codes").await;
    person.shows("codes").await;
    person.reloads().await;
    assert_eq!(person.reads("#recovery-codes").await, codes);
    assert_eq!(person.reads("#codes-account").await, EMAIL);
    if device.javascript {
        // On paper the codes name account and issuer, and there is nothing to press.
        person.prints(true).await;
        let names = "#recovery-codes, #codes-account, #codes-issuer";
        assert_eq!(person.counts_visible(names).await, (3, 3));
        assert_eq!(
            person.counts_visible("main button, main .button, header").await.0,
            0
        );
        person.prints(false).await;
    }
    // The person goes away, and Back shows the page from memory.
    person.goes_to(&server.at("/account")).await;
    person.goes_back().await;
    assert_eq!(person.reads("#recovery-codes").await, codes);

    person.clicks("#download-codes").await;
    let text = person.downloaded("itu-recovery-codes.txt").await;
    let codes: Vec<&str> = codes.split_whitespace().collect();
    assert!(codes.len() > 4, "{codes:?}");
    for secret in codes.iter().copied().chain([EMAIL]) {
        assert!(text.contains(secret), "{secret}: {text}");
    }
    person.clicks("#kept").await;
    person.comes_to_have("#recovery-codes", false).await;
    // The browser may still have the page as it was left; the server has not.
    person.goes_back().await;
    person.reloads().await;
    person.comes_to_have("#recovery-codes", false).await;
    assert!(!person.text().await.contains(codes[0]));
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn stay_until_they_are_saved() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(the_journey(one), the_journey(other));
}
