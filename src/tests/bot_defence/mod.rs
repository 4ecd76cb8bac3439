//! Tests what keeps programs from signing up, asks nothing of people, and needs nobody else: the proof of work, the
//! decoy field, the counts by network, disposable domains (security.md DS-5, DS-6).

mod decoy;
mod disposable_domains;
mod forms_without_work;
mod logins;
mod solutions;

use chrono::Duration;
use sea_orm::{ConnectionTrait, Statement};

use crate::support::{Form, Page, Person, TestOp};

const DETAILS: [(&str, &str); 6] = [
    ("first_name", "Zoë"),
    ("last_name", "Person"),
    ("title", "dr"),
    ("gender", "female"),
    ("job_title", "Engineer"),
    ("professional_role", "technical"),
];

impl Person {
    /// Returns the first form of a sign-up, filled in, and its page.
    async fn fills_in_details(&mut self) -> (Page, Form) {
        let page = self.browser.get("/signup").await;
        let mut form = page.form(&["email", "first_name"]);
        let own = [
            ("email", self.email.as_str()),
            ("password", &self.password),
            ("password_confirmation", &self.password),
        ];
        for (name, value) in own.into_iter().chain(DETAILS) {
            form = form.with(name, value);
        }
        (page, form)
    }

    /// Fills in the second form, which asks for the mail with the code.
    async fn asks_for_a_code(&mut self, page: &Page) -> Page {
        let form = page.form(&["organization_query", "accept_terms"]);
        let fields = [
            ("membership_type", "non_member"),
            ("member_state", "CH"),
            ("organization_query", "Laboratory"),
        ];
        let page = self.browser.submit(form.press("action", "new"), &fields).await;
        let form = page.form(&["organization_name"]);
        let fields = [
            ("organization_name", "Laboratory of Waves"),
            ("organization_city", "Geneva"),
            ("accept_terms", "on"),
        ];
        self.browser.submit(form.press("action", "create"), &fields).await
    }
}

impl TestOp {
    /// Returns how long the newest mail to an address waits before it leaves.
    async fn wait_of_mail(&self, to: &str) -> Duration {
        let kind = self.outbox().latest(to).await.kind;
        self.outbox().wait(to, &kind).await
    }

    /// Returns the reasons and circumstances of the events of an action, the oldest first.
    async fn events(&self, action: &str) -> Vec<String> {
        let db = self.app.db.read();
        let statement = Statement::from_sql_and_values(
            db.get_database_backend(),
            "SELECT coalesce(reason, after, '') AS told FROM events WHERE action = $1 ORDER BY at, id",
            [action.into()],
        );
        let rows = db.query_all_raw(statement).await.unwrap();
        rows.iter().map(|it| it.try_get("", "told").unwrap()).collect()
    }
}
