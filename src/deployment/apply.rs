//! Makes a deployment what its files say, all or nothing: one transaction with the audit records of each room. A preview
//! judges the files in the same way, by reading alone.
//!
//! A file that is not there leaves its objects alone. In the transaction kinds go first, since organizations have them, and
//! those that go are removed last.

use sea_orm::ConnectionTrait;
use serde_json::json;

use super::documents::DocumentsPlan;
use super::error::{Error, FileProblem, in_file, of_clients, of_import};
use super::files::{CLIENTS, Files, MEMBERSHIP_TYPES, ORGANIZATIONS, RIGHTS, is_part};
use super::settings;
use crate::affiliations;
use crate::affiliations::directory::csv::{Plan, Table};
use crate::affiliations::kinds::{self, KindsPlan, Listed};
use crate::app::App;
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::difference::{Difference, Unnamed};
use crate::domain::event::{Action, Event};
use crate::domain::organization::MembershipType;
use crate::domain::secret::Secret;
use crate::domain::ties::RightType;
use crate::oidc::clients::{self, ClientDocument, Wanted};
use crate::storage::{membership_types, organizations};
use crate::tables;

/// The files as they are read, before they are compared with the database.
#[derive(Debug)]
pub struct Deployment {
    types: Option<Listed<MembershipType>>,
    rights: Option<Listed<RightType>>,
    organizations: Option<Table>,
    clients: Option<Vec<Wanted>>,
    files: Files,
    unnamed: Unnamed,
}

/// What was done, or would be.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    pub differences: Vec<Difference>,
}

impl Deployment {
    /// Reads all files. Every problem of every file is reported. `secret` reads the secret that a client's document names.
    pub fn read(
        files: Files,
        unnamed: Unnamed,
        secret: impl Fn(&ClientDocument) -> Result<Option<Secret>, String>,
    ) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let parts = files.keys().filter(|it| is_part(it) == Some(true)).count();
        if parts == 0 {
            problems.push(FileProblem {
                file: "the directory".to_owned(),
                reason: format!("has none of {CLIENTS}, {ORGANIZATIONS}, {MEMBERSHIP_TYPES}, {RIGHTS}"),
            });
        }
        for name in files.keys().filter(|it| is_part(it).is_none()) {
            problems.push(FileProblem {
                file: name.clone(),
                reason: "is no file of a deployment".to_owned(),
            });
        }
        let types = read(&files, MEMBERSHIP_TYPES, &mut problems, |file| {
            kinds::read_types(file).map_err(|it| in_file(MEMBERSHIP_TYPES, it))
        });
        let rights = read(&files, RIGHTS, &mut problems, |file| {
            kinds::read_rights(file).map_err(|it| in_file(RIGHTS, it))
        });
        let organizations = read(&files, ORGANIZATIONS, &mut problems, |file| {
            Table::read(file).map_err(|it| of_import(ORGANIZATIONS, it).unwrap_or_default())
        });
        let clients = read(&files, CLIENTS, &mut problems, |file| read_clients(file, &secret));
        if problems.is_empty() {
            Ok(Self {
                types,
                rights,
                organizations,
                clients,
                files,
                unnamed,
            })
        } else {
            Err(Error::Refused(problems))
        }
    }
}

