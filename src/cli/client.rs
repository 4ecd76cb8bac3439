//! `itu-account client`: register and change clients (contract.md, "Program"). Members are given as
//! options or as a JSON object with the names of RFC 7591; secrets never as an argument.

mod handover;
pub(super) mod input;
mod members;
mod mend;
mod owners;
mod preview;
#[cfg(test)]
mod tests;
mod usage;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use handover::ClientReport;
use input::read_text;
use members::{Edits, Members};

use super::console::Console;
use super::{difference, secrets};
use crate::app::App;
use crate::clock::Clock;
use crate::config::RegistrationMode;
use crate::domain::client::Client;
use crate::domain::difference::Unnamed;
use crate::domain::{ClientId, actor::Context, secret::Secret};
use crate::oidc::clients::{self, Change, ClientDocument, NewClient, Registration, SecretSource, Update};
use crate::oidc::registration;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register a client; its secret is printed once
    Add(Box<Add>),
    /// All clients
    List,
    /// One client, with its report: what is weak about it, and how to mend it
    Show { id: String },
    /// Change the named members of a client, and only these; a list that is named is replaced
    Update {
        id: String,
        #[command(flatten)]
        members: Box<Members>,
        #[command(flatten)]
        edits: Box<Edits>,
        /// Admit a disabled client again
        #[arg(long)]
        enable: bool,
    },
    /// Give a client a new secret; the old one works for seven days more
    RotateSecret {
        id: String,
        #[command(flatten)]
        secret: GivenSecret,
    },
    /// Refuse a client with every credential it holds
    Disable { id: String },
    /// Admit a disabled client again
    Enable { id: String },
    /// Remove a client with every token and consent that it has
    Delete { id: String },
    /// Who logs in there, how often, and what was refused in the last 30 days
    Usage { id: String },
    /// End a weakness of the report by the change that it offers
    Mend(mend::Arguments),
    /// What a client would get of a person, and why a claim is missing; that the person was looked at is recorded
    Claims {
        id: String,
        email: String,
        /// The scope that is asked for [default: all that is registered]
        #[arg(long)]
        scope: Option<String>,
    },
    /// How many people the access policy of a client lets in, and the first of them
    Access { id: String },
    /// The people who look after a client
    #[command(subcommand)]
    Owner(owners::Command),
    /// A token with which clients may register themselves within 24 hours ([registration] mode = "token")
    InitialAccessToken {
        /// How many
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(registration::MOST_CLIENTS)))]
        clients: u32,
    },
    /// Make the clients of a JSON file what it says, all or none; `-` is standard input
    Apply {
        file: String,
        /// Show the differences, and write nothing; exit status 3 if there are any
        #[arg(long)]
        dry_run: bool,
        /// Disable the clients of administrators that the file does not name
        #[arg(long)]
        prune: bool,
    },
}

#[derive(Debug, Args)]
pub struct Add {
    /// [default: generated]
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    members: Members,
    #[command(flatten)]
    secret: GivenSecret,
}

#[derive(Debug, Args)]
pub struct GivenSecret {
    /// Take the secret from a file; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "secret_env")]
    secret_file: Option<String>,
    /// Take the secret from an environment variable
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
}

