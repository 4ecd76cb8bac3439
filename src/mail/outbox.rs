//! The transactional outbox: `enqueue` in the transaction of the cause, `deliver` by a job.
//!
//! A mail is claimed for a while, sent, then marked. If the process dies in between it is sent again
//! with the same Message-ID: never lost, and not twice to the reader's harm.

use std::collections::HashSet;

use chrono::Duration;
use futures_util::{StreamExt, stream};
use sea_orm::{ConnectionTrait, DbErr};
use tokio_util::sync::CancellationToken;

use super::{Error, Mailer, SendError};
use crate::domain::account::{Account, EmailAddress};
use crate::domain::profile::Language;
use crate::domain::{AccountId, Time};
use crate::i18n::Locale;
use crate::keys::Keyring;
use crate::random;
use crate::storage::Database;
use crate::storage::accounts::Holder;
use crate::storage::batches::{ROWS, until_done};
use crate::storage::outbox::{self as rows, Due, TooOld, Waiting};
use crate::storage::outgoing_mails;
use crate::telemetry::span::Span;
use crate::templates::{MailTemplate, RenderedMail, Templates};

/// The time for which a sender has a mail to itself.
const CLAIM: Duration = Duration::minutes(2);
/// The time after which a mail that could not be sent is given up.
const GIVE_UP: Duration = Duration::days(3);
/// The refusals by the server itself after which a mail is given up, more than an hour later. One is not enough: a
/// wrong password or a full mailbox is refused with a 5xx too, and passes.
const REFUSALS: i32 = 12;
/// The age at which a mail that was sent or given up is deleted.
pub const KEPT: Duration = Duration::days(7);
/// The length of a round, which ends early, so that no claim made in it is near its end when its mail leaves.
const ROUND: std::time::Duration = std::time::Duration::from_secs(60);
/// The mails on their way side by side.
const AT_ONCE: usize = 8;
/// The mails looked at together: one recipient of many mails leaves room for others.
const MOST_LISTED: u64 = 500;

/// The kind of the seal, and the beginning of a sealed text.
const KIND: &str = "mail";
const SEALED: &str = "sealed:v1:";

/// Who gets an e-mail.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    pub email: &'a EmailAddress,
    pub language: Language,
    /// The account that it is mailed for. The address need not be the one of the account: it was, or may become it.
    pub account: Option<&'a AccountId>,
}

impl<'a> From<&'a Account> for Recipient<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            email: &account.email,
            language: account.language,
            account: Some(&account.id),
        }
    }
}

impl<'a> From<&'a Holder> for Recipient<'a> {
    fn from(holder: &'a Holder) -> Self {
        Self {
            email: &holder.email,
            language: holder.language,
            account: Some(&holder.id),
        }
    }
}

/// An e-mail that is ready to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The address as it was given.
    pub to: String,
    pub account: Option<AccountId>,
    /// The name of its template.
    pub kind: &'static str,
    pub content: RenderedMail,
    /// How long it waits before it leaves.
    pub delay: Duration,
    /// The time after which the code or the link in it opens nothing any more; `None` if it holds none.
    pub opens_for: Option<Duration>,
}

impl Email {
    /// Renders the template in the language of the reader.
    pub fn render<M: MailTemplate>(
        templates: &Templates,
        to: Recipient<'_>,
        mail: &M,
    ) -> Result<Self, crate::templates::Error> {
        Ok(Self {
            to: to.email.as_str().to_owned(),
            account: to.account.cloned(),
            kind: M::NAME,
            content: templates.mail(mail, Locale::from(to.language))?,
            delay: Duration::zero(),
            opens_for: None,
        })
    }
}

/// Writes an e-mail into the outbox, in the transaction of its cause (security.md ST-2).
///
/// Its text is sealed: it may hold a code or a link, which no copy of the database shall show (G-13). In the demo and
/// in tests people read the outbox, and the text stays open.
pub async fn enqueue(
    tx: &impl ConnectionTrait,
    mailer: &Mailer,
    keys: &Keyring,
    now: Time,
    email: &Email,
) -> Result<(), Error> {
    let content = if mailer.keeps_text() {
        email.content.clone()
    } else {
        seal(keys, &email.content)?
    };
    let row = rows::NewMail {
        id: &random::id(),
        kind: email.kind,
        recipient: &email.to,
        account: email.account.as_ref().map(AccountId::as_str),
        subject: &content.subject,
        text: &content.text,
        html: &content.html,
        due_at: now + email.delay,
        void_at: email.opens_for.map(|it| now + it),
        unsubscribe: content.unsubscribe.as_deref(),
    };
    Ok(rows::insert(tx, now, row).await?)
}

