//! `/api/v1/newsletter-subscribers`: who has agreed to the newsletter, and the end of a subscription on the wish of its
//! person. `accounts::newsletter_subscribers` carries it out.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{Call, Reply, bad};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::accounts::Error;
use crate::accounts::newsletter_subscribers::{self as subscribers, Reader, Search, Subscriber};
use crate::domain::AccountId;
use crate::domain::powers::{Area, Power};
use crate::paths;

const LANGUAGES: &[&str] = &["ar", "en", "es", "fr", "ru", "zh"];

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists the subscribers to the newsletter, the latest consent first",
        query: &[
            Parameter::text(
                "q",
                200,
                "Beginnings of words of name, address or organization, or an identifier.",
            ),
            Parameter::choice("language", LANGUAGES, "The language in which the person agreed."),
            Parameter::text(
                "since",
                40,
                "The first day (YYYY-MM-DD, UTC) or moment (RFC 3339) of consent.",
            ),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<NewsletterSubscriber>()),
        page: Door::At(paths::ADMIN_NEWSLETTER),
        command: Door::At("newsletter export"),
        ..Operation::reading(
            "listNewsletterSubscribers",
            "/api/v1/newsletter-subscribers",
            Power::Read(Area::Accounts),
            |call| Box::pin(list(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        summary: "Ends the subscription of a person who wishes it; the person is told by mail",
        page: Door::At(paths::ADMIN_NEWSLETTER_CONFIRM),
        command: Door::At("newsletter stop"),
        ..Operation::reading(
            "stopNewsletter",
            "/api/v1/newsletter-subscribers/{id}",
            Power::Change(Area::Accounts),
            |call| Box::pin(stop(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
struct NewsletterSubscriber {
    /// The account, by which the subscription is ended.
    account_id: String,
    email: String,
    name: String,
    /// The language in which the person agreed.
    language: String,
    subscribed_at: DateTime<Utc>,
    /// The page on which the person agreed: `signup`, `profile` or `stop`.
    page: String,
}

impl From<&Subscriber> for NewsletterSubscriber {
    fn from(it: &Subscriber) -> Self {
        Self {
            account_id: it.account.id.to_string(),
            email: it.account.email.as_str().to_owned(),
            name: it.account.profile.full_name(),
            language: it.language.as_str().to_owned(),
            subscribed_at: it.place.given_at,
            page: it.page.as_str().to_owned(),
        }
    }
}

async fn list(call: Call) -> Outcome {
    let search = Search {
        text: call.given("q"),
        language: call.given("language"),
        since: call.given("since"),
    };
    let limit = call.limit()?;
    let reader = match Reader::open(&call.app, &call.context, search).await {
        Err(Error::Fields(_)) => return Err(bad("since")),
        opened => opened?,
    };
    let place = call.place()?.unwrap_or_default();
    let mut reader = reader.after(&place).map_err(|_| bad("cursor"))?;
    let found = reader.next(limit).await?.unwrap_or_default();
    let next = reader.cursor().map(|it| call.cursor(&it));
    let rows = found.iter().map(NewsletterSubscriber::from);
    call.list(rows.collect(), next, None)
}

async fn stop(call: Call) -> Outcome {
    subscribers::stop(&call.app, &call.context, &AccountId::new(call.id())).await?;
    Ok(Reply::done())
}
