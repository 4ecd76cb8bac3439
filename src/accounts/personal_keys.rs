//! The keys by which rows are a person's: what the download of the own data reads, and the deletion deletes.

use super::{known_browser, verification};
use crate::app::App;
use crate::domain::account::Account;
use crate::storage::personal_data::Person;

pub(super) struct PersonalKeys<'a> {
    account: &'a Account,
    addresses: Vec<String>,
    throttles: [String; 2],
}

impl<'a> PersonalKeys<'a> {
    pub(super) fn of(app: &App, account: &'a Account) -> Self {
        let login = known_browser::label(app, &account.email.key());
        let mut addresses = verification::labels(app, &account.email).to_vec();
        addresses.push(login.clone());
        Self {
            account,
            addresses,
            throttles: [login, account.id.to_string()],
        }
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
