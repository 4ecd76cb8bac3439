//! `sub`: by which name a client knows a person (OpenID Connect Core §8). Public for every client;
//! pairwise names are computed here once clients can register for them.

use crate::domain::account::Account;
use crate::domain::client::Client;

pub fn of<'a>(_client: &Client, account: &'a Account) -> &'a str {
    account.sub.as_str()
}
