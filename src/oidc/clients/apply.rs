//! Makes the clients of a file what it says, all or none (contract.md, `client apply`). It adds new ones and changes
//! others; those that the file does not name stay, or are disabled. Applied twice, a file changes nothing the second time.
//! The command line and `deployment` call this.
//!
//! A preview judges the documents as applying them does, by reading alone.

use std::collections::HashSet;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::authority::{require_administrator, require_its_powers};
use super::changes::{by_administrator, change, insert};
use super::rules::{self, Problem};
use super::secrets::{check_secret, lacks_secret, replace_digest, stored};
use super::{ClientDocument, ClientError, SecretSource};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::client::{Client, Definition, Origin};
use crate::domain::difference::{Difference, Effect, Member, Unnamed};
use crate::domain::secret::{Digest, Secret};
use crate::domain::{ClientId, Time};
use crate::storage;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Added,
    Updated,
    Unchanged,
    /// The file does not name it.
    Disabled,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    pub id: ClientId,
    pub change: Change,
    /// The members that change; `None`: none.
    pub difference: Option<Difference>,
}

/// A document with the secret that it names, which the caller has read.
pub type Wanted = (ClientDocument, Option<Secret>);

/// Applies documents.
pub async fn apply(
    app: &App,
    context: &Context,
    documents: &[Wanted],
    unnamed: Unnamed,
) -> Result<Vec<Applied>, ClientError> {
    check(app, context, documents, unnamed).await?;
    let applied = app
        .write(context, async |tx| apply_in(tx, documents, unnamed).await)
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(applied)
}

/// Says what `apply` would do.
pub async fn preview(
    app: &App,
    context: &Context,
    documents: &[Wanted],
    unnamed: Unnamed,
) -> Result<Vec<Applied>, ClientError> {
    check(app, context, documents, unnamed).await?;
    let plan = Plan::of(app.db.read(), documents, unnamed, app.clock.now()).await?;
    plan.require_powers(context)?;
    Ok(plan.report())
}

/// Applies documents that `check` has accepted, within a transaction of the caller, who refreshes the registry
/// afterwards.
pub async fn apply_in(tx: &Tx, documents: &[Wanted], unnamed: Unnamed) -> Result<Vec<Applied>, ClientError> {
    let plan = Plan::of(tx, documents, unnamed, tx.now()).await?;
    plan.require_powers(tx.context())?;
    let applied = plan.report();
    for judged in plan.0 {
        write(tx, judged).await?;
    }
    Ok(applied)
}

/// Checks everything about documents that does not depend on the clients as they are, and what lies outside.
pub async fn check(
    app: &App,
    context: &Context,
    documents: &[Wanted],
    unnamed: Unnamed,
) -> Result<(), ClientError> {
    require_administrator(app, context, &ClientId::new("")).await?;
    if unnamed.is_pruned() && documents.is_empty() {
        let reason = "there is none; the others would all be disabled".to_owned();
        return Err(ClientError::Invalid(vec![problem("clients", reason)]));
    }
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
    Ok(())
}

