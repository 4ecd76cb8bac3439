//! The mails of a test, read as their reader would: newest first.

use chrono::Duration;
use itu_account::app::App;
use itu_account::domain::Time;
use itu_account::storage::outbox::{self, Entry};
use sea_orm::{ConnectionTrait, Statement};

pub struct Outbox<'a>(pub &'a App);

impl Outbox<'_> {
    /// Returns all mails to an address, the newest first.
    pub async fn to(&self, address: &str) -> Vec<Entry> {
        outbox::list(self.0.db.read(), Some(address), 0, 1000)
            .await
            .expect("the outbox")
    }

    pub async fn latest(&self, address: &str) -> Entry {
        let found = self.to(address).await.into_iter().next();
        found.unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// Returns how long the newest mail of a kind waits before it leaves.
    pub async fn wait(&self, address: &str, kind: &str) -> Duration {
        let mails = self.to(address).await;
        let mail = mails.iter().find(|it| it.kind == kind);
        let mail = mail.unwrap_or_else(|| panic!("no {kind} to {address}"));
        let db = self.0.db.read();
        let statement = Statement::from_sql_and_values(
            db.get_database_backend(),
            "SELECT next_attempt_at FROM outbox_mails WHERE id = $1",
            [mail.id.as_str().into()],
        );
        let row = db.query_one_raw(statement).await.expect("a row").expect("a row");
        let due: Time = row.try_get("", "next_attempt_at").expect("a time");
        due - mail.created_at
    }

    pub async fn count(&self) -> u64 {
        outbox::count(self.0.db.read(), None).await.expect("the outbox")
    }

    /// Returns the newest code: it stands alone on a line of its mail (contract.md). Mails of one moment have no order, so
    /// the code selects the mail.
    pub async fn code(&self, address: &str) -> String {
        let mails = self.to(address).await;
        let mut lines = mails.iter().flat_map(|it| it.text.lines().map(str::trim));
        let code = lines.find(|it| it.len() == 8 && it.bytes().all(|b| b.is_ascii_digit()));
        code.unwrap_or_else(|| panic!("no mail to {address} has a code"))
            .to_owned()
    }

    /// Returns the newest link to a path of ours. Mails of one moment have no order, so the path selects the mail.
    pub async fn link(&self, address: &str, path: &str) -> String {
        let start = self.0.config.issuer.at(path);
        let mails = self.to(address).await;
        let mut words = mails.iter().flat_map(|it| it.text.split_whitespace());
        let link = words.find(|it| it.starts_with(&start));
        link.unwrap_or_else(|| panic!("no mail to {address} links to {path}"))
            .to_owned()
    }
}
