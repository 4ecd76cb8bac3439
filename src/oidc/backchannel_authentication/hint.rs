//! Finds the person whom a service means (CIBA §7.1, §7.2), by an e-mail address or by an ID token that it was given.

use crate::app::App;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::client::Client;
use crate::domain::{Sid, Subject};
use crate::oidc::{Error, Result, id_token_hint, subject};
use crate::storage::{accounts, sessions};

use super::request::Hint;

/// Returns the person of a hint; `None` if nobody has such an account in use.
pub async fn find(app: &App, client: &Client, hint: &Hint) -> Result<Option<Account>> {
    let found = match hint {
        Hint::Login(address) => match EmailAddress::parse(address) {
            Ok(address) => accounts::find_by_email(app.db.read(), &address.key()).await?,
            Err(_) => None,
        },
        Hint::IdToken(hint) => by_id_token(app, client, hint).await?,
    };
    Ok(found.filter(Account::is_active))
}

/// Finds the person of an ID token. Expired or not, it must be one that this client was given (CIBA §7.1).
async fn by_id_token(app: &App, client: &Client, hint: &str) -> Result<Option<Account>> {
    let not_ours = || Error::invalid_request("id_token_hint is not an ID token that this client was given");
    let claims = id_token_hint::read(app, hint).ok_or_else(not_ours)?;
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    if text("aud") != Some(client.id.as_str()) {
        return Err(not_ours());
    }
    let named = Subject::new(text("sub").ok_or_else(not_ours)?);
    let db = app.db.read();
    if let Some(account) = accounts::find_by_subject(db, &named).await? {
        return Ok(Some(account));
    }
    // A pairwise name leads nowhere by itself; the session that it was stated in does, while it lasts.
    let Some(sid) = text("sid") else { return Ok(None) };
    let session = sessions::find_by_sid(db, &Sid::new(sid)).await?;
    let account = session.map(|it| it.1);
    Ok(account.filter(|it| subject::for_client(app, client, &it.sub) == named))
}