pub async fn run(console: &Console, command: Command) -> anyhow::Result<ExitCode> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    match command {
        Command::Add(arguments) => add(console, &app, &context, *arguments).await?,
        Command::List => list(console, &app).await?,
        Command::Show { id } => {
            let client = clients::find(&app, &ClientId::new(id)).await?;
            show(console, &client);
        }
        Command::Update {
            id,
            members,
            edits,
            enable,
        } => {
            let client = update(&app, &context, ClientId::new(id), (*members, *edits), enable).await?;
            show(console, &client);
        }
        Command::RotateSecret { id, secret } => {
            let given = secret.read()?;
            let issued = clients::rotate_secret(&app, &context, &ClientId::new(id), given).await?;
            console.print(&handover::json(&app, &issued), handover::text(&app, &issued));
        }
        Command::Disable { id } => {
            let client = clients::set_enabled(&app, &context, &ClientId::new(id), false).await?;
            console.print(
                &ClientDocument::write(&client),
                format!("{} is disabled", client.id),
            );
        }
        Command::Enable { id } => {
            let client = clients::set_enabled(&app, &context, &ClientId::new(id), true).await?;
            console.print(
                &ClientDocument::write(&client),
                format!("{} is enabled", client.id),
            );
        }
        Command::Delete { id } => {
            let client = clients::delete(&app, &context, &ClientId::new(id)).await?;
            console.print(
                &json!({ "client_id": client.id, "deleted": true }),
                format!("{} is deleted", client.id),
            );
        }
        Command::Usage { id } => usage::run(console, &app, &context, &ClientId::new(id)).await?,
        Command::Mend(arguments) => mend::run(console, &app, &context, arguments).await?,
        Command::Claims { id, email, scope } => {
            let of = (&ClientId::new(id), email.as_str(), scope.as_deref());
            preview::claims(console, &app, &context, of).await?;
        }
        Command::Access { id } => preview::access(console, &app, &context, &ClientId::new(id)).await?,
        Command::Owner(command) => owners::run(console, &app, &context, command).await?,
        Command::InitialAccessToken { clients } => {
            initial_access_token(console, &app, &context, clients).await?;
        }
        Command::Apply { file, dry_run, prune } => {
            return apply(console, &app, (&file, Unnamed::pruned_if(prune)), dry_run).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn initial_access_token(
    console: &Console,
    app: &App,
    context: &Context,
    clients: u32,
) -> anyhow::Result<()> {
    if app.config.registration.mode != RegistrationMode::Token {
        bail!("no client needs a token: [registration] mode is not \"token\"");
    }
    let (secret, token) = registration::issue_initial_access_token(app, context, clients).await?;
    let answer = json!({ "initial_access_token": secret.expose(), "clients": token.remaining,
        "expires_at": token.expires_at });
    let text = format!(
        "initial_access_token: {}  (shown this once)\nfor {} clients until {}",
        secret.expose(),
        token.remaining,
        token.expires_at
    );
    console.print(&answer, text);
    Ok(())
}

async fn add(console: &Console, app: &App, context: &Context, arguments: Add) -> anyhow::Result<()> {
    let Add { id, members, secret } = arguments;
    // A generated identifier does not exist yet; the reader of documents wants one.
    let mut document = Map::from_iter([(
        "client_id".to_owned(),
        Value::from(id.clone().unwrap_or("new".into())),
    )]);
    members.merge_into(&mut document)?;
    let document = read_document(document)?;
    let new = NewClient {
        id: id.map(ClientId::new),
        registration: Registration::ByAdministrator(document.definition),
        secret: secret.read()?,
    };
    let issued = clients::add(app, context, new).await?;
    console.print(&handover::json(app, &issued), handover::text(app, &issued));
    Ok(())
}

async fn list(console: &Console, app: &App) -> anyhow::Result<()> {
    let all = clients::list(app).await?;
    let lines: Vec<String> = all
        .iter()
        .map(|client| {
            let state = if client.enabled { "" } else { "  (disabled)" };
            format!("{}  {}{state}", client.id, client.name())
        })
        .collect();
    let documents: Vec<Value> = all.iter().map(ClientDocument::write).collect();
    console.print(&json!({ "clients": documents }), lines.join("\n"));
    Ok(())
}

async fn update(
    app: &App,
    context: &Context,
    id: ClientId,
    (members, edits): (Members, Edits),
    enable: bool,
) -> anyhow::Result<Client> {
    let before = clients::find(app, &id).await?;
    let Value::Object(mut document) = ClientDocument::write(&before) else {
        bail!("the client {id} cannot be written as JSON");
    };
    members.merge_into(&mut document)?;
    edits.apply_to(&mut document)?;
    let document = read_document(document)?;
    // security.md G-9: a change that somebody else made since it was read is not undone.
    let update = Update {
        enabled: enable || document.enabled.unwrap_or(before.enabled),
        definition: document.definition,
        ..Update::of(&before)
    };
    Ok(clients::update(app, context, update).await?)
}

async fn apply(
    console: &Console,
    app: &App,
    (file, unnamed): (&str, Unnamed),
    dry_run: bool,
) -> anyhow::Result<ExitCode> {
    let context = Context::operator();
    let text = read_text(file)?;
    let refused = |error: clients::ClientError| anyhow!("{file}: {error}");
    let documents = clients::documents(&text).map_err(|it| refused(clients::ClientError::Invalid(it)))?;
    let mut wanted = Vec::new();
    for document in documents {
        let secret = named_secret(file, &document).with_context(|| format!("{file}: {}", document.id))?;
        wanted.push((document, secret));
    }
    if dry_run {
        let found = clients::preview(app, &context, &wanted, unnamed)
            .await
            .map_err(refused)?;
        let differences: Vec<_> = found.into_iter().filter_map(|it| it.difference).collect();
        return Ok(difference::preview(console, &differences));
    }
    let applied = clients::apply(app, &context, &wanted, unnamed)
        .await
        .map_err(refused)?;
    let lines: Vec<String> = applied
        .iter()
        .map(|it| format!("{}  {}", word(it.change), it.id))
        .collect();
    let members: Vec<Value> = applied
        .iter()
        .map(|it| json!({ "client_id": it.id, "change": it.change }))
        .collect();
    console.print(&json!({ "applied": members }), lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Reads the secret that a document of the file names.
pub(super) fn named_secret(file: &str, document: &ClientDocument) -> anyhow::Result<Option<Secret>> {
    match &document.secret {
        SecretSource::Unnamed | SecretSource::Digest(_) => Ok(None),
        SecretSource::Environment(name) => secrets::from_environment(name).map(Some),
        // The secret is beside the file that names it, so that both can be moved together.
        SecretSource::File(path) => secrets::from_file(&beside(file, path)).map(Some),
    }
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Added => "added    ",
        Change::Updated => "updated  ",
        Change::Unchanged => "unchanged",
        Change::Disabled => "disabled ",
    }
}

fn show(console: &Console, client: &Client) {
    let mut document = ClientDocument::write(client);
    let report = ClientReport::of(client);
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    for line in report.lines().into_iter().chain(handover::notes(client)) {
        text.push('\n');
        text.push_str(&line);
    }
    document["report"] = report.json();
    console.print(&document, text);
}

fn read_document(document: Map<String, Value>) -> anyhow::Result<ClientDocument> {
    let document = ClientDocument::read(&Value::Object(document)).map_err(clients::ClientError::Invalid)?;
    match document.secret {
        SecretSource::Unnamed => Ok(document),
        _ => bail!("give the secret with --secret-file or --secret-env"),
    }
}

impl GivenSecret {
    pub(super) fn read(&self) -> anyhow::Result<Option<Secret>> {
        match (&self.secret_file, &self.secret_env) {
            (Some(file), _) => secrets::from_file(file).map(Some),
            (None, Some(name)) => secrets::from_environment(name).map(Some),
            (None, None) => Ok(None),
        }
    }
}

fn beside(file: &str, path: &str) -> String {
    let folder = Path::new(file).parent().filter(|_| file != "-");
    folder.map_or_else(|| path.to_owned(), |it| it.join(path).display().to_string())
}
