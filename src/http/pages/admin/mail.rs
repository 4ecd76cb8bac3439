//! `/admin/mail`: the outgoing mails with their states, one of them with its attempts and the server's last words, and the
//! acts on those that were given up, each after a page that says what it will do. No text of a mail is shown (security.md
//! G-13, DS-7). The rules are in `accounts::outgoing_mails`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;

use crate::accounts::Error;
use crate::accounts::outgoing_mails::{self, MOST_COUNTED, MailSearch};
use crate::domain::Time;
use crate::domain::outgoing_mail::{MailState, OutgoingMail};
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm, refused};
use crate::paths;
use crate::templates::FormState;
use crate::templates::mails::previews;
use crate::templates::pages::{AdminMail, AdminMailConfirm, AdminMails, MailRow};

const FILTERS: [&str; 3] = ["q", "kind", "state"];
/// The mails of a page (security.md AD-4).
const ROWS: u64 = 25;

fn typed(form: &FormState) -> MailSearch<'_> {
    MailSearch {
        recipient: form.value("q"),
        kind: form.value("kind"),
        state: form.value("state"),
    }
}

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let form = query.form(&FILTERS);
    let counts = outgoing_mails::counts(app, &context).await?;
    let found = outgoing_mails::list(app, &context, typed(&form), query.get("after"), ROWS).await;
    let (status, form, rows, next) = match found {
        Ok(found) => (StatusCode::OK, form, found.rows, found.next),
        Err(Error::Fields(wrong)) => {
            let form = refused(form, wrong);
            (StatusCode::UNPROCESSABLE_ENTITY, form, Vec::new(), None)
        }
        Err(other) => return Err(other.into()),
    };
    let now = app.clock.now();
    let can_resend_all = rows.iter().any(|it| it.can_be_resent(now));
    let has_given_up = rows.iter().any(|it| it.state(now) == MailState::GivenUp);
    let page = AdminMails {
        kinds: previews::ALL.iter().map(|it| it.name).collect(),
        states: MailState::ALL.iter().map(|it| it.as_str()).collect(),
        waiting: counts.waiting,
        given_up: counts.given_up,
        rows: rows.iter().map(|it| row(it, now)).collect(),
        older: next.map(|it| address(paths::ADMIN_MAILS, &form, Some(&it))),
        newest: (!query.get("after").is_empty()).then(|| address(paths::ADMIN_MAILS, &form, None)),
        is_filtered: FILTERS.iter().any(|it| !query.get(it).is_empty()),
        resend_all: can_resend_all.then(|| address(paths::ADMIN_MAILS_CONFIRM, &form, None)),
        discard_all: has_given_up.then(|| question(Act::Discard, &form)),
        form,
    };
    ctx.page_with(status, &page).await
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let found = outgoing_mails::open(app, &context, &id).await?;
    let now = app.clock.now();
    let page = AdminMail {
        row: row(&found, now),
        account: found.account.as_ref().map(ToString::to_string),
        attempts: u64::try_from(found.attempts).unwrap_or(0),
        next_attempt_at: found.next_attempt_at.filter(|_| is_waiting(&found, now)),
        sent_at: found.sent_at,
        failed_at: found.failed_at,
        last_error: found.last_error.clone(),
        void_at: found.void_at,
        can_be_resent: found.can_be_resent(now),
        can_be_discarded: found.state(now) == MailState::GivenUp,
    };
    ctx.page(&page).await
}

fn is_waiting(mail: &OutgoingMail, now: Time) -> bool {
    matches!(mail.state(now), MailState::Queued | MailState::BeingSent)
}

/// An act on a mail that has a page of its own before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Resend,
    Discard,
}

impl Act {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Discard => "discard",
        }
    }

    fn parse(value: &str) -> Option<Self> {
        [Self::Resend, Self::Discard]
            .into_iter()
            .find(|it| it.as_str() == value)
    }

    fn applies_to(self, mail: &OutgoingMail, now: Time) -> bool {
        match self {
            Self::Resend => mail.can_be_resent(now),
            Self::Discard => mail.state(now) == MailState::GivenUp,
        }
    }
}

