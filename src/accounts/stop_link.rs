//! Links that stop mails of one kind without a login (RFC 8058). The token is made from the account's id, so that the link of every
//! mail works for ever, whatever the address is by then; it does nothing else.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::{Error, Result};
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::account::Account;
use crate::storage::{Reads, accounts};

/// A kind of mails that a link stops.
#[derive(Clone, Copy, Debug)]
pub struct StopLink {
    /// Marks the kind of the token (security.md G-7).
    prefix: &'static str,
    purpose: &'static str,
}

pub const NEWSLETTER: StopLink = StopLink {
    prefix: "nl_",
    purpose: "newsletter",
};

pub const WEEKLY_DIGEST: StopLink = StopLink {
    prefix: "wd_",
    purpose: "weekly digest",
};

impl StopLink {
    pub fn token(&self, app: &App, account: &AccountId) -> String {
        let mac = app.keys.hmac(self.purpose, account.as_str().as_bytes());
        format!("{}{account}.{}", self.prefix, URL_SAFE_NO_PAD.encode(mac))
    }

    /// Finds the account whose token this is. `LinkVoid`: it is none of ours.
    pub async fn find(&self, app: &App, db: &impl Reads, sent: &str) -> Result<Account> {
        let id = sent
            .strip_prefix(self.prefix)
            .filter(|it| it.len() <= 200)
            .and_then(|it| it.rsplit_once('.'))
            .map(|(id, _)| AccountId::new(id))
            .ok_or(Error::LinkVoid)?;
        if !bool::from(self.token(app, &id).as_bytes().ct_eq(sent.as_bytes())) {
            return Err(Error::LinkVoid);
        }
        accounts::find(db, &id).await?.ok_or(Error::LinkVoid)
    }
}
