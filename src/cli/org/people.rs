//! `itu-account org people`, `requests`, `approve`, `decline`, `remove-person`, `ties`: who belongs to an organization, and
//! with which TIES rights.

use std::io::Write as _;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::directory::in_words;
use crate::affiliations::lifecycle::decisions;
use crate::affiliations::organization_history::{self, Named, Topic};
use crate::affiliations::roster::{self, Entry, RosterPage, RosterSearch, Show};
use crate::affiliations::{people_file, ties};
use crate::app::App;
use crate::cli::console::Console;
use crate::domain::actor::Context;
use crate::domain::{AffiliationId, OrganizationId};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The people and requests of an organization, each with the id of the affiliation
    People {
        #[arg(value_name = "ORG_ID")]
        organization: String,
        #[arg(long, value_enum, default_value_t)]
        show: Shown,
        /// Beginnings of words of name or address
        #[arg(long, default_value = "")]
        text: String,
        /// The page, of 100 people each
        #[arg(long, default_value_t = 1)]
        page: u64,
        /// Write all of them to standard output as a table for spreadsheets
        #[arg(long, conflicts_with = "page")]
        csv: bool,
    },
    /// The requests that no Focal Point can decide
    Requests {
        /// The page, of 100 requests each
        #[arg(long, default_value_t = 1)]
        page: u64,
    },
    /// What was decided in an organization, the newest first
    History {
        #[arg(value_name = "ORG_ID")]
        organization: String,
        /// affiliations, ties or offices
        #[arg(long)]
        topic: Option<String>,
        /// Where to go on: what the page before printed
        #[arg(long, default_value = "")]
        after: String,
    },
    /// Approve a request; an affiliation elsewhere, which was in force until now, ends
    Approve(Decision),
    /// Reject a request; the person reads the reason
    Decline(Decision),
    /// End an approved affiliation, and with it TIES rights and the office of Focal Point
    RemovePerson(Decision),
    /// Grant, refuse or revoke TIES rights
    Ties {
        #[arg(value_enum)]
        act: Act,
        affiliation: String,
        #[arg(required = true)]
        rights: Vec<String>,
        /// What the person reads
        #[arg(long, default_value = "")]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub struct Decision {
    affiliation: String,
    /// What the person reads
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Shown {
    Requests,
    People,
    FocalPoints,
    #[default]
    Everybody,
    Rejected,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Act {
    Grant,
    Refuse,
    Revoke,
}

pub async fn run(console: &Console, app: &App, context: &Context, command: Command) -> anyhow::Result<()> {
    let id = |it: &Decision| AffiliationId::new(it.affiliation.as_str());
    let done = match command {
        Command::People {
            organization,
            show,
            text,
            page,
            csv,
        } => {
            let search = RosterSearch {
                text: &text,
                show: match show {
                    Shown::Requests => Show::Requests,
                    Shown::People => Show::People,
                    Shown::FocalPoints => Show::FocalPoints,
                    Shown::Everybody => Show::Everybody,
                    Shown::Rejected => Show::Rejected,
                },
                page,
                size: roster::LARGEST_PAGE,
                ..RosterSearch::default()
            };
            let organization = OrganizationId::new(organization);
            if csv {
                let file = people_file::write(app, context, &organization, &search).await?;
                std::io::stdout().write_all(&file)?;
                return Ok(());
            }
            let found = roster::list(app, context, &organization, &search).await?;
            print(console, &found);
            return Ok(());
        }
        Command::Requests { page } => {
            let search = RosterSearch {
                page,
                size: roster::LARGEST_PAGE,
                ..RosterSearch::default()
            };
            print(
                console,
                &roster::list_without_focal_point(app, context, &search).await?,
            );
            return Ok(());
        }
        Command::History {
            organization,
            topic,
            after,
        } => {
            let organization = OrganizationId::new(organization);
            history(console, app, context, &organization, topic.as_deref(), &after).await?;
            return Ok(());
        }
        Command::Approve(it) => {
            let done = decisions::approve(app, context, &id(&it), &it.reason).await;
            done.map(|()| "approved")
        }
        Command::Decline(it) => {
            let done = decisions::reject(app, context, &id(&it), &it.reason).await;
            done.map(|()| "rejected")
        }
        Command::RemovePerson(it) => {
            let done = decisions::remove(app, context, &id(&it), &it.reason).await;
            done.map(|()| "removed")
        }
        Command::Ties {
            act,
            affiliation,
            rights,
            reason,
        } => {
            let id = AffiliationId::new(affiliation);
            match act {
                Act::Grant => ties::grant(app, context, &id, &rights).await.map(|()| "granted"),
                Act::Refuse => {
                    let done = ties::refuse(app, context, &id, &rights, &reason).await;
                    done.map(|()| "refused")
                }
                Act::Revoke => {
                    let done = ties::revoke(app, context, &id, &rights, &reason).await;
                    done.map(|()| "revoked")
                }
            }
        }
    };
    let done = done.map_err(in_words)?;
    console.print(
        &json!({ "done": done }),
        format!("{done}; the person was told by mail"),
    );
    Ok(())
}

async fn history(
    console: &Console,
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    topic: Option<&str>,
    after: &str,
) -> anyhow::Result<()> {
    let topic = match topic {
        Some(typed) => Some(Topic::parse(typed).context("the topic is affiliations, ties or offices")?),
        None => None,
    };
    let found =
        organization_history::list(app, context, organization, topic, after, roster::LARGEST_PAGE).await?;
    let name = |it: &Option<Named>| it.as_ref().and_then(|it| it.name.clone()).unwrap_or_default();
    let rows = found.deeds.iter().map(|it| {
        json!({
            "at": it.at,
            "kind": it.action.as_str(),
            "account_id": it.person.as_ref().map(|it| &it.account),
            "name": name(&it.person),
            "actor_id": it.actor.as_ref().map(|it| &it.account),
            "acted_as": it.office.map(|it| it.as_str()),
            "reason": it.reason,
            "before": it.before,
            "after": it.after,
        })
    });
    let json = json!({ "history": rows.collect::<Value>(), "next": found.next });
    let mut lines: Vec<String> = found
        .deeds
        .iter()
        .map(|it| {
            let at = it.at.format("%Y-%m-%d %H:%M");
            format!(
                "{at}  {}  {}  {}",
                it.action.as_str(),
                name(&it.person),
                name(&it.actor)
            )
        })
        .collect();
    if let Some(next) = &found.next {
        lines.push(format!("older ones: --after {next}"));
    }
    console.print(&json, lines.join("\n"));
    Ok(())
}

fn print(console: &Console, found: &RosterPage) {
    let rows: Vec<Value> = found.entries.iter().map(row).collect();
    let json = json!({ "affiliations": rows, "total": found.total, "page": found.page });
    let mut lines: Vec<String> = found.entries.iter().map(line).collect();
    lines.push(format!("{} in all, page {}", found.total, found.page));
    console.print(&json, lines.join("\n"));
}

fn row(entry: &Entry) -> Value {
    let person = &entry.person;
    let rights = entry.rights.iter();
    let rights = rights.map(|it| json!({ "right": it.right, "status": it.status().as_str() }));
    json!({
        "id": person.affiliation.id,
        "account_id": person.affiliation.account,
        "organization_id": person.affiliation.organization,
        "name": person.full_name(),
        "email": person.email,
        "status": person.affiliation.status().as_str(),
        "is_focal_point": person.is_focal_point,
        "ties_rights": rights.collect::<Value>(),
    })
}

fn line(entry: &Entry) -> String {
    let person = &entry.person;
    let rights = entry.rights.iter();
    let rights: Vec<String> = rights
        .map(|it| format!("{} {}", it.right, it.status().as_str()))
        .collect();
    format!(
        "{}  {}  {}  {}  {}  {}",
        person.affiliation.id,
        person.affiliation.organization,
        person.full_name(),
        person.email,
        person.affiliation.status().as_str(),
        rights.join(", ")
    )
}
