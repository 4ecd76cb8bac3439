//! Mails to people who were taken over from the former platform: how they log in here. The operator sends them in waves
//! (`user invite`), so that neither the mail server nor the ServiceDesk meets everybody at once.

use serde_json::json;

use super::Result;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::storage::invitations;
use crate::templates::mails;

/// The most people of one transaction.
pub const BATCH: u32 = 20;

/// A part of a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mailed {
    /// The people who were next. There may be more of them than were mailed: another wave mailed them meanwhile.
    pub found: u64,
    pub mailed: u64,
}

/// Mails the next people, each in their language. A mail and the mark that its reader is invited are one transaction:
/// whatever ends the process, nobody is mailed twice and nobody is left out.
pub async fn mail_next(app: &App, context: &Context, most: u64) -> Result<Mailed> {
    app.write(context, async |tx| {
        let mut mailed = 0_u64;
        let next = invitations::list(tx, most.min(BATCH.into())).await?;
        let found = next.len() as u64;
        for it in next {
            if !invitations::mark(tx, &it.account.id, tx.now()).await? {
                continue;
            }
            let message = mails::AccountTakenOver {
                name: it.account.profile.full_name(),
                has_password: it.has_password,
            };
            tx.mail(&it.account, &message).await?;
            mailed += 1;
        }
        if mailed > 0 {
            let event = Event::new(Action::AccountsInvited, "accounts:imported");
            tx.record(event.change(json!(null), json!({ "mailed": mailed })))
                .await?;
        }
        Ok(Mailed { found, mailed })
    })
    .await
}

/// Returns the number of people who are not invited yet, nor were here.
pub async fn count_waiting(app: &App) -> Result<u64> {
    Ok(invitations::count(app.db.read()).await?)
}