/// Says what an act on one mail will do.
pub async fn confirm(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let found = outgoing_mails::find(&ctx.app, &ctx.actor_context(), &id).await?;
    let now = ctx.app.clock.now();
    let act = ctx.given("action").and_then(|it| Act::parse(&it));
    let Some(act) = act.filter(|it| it.applies_to(&found, now)) else {
        return ctx.show_elsewhere(&paths::admin_mail(&id)).await;
    };
    let page = AdminMailConfirm {
        action: act.as_str(),
        row: Some(row(&found, now)),
        number: 1,
        is_cut: false,
        recipient: String::new(),
        kind: String::new(),
        until: String::new(),
        back: paths::admin_mail(&id),
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

/// Says what it will do to send all mails once more, or to discard them, that were given up and match.
pub async fn confirm_all(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let given = |name: &str| ctx.given(name).unwrap_or_default();
    let form = FormState::new(FILTERS.map(|name| (name, given(name))));
    let (app, context) = (&ctx.app, ctx.actor_context());
    let act = Act::parse(&given("action")).unwrap_or(Act::Resend);
    let number = match act {
        Act::Resend => outgoing_mails::count_resendable(app, &context, typed(&form)).await,
        Act::Discard => outgoing_mails::count_discardable(app, &context, typed(&form)).await,
    };
    let number = match number {
        Ok(number) if number > 0 => number,
        // Nothing is left, or there is no such filter: the list says so.
        Ok(_) | Err(Error::Fields(_)) => {
            return ctx
                .show_elsewhere(&query.address_of(paths::ADMIN_MAILS, &FILTERS))
                .await;
        }
        Err(other) => return Err(other.into()),
    };
    let page = AdminMailConfirm {
        action: act.as_str(),
        row: None,
        number,
        is_cut: number == MOST_COUNTED,
        recipient: form.value("q").to_owned(),
        kind: form.value("kind").to_owned(),
        // A form that is shown again is about what was seen first.
        until: ctx
            .form_or(FormState::default())
            .values
            .get("until")
            .cloned()
            .unwrap_or_else(|| ctx.app.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true)),
        back: address(paths::ADMIN_MAILS, &form, None),
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    q: String,
    kind: String,
    action: String,
    until: String,
    reason: String,
}

pub async fn act(Path(id): Path<String>, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let to = paths::admin_mail(&id);
    let done = match Act::parse(&fields.action) {
        None => return ctx.again(typed.error("action", "error.choose")).await,
        Some(Act::Resend) => outgoing_mails::resend(app, &context, &id)
            .await
            .map(|_| (to.as_str(), "mail_resent")),
        Some(Act::Discard) => outgoing_mails::discard(app, &context, &id)
            .await
            .map(|()| (paths::ADMIN_MAILS, "mail_discarded")),
    };
    match done {
        Ok((to, done)) => ctx.done(to, done).await,
        // Somebody else was faster, or its code has become void meanwhile.
        Err(Error::Conflict) => ctx.failed(&to, "mail_changed").await,
        Err(other) => Err(other.into()),
    }
}

pub async fn act_on_all(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let search = MailSearch {
        recipient: &fields.q,
        kind: &fields.kind,
        state: "",
    };
    let (done, text) = match Act::parse(&fields.action) {
        None => return ctx.again(typed.error("action", "error.choose")).await,
        Some(Act::Resend) => (
            outgoing_mails::resend_all(app, &context, search).await,
            "mails_resent",
        ),
        Some(Act::Discard) => {
            // The time of the page that said how many.
            let Ok(until) = DateTime::parse_from_rfc3339(&fields.until) else {
                return Err(PageError::Invalid);
            };
            let until = Some(until.to_utc());
            let done = outgoing_mails::discard_all(app, &context, search, until, &fields.reason).await;
            (done, "mails_discarded")
        }
    };
    match done {
        Ok(0) => ctx.failed(paths::ADMIN_MAILS, "mail_changed").await,
        Ok(_) => ctx.done(paths::ADMIN_MAILS, text).await,
        Err(Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(other) => Err(other.into()),
    }
}

fn row(of: &OutgoingMail, now: Time) -> MailRow {
    MailRow {
        id: of.id.clone(),
        recipient: of.recipient.clone(),
        subject: of.subject.clone(),
        kind: of.kind.clone(),
        state: of.state(now).as_str(),
        at: of.created_at,
    }
}

/// Returns the address of the page before an act on all that match.
fn question(act: Act, form: &FormState) -> String {
    let address = address(paths::ADMIN_MAILS_CONFIRM, form, None);
    paths::with_parameter(&address, "action", act.as_str())
}

/// Returns the address of a search, with the filters that have a value.
fn address(path: &str, form: &FormState, after: Option<&str>) -> String {
    let filters = FILTERS.iter().map(|name| (*name, form.value(name)));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(filters.filter(|(_, value)| !value.is_empty()))
        .extend_pairs(after.map(|it| ("after", it)))
        .finish();
    match path {
        // A link to a page that confirms always has a query, by which it is told from the page itself.
        paths::ADMIN_MAILS_CONFIRM if query.is_empty() => format!("{path}?q="),
        path if query.is_empty() => path.to_owned(),
        path => format!("{path}?{query}"),
    }
}
