//! The download of all that the database holds on a person (product.md, *Trust centre*): requested by the person after a
//! recent login, built by a job, sealed, announced by a mail, and deleted after seven days. Which tables are read is in
//! `storage::personal_data`.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::personal_keys::PersonalKeys;
use super::{Error, Result, not_me_link, require_recent, sessions};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::data_download::{ATTEMPTS, CLAIM, DataDownload, KEPT, Stage};
use crate::domain::event::{Action, Event};
use crate::domain::not_me::Cause;
use crate::domain::session::Session;
use crate::domain::{AccountId, OrganizationId, Time};
use crate::random;
use crate::storage::batches::until_done;
use crate::storage::personal_data::{self, WITHHELD};
use crate::storage::{accounts, data_downloads, organizations};
use crate::templates::mails;

/// The kind of the seal.
const KIND: &str = "personal-data";

/// The file.
#[derive(Debug, Serialize, Deserialize)]
pub struct PersonalData {
    /// Names the form of the file and its version.
    pub format: String,
    pub issuer: String,
    pub account: String,
    pub made_at: Time,
    /// The rows that are about the person, by table.
    pub tables: BTreeMap<String, Vec<Map<String, Value>>>,
    /// What is there and not given.
    pub withheld: Vec<Withheld>,
    pub names: Names,
}

/// A column that is named and not given.
#[derive(Debug, Serialize, Deserialize)]
pub struct Withheld {
    pub table: String,
    pub column: String,
    /// `secret`, `another_person`, `this_file`.
    pub reason: String,
}

/// The names of what rows have the identifier of.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Names {
    pub organizations: BTreeMap<String, String>,
    pub services: BTreeMap<String, String>,
}

/// Returns the download of the account, if one was ever requested.
pub async fn find(app: &App, account: &AccountId) -> Result<Option<DataDownload>> {
    Ok(data_downloads::find(app.db.read(), account).await?)
}

/// Requests a download. Does nothing while one is being built or was built just now.
pub async fn request(app: &App, context: &Context, session: &Session) -> Result<()> {
    require_recent(session, app.clock.now())?; // SE-4
    let account = &session.account;
    app.write(context, async |tx| {
        sessions::hold(tx, session).await?;
        if let Some(before) = data_downloads::find(tx, account).await? {
            let is_under_way = before.stage(tx.now()) == Stage::Building;
            if is_under_way || before.wait(tx.now()).is_some() {
                return Ok(());
            }
        }
        data_downloads::put(tx, account, &random::id(), tx.now()).await?;
        let event = Event::new(Action::DataRequested, format!("account:{account}"));
        Ok(tx.record(event).await?)
    })
    .await
}

/// Returns the file, if it is there, to the person who has just logged in.
pub async fn open(app: &App, session: &Session) -> Result<Option<PersonalData>> {
    let now = app.clock.now();
    require_recent(session, now)?; // SE-4
    let found = find(app, &session.account).await?;
    if !found.is_some_and(|it| matches!(it.stage(now), Stage::Ready { .. })) {
        return Ok(None);
    }
    let Some(sealed) = data_downloads::find_content(app.db.read(), &session.account).await? else {
        return Ok(None);
    };
    let content = app.keys.open(KIND, &sealed);
    let content = content.ok_or_else(|| Error::failed("a download was sealed under another master key"))?;
    let data: PersonalData = serde_json::from_slice(&content).map_err(Error::failed)?;
    if data.account != session.account.as_str() {
        return Err(Error::failed("a download is stored at another account"));
    }
    Ok(Some(data))
}

/// Builds the downloads that are due, and returns how many are ready. One that cannot be built is tried again; one that
/// ends the process has used an attempt, too.
pub async fn build_due(app: &App) -> Result<usize> {
    let mut ready = 0;
    for due in data_downloads::list_due(app.db.read(), app.clock.now()).await? {
        if app.stopping.is_cancelled() {
            break;
        }
        if due.attempts >= ATTEMPTS {
            give_up(app, &due).await?;
            continue;
        }
        let until = app.clock.now() + CLAIM;
        if !data_downloads::claim(&app.db, &due, until).await? {
            continue; // Another node was faster.
        }
        let claimed = DataDownload {
            attempts: due.attempts + 1,
            ..due
        };
        match build(app, &claimed).await {
            Ok(is_ours) => ready += usize::from(is_ours),
            Err(error) => {
                let account = claimed.account.as_str();
                tracing::warn!(account, %error, "a download of personal data was not built");
            }
        }
    }
    Ok(ready)
}

