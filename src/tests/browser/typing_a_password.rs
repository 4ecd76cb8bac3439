//! Tests what the script adds to the fields of a password: how strong it is, in words that agree with the rules of the
//! server, and a button that shows it. Without the script both are absent and nothing else changes.

use serde_json::json;

use super::driver::{Browser, Device};
use super::server::Server;
use itu_account::domain::account::EmailAddress;
use itu_account::domain::blocklist::Blocklist;
use itu_account::domain::password::{Password, Rule};

const REVEAL: &str = "[data-reveal='password']";

impl Browser {
    async fn strength(&self) -> String {
        let line = self.sees("#password-strength").await;
        line.attr("data-level").await.expect("a page").unwrap_or_default()
    }

    /// Returns the distance of an element from the top of the page, in pixels.
    async fn top_of(&self, css: &str) -> f64 {
        let (_, y, _, _) = self.sees(css).await.rectangle().await.expect("a place");
        y
    }

    /// Returns the sum of what moved by itself, as the metric Cumulative Layout Shift counts it.
    async fn layout_shift(&self) -> f64 {
        let script = "new Promise(done => new PerformanceObserver(list => done(list.getEntries().reduce((sum, it) => \
                      sum + (it.hadRecentInput ? 0 : it.value), 0))).observe({type: 'layout-shift', buffered: true}) || \
                      setTimeout(() => done(0), 500))";
        let parameters = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        let answer = self.developer("Runtime.evaluate", parameters).await;
        answer["result"]["value"].as_f64().expect("a number")
    }
}

async fn with_the_script(device: Device) {
    let server = Server::starts().await;
    let person = Browser::open(&device.label("typing-a-password"), device).await;
    person.goes_to(&server.at("/signup")).await;
    person.fills("email", "john.doe@company.com").await;
    person.fills("last_name", "Jonathan").await;
    let (email, none) = (
        EmailAddress::parse("john.doe@company.com").ok(),
        Blocklist::default(),
    );
    let below = person.top_of("[name='gender']").await;
    for (typed, level) in [
        ("Ab1!", "refused"),
        ("tulip-lamp-42", "refused"),
        ("my-Jonathan-77", "refused"),
        ("zq8-ITU-wxyz", "refused"),
        ("Password1!", "weak"),
        ("P@ssw0rd1!", "weak"),
        ("Jesusis#1", "weak"),
        ("1qaz@WSX", "weak"),
        ("Tulip-lamp-42", "fair"),
        ("Tulip-lamp-42-violet-Anchor", "strong"),
        ("Vx7#kQ2!mw9Zt", "strong"),
    ] {
        person.fills("password", typed).await;
        assert_eq!(person.strength().await, level, "{typed}");
        // The word says *not accepted* for the rules that the server refuses, and for no others.
        let broken = Password::choose(typed, email.as_ref(), &["Jonathan"], &none).err();
        let by_rules = broken.iter().flatten().any(|rule| *rule != Rule::Common);
        assert_eq!(level == "refused", by_rules, "{typed}: {broken:?}");
        assert!(!(level == "strong" && broken.is_some()), "{typed}");
    }
    assert!(!person.reads("#password-strength").await.is_empty());
    assert!((person.top_of("[name='gender']").await - below).abs() < 1.0);

    let field = person.sees("[name='password']").await;
    let kind = async || field.attr("type").await.expect("a page");
    let button = person.sees(REVEAL).await;
    assert!(button.is_displayed().await.expect("a page"));
    person.clicks(REVEAL).await;
    assert_eq!(kind().await.as_deref(), Some("text"));
    assert_eq!(
        button.attr("aria-pressed").await.expect("a page").as_deref(),
        Some("true")
    );
    assert!((person.top_of("[name='gender']").await - below).abs() < 1.0);
    person.shows("shown").await;
    person.clicks(REVEAL).await;
    assert_eq!(kind().await.as_deref(), Some("password"));
    person.clicks(REVEAL).await;

    // The form is refused for other reasons; the password is hidden again by then.
    person.fills("password_confirmation", "Another-lamp-42").await;
    person.chooses("gender", "female").await;
    person.chooses("professional_role", "technical").await;
    person.fills("first_name", "Jo").await;
    person.fills("job_title", "Engineer").await;
    person.clicks("#signup-continue").await;
    person.sees("#password_confirmation-error").await;
    person.sees("[name='password'][type='password']").await;

    // Nothing moves while a page is built (Cumulative Layout Shift).
    for page in ["/signup", "/login"] {
        person.goes_to(&server.at(page)).await;
        assert!(person.sees(REVEAL).await.is_displayed().await.expect("a page"));
        let shift = person.layout_shift().await;
        assert!(shift < 0.02, "{page}: {shift}");
    }
    person.closes().await;
}

async fn without_it(device: Device) {
    let server = Server::starts().await;
    let person = Browser::open(&device.label("typing-a-password"), device).await;
    for page in ["/signup", "/login"] {
        person.goes_to(&server.at(page)).await;
        assert!(
            !person.sees(REVEAL).await.is_displayed().await.expect("a page"),
            "{page}"
        );
    }
    person.goes_to(&server.at("/signup")).await;
    person.fills("password", "Tulip-lamp-42").await;
    assert_eq!(person.reads("#password-strength").await, "");
    person.shows("empty").await;
    person.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_new_password_is_judged_in_words_and_can_be_read() {
    let [arabic, plain] = Device::scripted_and_plain();
    tokio::join!(with_the_script(arabic), without_it(plain));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn so_it_is_on_a_desktop() {
    with_the_script(Device::DESKTOP).await;
}