fn seal(keys: &Keyring, content: &RenderedMail) -> Result<RenderedMail, crate::keys::Error> {
    let seal = |text: &str| {
        keys.seal(KIND, text.as_bytes())
            .map(|sealed| format!("{SEALED}{sealed}"))
    };
    Ok(RenderedMail {
        subject: content.subject.clone(),
        text: seal(&content.text)?,
        html: seal(&content.html)?,
        unsubscribe: content.unsubscribe.as_deref().map(seal).transpose()?,
    })
}

/// Returns the text, whether it was sealed or not.
fn open(keys: &Keyring, text: String) -> Result<String, SendError> {
    match text.strip_prefix(SEALED) {
        None => Ok(text),
        Some(sealed) => keys
            .open(KIND, sealed)
            .and_then(|it| String::from_utf8(it).ok())
            .ok_or_else(|| SendError::Refused("it was sealed under another master key".into())),
    }
}

async fn send(keys: &Keyring, mailer: &Mailer, mail: Due) -> Result<(), SendError> {
    let mail = Due {
        text: open(keys, mail.text)?,
        html: open(keys, mail.html)?,
        unsubscribe: mail.unsubscribe.map(|it| open(keys, it)).transpose()?,
        ..mail
    };
    let span = Span::calling("send a mail");
    let outcome = mailer.send(&mail).await;
    if let Err(error) = &outcome {
        span.fail(match error {
            SendError::Refused(_) => "refused",
            SendError::Later(_) => "unreachable",
        });
    }
    outcome
}

/// Sends the mails that are due and returns how many were sent.
///
/// Several go side by side, so that a slow server or reader does not keep all others waiting; to one recipient goes one
/// at a time, so that mails come in their order and no server takes them for a flood.
pub async fn deliver(
    db: &Database,
    keys: &Keyring,
    mailer: &Mailer,
    now: impl Fn() -> Time,
    stopping: &CancellationToken,
) -> Result<usize, DbErr> {
    let mut sent = 0;
    let started = std::time::Instant::now();
    while started.elapsed() < ROUND && !stopping.is_cancelled() {
        let mut recipients = HashSet::new();
        let mut due = rows::list_due(db.read(), now(), MOST_LISTED).await?;
        due.retain(|it| recipients.insert(it.recipient.clone()));
        let mut outcomes = stream::iter(due)
            .take_while(|_| std::future::ready(started.elapsed() < ROUND && !stopping.is_cancelled()))
            .map(|it| send_one(db, keys, mailer, now(), it))
            .buffer_unordered(AT_ONCE);
        let mut tried = 0;
        while let Some(outcome) = outcomes.next().await {
            if let Some(is_sent) = outcome? {
                tried += 1;
                sent += usize::from(is_sent);
            }
        }
        if tried == 0 {
            break;
        }
    }
    Ok(sent)
}

/// Returns `true` if the mail was sent; `None` if it is not ours to send.
async fn send_one(
    db: &Database,
    keys: &Keyring,
    mailer: &Mailer,
    now: Time,
    due: Waiting,
) -> Result<Option<bool>, DbErr> {
    let id = due.id.clone();
    let Some(mail) = rows::claim(db, &due, now, now + CLAIM).await? else {
        return Ok(None); // Another node was faster, or sends another one to the same person.
    };
    let attempts = mail.attempts;
    match send(keys, mailer, mail).await {
        Ok(()) => {
            rows::mark_sent(db, &id, now, mailer.keeps_text()).await?;
            Ok(Some(true))
        }
        Err(error) => {
            let refused = matches!(error, SendError::Refused(_)) && attempts >= REFUSALS;
            // LG-3: the server's words may repeat the address, so only the row has them.
            tracing::warn!(mail = %id, attempt = attempts, refused, "a mail was not sent");
            let next = (!refused).then(|| now + wait(attempts));
            let too_old = TooOld {
                queued: now - GIVE_UP,
                created: now - KEPT,
            };
            rows::mark_failed(db, &id, now, next, too_old, &error.to_string()).await?;
            Ok(Some(false))
        }
    }
}

/// Deletes mails that were sent or given up long ago, empties those that were given up and hold a code or a link that opens
/// nothing any more (security.md DS-7), and returns how many. Where people read the outbox, all stay. The job `sweep` calls
/// it.
pub async fn sweep(
    db: &Database,
    mailer: &Mailer,
    now: Time,
    stopping: &CancellationToken,
) -> Result<u64, DbErr> {
    if mailer.keeps_text() {
        return Ok(0);
    }
    let emptied = until_done(stopping, || outgoing_mails::empty_void(db, now, ROWS as u64)).await?;
    Ok(emptied + until_done(stopping, || rows::delete_done(db, now - KEPT)).await?)
}

/// Returns the wait after so many attempts: 10 s, doubling, up to 15 minutes.
fn wait(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or(0);
    Duration::seconds((10_i64 << doublings).min(900))
}

#[cfg(test)]
mod tests;
