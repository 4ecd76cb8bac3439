//! Makes and finds the links *This was not me* of mails about an account's security: 256 bits, seven days, one use. What
//! such a link does is in `not_me`.

use sea_orm::ConnectionTrait;

use super::{Error, Result, mail_link};
use crate::app::Tx;
use crate::domain::account::Account;
use crate::domain::not_me::{Cause, NotMeLink, VALID};
use crate::domain::secret::Digest;
use crate::storage::not_me_links;
use crate::templates::mails;

/// Marks the kind of the token (security.md G-7).
const PREFIX: &str = "nm_";

/// Makes a link for a mail to the account's address.
pub(super) async fn issue(tx: &Tx, account: &Account, cause: Cause) -> Result<mails::NotMeLink> {
    let token = mail_link::token(PREFIX);
    let link = NotMeLink {
        account: account.id.clone(),
        email: account.email.clone(),
        cause,
        mailed_at: tx.now(),
        used_at: None,
        expires_at: tx.now() + VALID,
    };
    not_me_links::insert(tx, &Digest::of(token.as_bytes()), &link).await?;
    Ok(mails::NotMeLink {
        token,
        until: link.expires_at,
    })
}

/// Returns the link of a token, whatever its state. `LinkVoid`: there is none.
pub(super) async fn find(db: &impl ConnectionTrait, token: &str) -> Result<(Digest, NotMeLink)> {
    let digest = mail_link::digest(PREFIX, token)?;
    let link = not_me_links::find(db, &digest).await?.ok_or(Error::LinkVoid)?;
    Ok((digest, link))
}
