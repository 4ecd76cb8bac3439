//! The keys by which rows are a person's: what the download of the own data reads, and the deletion deletes.

use super::{Result, former_addresses, known_browser};
use crate::app::App;
use crate::domain::account::Account;
use crate::storage;
use crate::storage::personal_data::Person;

pub(super) struct PersonalKeys<'a> {
    account: &'a Account,
    addresses: Vec<String>,
    throttles: Vec<String>,
}

impl<'a> PersonalKeys<'a> {
    pub(super) async fn find(app: &App, account: &'a Account) -> Result<Self> {
        let former = storage::former_addresses::list(app.db.read(), &account.id).await?;
        let login = known_browser::label(app, &account.email.key());
        let mut throttles = vec![login, account.id.to_string()];
        // Which of the former labels counters go by, they do not say.
        throttles.extend(former.iter().cloned());
        let mut addresses = former_addresses::labels(app, &account.email);
        addresses.extend(former);
        Ok(Self {
            account,
            addresses,
            throttles,
        })
    }

    pub(super) fn person(&self) -> Person<'_> {
        Person {
            account: &self.account.id,
            email: self.account.email.as_str(),
            addresses: &self.addresses,
            throttles: &self.throttles,
        }
    }
}
