//! `mail`: lists and shows outgoing mails, sends those that were given up once more, or discards them. What a mail says is
//! not shown: it may hold a code or a link.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::console::Console;
use crate::accounts::Error;
use crate::accounts::outgoing_mails::{self, MailSearch};
use crate::app::App;
use crate::clock::Clock;
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::outgoing_mail::OutgoingMail;

/// The mails that are read at once.
const PART: u64 = 100;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List mails, the newest first
    List {
        #[command(flatten)]
        which: Which,
        /// queued, being_sent, sent or given_up
        #[arg(long, default_value = "")]
        state: String,
    },
    /// Show one mail: its state, its attempts, the last words of the mail server
    Show {
        /// As `mail list` shows it
        id: String,
    },
    /// Send a mail that was given up once more, or all that match
    Resend {
        /// As `mail list` shows it
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All that were given up, as far as the options say
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Delete a mail that was given up, or all that match
    Discard {
        /// As `mail list` shows it
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All that were given up, as far as the options say
        #[arg(long, requires = "reason")]
        all: bool,
        #[command(flatten)]
        which: Which,
        /// The reason for all of them, for the audit trail
        #[arg(long, requires = "all")]
        reason: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only those to this address
    #[arg(long, default_value = "")]
    recipient: String,
    /// Only those of this template
    #[arg(long, default_value = "")]
    kind: String,
}

impl Which {
    fn search<'a>(&'a self, state: &'a str) -> MailSearch<'a> {
        MailSearch {
            recipient: &self.recipient,
            kind: &self.kind,
            state,
        }
    }
}

pub(super) async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    match command {
        Command::List { which, state } => {
            let mut after = String::new();
            loop {
                let search = which.search(&state);
                let found = outgoing_mails::list(&app, &context, search, &after, PART).await;
                let found = found.map_err(named)?;
                let now = app.clock.now();
                for mail in &found.rows {
                    console.print(&in_json(mail, now), in_words(mail, now));
                }
                let Some(next) = found.next else { break };
                after = next;
            }
        }
        Command::Show { id } => {
            let mail = outgoing_mails::open(&app, &context, &id).await.map_err(named)?;
            let now = app.clock.now();
            let mut text = format!("{}\n{} attempts", in_words(&mail, now), mail.attempts);
            if let Some(error) = &mail.last_error {
                text.push_str(&format!("\n{error}"));
            }
            console.print(&in_json(&mail, now), text);
        }
        Command::Resend { id: Some(id), .. } => {
            let mail = outgoing_mails::resend(&app, &context, &id).await.map_err(named)?;
            let now = app.clock.now();
            console.print(&in_json(&mail, now), in_words(&mail, now));
        }
        Command::Resend { id: None, which, .. } => {
            let all = outgoing_mails::resend_all(&app, &context, which.search("")).await;
            let number = all.map_err(named)?;
            console.print(&json!({"resent": number}), format!("{number} mails are queued"));
        }
        Command::Discard {
            id: None,
            which,
            reason,
            ..
        } => {
            let reason = reason.unwrap_or_default();
            let all = outgoing_mails::discard_all(&app, &context, which.search(""), None, &reason).await;
            let number = all.map_err(named)?;
            console.print(
                &json!({"discarded": number}),
                format!("{number} mails are deleted"),
            );
        }
        Command::Discard { id: Some(id), .. } => {
            outgoing_mails::discard(&app, &context, &id)
                .await
                .map_err(named)?;
            console.print(
                &json!({"id": id, "state": "discarded"}),
                format!("{id}  discarded"),
            );
        }
    }
    Ok(())
}

/// Says what is wrong in the words of this command.
fn named(error: Error) -> anyhow::Error {
    match error {
        Error::NotFound => anyhow::anyhow!("there is no such mail"),
        Error::Conflict => {
            anyhow::anyhow!("the mail was not given up, or the code or the link in it opens nothing any more")
        }
        Error::Fields(wrong) => {
            let names: Vec<_> = wrong.keys().map(|it| format!("--{it}")).collect();
            anyhow::anyhow!("{} is none that there is", names.join(", "))
        }
        other => other.into(),
    }
}

fn in_words(it: &OutgoingMail, now: Time) -> String {
    format!(
        "{}  {}  {}  {}, {}  {}",
        it.id,
        it.created_at.format("%Y-%m-%d %H:%M UTC"),
        it.state(now),
        it.kind,
        it.recipient,
        it.subject,
    )
}

fn in_json(it: &OutgoingMail, now: Time) -> Value {
    json!({
        "id": it.id,
        "kind": it.kind,
        "state": it.state(now).as_str(),
        "recipient": it.recipient,
        "account_id": it.account,
        "subject": it.subject,
        "created_at": it.created_at,
        "attempts": it.attempts,
        "next_attempt_at": it.next_attempt_at.filter(|_| it.sent_at.is_none() && it.failed_at.is_none()),
        "sent_at": it.sent_at,
        "failed_at": it.failed_at,
        "last_error": it.last_error,
        "void_at": it.void_at,
        "can_be_resent": it.can_be_resent(now),
    })
}
