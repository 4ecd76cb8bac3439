//! Makes the clients of a file what it says, all or none (contract.md, `client apply`). It adds new ones, changes others,
//! and leaves those that the file does not name. Applied twice, a file changes nothing the second time.

use super::changes::{by_administrator, change, insert};
use super::rules::{self, Problem};
use super::secrets::{check_secret, lacks_secret, replace_secret, stored};
use super::{ClientDocument, ClientError};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::client::{Client, Definition, Origin};
use crate::domain::{ClientId, secret::Secret};
use crate::storage;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Added,
    Updated,
    Unchanged,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub id: ClientId,
    pub change: Change,
}

/// Applies documents, each with the secret that it names, which the caller has read.
pub async fn apply(
    app: &App,
    context: &Context,
    documents: &[(ClientDocument, Option<Secret>)],
) -> Result<Vec<Applied>, ClientError> {
    check_all(documents)?;
    for (document, _) in documents {
        let before = storage::clients::find(app.db.read(), &document.id).await?;
        let before = before.as_ref().map(|it| &it.metadata);
        rules::check_remote(app, &document.definition.metadata, before)
            .await
            .map_err(|found| {
                ClientError::Invalid(found.into_iter().map(|it| about(document, it)).collect())
            })?;
    }
    let applied = app
        .write(context, async |tx| {
            let mut applied = Vec::new();
            for (document, secret) in documents {
                applied.push(Applied {
                    id: document.id.clone(),
                    change: apply_one(tx, document, secret.as_ref()).await?,
                });
            }
            Ok::<_, ClientError>(applied)
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(applied)
}

fn check_all(documents: &[(ClientDocument, Option<Secret>)]) -> Result<(), ClientError> {
    let mut problems = Vec::new();
    for (document, secret) in documents {
        let found = rules::check_definition(&document.id, &document.definition);
        problems.extend(
            found
                .err()
                .unwrap_or_default()
                .into_iter()
                .map(|it| about(document, it)),
        );
        if let Some(secret) = secret {
            let reason = if document.definition.metadata.uses_secret() {
                check_secret(secret).err().map(|e| e.to_string())
            } else {
                Some("has no use with this token_endpoint_auth_method".to_owned())
            };
            problems.extend(reason.map(|reason| about(document, problem("client_secret", reason))));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ClientError::Invalid(problems))
    }
}

async fn apply_one(
    tx: &Tx,
    document: &ClientDocument,
    secret: Option<&Secret>,
) -> Result<Change, ClientError> {
    let Some(before) = storage::clients::find(tx, &document.id).await? else {
        let now = tx.now();
        let Definition { metadata, settings } = document.definition.clone();
        let client = Client {
            id: document.id.clone(),
            enabled: document.enabled.unwrap_or(true),
            origin: Origin::Administrator,
            metadata,
            settings,
            secrets: secret.into_iter().map(|it| stored(it, now)).collect(),
            created_at: now,
            updated_at: now,
        };
        refuse_without_secret(document, &client)?;
        insert(tx, &client).await?;
        return Ok(Change::Added);
    };
    let mut changed = Change::Unchanged;
    let Definition { metadata, settings } = by_administrator(&before, document.definition.clone());
    let mut after = Client {
        metadata,
        settings,
        enabled: document.enabled.unwrap_or(before.enabled),
        ..before.clone()
    };
    if after != before {
        after = change(tx, &before, after).await?;
        changed = Change::Updated;
    }
    // The secret without an end is the current one; the file says which that is to be.
    let is_current = |named: &Secret| {
        let mut current = after.secrets.iter().filter(|it| it.expires_at.is_none());
        current.any(|stored| stored.digest == named.digest())
    };
    match secret {
        Some(secret) if !is_current(secret) => {
            replace_secret(tx, &document.id, secret).await?;
            changed = Change::Updated;
        }
        Some(_) => {}
        None => refuse_without_secret(document, &after)?,
    }
    Ok(changed)
}

fn refuse_without_secret(document: &ClientDocument, client: &Client) -> Result<(), ClientError> {
    if lacks_secret(client) {
        let reason = "is missing, and so is client_secret_file; the client has no secret yet";
        let problem = problem("client_secret_env", reason.to_owned());
        Err(ClientError::Invalid(vec![about(document, problem)]))
    } else {
        Ok(())
    }
}

fn about(document: &ClientDocument, problem: Problem) -> Problem {
    Problem {
        member: format!("{}.{}", document.id, problem.member),
        reason: problem.reason,
    }
}

fn problem(member: &str, reason: String) -> Problem {
    Problem {
        member: member.to_owned(),
        reason,
    }
}
