//! Tests what assistive technology announces: results of the type-ahead, where an error is, where the focus goes (WCAG
//! 2.2: 2.4.3, 3.3.1, 4.1.3).

use super::driver::{Browser, Device};
use super::server::Server;

const ESCAPE: &str = "\u{e00c}";

async fn of_an_error(device: Device) {
    let server = Server::starts().await;
    server
        .op
        .insert_person_reading("alice@example.org", device.language)
        .await;
    let person = Browser::open(&device.label("announced"), device).await;
    person.goes_to(&server.at("/login")).await;
    let error = if device.language == "ar" {
        "خطأ:"
    } else {
        "Error:"
    };
    assert!(!person.title().await.starts_with(error));
    person.fills("email", "alice@example.org").await;
    person.fills("password", "Wrong-lamp-42").await;
    person.clicks("#login-form #login").await;
    person.sees("#form-notice").await;
    assert_eq!(person.focus().await, "form-notice");
    assert!(
        person.title().await.starts_with(error),
        "{}",
        person.title().await
    );

    person.logs_in(&server, "alice@example.org").await;
    person.goes_to(&server.at("/account/profile")).await;
    person.fills("job_title", "Chief ☃").await;
    person.fills("first_name", "☃").await;
    person.clicks("#save").await;
    person.sees("#form-notice").await;
    assert_eq!(person.focus().await, "form-notice");
    assert!(
        person.title().await.starts_with(error),
        "{}",
        person.title().await
    );
    person.shows("error").await;
    // The summary leads to each wrong field.
    for name in ["first_name", "job_title"] {
        person.clicks(&format!("#form-notice a[href='#{name}']")).await;
        assert_eq!(person.focus().await, name);
    }
    person.closes().await;
}

/// Tests the script's part: without it the menu is a browser's own, and the search is a page.
async fn of_the_script(device: Device) {
    let server = Server::starts().await;
    server
        .op
        .insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let person = Browser::open(&device.label("announced-search"), device).await;
    person.goes_to(&server.at("/signup")).await;
    person.opens_language_menu().await;
    person.types(ESCAPE).await;
    assert!(person.language_menu_has_the_focus().await);

    person.fills_sign_up("hana@example.org").await;
    person.clicks("#signup-continue").await;
    let status = "[data-organizations] [role='status']";
    person.sees("[name='membership_type']").await;
    assert_eq!(person.reads(status).await, "");
    person.chooses("membership_type", "member_state").await;
    person.chooses("member_state", "CH").await;
    person.fills("organization_query", "communications").await;
    person.sees("#organization-ofcom").await;
    let found = person.reads(status).await;
    assert!(found.contains('1') || found.contains('١'), "{found}");
    person.shows("found").await;
    person.fills("organization_query", "nowhere").await;
    person.comes_to_have("#organization-ofcom", false).await;
    let none = person.reads(status).await;
    assert!(!none.is_empty() && none != found, "{none}");
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn an_error_has_the_focus() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(of_an_error(one), of_an_error(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn results_are_announced_and_escape_leads_back() {
    let [arabic, _] = Device::scripted_and_plain();
    tokio::join!(of_the_script(arabic), of_the_script(Device::DESKTOP));
}
