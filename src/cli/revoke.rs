//! `revoke`: ends all tokens that were issued until a moment, of a person, a client, the people of an organization, or
//! everybody. It waits until everything is removed; from the start on nothing of it is accepted. Should it be ended, the
//! running server goes on.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::console::Console;
use crate::accounts::Error;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::global_revocation::{Ended, GlobalRevocation};
use crate::oidc::global_revocation::{self, MOST_COUNTED, Order};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// What services hold of one person
    Account {
        /// The address or the identifier of the account
        account: String,
        #[command(flatten)]
        order: Arguments,
        #[command(flatten)]
        sessions: Sessions,
    },
    /// What one client holds, of anybody and of itself
    Client {
        client_id: String,
        #[command(flatten)]
        order: Arguments,
    },
    /// What services hold of the people who belong to an organization
    Organization {
        organization_id: String,
        #[command(flatten)]
        order: Arguments,
        #[command(flatten)]
        sessions: Sessions,
    },
    /// What services hold of everybody, and what clients hold of themselves
    Everything {
        #[command(flatten)]
        order: Arguments,
        #[command(flatten)]
        sessions: Sessions,
    },
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The latest time of issuance of what ends, as 2026-11-30T10:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    issued_until: Option<Time>,
    /// Why; the audit trail keeps it
    #[arg(long, required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Only count what would end
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct Sessions {
    /// End the sessions that began until then, too; their people are told by mail
    #[arg(long)]
    sessions: bool,
}

pub(super) async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let (kind, name, arguments, ends_sessions) = match command {
        Command::Account {
            account,
            order,
            sessions,
        } => ("account", account, order, sessions.sessions),
        Command::Client { client_id, order } => ("client", client_id, order, false),
        Command::Organization {
            organization_id,
            order,
            sessions,
        } => ("organization", organization_id, order, sessions.sessions),
        Command::Everything { order, sessions } => ("everything", String::new(), order, sessions.sessions),
    };
    let context = Context::operator();
    let target = match global_revocation::find_target(&app, &context, kind, &name).await {
        Err(Error::Fields(_)) => bail!("there is no {kind} {name}"),
        found => found?,
    };
    if arguments.dry_run {
        let ended = global_revocation::preview(&app, &context, &target, arguments.issued_until).await?;
        console.print(
            &json!({"target": target.object(), "dry_run": true, "ended": of(ended)}),
            format!("{}: {} would end", target.object(), in_words(ended)),
        );
        return Ok(());
    }
    let order = Order {
        target,
        until: arguments.issued_until,
        ends_sessions,
        reason: arguments.reason.unwrap_or_default(),
    };
    let begun = match global_revocation::revoke(&app, &context, &order).await {
        Err(Error::Fields(wrong)) if wrong.keys().any(|it| *it == "until") => {
            bail!("--issued-until lies in the future")
        }
        Err(Error::Fields(_)) => bail!("--reason is empty, too long, or has characters that no text has"),
        begun => begun?,
    };
    let done = global_revocation::finish(&app, begun).await?;
    print(console, &done);
    Ok(())
}

fn print(console: &Console, done: &GlobalRevocation) {
    let json = json!({
        "id": done.id,
        "target": done.target.object(),
        "issued_until": done.until,
        "ends_sessions": done.ends_sessions,
        "requested_at": done.requested_at,
        "completed_at": done.completed_at,
        "ended": of(done.ended),
    });
    let text = format!("{}: {} ended", done.target.object(), in_words(done.ended));
    console.print(&json, text);
}

fn of(ended: Ended) -> serde_json::Value {
    json!({"people": ended.people, "sessions": ended.sessions, "grants": ended.grants})
}

/// Returns the numbers as the preview has them: beyond the most that it counts, it says so.
fn in_words(ended: Ended) -> String {
    let number = |it: u64| match it {
        MOST_COUNTED => format!("{it} or more"),
        it => it.to_string(),
    };
    format!(
        "{} sessions and {} grants",
        number(ended.sessions),
        number(ended.grants)
    )
}
