//! `itu-account client owner`: the people who look after a client, each named by the address of the account.

use anyhow::anyhow;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::app::App;
use crate::cli::console::Console;
use crate::domain::ClientId;
use crate::domain::account::EmailAddress;
use crate::domain::actor::Context;
use crate::oidc::clients::{self, ClientError, Owner, Whom};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Name an owner, who may edit what does not extend the client; the person is told by mail
    Add { id: String, email: String },
    /// Remove an owner; the person is told by mail
    Remove { id: String, email: String },
    /// The owners of a client
    List { id: String },
}

pub async fn run(console: &Console, app: &App, context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Add { id, email } => {
            let email = address(&email)?;
            let id = ClientId::new(id);
            let account = clients::add_owner(app, context, &id, &Whom::Email(&email)).await?;
            let email = account.email.as_str();
            let answer = json!({ "client_id": id, "owner": email });
            console.print(&answer, format!("{email} is an owner of {id}"));
        }
        Command::Remove { id, email } => {
            let email = address(&email)?;
            let id = ClientId::new(id);
            let owners = clients::owners(app, context, &id).await?;
            let owner = owners
                .into_iter()
                .find(|it| it.account.email.key() == email.key());
            let owner = owner.ok_or(ClientError::NotAnOwner)?;
            clients::remove_owner(app, context, &id, &owner.account.id).await?;
            let email = owner.account.email.as_str();
            let answer = json!({ "client_id": id, "removed": email });
            console.print(&answer, format!("{email} is no longer an owner of {id}"));
        }
        Command::List { id } => {
            let owners = clients::owners(app, context, &ClientId::new(id)).await?;
            let lines: Vec<String> = owners.iter().map(line).collect();
            let rows: Vec<Value> = owners.iter().map(row).collect();
            console.print(&json!({ "owners": rows }), lines.join("\n"));
        }
    }
    Ok(())
}

fn address(typed: &str) -> anyhow::Result<EmailAddress> {
    EmailAddress::parse(typed).map_err(|_| anyhow!("this is no e-mail address"))
}

fn line(owner: &Owner) -> String {
    let account = &owner.account;
    format!("{}  {}", account.email.as_str(), account.profile.full_name())
}

fn row(owner: &Owner) -> Value {
    json!({ "account_id": owner.account.id.as_str(), "email": owner.account.email.as_str(),
        "name": owner.account.profile.full_name(), "since": owner.since })
}
