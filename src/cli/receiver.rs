//! `stream` and `webhook`, and what `scim-target` has in common with them: who hears of what happens to people, how that goes, and what to do when it does not
//! (contract.md). Services make their streams themselves; the others are made here, or on the pages of the administration.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::console::Console;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::actor::Context;
use crate::domain::event_receiver::{Receiver, ReceiverKind};
use crate::domain::signal::{ReceiverStatus, SignalKind};
use crate::domain::{ClientId, ReceiverId};
use crate::oidc::shared_signals::{self as signals, IssuedWebhook, NewWebhook, Overview};

/// The receivers that are read at once.
const PAGE: u64 = 200;

#[derive(Debug, Subcommand)]
pub(super) enum StreamCommand {
    #[command(flatten)]
    Any(Command),
}

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Give a client a webhook; its secret is shown this once
    Add {
        client: String,
        /// The https address that is called
        endpoint: String,
        /// What it hears of, for example session-revoked [default: everything]
        #[arg(long = "event", value_name = "KIND", value_parser = kind)]
        events: Vec<SignalKind>,
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
    },
    /// Make a new secret; the one before signs as well for seven days
    RotateSecret { id: String },
    #[command(flatten)]
    Any(Command),
}

/// What streams, webhooks and SCIM targets have in common.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// All of them, with what waits and what failed
    List {
        /// Those of one client
        #[arg(long)]
        client: Option<String>,
    },
    /// One, with its newest dead letters
    Show { id: String },
    /// Send it something that is about nobody
    Test { id: String },
    /// Keep what happens until it is resumed
    Pause(Because),
    /// Send again
    Resume(Because),
    /// Send nothing, and keep nothing
    Disable(Because),
    /// Send dead letters again
    Replay(Which),
    /// Delete dead letters
    Discard(Which),
    /// Delete it, with all that waits for it
    Delete { id: String },
}

#[derive(Debug, Args)]
pub(super) struct Because {
    id: String,
    /// What the receiver is told
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    id: String,
    /// One of them [default: all]
    #[arg(long, value_name = "ID")]
    event: Option<String>,
}

fn kind(text: &str) -> Result<SignalKind, String> {
    let found = SignalKind::OF_PEOPLE.into_iter().find(|it| it.as_str() == text);
    found.ok_or_else(|| {
        let all = SignalKind::OF_PEOPLE.map(SignalKind::as_str).join(", ");
        format!("it is none of {all}")
    })
}

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Streams,
    Webhooks,
    ScimTargets,
}

impl What {
    const fn of(kind: ReceiverKind) -> Self {
        match kind {
            ReceiverKind::Push | ReceiverKind::Poll => Self::Streams,
            ReceiverKind::Webhook => Self::Webhooks,
            ReceiverKind::Scim => Self::ScimTargets,
        }
    }

    /// Returns the name of one, and that of the list.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Streams => ("stream", "streams"),
            Self::Webhooks => ("webhook", "webhooks"),
            Self::ScimTargets => ("SCIM target", "scim_targets"),
        }
    }
}

pub(super) async fn run_stream(console: &Console, command: StreamCommand) -> anyhow::Result<()> {
    let StreamCommand::Any(command) = command;
    let app = App::open(console.config()?, Clock::System).await?;
    run(console, &app, command, What::Streams).await
}

pub(super) async fn run_webhook(console: &Console, command: WebhookCommand) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    match command {
        WebhookCommand::Any(command) => return run(console, &app, command, What::Webhooks).await,
        WebhookCommand::Add {
            client,
            endpoint,
            events,
            description,
        } => {
            let new = NewWebhook {
                client: ClientId::new(client),
                endpoint,
                kinds: events,
                description,
            };
            print_issued(console, &signals::add_webhook(&app, &context, new).await?);
        }
        WebhookCommand::RotateSecret { id } => {
            let issued = signals::rotate_secret(&app, &context, &ReceiverId::new(id)).await?;
            print_issued(console, &issued);
        }
    }
    Ok(())
}

pub(super) async fn run(console: &Console, app: &App, command: Command, what: What) -> anyhow::Result<()> {
    let context = &Context::operator();
    match command {
        Command::List { client } => list(console, app, client.map(ClientId::new), what).await,
        Command::Show { id } => {
            let id = find(app, &id, what).await?;
            let overview = signals::show(app, context, &id).await?;
            let dead = signals::dead_letters(app, context, &id, None, (1, signals::PAGE))
                .await?
                .rows;
            let letters: Vec<Value> = dead
                .iter()
                .map(|it| {
                    json!({ "id": it.id, "kind": it.kind, "caused_at": it.caused_at, "attempts": it.attempts,
                        "failure": it.failure })
                })
                .collect();
            let mut shown = as_json(&overview);
            shown["dead_letters"] = letters.into();
            let lines = dead.iter().map(|it| {
                let failure = it.failure.as_deref().unwrap_or("-");
                format!(
                    "  {}  {}  {}  {failure}",
                    it.id,
                    it.kind,
                    it.caused_at.to_rfc3339()
                )
            });
            let lines: Vec<String> = std::iter::once(line(&overview)).chain(lines).collect();
            console.print(&shown, lines.join("\n"));
            Ok(())
        }
        Command::Test { id } => {
            let receiver = signals::test(app, context, &find(app, &id, what).await?).await?;
            said(console, &receiver, "is sent a test");
            Ok(())
        }
        Command::Pause(because) => {
            set_status(console, app, because, (ReceiverStatus::Paused, "is paused"), what).await
        }
        Command::Resume(because) => {
            set_status(
                console,
                app,
                because,
                (ReceiverStatus::Enabled, "is enabled"),
                what,
            )
            .await
        }
        Command::Disable(because) => {
            set_status(
                console,
                app,
                because,
                (ReceiverStatus::Disabled, "is disabled"),
                what,
            )
            .await
        }
        Command::Replay(which) => {
            let id = find(app, &which.id, what).await?;
            let number = signals::replay(app, context, &id, which.event.as_deref()).await?;
            console.print(&json!({ "replayed": number }), format!("{number} are sent again"));
            Ok(())
        }
        Command::Discard(which) => {
            let id = find(app, &which.id, what).await?;
            let number = signals::discard(app, context, &id, which.event.as_deref()).await?;
            console.print(&json!({ "discarded": number }), format!("{number} are deleted"));
            Ok(())
        }
        Command::Delete { id } => {
            let receiver = signals::delete(app, context, &find(app, &id, what).await?).await?;
            said(console, &receiver, "is deleted");
            Ok(())
        }
    }
}

