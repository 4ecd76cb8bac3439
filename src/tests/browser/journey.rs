//! Tests the journey from sign-up to single sign-on into three services, and out of all of them.

use super::driver::{Browser, Device};
use crate::support::product::Demo;

const ORGANIZATION: &str = "adm-kr";

/// Signs up from the events site. Elements are found by name, so that any language will do.
async fn signs_up(person: &Browser, demo: &Demo, email: &str, device: Device) {
    person.goes_to(&demo.events).await;
    person.shows("events-logged-out").await;
    person.clicks("#login").await;
    person.sees("[name='password']").await;
    person.shows("login").await;
    person.clicks("a[href*='/signup']").await;
    person.sees("[name='first_name']").await;
    person.shows("signup").await;
    person.fills("email", email).await;
    person.fills("first_name", "Hana").await;
    person.fills("last_name", "Choi").await;
    person.fills("password", "Long-Bridge-47-river").await;
    person
        .fills("password_confirmation", "Long-Bridge-47-river")
        .await;
    person.chooses("gender", "female").await;
    person.fills("job_title", "Standards engineer").await;
    person.chooses("professional_role", "technical").await;
    person.clicks("#signup-continue").await;

    person.sees("[name='membership_type']").await;
    person.shows("organization").await;
    person.chooses("membership_type", "member_state").await;
    person.chooses("member_state", "KR").await;
    person.fills("organization_query", "networks").await;
    if !device.javascript {
        person.clicks("#organization-search").await;
    }
    // With the script the list follows the typing.
    person.clicks(&format!("#organization-{ORGANIZATION}")).await;
    person.clicks("[name='request_ties']").await;
    person.clicks("[name='accept_terms']").await;
    person.shows("organization-chosen").await;
    person.clicks("#signup").await;

    person.sees("[name='code']").await;
    person.shows("verify").await;
    let code = code_mailed_to(demo, email).await;
    person.fills("code", &code).await;
    person.clicks("#verify").await;
    person.sees("#ok").await;
    person.shows("signup-done").await;
    person.clicks("#ok").await;
}

/// Returns the code of the newest mail to the address, from the demo's outbox.
async fn code_mailed_to(demo: &Demo, email: &str) -> String {
    let http = reqwest::Client::builder().build().expect("a client");
    let mails: Vec<serde_json::Value> = http
        .get(format!("{}/demo/outbox.json?to={email}", demo.url))
        .send()
        .await
        .expect("sent")
        .json()
        .await
        .expect("JSON");
    let text = mails.first().expect("a mail")["text"]
        .as_str()
        .expect("text")
        .to_owned();
    let code = text
        .lines()
        .map(str::trim)
        .find(|it| it.len() == 8 && it.bytes().all(|b| b.is_ascii_digit()));
    code.expect("the code alone on a line").to_owned()
}

async fn focal_point_approves(demo: &Demo, label: &str, device: Device) {
    let focal = Browser::open(&format!("{label}-focal-point"), device).await;
    focal.goes_to(&format!("{}/login", demo.url)).await;
    focal.fills("email", "focal.kr@msn.example").await;
    focal.fills("password", &demo.password).await;
    focal.clicks("#login").await;
    // The account was taken over from elsewhere: the Terms of Use come at the first login.
    focal.shows("terms").await;
    focal.clicks("#accept").await;
    focal.sees("a[href='/focal-point']").await;
    focal.shows("account").await;
    focal
        .goes_to(&format!(
            "{}/focal-point/{ORGANIZATION}/requests?q=choi",
            demo.url
        ))
        .await;
    focal.shows("requests").await;
    focal.clicks("main a[href*='/requests/']").await;
    focal.sees("#approve").await;
    focal.shows("request").await;
    // The Focal Point goes on to the person's page, where the rights are.
    focal.clicks("#approve").await;
    focal.sees("#grant-documents").await;
    focal.shows("person").await;
    for right in ["documents", "mailing_lists"] {
        focal.clicks(&format!("#grant-{right}")).await;
        focal.sees(&format!("#revoke-{right}")).await;
    }
    focal.shows("granted").await;
    focal
        .goes_to(&format!("{}/focal-point/{ORGANIZATION}/people?q=choi", demo.url))
        .await;
    focal.sees("main a[href*='/people/']").await;
    focal.shows("people").await;
    focal.closes().await;
}

async fn the_main_journey(label: &str, device: Device) {
    let demo = Demo::starts();
    let person = Browser::open(label, device).await;
    signs_up(&person, &demo, &format!("hana.choi@{label}.example"), device).await;

    person.arrives_at(&demo.events).await;
    assert_eq!(person.reads("#affiliation_status").await, "pending");
    assert_eq!(person.reads("#membership_type").await, "–");
    assert!(
        person
            .reads("#access")
            .await
            .contains("must be approved before you register")
    );
    person.shows("events-pending").await;

    focal_point_approves(&demo, label, device).await;

    person.clicks("#refresh").await;
    person.comes_to_read("#affiliation_status", "approved").await;
    assert_eq!(person.reads("#membership_type").await, "member_state");
    assert!(
        person
            .reads("#organization")
            .await
            .contains("Ministry of Science and Networks")
    );
    assert_eq!(person.reads("#ties_rights").await, "documents, mailing_lists");
    person.shows("events-member").await;

    for (name, site) in [("bookshop", &demo.bookshop), ("lists", &demo.lists)] {
        person.goes_to(site).await;
        person.clicks("#login").await;
        // Single sign-on asks for no password on the way.
        person.arrives_at(site).await;
        person.sees("#who").await;
        person.shows(name).await;
    }

    person.clicks("#logout").await;
    person.arrives_at(&demo.lists).await;
    person.sees("#login").await;
    // The login is gone for the other services, too: they ask for the password again.
    person.goes_to(&demo.bookshop).await;
    person.clicks("#logout").await;
    person.sees("#login").await;
    person.clicks("#login").await;
    person.sees("[name='password']").await;
    person.shows("logged-out").await;
    person.closes().await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn with_javascript() {
    the_main_journey("desktop", Device::DESKTOP).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn without_javascript() {
    the_main_journey(
        "plain",
        Device {
            javascript: false,
            ..Device::DESKTOP
        },
    )
    .await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn in_french_on_a_phone() {
    the_main_journey("telephone", Device::PHONE).await;
}