async fn give_up(app: &App, due: &DataDownload) -> Result<()> {
    app.write(&Context::system(), async |tx| {
        if data_downloads::give_up(tx, due, tx.now()).await? {
            let event = Event::new(Action::DataBuilt, format!("account:{}", due.account));
            tx.record(event.failed("attempts")).await?;
            // The person was promised a mail.
            if let Some(account) = accounts::find(tx, &due.account).await? {
                let name = account.profile.full_name();
                tx.mail(&account, &mails::DataFailed { name }).await?;
            }
        }
        Ok(())
    })
    .await
}

async fn build(app: &App, claimed: &DataDownload) -> Result<bool> {
    let Some(account) = accounts::find(app.db.read(), &claimed.account).await? else {
        return Ok(false);
    };
    let data = collect(app, &account).await?;
    let content = serde_json::to_vec(&data).map_err(Error::failed)?;
    let sealed = app.keys.seal(KIND, &content).map_err(Error::failed)?;
    let (account, sealed) = (&account, sealed.as_str());
    app.write(&Context::system(), async |tx| {
        let until = tx.now() + KEPT;
        if !data_downloads::finish(tx, claimed, sealed, tx.now(), until).await? {
            return Ok(false);
        }
        let event = Event::new(Action::DataBuilt, format!("account:{}", account.id));
        tx.record(event).await?;
        let mail = mails::DataReady {
            name: account.profile.full_name(),
            until,
            not_me: not_me_link::issue(tx, account, Cause::Data).await?,
        };
        tx.mail(account, &mail).await?;
        Ok(true)
    })
    .await
}

async fn collect(app: &App, account: &Account) -> Result<PersonalData> {
    let db = app.db.read();
    let keys = PersonalKeys::find(app, account).await?;
    let tables: BTreeMap<_, _> = personal_data::read(db, &keys.person())
        .await?
        .into_iter()
        .map(|it| (it.name.to_owned(), it.rows))
        .collect();
    let withheld = WITHHELD.iter().map(|(table, column, reason)| Withheld {
        table: (*table).to_owned(),
        column: (*column).to_owned(),
        reason: reason.as_str().to_owned(),
    });
    Ok(PersonalData {
        format: "itu-account-personal-data/1".to_owned(),
        issuer: app.config.issuer.to_string(),
        account: account.id.to_string(),
        made_at: app.clock.now(),
        names: names(app, &tables).await?,
        withheld: withheld.collect(),
        tables,
    })
}

/// Returns the client that a row names, or that a record of the trail is about.
pub fn client_of(row: &Map<String, Value>) -> Option<&str> {
    let text = |column: &str| row.get(column).and_then(Value::as_str);
    let recorded = || {
        ["object", "actor"]
            .into_iter()
            .find_map(|it| text(it)?.strip_prefix("client:"))
    };
    text("client_id").or_else(recorded)
}

async fn names(app: &App, tables: &BTreeMap<String, Vec<Map<String, Value>>>) -> Result<Names> {
    let mut names = Names::default();
    let mut organizations = BTreeSet::new();
    for row in tables.values().flatten() {
        if let Some(client) = client_of(row)
            && let Some(found) = app.registry.find(client)
        {
            names.services.insert(client.to_owned(), found.name().to_owned());
        }
        let organization = row.get("organization_id").and_then(Value::as_str);
        organizations.extend(organization.map(OrganizationId::new));
    }
    for found in organizations::list_by_ids(app.db.read(), &organizations).await? {
        names.organizations.insert(found.id.into_string(), found.name);
    }
    Ok(names)
}

/// Deletes the files that have expired, and returns how many.
pub(super) async fn sweep(app: &App, now: Time) -> Result<u64, DbErr> {
    until_done(&app.stopping, || data_downloads::forget_expired(&app.db, now)).await
}
