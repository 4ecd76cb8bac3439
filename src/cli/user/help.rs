//! `itu-account user find`, `show` and `end-sessions`: finds people, and says what is needed to help one.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::errors::in_words;
use super::lookup::named;
use crate::accounts::{assistance, person};
use crate::affiliations::account_search::{self, AccountSearch};
use crate::affiliations::{self, AffiliationDetail};
use crate::app::App;
use crate::cli::console::Console;
use crate::domain::actor::Context;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find accounts by any part of name, address, organization and identifier
    Find(Find),
    /// One account: affiliation, sessions, second factors; that it was opened is recorded, and its person can read it
    Show { email: String },
    /// End all sessions of an account, and what services got to outlive them; the person is told by mail
    EndSessions { email: String },
}

#[derive(Debug, Args)]
pub struct Find {
    #[arg(default_value = "")]
    text: String,
    /// active, suspended or leaving
    #[arg(long, default_value = "")]
    status: String,
    /// user, support, auditor or administrator
    #[arg(long, default_value = "")]
    role: String,
    /// The page, of 100 accounts each
    #[arg(long, default_value_t = 1)]
    page: u64,
}

pub async fn run(console: &Console, app: &App, context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Find(asked) => find(console, app, context, &asked).await,
        Command::Show { email } => show(console, app, context, &email).await,
        Command::EndSessions { email } => {
            let id = named(app, &email).await?.id;
            assistance::end_sessions(app, context, &id)
                .await
                .map_err(in_words)?;
            console.print(&json!({ "ended": true }), "ended; the person was told by mail");
            Ok(())
        }
    }
}

async fn find(console: &Console, app: &App, context: &Context, asked: &Find) -> anyhow::Result<()> {
    let search = AccountSearch {
        text: &asked.text,
        status: &asked.status,
        role: &asked.role,
        verified: "",
        page: asked.page,
        size: 100,
    };
    let found = account_search::list(app, context, search).await?;
    let mut lines = Vec::new();
    let rows = found.entries.iter().map(|entry| {
        let account = &entry.account;
        let organization = entry.organization.as_deref().unwrap_or("-");
        lines.push(format!(
            "{}  {}  {}  {}  {}  {organization}",
            account.id,
            account.email.as_str(),
            account.profile.full_name(),
            account.status.as_str(),
            account.role.as_str(),
        ));
        json!({
            "id": account.id,
            "sub": account.sub,
            "name": account.profile.full_name(),
            "email": account.email,
            "email_verified": account.email_verified,
            "organization": entry.organization,
            "status": account.status.as_str(),
            "role": account.role,
        })
    });
    let rows: Vec<Value> = rows.collect();
    lines.push(format!("{} in all, page {}", found.total, found.page));
    let json = json!({ "accounts": rows, "total": found.total, "page": found.page });
    console.print(&json, lines.join("\n"));
    Ok(())
}

async fn show(console: &Console, app: &App, context: &Context, email: &str) -> anyhow::Result<()> {
    let id = named(app, email).await?.id;
    let opened = person::open(app, context, &id).await.map_err(in_words)?;
    let account = &opened.account;
    let overview = affiliations::overview(app, &id).await?;
    let place = |it: &AffiliationDetail| {
        json!({
            "affiliation_id": it.affiliation.id,
            "organization_id": it.organization.id,
            "organization": it.organization.name,
            "status": it.affiliation.status().as_str(),
        })
    };
    let sessions = opened.sessions.iter();
    let sessions = sessions.map(|it| json!({ "begun_at": it.created_at, "last_used_at": it.last_used_at }));
    let factors = opened.factors.iter();
    let factors = factors.map(|it| json!({ "factor": it.factor.as_str(), "added_at": it.added_at }));
    let json = json!({
        "id": account.id,
        "sub": account.sub,
        "name": account.profile.full_name(),
        "email": account.email,
        "email_verified": account.email_verified,
        "status": account.status.as_str(),
        "suspended_because": opened.suspension.as_ref().map(|it| it.reason.as_str()),
        "role": account.role,
        "affiliation": overview.current.as_ref().map(place),
        "request": overview.request.as_ref().map(place),
        "sessions": sessions.collect::<Value>(),
        "second_factors": factors.collect::<Value>(),
        "recovery_codes_left": opened.recovery_codes,
    });
    let text = serde_json::to_string_pretty(&json)?;
    console.print(&json, text);
    Ok(())
}
