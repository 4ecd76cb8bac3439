//! Imports accounts with their affiliations (contract.md, "Accounts, CSV or JSON Lines"), and returns the rows of the
//! export. The file speaks for the former platform: its decisions were made there. `itu-account user` and the demo call
//! this. Reading the file and writing accounts is in `accounts::import`.

use std::collections::HashMap;
use std::time::Instant;

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::accounts::Result;
use crate::accounts::import::{self, Placement, Problem, Read, Record, Row};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, Decision, Stage};
use crate::domain::event::{Action, Event};
use crate::domain::organization::{MembershipType, Organization, OrganizationStatus};
use crate::domain::ties::{TiesRight, TiesStage};
use crate::domain::{AffiliationId, MembershipTypeId, OrganizationId, TiesRightId, Time};
use crate::random;
use crate::storage::batches::pause;
use crate::storage::{affiliations, membership_types, organizations, ties};

/// The most records of one transaction.
const BATCH: usize = 20;

/// The outcome of an import.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    pub imported: usize,
    /// The lines whose address has an account already, which stays as it is.
    pub known: Vec<u64>,
    /// The lines that were refused. Without `proceed`, one problem refuses the whole file.
    pub problems: Vec<Problem>,
}

/// Judges the whole file, by reading alone, and then applies it in small transactions: each whole, with its audit
/// record. One problem refuses the file, unless `proceed` takes all that is good. If the process is ended in between,
/// the records before are there with all that belongs to them; the same file again finds that they exist and goes on.
pub async fn import(app: &App, context: &Context, read: Read, proceed: bool) -> Result<Report> {
    let mut report = Report {
        problems: read.problems,
        ..Report::default()
    };
    let now = app.clock.now();
    let (records, existing) = import::split_existing(app.db.read(), read.records).await?;
    report.known = existing;
    let directory = Directory::load(app.db.read(), &records).await?;
    let (good, refused) = directory.judge(now, records);
    report.problems.extend(refused);
    if report.problems.is_empty() || proceed {
        let id = random::id();
        for batch in good.chunks(BATCH) {
            let begun = Instant::now();
            let applied = app.write(context, async |tx| apply(tx, &id, batch).await).await?;
            report.imported += applied.imported;
            report.known.extend(applied.known);
            report.problems.extend(applied.problems);
            pause(begun).await;
        }
    }
    report.known.sort_unstable();
    report.problems.sort_by_key(|it| it.line);
    Ok(report)
}

/// A record with its affiliation and rights.
type Judged = (Record, Option<(Affiliation, Vec<TiesRight>)>);

/// Applies a batch. A person who signed up since the file was judged keeps their account; an affiliation that the
/// organization cannot take any more is refused.
async fn apply(tx: &Tx, id: &str, batch: &[Judged]) -> Result<Report> {
    let records = batch.iter().map(|(record, _)| record.clone()).collect();
    let (records, existing) = import::split_existing(tx, records).await?;
    let directory = Directory::load(tx, &records).await?;
    let (good, problems) = directory.judge(tx.now(), records);
    let (people, affiliations): (Vec<_>, Vec<_>) = good.into_iter().unzip();
    let (affiliations, rights): (Vec<_>, Vec<_>) = affiliations.into_iter().flatten().unzip();
    let rights = rights.concat();
    if !people.is_empty() {
        import::insert(tx, &people).await?;
        affiliations::insert_many(tx, &affiliations).await?;
        ties::insert_many(tx, &rights).await?;
        // One entry for the batch, under one name for the file: it is one act, and names nobody.
        let verified = people.iter().filter(|it| it.account.email_verified).count();
        let counted = json!({
            "accounts": people.len(),
            "addresses_verified": verified,
            "affiliations": affiliations.len(),
            "rights": rights.len(),
        });
        let event = Event::new(Action::AccountImported, format!("import:{id}"));
        tx.record(event.change(json!(null), counted)).await?;
    }
    Ok(Report {
        imported: people.len(),
        known: existing,
        problems,
    })
}

/// The organizations that a file names, with their types.
struct Directory {
    organizations: HashMap<OrganizationId, (Organization, MembershipType)>,
    rights: Vec<String>,
}

impl Directory {
    async fn load(tx: &impl ConnectionTrait, records: &[Record]) -> Result<Self> {
        let types: HashMap<MembershipTypeId, MembershipType> = membership_types::list(tx)
            .await?
            .into_iter()
            .map(|it| (it.id.clone(), it))
            .collect();
        let mut found = HashMap::new();
        for id in records
            .iter()
            .filter_map(|it| Some(&it.placement.as_ref()?.organization))
        {
            if found.contains_key(id) {
                continue;
            }
            if let Some(organization) = organizations::resolve(tx, id).await?
                && let Some(its_type) = types.get(&organization.membership_type)
            {
                found.insert(id.clone(), (organization, its_type.clone()));
            }
        }
        let rights = ties::list_types(tx)
            .await?
            .into_iter()
            .map(|it| it.name)
            .collect();
        Ok(Self {
            organizations: found,
            rights,
        })
    }

    /// Returns the records with their affiliations, and what is wrong with the others.
    fn judge(&self, now: Time, records: Vec<Record>) -> (Vec<Judged>, Vec<Problem>) {
        let (mut good, mut problems) = (Vec::new(), Vec::new());
        for record in records {
            let placement = record.placement.as_ref();
            match placement
                .map(|it| self.assign(now, &record.account, it))
                .transpose()
            {
                Ok(assigned) => good.push((record, assigned)),
                Err(reason) => problems.push(Problem {
                    line: record.line,
                    reason,
                }),
            }
        }
        (good, problems)
    }