fn read<T>(
    files: &Files,
    name: &str,
    problems: &mut Vec<FileProblem>,
    parse: impl Fn(&[u8]) -> Result<T, Vec<FileProblem>>,
) -> Option<T> {
    match parse(files.get(name)?) {
        Ok(read) => Some(read),
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn read_clients(
    file: &[u8],
    secret: impl Fn(&ClientDocument) -> Result<Option<Secret>, String>,
) -> Result<Vec<Wanted>, Vec<FileProblem>> {
    let text = tables::text(file).map_err(|it| in_file(CLIENTS, vec![it]))?;
    let documents = clients::documents(text).map_err(|it| of_clients(CLIENTS, it))?;
    let mut wanted = Vec::new();
    let mut problems = Vec::new();
    for document in documents {
        match secret(&document) {
            Ok(secret) => wanted.push((document, secret)),
            Err(reason) => problems.push(FileProblem {
                file: CLIENTS.to_owned(),
                reason: format!("line {}: {}: {reason}", document.line.unwrap_or(1), document.id),
            }),
        }
    }
    if problems.is_empty() {
        Ok(wanted)
    } else {
        Err(problems)
    }
}

/// The deployment as it was judged against the database.
struct Plans {
    types: Option<KindsPlan<MembershipType>>,
    rights: Option<KindsPlan<RightType>>,
    organizations: Option<Plan>,
    documents: DocumentsPlan,
}

/// Says what `apply` would do.
pub async fn preview(app: &App, context: &Context, deployment: &Deployment) -> Result<Applied, Error> {
    check(app, context, deployment).await?;
    let db = app.db.read();
    let plans = Plans::of(app, db, deployment, app.clock.now()).await?;
    let mut differences = plans.differences(db).await?;
    if let Some(wanted) = &deployment.clients {
        let clients = clients::preview(app, context, wanted, deployment.unnamed).await?;
        differences.extend(clients.into_iter().filter_map(|it| it.difference));
    }
    differences.extend(plans.documents.differences());
    Ok(Applied { differences })
}

/// Applies the files.
pub async fn apply(app: &App, context: &Context, deployment: &Deployment) -> Result<Applied, Error> {
    check(app, context, deployment).await?;
    let differences = app
        .write(context, async |tx| {
            let plans = Plans::of(app, tx, deployment, tx.now()).await?;
            let mut differences = plans.differences(tx).await?;
            if let Some(types) = &plans.types {
                types.write(tx).await?;
            }
            if let Some(rights) = &plans.rights {
                rights.write(tx).await?;
            }
            if let Some(organizations) = &plans.organizations {
                organizations.write_in(tx).await?;
            }
            if let Some(wanted) = &deployment.clients {
                let applied = clients::apply_in(tx, wanted, deployment.unnamed).await?;
                differences.extend(applied.into_iter().filter_map(|it| it.difference));
            }
            plans.documents.write(tx).await?;
            differences.extend(plans.documents.differences());
            if let Some(types) = &plans.types {
                types.remove(tx).await?;
            }
            if !differences.is_empty() {
                let counted =
                    json!({ "differences": differences.len(), "prune": deployment.unnamed.is_pruned() });
                let event = Event::new(Action::DeploymentApplied, "deployment").with(counted);
                tx.record(event).await?;
            }
            Ok::<_, Error>(differences)
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    app.refresh_documents().await?;
    Ok(Applied { differences })
}

/// Checks what does not depend on the database, and who asks.
async fn check(app: &App, context: &Context, deployment: &Deployment) -> Result<(), Error> {
    affiliations::require_administrator(app, context).await?;
    let mut problems = settings::check(app, &deployment.files);
    if let Some(wanted) = &deployment.clients {
        match clients::check(app, context, wanted, deployment.unnamed)
            .await
            .map_err(Error::from)
        {
            Err(Error::Refused(found)) => problems.extend(found),
            other => other?,
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Refused(problems))
    }
}

impl Plans {
    async fn of(
        app: &App,
        db: &impl ConnectionTrait,
        deployment: &Deployment,
        now: Time,
    ) -> Result<Self, Error> {
        let unnamed = deployment.unnamed;
        let mut problems = Vec::new();
        let types = match &deployment.types {
            None => None,
            Some(listed) => {
                let judged = KindsPlan::<MembershipType>::judge(db, listed, unnamed).await?;
                judged
                    .map_err(|it| problems.extend(in_file(MEMBERSHIP_TYPES, it)))
                    .ok()
            }
        };
        let rights = match &deployment.rights {
            None => None,
            Some(listed) => {
                let judged = KindsPlan::<RightType>::judge(db, listed, unnamed).await?;
                judged.map_err(|it| problems.extend(in_file(RIGHTS, it))).ok()
            }
        };
        let known = match &types {
            Some(plan) => plan.after.clone(),
            None => membership_types::list(db).await?,
        };
        let organizations = match &deployment.organizations {
            None => None,
            Some(table) => match table.judge(db, &known, now, unnamed).await {
                Ok(plan) => Some(plan),
                Err(error) => {
                    problems.extend(of_import(ORGANIZATIONS, error)?);
                    None
                }
            },
        };
        if let Some(types) = &types {
            let in_use = match &organizations {
                Some(plan) => plan.types_in_use().clone(),
                None => organizations::types_in_use(db).await?,
            };
            problems.extend(in_file(MEMBERSHIP_TYPES, types.check_removal(&in_use)));
        }
        let documents = app.documents_in(db).await?;
        let documents = DocumentsPlan::judge(&documents, &deployment.files, now);
        match documents.map_err(|it| problems.extend(it)) {
            Ok(documents) if problems.is_empty() => Ok(Self {
                types,
                rights,
                organizations,
                documents,
            }),
            _ => Err(Error::Refused(problems)),
        }
    }

    async fn differences(&self, db: &impl ConnectionTrait) -> Result<Vec<Difference>, Error> {
        let mut differences = Vec::new();
        differences.extend(
            self.types
                .iter()
                .flat_map(KindsPlan::<MembershipType>::differences),
        );
        differences.extend(self.rights.iter().flat_map(KindsPlan::<RightType>::differences));
        if let Some(plan) = &self.organizations {
            let types = match &self.types {
                Some(types) => types.after.clone(),
                None => membership_types::list(db).await?,
            };
            differences.extend(plan.differences(db, &types).await?);
        }
        Ok(differences)
    }
}
