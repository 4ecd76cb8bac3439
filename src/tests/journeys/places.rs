//! Tests that sessions and the mail about a new browser name a place in plain words, in the reader's language.

use axum::http::{HeaderValue, header};

use crate::support::{Page, Person, TestOp};

const EMAIL: &str = "alice@example.org";
const SESSIONS: &str = "/account/sessions";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/18.5 Mobile/15E148 Safari/604.1";

/// Logs in from an address, with another browser.
async fn logs_in_from(op: &TestOp, person: &Person, address: &str, agent: &'static str) -> Person {
    let mut there = person.elsewhere(op);
    there.browser.peer = address.parse().expect("an address");
    let agent = HeaderValue::from_static(agent);
    there.browser.headers.insert(header::USER_AGENT, agent);
    there.logs_in().await;
    there
}

fn first_row(page: &Page) -> String {
    page.text_of("#sessions > li")
}

#[tokio::test]
async fn sessions_name_the_country_of_their_network_this_one_first() {
    let op = TestOp::start().await;
    let alice = op.person(EMAIL).await;
    // ETH Zurich; a private network; a network of no country.
    let mut zurich = logs_in_from(&op, &alice, "129.132.1.1", SAFARI).await;
    op.advance(60);
    logs_in_from(&op, &alice, "10.1.2.3", "").await;
    op.advance(60);
    let mut last = logs_in_from(&op, &alice, "2001:db8::1", SAFARI).await;

    let page = zurich.browser.get(SESSIONS).await;
    for words in [
        "From Switzerland (129.132.1.1)",
        "From a private network (10.1.2.3)",
        "From network 2001:db8::/64",
        "Unknown browser",
        "Safari, iPhone",
    ] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    let row = first_row(&page);
    assert!(
        row.contains("this browser") && row.contains("Switzerland"),
        "{row}"
    );
    let row = first_row(&last.browser.get(SESSIONS).await);
    assert!(
        row.contains("this browser") && row.contains("2001:db8::/64"),
        "{row}"
    );
    let page = zurich.browser.get("/account/sessions?ui_locales=fr").await;
    assert!(page.text().contains("Suisse (129.132.1.1)"), "{}", page.text());

    // LG-4: the mail about the first of them names the place, too.
    let mails = op.outbox().to(EMAIL).await;
    let mail = mails.iter().find(|it| it.kind == "new_sign_in").expect("a mail");
    assert!(mail.text.contains("Safari, iPhone"), "{}", mail.text);
    assert!(
        mail.text
            .contains("Place, by its network: Switzerland (129.132.1.1)"),
        "{}",
        mail.text
    );
    assert!(mail.html.contains("Switzerland (129.132.1.1)"));
}
