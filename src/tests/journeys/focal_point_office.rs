//! Tests the office of Focal Point: what its pages read, who is away and who stands in from when until when, and how the office
//! is handed over (product.md; security.md AF-8).

mod absences;
mod deputies;
mod found_by_name;
mod handover;
mod history;
mod plans;
mod weekly_digest;

use chrono::{Days, NaiveDate};

use super::joining_an_organization::{focal_point, member};
use crate::support::traces::count;
use crate::support::{Page, Person, TestOp};

const OFFICE: &str = "/focal-point/ofcom/office";

/// Returns today, and so many days later.
fn day(op: &TestOp, later: u64) -> String {
    let today: NaiveDate = op.now().date_naive();
    (today + Days::new(later)).to_string()
}

/// Fills in a form of the page of the offices, and presses its button.
async fn does(person: &mut Person, act: &str, values: &[(&str, &str)]) -> Page {
    let page = person.browser.get(OFFICE).await;
    let form = page.form(&[&format!("action={act}")]);
    person.browser.submit(form.press("action", act), values).await
}

/// Presses the button of the page that says what will happen.
async fn confirms(person: &mut Person, asked: &Page) -> Page {
    assert!(asked.has("#consequence"), "{}", asked.text());
    let form = asked.form_to("/focal-point/ofcom/office/confirm");
    let (name, action) = form.buttons[0].clone();
    person.browser.send(form.press(&name, &action)).await
}

async fn names_deputy(person: &mut Person, email: &str, from: &str, until: &str) -> Page {
    let values = [("email", email), ("from", from), ("until", until)];
    does(person, "name", &values).await
}

/// Counts the records of this kind.
async fn records(op: &TestOp, action: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM events WHERE action = '{action}'");
    count(op, &sql).await
}

async fn mails(op: &TestOp, to: &str, kind: &str) -> usize {
    let all = op.outbox().to(to).await;
    all.iter().filter(|it| it.kind == kind).count()
}

/// Asks for an affiliation by the page, as somebody who has an account and nothing else.
async fn asks_to_join(op: &TestOp, email: &str) {
    let mut person = op.person(email).await;
    person.logs_in().await;
    let values = [
        ("membership_type", "member_state"),
        ("member_state", "CH"),
        ("organization_id", "ofcom"),
    ];
    let page =
        super::joining_an_organization::by_hand(&mut person, "/account/organization/change", &values).await;
    assert_eq!(page.url.path(), "/account/organization", "{}", page.text());
}

/// Logs in anew, after some time.
async fn comes_back(person: &mut Person) {
    person.browser.forget_cookies();
    person.logs_in().await;
}
