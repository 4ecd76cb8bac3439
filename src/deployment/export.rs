//! Writes a deployment as files. What is applied from them to an empty database gives the same files again.

use serde_json::{Value, json};

use super::documents;
use super::error::Error;
use super::files::{CLIENTS, Files, MEMBERSHIP_TYPES, ORGANIZATIONS, RIGHTS};
use super::settings;
use crate::affiliations;
use crate::affiliations::directory::csv;
use crate::affiliations::kinds;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::{Client, Origin};
use crate::domain::event::{Action, Event};
use crate::oidc::clients::{self, ClientDocument};

/// Writes all of the deployment, and records that: the file of clients has the digests of their secrets.
pub async fn export(app: &App, context: &Context) -> Result<Files, Error> {
    let mut files = Files::new();
    let types = kinds::export_types(app, context).await?;
    let rights = kinds::export_rights(app, context).await?;
    files.insert(MEMBERSHIP_TYPES.to_owned(), pretty(&types));
    files.insert(RIGHTS.to_owned(), pretty(&rights));
    files.insert(
        ORGANIZATIONS.to_owned(),
        csv::export_accepted(app, context).await?,
    );
    let of_clients = of_clients(clients::list(app).await?);
    let counted = json!({ "clients": of_clients.len() });
    files.insert(CLIENTS.to_owned(), pretty(&json!({ "clients": of_clients })));
    let current = app.documents_in(app.db.read()).await?;
    documents::export(&current, &mut files);
    settings::export(app, &mut files);
    app.write(context, async |tx| {
        let event = Event::new(Action::DeploymentExported, "deployment").with(counted.clone());
        Ok::<_, affiliations::Error>(tx.record(event).await?)
    })
    .await?;
    Ok(files)
}

/// Describes the clients of administrators. One that registered itself is its own to keep.
fn of_clients(all: Vec<Client>) -> Vec<Value> {
    let theirs = all.iter().filter(|it| it.origin == Origin::Administrator);
    theirs.map(ClientDocument::write_with_secret).collect()
}

/// Writes JSON with a line for each value, so that a change in git is a change of these lines.
fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}
