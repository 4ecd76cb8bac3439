//! `/api/v1/clients/{id}/receivers`: who hears of what happens to the people of a client, how that goes, and what to do when
//! it does not. A client makes its stream itself, by the interface of Shared Signals; webhooks and SCIM targets are made
//! here. The rules are in `oidc::shared_signals`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply, bad};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::domain::event_receiver::Receiver as DomainReceiver;
use crate::domain::powers::{Area, Power};
use crate::domain::scim_target::ProvisionedPeople;
use crate::domain::secret::Secret;
use crate::domain::signal::{ReceiverStatus, SignalKind};
use crate::domain::{ClientId, ReceiverId};
use crate::http::problem::{Kind, Problem};
use crate::oidc::clients;
use crate::oidc::shared_signals::{self as signals, IssuedWebhook, NewScimTarget, NewWebhook, Overview};
use crate::paths;

const READ: Power = Power::Read(Area::Clients);
const CHANGE: Power = Power::Change(Area::Clients);

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists the streams, webhooks and SCIM targets of a client, with what waits and what failed",
        answer: Answer::List(Model::of::<Receiver>()),
        page: Door::At(paths::ADMIN_CLIENT_EVENTS),
        command: Door::Each(&["stream list", "webhook list", "scim-target list"]),
        ..Operation::reading("listReceivers", "/api/v1/clients/{id}/receivers", READ, |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        summary: "Reads a stream, a webhook or a SCIM target, and how the delivery goes",
        answer: Answer::One(Model::of::<Receiver>()),
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER),
        command: Door::Each(&["stream show", "webhook show", "scim-target show"]),
        ..Operation::reading("readReceiver", paths::API_RECEIVER, READ, |call| {
            Box::pin(read(call))
        })
    },
    Operation {
        verb: Verb::Delete,
        summary: "Deletes a stream, a webhook or a SCIM target, with all that waits for it",
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER_CONFIRM),
        command: Door::Each(&["stream delete", "webhook delete", "scim-target delete"]),
        ..Operation::reading("deleteReceiver", paths::API_RECEIVER, CHANGE, |call| {
            Box::pin(delete(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Sends a receiver something that is about nobody",
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER_CONFIRM),
        command: Door::Each(&["stream test", "webhook test", "scim-target test"]),
        ..Operation::reading(
            "testReceiver",
            "/api/v1/clients/{id}/receivers/{receiver}/test",
            CHANGE,
            |call| Box::pin(test(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Pauses a receiver: what happens is kept for it",
        body: Some(Model::of::<Because>()),
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER_CONFIRM),
        command: Door::Each(&["stream pause", "webhook pause", "scim-target pause"]),
        ..Operation::reading(
            "pauseReceiver",
            "/api/v1/clients/{id}/receivers/{receiver}/pause",
            CHANGE,
            |call| Box::pin(set_status(call, ReceiverStatus::Paused)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Sends to a receiver again, what was kept first",
        body: Some(Model::of::<Because>()),
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER_CONFIRM),
        command: Door::Each(&["stream resume", "webhook resume", "scim-target resume"]),
        ..Operation::reading(
            "resumeReceiver",
            "/api/v1/clients/{id}/receivers/{receiver}/resume",
            CHANGE,
            |call| Box::pin(set_status(call, ReceiverStatus::Enabled)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Disables a receiver: what happens is not kept, and what waits is discarded",
        body: Some(Model::of::<Because>()),
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER_CONFIRM),
        command: Door::Each(&["stream disable", "webhook disable", "scim-target disable"]),
        ..Operation::reading(
            "disableReceiver",
            "/api/v1/clients/{id}/receivers/{receiver}/disable",
            CHANGE,
            |call| Box::pin(set_status(call, ReceiverStatus::Disabled)),
        )
    },
    Operation {
        summary: "Lists what could not be delivered to a receiver, the newest first",
        query: &[
            Parameter::text("kind", 64, "The kind of event, for example `account-disabled`."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<DeadLetter>()),
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER),
        command: Door::Each(&["stream show", "webhook show", "scim-target show"]),
        ..Operation::reading(
            "listDeadLetters",
            "/api/v1/clients/{id}/receivers/{receiver}/dead-letters",
            READ,
            |call| Box::pin(dead_letters(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Sends again what could not be delivered: one event, or all",
        body: Some(Model::of::<Which>()),
        answer: Answer::One(Model::of::<Number>()),
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER_CONFIRM),
        command: Door::Each(&["stream replay", "webhook replay", "scim-target replay"]),
        ..Operation::reading(
            "replayDeadLetters",
            "/api/v1/clients/{id}/receivers/{receiver}/replay",
            CHANGE,
            |call| Box::pin(replay(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Deletes what could not be delivered: one event, or all",
        body: Some(Model::of::<Which>()),
        answer: Answer::One(Model::of::<Number>()),
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER_CONFIRM),
        command: Door::Each(&["stream discard", "webhook discard", "scim-target discard"]),
        ..Operation::reading(
            "discardDeadLetters",
            "/api/v1/clients/{id}/receivers/{receiver}/discard",
            CHANGE,
            |call| Box::pin(discard(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Gives a client a webhook; its secret is in the answer, and never again",
        body: Some(Model::of::<Webhook>()),
        answer: Answer::Created(Model::of::<Issued>()),
        secret: Some("secret"),
        page: Door::At(paths::ADMIN_CLIENT_EVENTS),
        command: Door::At("webhook add"),
        ..Operation::reading("createWebhook", "/api/v1/clients/{id}/webhooks", CHANGE, |call| {
            Box::pin(add(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Gives a webhook a new secret; the one before signs as well for seven days",
        answer: Answer::Created(Model::of::<Issued>()),
        secret: Some("secret"),
        page: Door::At(paths::ADMIN_CLIENT_RECEIVER_CONFIRM),
        command: Door::At("webhook rotate-secret"),
        ..Operation::reading(
            "rotateWebhookSecret",
            "/api/v1/clients/{id}/receivers/{receiver}/secrets",
            CHANGE,
            |call| Box::pin(rotate(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Registers the SCIM server of a service: all whom it is to know are made its users, and closed when they leave",
        body: Some(Model::of::<ScimTarget>()),
        answer: Answer::Created(Model::of::<Receiver>()),
        page: Door::At(paths::ADMIN_SCIM_TARGET_NEW),
        command: Door::At("scim-target add"),
        ..Operation::reading(
            "createScimTarget",
            "/api/v1/clients/{id}/scim-targets",
            CHANGE,
            |call| Box::pin(add_target(call)),
        )
    },
    Operation {
        verb: Verb::Put,
        summary: "Replaces the bearer token by which a service knows us",
        body: Some(Model::of::<Token>()),
        page: Door::At(paths::ADMIN_SCIM_TARGET_TOKEN),
        command: Door::At("scim-target set-token"),
        ..Operation::reading(
            "replaceScimTargetToken",
            "/api/v1/clients/{id}/receivers/{receiver}/token",
            CHANGE,
            |call| Box::pin(set_token(call)),
        )
    },
];

/// A stream, a webhook or a SCIM target, and how the delivery goes.
#[derive(Serialize, ToSchema)]
struct Receiver {
    id: String,
    client_id: String,
    /// `push`, `poll`, `webhook` or `scim`
    kind: String,
    /// `enabled`, `paused` or `disabled`
    status: String,
    status_reason: Option<String>,
    endpoint: Option<String>,
    /// The kinds of events that it gets.
    events: Vec<String>,
    description: String,
    created_at: DateTime<Utc>,
    /// How many events wait, and since when.
    waiting: u64,
    waiting_since: Option<DateTime<Utc>>,
    /// How many could not be delivered.
    dead: u64,
    delivered: i64,
    /// The failures since the last success.
    failures: i32,
    last_success_at: Option<DateTime<Utc>>,
    last_failure_at: Option<DateTime<Utc>>,
    last_failure: Option<String>,
    /// The end of the secret before the present one, of a webhook.
    former_secret_until: Option<DateTime<Utc>>,
    /// Whom a SCIM target is provisioned with: `used` or `policy`.
    people: Option<String>,
    /// The time at which everybody was last looked at for a SCIM target.
    everybody_at: Option<DateTime<Utc>>,
}

impl From<&Overview> for Receiver {
    fn from(overview: &Overview) -> Self {
        let Overview {
            receiver: it,
            queue,
            target,
        } = overview;
        Self {
            id: it.id.to_string(),
            client_id: it.client.to_string(),
            kind: it.kind.to_string(),
            status: it.status.to_string(),
            status_reason: it.status_reason.clone(),
            endpoint: it.endpoint.clone(),
            events: it.kinds().iter().map(ToString::to_string).collect(),
            description: it.description.clone(),
            created_at: it.created_at,
            waiting: queue.waiting,
            waiting_since: queue.oldest,
            dead: queue.dead,
            delivered: it.progress.delivered,
            failures: it.progress.failures,
            last_success_at: it.progress.last_success_at,
            last_failure_at: it.progress.last_failure_at,
            last_failure: it.progress.last_failure.clone(),
            former_secret_until: it.former_secret_until,
            people: target.as_ref().map(|it| it.people.to_string()),
            everybody_at: target.as_ref().and_then(|it| it.walked_at),
        }
    }
}

/// An event that could not be delivered.
#[derive(Serialize, ToSchema)]
struct DeadLetter {
    id: String,
    kind: String,
    caused_at: DateTime<Utc>,
    attempts: i32,
    failure: Option<String>,
}

/// Why; the receiver is told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Because {
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// The id of one event; all, if it is left out.
    event: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Number {
    /// How many events it was done with.
    events: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Webhook {
    /// The https address that is called.
    #[schema(max_length = 2048)]
    endpoint: String,
    /// The kinds of events, for example `session-revoked`; all, if it is left out.
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScimTarget {
    /// The https address before `/Users`.
    #[schema(max_length = 2048)]
    endpoint: String,
    /// The bearer token by which the service knows us. It is stored sealed, and given to nobody else.
    #[schema(max_length = 4096)]
    token: String,
    /// Whom: `used`, those who used it; `policy`, also whom its access policy lets in.
    people: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Token {
    #[schema(max_length = 4096)]
    token: String,
}

/// A webhook whose secret was just made.
#[derive(Serialize, ToSchema)]
struct Issued {
    id: String,
    client_id: String,
    endpoint: Option<String>,
    events: Vec<String>,
    /// The secret. It is not shown again, also not to a repetition with the same idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    former_secret_until: Option<DateTime<Utc>>,
}

/// Finds a receiver of the client; that of another one does not exist (security.md G-4).
async fn find(call: &Call) -> Result<Overview, Problem> {
    let id = ReceiverId::new(call.in_path("receiver"));
    let found = signals::show(&call.app, &call.context, &id).await?;
    if found.receiver.client.as_str() == call.id() {
        Ok(found)
    } else {
        Err(Problem::new(Kind::NotFound))
    }
}

async fn client(call: &Call) -> Result<ClientId, Problem> {
    let id = ClientId::new(call.id());
    Ok(clients::read(&call.app, &call.context, &id).await?.id)
}

async fn list(call: Call) -> Outcome {
    let client = client(&call).await?;
    let all = signals::list_of_client(&call.app, &call.context, &client).await?;
    let total = all.len() as u64;
    call.list(all.iter().map(Receiver::from).collect(), None, Some(total))
}

async fn read(call: Call) -> Outcome {
    Reply::one(&Receiver::from(&find(&call).await?))
}

async fn delete(call: Call) -> Outcome {
    let id = find(&call).await?.receiver.id;
    signals::delete(&call.app, &call.context, &id).await?;
    Ok(Reply::done())
}

async fn test(call: Call) -> Outcome {
    let id = find(&call).await?.receiver.id;
    signals::test(&call.app, &call.context, &id).await?;
    Ok(Reply::done())
}

async fn set_status(call: Call, status: ReceiverStatus) -> Outcome {
    let Because { reason } = call.read()?;
    let id = find(&call).await?.receiver.id;
    signals::set_status(&call.app, &call.context, &id, status, reason.as_deref()).await?;
    Ok(Reply::done())
}

async fn dead_letters(call: Call) -> Outcome {
    let slice = call.slice()?;
    let kind = match call.given("kind") {
        "" => None,
        typed => Some(SignalKind::parse(typed).ok_or_else(|| bad("kind"))?),
    };
    let id = find(&call).await?.receiver.id;
    let part = (slice.page, slice.size);
    let found = signals::dead_letters(&call.app, &call.context, &id, kind, part).await?;
    let is_after_end = found.page < slice.page;
    let rows = found.rows.into_iter().filter(|_| !is_after_end);
    let rows = rows.map(|it| DeadLetter {
        id: it.id,
        kind: it.kind.to_string(),
        caused_at: it.caused_at,
        attempts: it.attempts,
        failure: it.failure,
    });
    call.list(
        rows.collect(),
        call.next_page(slice, found.total),
        Some(found.total),
    )
}

async fn replay(call: Call) -> Outcome {
    let Which { event } = call.read()?;
    let id = find(&call).await?.receiver.id;
    let events = signals::replay(&call.app, &call.context, &id, event.as_deref()).await?;
    done_with(event.as_deref(), events)
}

async fn discard(call: Call) -> Outcome {
    let Which { event } = call.read()?;
    let id = find(&call).await?.receiver.id;
    let events = signals::discard(&call.app, &call.context, &id, event.as_deref()).await?;
    done_with(event.as_deref(), events)
}

/// An event that was named is there, or the caller is told.
fn done_with(named: Option<&str>, events: u64) -> Outcome {
    if named.is_some() && events == 0 {
        return Err(Problem::new(Kind::NotFound));
    }
    Reply::one(&Number { events })
}

async fn add(call: Call) -> Outcome {
    let body: Webhook = call.read()?;
    let kinds = body.events.iter().map(|it| {
        let kind = SignalKind::OF_PEOPLE.into_iter().find(|kind| kind.as_str() == it);
        kind.ok_or_else(|| Problem::of_member("events", format!("{it} is no kind of event")))
    });
    let new = NewWebhook {
        client: client(&call).await?,
        kinds: kinds.collect::<Result<_, _>>()?,
        endpoint: body.endpoint,
        description: body.description,
    };
    let made = signals::add_webhook(&call.app, &call.context, new).await?;
    issued(&made)
}

async fn rotate(call: Call) -> Outcome {
    let id = find(&call).await?.receiver.id;
    issued(&signals::rotate_secret(&call.app, &call.context, &id).await?)
}

fn issued(IssuedWebhook { receiver, secret }: &IssuedWebhook) -> Outcome {
    let DomainReceiver { id, client, .. } = receiver;
    let issued = Issued {
        id: id.to_string(),
        client_id: client.to_string(),
        endpoint: receiver.endpoint.clone(),
        events: receiver.kinds().iter().map(ToString::to_string).collect(),
        secret: Some(secret.expose().to_owned()),
        former_secret_until: receiver.former_secret_until,
    };
    Reply::created(&issued, Some(paths::api_receiver(client, id)))
}

async fn add_target(call: Call) -> Outcome {
    let body: ScimTarget = call.read()?;
    let people = ProvisionedPeople::parse(&body.people)
        .ok_or_else(|| Problem::of_member("people", "is neither used nor policy"))?;
    let new = NewScimTarget {
        client: client(&call).await?,
        endpoint: body.endpoint,
        token: Secret::new(body.token),
        people,
        description: body.description,
    };
    let made = signals::add_scim_target(&call.app, &call.context, new).await?;
    let location = paths::api_receiver(&made.client, &made.id);
    let overview = signals::show(&call.app, &call.context, &made.id).await?;
    Reply::created(&Receiver::from(&overview), Some(location))
}

async fn set_token(call: Call) -> Outcome {
    let Token { token } = call.read()?;
    let id = find(&call).await?.receiver.id;
    signals::set_token(&call.app, &call.context, &id, &Secret::new(token)).await?;
    Ok(Reply::done())
}
