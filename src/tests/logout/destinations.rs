//! Tests that a logout always leads somewhere: back to the service, or to a page that names it (OpenID Connect
//! RP-Initiated Logout 1.0 §2, §3; security.md LO-1, LO-2, SE-3).

use serde_json::json;

use crate::support::{Page, Person, RelyingParty, TestOp};

const BYE: &str = "https://events.example.test/bye";

async fn logs_in_at(rp: &mut RelyingParty, person: &mut Person, scopes: &str) -> String {
    let code = person.logs_in_at(rp, scopes).await;
    rp.redeems(&code).await.expect("tokens").id_token
}

async fn confirms(person: &mut Person, page: Page) -> Page {
    let form = page.form(&["decision=logout"]).press("decision", "logout");
    person.browser.send(form).await
}

#[tokio::test]
async fn an_expired_hint_without_a_session_leads_back_to_its_service() {
    let op = TestOp::start().await;
    let mut events = op.client("events").await;
    let mut alice = op.person("alice@example.org").await;
    let hint = logs_in_at(&mut events, &mut alice, "openid").await;
    op.advance(13 * 3600);
    let ask = |hint: &str, uri: &str| {
        let endpoint = &events.end_session_endpoint;
        format!("{endpoint}?id_token_hint={hint}&post_logout_redirect_uri={uri}&state=s")
    };
    let mut stranger = op.browser();
    for browser in [&mut alice.browser, &mut stranger] {
        let back = browser.get(&ask(&hint, BYE)).await;
        assert_eq!(back.url.as_str(), format!("{BYE}?state=s")); // LO-1
        let other = browser.get(&ask(&hint, "https://evil.example/")).await;
        assert_eq!(other.url.path(), "/logged-out"); // LO-2
        assert!(other.text_of("#way-back").contains("events"));
    }
}

#[tokio::test]
async fn the_hint_of_another_person_is_asked_about_and_both_are_named() {
    let op = TestOp::start().await;
    let mut events = op.client("events").await;
    let mut alice = op.person("alice@example.org").await;
    let named = logs_in_at(&mut events, &mut alice, "openid email").await;
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    for age in [0, 700] {
        op.advance(age);
        let url = format!(
            "{}?id_token_hint={named}&post_logout_redirect_uri={BYE}&state=s",
            events.end_session_endpoint
        );
        let page = bob.browser.get(&url).await;
        let text = page.text();
        for name in ["alice@example.org", "bob@example.org", "events"] {
            assert!(text.contains(name), "{name}: {text}"); // LO-1
        }
        let account = bob.browser.get("/account").await;
        assert_eq!(account.url.path(), "/account"); // nothing has ended yet
    }
}

#[tokio::test]
async fn a_service_that_names_itself_is_gone_back_to_once_the_person_confirms() {
    let op = TestOp::start().await;
    let events = op.client("events").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let endpoint = &events.end_session_endpoint;
    let url = format!("{endpoint}?client_id=events&post_logout_redirect_uri={BYE}&state=a%20b");
    let page = alice.browser.get(&url).await;
    assert_eq!(page.url.path(), "/end-session", "{}", page.text());
    assert!(page.text().contains("events"));
    let back = confirms(&mut alice, page).await;
    assert_eq!(back.url.as_str(), format!("{BYE}?state=a%20b")); // LO-1, LO-2, IO-8
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    // Without a session nobody confirms: the page does not redirect, but names the service.
    let page = alice.browser.get(&url).await;
    assert_eq!(page.url.path(), "/logged-out");
    assert!(page.text_of("#way-back").contains("events"));
    for other in ["https://evil.example/", "https://events.example.test/bye/x"] {
        alice.logs_in().await;
        let url = format!("{endpoint}?client_id=events&post_logout_redirect_uri={other}");
        let page = alice.browser.get(&url).await;
        assert_eq!(confirms(&mut alice, page).await.url.path(), "/logged-out"); // LO-2
    }
}

#[tokio::test]
async fn the_last_page_links_to_the_service() {
    let op = TestOp::start().await;
    let (home, start) = (
        "https://shop.example.test/",
        "https://shop.example.test/login?a=1",
    );
    op.client_with("home", json!({ "client_uri": home })).await;
    op.client_with("shop", json!({ "client_uri": home, "initiate_login_uri": start }))
        .await;
    let mut browser = op.browser();
    let begun = format!("{start}&iss=https%3A%2F%2Fid.example.test"); // OpenID Connect Core §4
    for (client, link) in [("home", home), ("shop", &begun)] {
        let page = browser.get(&format!("/end-session?client_id={client}")).await;
        assert_eq!(page.link_of("#way-back"), *link);
    }
    let page = browser.get("/end-session?client_id=nobody").await;
    assert!(page.url.path() == "/logged-out" && !page.has("#way-back"));
}

#[tokio::test]
async fn logging_out_everywhere_leaves_no_access_listed_that_has_ended() {
    let op = TestOp::start().await;
    let mut guest = op.client_with("guest", json!({ "first_party": false })).await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut guest, "openid email offline_access").await;
    let refresh = guest.redeems(&code).await.expect("tokens").refresh_token;
    let offline = "Access while you are logged out";
    assert!(
        alice
            .browser
            .get("/account/services")
            .await
            .text()
            .contains(offline)
    );
    let page = alice.browser.get("/account/sessions").await;
    alice.browser.confirms(&page, "#end-everywhere").await;

    assert!(guest.refreshes(&refresh.expect("one")).await.is_err());
    alice.logs_in().await;
    let services = alice.browser.get("/account/services").await.text();
    assert!(
        services.contains("guest") && !services.contains(offline),
        "{services}"
    ); // SE-3
    // The rest of the consent holds; access while away is asked for again.
    let url = guest.authorization_url("openid email", &[("prompt", "none")]);
    guest.takes(&alice.browser.get(&url).await);
    let url = guest.authorization_url("openid email offline_access", &[]);
    assert_eq!(alice.browser.get(&url).await.url.path(), "/consent");
}