fn check_all(documents: &[Wanted]) -> Result<(), ClientError> {
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
        if named_digest(document, secret.as_ref()).is_some() {
            let reason = if document.definition.metadata.uses_secret() {
                let weak = secret.as_ref().and_then(|it| check_secret(it).err());
                weak.map(|e| e.to_string())
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

/// Returns the digest of the secret that a document names, itself or by a place that the caller has read.
fn named_digest(document: &ClientDocument, secret: Option<&Secret>) -> Option<Digest> {
    match &document.secret {
        SecretSource::Digest(digest) => Some(digest.clone()),
        _ => secret.map(Secret::digest),
    }
}

/// What becomes of one client.
struct Judged {
    before: Option<Client>,
    after: Client,
    /// The digest that is to be the current one of a client that exists.
    new_digest: Option<Digest>,
    change: Change,
}

struct Plan(Vec<Judged>);

impl Plan {
    async fn of(
        db: &impl ConnectionTrait,
        documents: &[Wanted],
        unnamed: Unnamed,
        now: Time,
    ) -> Result<Self, ClientError> {
        let mut plan = Vec::new();
        for (document, secret) in documents {
            let before = storage::clients::find(db, &document.id).await?;
            let digest = named_digest(document, secret.as_ref());
            plan.push(match before {
                None => judge_new(document, digest, now)?,
                Some(before) => judge_existing(document, before, digest)?,
            });
        }
        if unnamed.is_pruned() {
            let named: HashSet<&ClientId> = documents.iter().map(|(it, _)| &it.id).collect();
            let all = storage::clients::list(db).await?.into_iter();
            // A client that registered itself is in no file: it is its own to keep.
            let theirs = all.filter(|it| it.enabled && it.origin == Origin::Administrator);
            plan.extend(theirs.filter(|it| !named.contains(&it.id)).map(|before| Judged {
                after: Client {
                    enabled: false,
                    ..before.clone()
                },
                before: Some(before),
                new_digest: None,
                change: Change::Disabled,
            }));
        }
        Ok(Self(plan))
    }

    fn require_powers(&self, context: &Context) -> Result<(), ClientError> {
        let changed = self.0.iter().filter(|it| it.change != Change::Unchanged);
        for client in changed.flat_map(|it| it.before.iter().chain([&it.after])) {
            require_its_powers(context, client)?;
        }
        Ok(())
    }

    fn report(&self) -> Vec<Applied> {
        let report = self.0.iter().map(|it| Applied {
            id: it.after.id.clone(),
            change: it.change,
            difference: it.difference(),
        });
        report.collect()
    }
}

impl Judged {
    fn difference(&self) -> Option<Difference> {
        let effect = match self.change {
            Change::Added => Effect::Added,
            Change::Disabled => Effect::Pruned,
            Change::Updated | Change::Unchanged => Effect::Changed,
        };
        let before = self.before.as_ref().map_or(Value::Null, ClientDocument::write);
        let mut after = ClientDocument::write(&self.after);
        if self.new_digest.is_some() {
            after["client_secret"] = json!("another; the former one works for seven days more");
        }
        let mut difference =
            Difference::between(("client", self.after.id.as_str()), effect, &before, &after)?;
        self.after.name().clone_into(&mut difference.name);
        difference.members.retain(|it: &Member| it.member != "client_id");
        Some(difference)
    }
}

fn judge_new(document: &ClientDocument, digest: Option<Digest>, now: Time) -> Result<Judged, ClientError> {
    let Definition { metadata, settings } = document.definition.clone();
    let after = Client {
        id: document.id.clone(),
        enabled: document.enabled.unwrap_or(true),
        origin: Origin::Administrator,
        metadata,
        settings,
        secrets: digest.into_iter().map(|it| stored(it, now)).collect(),
        created_at: now,
        updated_at: now,
    };
    refuse_without_secret(document, &after)?;
    Ok(Judged {
        before: None,
        after,
        new_digest: None,
        change: Change::Added,
    })
}

fn judge_existing(
    document: &ClientDocument,
    before: Client,
    digest: Option<Digest>,
) -> Result<Judged, ClientError> {
    let Definition { metadata, settings } = by_administrator(&before, document.definition.clone());
    let after = Client {
        metadata,
        settings,
        enabled: document.enabled.unwrap_or(before.enabled),
        ..before.clone()
    };
    // The secret without an end is the current one; the file says which that is to be.
    let is_current = |named: &Digest| {
        let mut current = after.secrets.iter().filter(|it| it.expires_at.is_none());
        current.any(|stored| stored.digest == *named)
    };
    let is_named = digest.is_some();
    let new_digest = digest.filter(|it| !is_current(it));
    if !is_named {
        refuse_without_secret(document, &after)?;
    }
    let change = if after != before || new_digest.is_some() {
        Change::Updated
    } else {
        Change::Unchanged
    };
    Ok(Judged {
        before: Some(before),
        after,
        new_digest,
        change,
    })
}

async fn write(tx: &Tx, judged: Judged) -> Result<(), ClientError> {
    let Judged {
        before,
        after,
        new_digest,
        ..
    } = judged;
    let Some(before) = before else {
        return insert(tx, &after).await;
    };
    let id = after.id.clone();
    if after != before {
        change(tx, &before, after).await?;
    }
    match new_digest {
        Some(digest) => replace_digest(tx, &id, digest).await,
        None => Ok(()),
    }
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
        member: match document.line {
            Some(line) => format!("line {line}: {}.{}", document.id, problem.member),
            None => format!("{}.{}", document.id, problem.member),
        },
        reason: problem.reason,
    }
}

fn problem(member: &str, reason: String) -> Problem {
    Problem {
        member: member.to_owned(),
        reason,
    }
}
