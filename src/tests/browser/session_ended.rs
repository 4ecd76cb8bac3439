//! Tests a session that ended elsewhere while somebody was editing: the login says why, and after it the edits are
//! there.

use super::driver::{Browser, Device};
use super::server::Server;

const EMAIL: &str = "alice@example.org";

async fn the_journey(device: Device) {
    let server = Server::starts().await;
    server.op.insert_person_reading(EMAIL, device.language).await;
    let person = Browser::open(&device.label("ended"), device).await;
    let elsewhere = Browser::open(&device.label("ended-elsewhere"), device).await;
    person.logs_in(&server, EMAIL).await;
    person.goes_to(&server.at("/account/profile")).await;
    person.fills("job_title", "Chief Cartographer").await;
    person.fills("last_name", "Navigator").await;

    elsewhere.logs_in(&server, EMAIL).await;
    elsewhere.goes_to(&server.at("/account/sessions")).await;
    elsewhere.clicks("#end-others").await;
    elsewhere.clicks("#confirm").await;
    elsewhere.sees("#flash").await;
    elsewhere.closes().await;

    person.clicks("#save").await;
    person.sees("#login-form").await;
    person.is_spoken_to_in(device.language).await;
    person.sees("#flash").await;
    person.shows("login-says-why").await;
    // The message is still there after a reload.
    person.reloads().await;
    person.sees("#flash").await;
    person.enters_password(EMAIL).await;
    person.sees("#profile-form").await;
    let edits = [("job_title", "Chief Cartographer"), ("last_name", "Navigator")];
    person.holds(&edits).await;
    person.shows("edits-are-there").await;
    person.reloads().await;
    person.holds(&edits).await;
    person.clicks("#save").await;
    person.sees("#flash.flash--done").await;
    person.holds(&edits).await;
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn the_edits_are_there_after_the_login() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(the_journey(one), the_journey(other));
}