    /// Returns the affiliation and rights of a record, or why it cannot have them.
    fn assign(
        &self,
        now: Time,
        account: &Account,
        placement: &Placement,
    ) -> std::result::Result<(Affiliation, Vec<TiesRight>), String> {
        let (organization, its_type) = self
            .organizations
            .get(&placement.organization)
            .ok_or_else(|| format!("organization_id: there is no \"{}\"", placement.organization))?;
        let member = organization.is_member(its_type);
        let decision = Decision {
            at: now,
            by: None,
            capacity: Capacity::System,
            // The file gives no reason; the audit trail says that it was imported.
            reason: None,
        };
        let status = match placement.status.as_str() {
            "" if member => AffiliationStatus::Pending,
            "" => AffiliationStatus::SelfDeclared,
            text => AffiliationStatus::parse(text)
                .ok_or_else(|| format!("affiliation_status: \"{}\" is not one", text.escape_debug()))?,
        };
        if !matches!(status, AffiliationStatus::SelfDeclared) && !member {
            return Err(format!(
                "affiliation_status: {status} is for members; {} is none",
                organization.id
            ));
        }
        let stage = match status {
            AffiliationStatus::SelfDeclared if member => {
                return Err(format!(
                    "affiliation_status: {} is a member, its Focal Point decides",
                    organization.id
                ));
            }
            AffiliationStatus::SelfDeclared => Stage::SelfDeclared,
            AffiliationStatus::Pending => Stage::Pending,
            AffiliationStatus::Approved if organization.status == OrganizationStatus::Ended => {
                return Err(format!(
                    "affiliation_status: the membership of {} has ended",
                    organization.id
                ));
            }
            AffiliationStatus::Approved => Stage::Approved(decision.clone()),
            AffiliationStatus::Rejected => Stage::Rejected(decision.clone()),
            AffiliationStatus::Withdrawn => Stage::Withdrawn {
                approval: None,
                end: decision.clone(),
            },
            AffiliationStatus::Removed => Stage::Removed {
                approval: decision.clone(),
                end: decision.clone(),
            },
            AffiliationStatus::Lapsed => Stage::Lapsed {
                approval: decision.clone(),
                end: decision.clone(),
            },
        };
        if matches!(
            status,
            AffiliationStatus::Pending | AffiliationStatus::SelfDeclared
        ) && !organization.takes_people()
        {
            return Err(format!(
                "organization_id: {} takes nobody any more",
                organization.id
            ));
        }
        let affiliation = Affiliation {
            id: AffiliationId::new(random::id()),
            account: account.id.clone(),
            organization: organization.id.clone(),
            requested_at: now,
            asked_by_person: true,
            stage,
        };
        let entitled = status == AffiliationStatus::Approved && organization.can_have_ties(its_type);
        if !entitled && !placement.ties_rights.is_empty() {
            return Err("ties_rights: need an approved affiliation to an entitled, active member".into());
        }
        let mut rights: Vec<TiesRight> = Vec::new();
        for right in &placement.ties_rights {
            if !self.rights.contains(right) {
                return Err(format!("ties_rights: there is no \"{}\"", right.escape_debug()));
            }
            if rights.iter().any(|it| it.right == *right) {
                return Err(format!("ties_rights: \"{right}\" is named twice"));
            }
            rights.push(TiesRight {
                id: TiesRightId::new(random::id()),
                affiliation: affiliation.id.clone(),
                account: account.id.clone(),
                right: right.clone(),
                requested_at: None,
                stage: TiesStage::Granted(decision.clone()),
            });
        }
        Ok((affiliation, rights))
    }
}

/// Records that somebody reads all accounts (security.md LG-1).
pub async fn begin_export(app: &App, context: &Context, with_hashes: bool) -> Result<()> {
    app.write(context, async |tx| {
        let event = Event::new(Action::AccountsExported, "accounts:all");
        let event = if with_hashes {
            event.because("with password hashes")
        } else {
            event
        };
        Ok(tx.record(event).await?)
    })
    .await
}

/// Returns a page of the export: accounts in the order of their ids, after `after`. The hash stays here unless
/// it is asked for: it is what an attacker would want of the file.
pub async fn export(app: &App, after: &str, with_hashes: bool) -> Result<(Vec<Row>, Option<String>)> {
    let db = app.db.read();
    let page = crate::storage::accounts::list_after(db, after, 500).await?;
    let last = page.last().map(|it| it.id.to_string());
    let mut rows = Vec::new();
    for account in page {
        let mut row = import::row(&account);
        let affiliation = match affiliations::find_in_force(db, &account.id).await? {
            Some(affiliation) => Some(affiliation),
            // A withdrawn affiliation counts as none (product.md).
            None => affiliations::list_of_account(db, &account.id)
                .await?
                .into_iter()
                .find(|it| it.status() != AffiliationStatus::Withdrawn),
        };
        if let Some(affiliation) = affiliation {
            row.organization_id = affiliation.organization.to_string();
            row.affiliation_status = affiliation.status().as_str().to_owned();
            row.ties_rights = ties::list_granted(db, &affiliation.id).await?.join(";");
        }
        if with_hashes {
            row.password_hash = crate::storage::accounts::find_password_hash(db, &account.id)
                .await?
                .unwrap_or_default();
        }
        rows.push(row);
    }
    Ok((rows, last))
}
