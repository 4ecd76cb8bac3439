//! `/api/v1/mails`: the outgoing mails by address, kind and state, and of those that were given up, one or all once more, or
//! discarded. No text of a mail is in an answer (security.md G-13, DS-7). The rules are in `accounts::outgoing_mails`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::accounts::outgoing_mails::{self, MailSearch};
use crate::domain::Time;
use crate::domain::outgoing_mail::OutgoingMail;
use crate::domain::powers::{Area, Power};
use crate::paths;

const READ: Power = Power::Read(Area::Operations);
const CHANGE: Power = Power::Change(Area::Operations);

const STATES: &[&str] = &["queued", "being_sent", "sent", "given_up"];

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists outgoing mails, the newest first",
        query: &[
            Parameter::text("recipient", 254, "A whole e-mail address."),
            Parameter::text("kind", 64, "The name of a template."),
            Parameter::choice("state", STATES, "Those in this state."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<Mail>()),
        page: Door::At(paths::ADMIN_MAILS),
        command: Door::At("mail list"),
        ..Operation::reading("listMails", "/api/v1/mails", READ, |call| Box::pin(list(call)))
    },
    Operation {
        summary: "Reads an outgoing mail, without its text",
        answer: Answer::One(Model::of::<Mail>()),
        page: Door::At(paths::ADMIN_MAIL),
        command: Door::At("mail show"),
        ..Operation::reading("readMail", "/api/v1/mails/{id}", READ, |call| {
            Box::pin(read(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Queues a mail that was given up once more",
        answer: Answer::One(Model::of::<Mail>()),
        page: Door::At(paths::ADMIN_MAIL_CONFIRM),
        command: Door::At("mail resend"),
        ..Operation::reading("resendMail", "/api/v1/mails/{id}/resend", CHANGE, |call| {
            Box::pin(resend(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Queues all mails once more that were given up and match",
        body: Some(Model::of::<Resend>()),
        answer: Answer::One(Model::of::<Resent>()),
        page: Door::At(paths::ADMIN_MAILS_CONFIRM),
        command: Door::At("mail resend"),
        ..Operation::reading("resendMails", "/api/v1/mails/resend", CHANGE, |call| {
            Box::pin(resend_all(call))
        })
    },
    Operation {
        verb: Verb::Delete,
        summary: "Deletes a mail that was given up",
        page: Door::At(paths::ADMIN_MAIL_CONFIRM),
        command: Door::At("mail discard"),
        ..Operation::reading("discardMail", "/api/v1/mails/{id}", CHANGE, |call| {
            Box::pin(discard(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Deletes all mails that were given up and match, with one reason",
        body: Some(Model::of::<Discard>()),
        answer: Answer::One(Model::of::<Discarded>()),
        page: Door::At(paths::ADMIN_MAILS_CONFIRM),
        command: Door::At("mail discard"),
        ..Operation::reading("discardMails", "/api/v1/mails/discard", CHANGE, |call| {
            Box::pin(discard_all(call))
        })
    },
];

#[derive(Serialize, ToSchema)]
struct Mail {
    id: String,
    /// The name of its template.
    kind: String,
    /// `queued`, `being_sent`, `sent`, `given_up`
    state: &'static str,
    recipient: String,
    /// The account that it is mailed for.
    account_id: Option<String>,
    subject: String,
    created_at: DateTime<Utc>,
    attempts: u64,
    next_attempt_at: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    /// The last words of the mail server.
    last_error: Option<String>,
    /// The time from which the code or the link in it opens nothing; null if it holds none.
    void_at: Option<DateTime<Utc>>,
    can_be_resent: bool,
}

impl Mail {
    fn of(it: &OutgoingMail, now: Time) -> Self {
        let state = it.state(now).as_str();
        Self {
            id: it.id.clone(),
            kind: it.kind.clone(),
            state,
            recipient: it.recipient.clone(),
            account_id: it.account.as_ref().map(ToString::to_string),
            subject: it.subject.clone(),
            created_at: it.created_at,
            attempts: u64::try_from(it.attempts).unwrap_or(0),
            next_attempt_at: it
                .next_attempt_at
                .filter(|_| matches!(state, "queued" | "being_sent")),
            sent_at: it.sent_at,
            failed_at: it.failed_at,
            last_error: it.last_error.clone(),
            void_at: it.void_at,
            can_be_resent: it.can_be_resent(now),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Resend {
    /// A whole e-mail address; all if it is left out.
    recipient: Option<String>,
    /// The name of a template; all if it is left out.
    kind: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Resent {
    /// How many were queued.
    resent: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Discard {
    /// A whole e-mail address; all if it is left out.
    recipient: Option<String>,
    /// The name of a template; all if it is left out.
    kind: Option<String>,
    /// Those that were given up until this time; now if it is left out.
    until: Option<DateTime<Utc>>,
    /// The reason, for the audit trail.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct Discarded {
    /// How many were deleted.
    discarded: u64,
}

async fn list(call: Call) -> Outcome {
    let search = MailSearch {
        recipient: call.given("recipient"),
        kind: call.given("kind"),
        state: call.given("state"),
    };
    let place = call.place()?.unwrap_or_default();
    let found = outgoing_mails::list(&call.app, &call.context, search, &place, call.limit()?).await?;
    let now = call.app.clock.now();
    let rows = found.rows.iter().map(|it| Mail::of(it, now)).collect();
    let next = found.next.map(|it| call.cursor(&it));
    call.list(rows, next, None)
}

async fn read(call: Call) -> Outcome {
    let found = outgoing_mails::open(&call.app, &call.context, call.id()).await?;
    Reply::one(&Mail::of(&found, call.app.clock.now()))
}

async fn resend(call: Call) -> Outcome {
    let found = outgoing_mails::resend(&call.app, &call.context, call.id()).await?;
    Reply::one(&Mail::of(&found, call.app.clock.now()))
}

async fn resend_all(call: Call) -> Outcome {
    let Resend { recipient, kind } = call.read()?;
    let search = MailSearch {
        recipient: recipient.as_deref().unwrap_or_default(),
        kind: kind.as_deref().unwrap_or_default(),
        state: "",
    };
    let resent = outgoing_mails::resend_all(&call.app, &call.context, search).await?;
    Reply::one(&Resent { resent })
}

async fn discard(call: Call) -> Outcome {
    outgoing_mails::discard(&call.app, &call.context, call.id()).await?;
    Ok(Reply::done())
}

async fn discard_all(call: Call) -> Outcome {
    let Discard {
        recipient,
        kind,
        until,
        reason,
    } = call.read()?;
    let search = MailSearch {
        recipient: recipient.as_deref().unwrap_or_default(),
        kind: kind.as_deref().unwrap_or_default(),
        state: "",
    };
    let discarded = outgoing_mails::discard_all(&call.app, &call.context, search, until, &reason).await?;
    Reply::one(&Discarded { discarded })
}