/// Finds a stream by `stream`, a webhook by `webhook`, a SCIM target by `scim-target`.
async fn find(app: &App, id: &str, what: What) -> anyhow::Result<ReceiverId> {
    let id = ReceiverId::new(id);
    let found = signals::show(app, &Context::operator(), &id).await?;
    anyhow::ensure!(
        What::of(found.receiver.kind) == what,
        "there is no such {}",
        what.names().0
    );
    Ok(id)
}

async fn set_status(
    console: &Console,
    app: &App,
    because: Because,
    (status, done): (ReceiverStatus, &str),
    what: What,
) -> anyhow::Result<()> {
    let id = find(app, &because.id, what).await?;
    let context = Context::operator();
    let receiver = signals::set_status(app, &context, &id, status, because.reason.as_deref()).await?;
    said(console, &receiver, done);
    Ok(())
}

async fn list(console: &Console, app: &App, client: Option<ClientId>, what: What) -> anyhow::Result<()> {
    let context = Context::operator();
    let all = match client {
        Some(client) => signals::list_of_client(app, &context, &client).await?,
        None => {
            let mut all: Vec<Overview> = Vec::new();
            loop {
                let last = all.last().map(|it| it.receiver.clone());
                let part = signals::list(app, &context, last.as_ref(), PAGE).await?;
                if part.is_empty() {
                    break all;
                }
                all.extend(part);
            }
        }
    };
    let these: Vec<Overview> = all
        .into_iter()
        .filter(|it| What::of(it.receiver.kind) == what)
        .collect();
    let lines: Vec<String> = these.iter().map(line).collect();
    let json: Vec<Value> = these.iter().map(as_json).collect();
    console.print(&json!({ what.names().1: json }), lines.join("\n"));
    Ok(())
}

fn line(overview: &Overview) -> String {
    let Overview { receiver, queue, .. } = overview;
    let failure = match (&receiver.progress.last_failure, receiver.progress.failures) {
        (Some(why), 1..) => format!("  failing: {why}"),
        _ => String::new(),
    };
    format!(
        "{}  {}  {}  {}  {}  {} waiting  {} dead{failure}",
        receiver.id,
        receiver.client,
        receiver.kind,
        receiver.status,
        receiver.endpoint.as_deref().unwrap_or("-"),
        queue.waiting,
        queue.dead,
    )
}

fn as_json(overview: &Overview) -> Value {
    let Overview {
        receiver,
        queue,
        target,
    } = overview;
    let progress = &receiver.progress;
    let mut json = json!({
        "id": receiver.id,
        "client_id": receiver.client,
        "kind": receiver.kind,
        "status": receiver.status,
        "status_reason": receiver.status_reason,
        "endpoint": receiver.endpoint,
        "events": receiver.kinds(),
        "description": receiver.description,
        "created_at": receiver.created_at,
        "waiting": queue.waiting,
        "waiting_since": queue.oldest,
        "dead": queue.dead,
        "delivered": progress.delivered,
        "failures": progress.failures,
        "last_success_at": progress.last_success_at,
        "last_failure_at": progress.last_failure_at,
        "last_failure": progress.last_failure,
    });
    if let Some(target) = target {
        json["people"] = target.people.as_str().into();
        json["everybody_at"] = json!(target.walked_at);
    }
    json
}

pub(super) fn said(console: &Console, receiver: &Receiver, done: &str) {
    let json = json!({ "id": receiver.id, "client_id": receiver.client, "status": receiver.status });
    console.print(&json, format!("{} {done}", receiver.id));
}

fn print_issued(console: &Console, issued: &IssuedWebhook) {
    let IssuedWebhook { receiver, secret } = issued;
    let json = json!({
        "id": receiver.id,
        "client_id": receiver.client,
        "endpoint": receiver.endpoint,
        "events": receiver.kinds(),
        "secret": secret.expose(),
    });
    let text = format!(
        "id: {}\nsecret: {}  (shown this once)",
        receiver.id,
        secret.expose()
    );
    console.print(&json, text);
}
