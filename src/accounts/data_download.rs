//! The download of all that the database holds on a person (product.md, *Trust centre*): requested by the person after a
//! recent login, built by a job, sealed, announced by a mail, opened with a record of it, and deleted after seven days.
//! Which tables are read is in `storage::personal_data`, the form of the file in `data_file`.

use sea_orm::DbErr;

use super::data_file::{DataFile, Names, Writer};
use super::personal_keys::PersonalKeys;
use super::{Error, Result, not_me_link, require_recent, second_factor, sessions};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::data_download::{ATTEMPTS, CLAIM, DataDownload, KEPT, Stage};
use crate::domain::event::{Action, Event};
use crate::domain::not_me::Cause;
use crate::domain::session::Session;
use crate::domain::{AccountId, Time};
use crate::random;
use crate::storage::batches::until_done;
use crate::storage::{accounts, data_downloads, organizations, personal_data};
use crate::templates::mails;

/// The kind of the seal.
const KIND: &str = "personal-data";

/// Returns the download of the account, if one was ever requested.
pub async fn find(app: &App, account: &AccountId) -> Result<Option<DataDownload>> {
    Ok(data_downloads::find(app.db.read(), account).await?)
}

/// Returns `true` if the session may request and open a download: its login is recent, and had a second factor if the
/// account has one.
pub async fn is_admitted(app: &App, session: &Session) -> Result<bool> {
    match second_factor::require_recent(app.db.read(), session, app.clock.now()).await {
        Ok(()) => Ok(true),
        Err(Error::ReauthenticationNeeded) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Requests a download. Does nothing while one is being built or was built just now. A file that is there stays until the
/// new one is.
pub async fn request(app: &App, context: &Context, session: &Session) -> Result<()> {
    require_recent(session, app.clock.now())?; // SE-4
    let account = &session.account;
    app.write(context, async |tx| {
        second_factor::hold(tx, session).await?;
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

/// The way in which a person sees their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    Page,
    File,
}

impl Opening {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::File => "file",
        }
    }
}

/// Returns the file, if it is there, to the person who has just logged in, and records that they have it (LG-1).
pub async fn open(
    app: &App,
    context: &Context,
    session: &Session,
    opening: Opening,
) -> Result<Option<DataFile>> {
    let (account, now) = (&session.account, app.clock.now());
    second_factor::require_recent(app.db.read(), session, now).await?; // SE-4
    let found = find(app, account).await?;
    if found.is_none_or(|it| it.file(now).is_none()) {
        return Ok(None);
    }
    let Some(sealed) = data_downloads::find_content(app.db.read(), account).await? else {
        return Ok(None);
    };
    let content = app.keys.open(KIND, &sealed);
    let content = content.ok_or_else(|| Error::failed("a download was sealed under another master key"))?;
    // The seal says whose it is: a row that was moved to another account opens for nobody.
    let content = content.strip_prefix(head(account).as_slice());
    let content = content.ok_or_else(|| Error::failed("a download is stored at another account"))?;
    app.write(context, async |tx| {
        sessions::hold(tx, session).await?;
        let event = Event::new(Action::DataOpened, format!("account:{account}"));
        tx.record(event.because(opening.as_str())).await?;
        Ok::<_, Error>(())
    })
    .await?;
    Ok(Some(DataFile(content.to_vec())))
}

/// Returns what a file begins with inside of its seal.
fn head(account: &AccountId) -> Vec<u8> {
    format!("{account}\n").into_bytes()
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
    let content = collect(app, &account).await?;
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

/// Reads all that is held on the person, and returns the file in the form in which it is sealed.
async fn collect(app: &App, account: &Account) -> Result<Vec<u8>> {
    let db = app.db.read();
    let keys = PersonalKeys::find(app, account).await?;
    let issuer = app.config.issuer.to_string();
    let mut file = Writer::begin(&issuer, &account.id, app.clock.now())?;
    personal_data::read(db, &keys.person(), |part| file.table(&part)).await?;
    let mut names = Names::default();
    for client in &file.clients {
        if let Some(found) = app.registry.find(client) {
            names.services.insert(client.clone(), found.name().to_owned());
        }
    }
    for found in organizations::list_by_ids(db, &file.organizations).await? {
        names.organizations.insert(found.id.into_string(), found.name);
    }
    let mut content = head(&account.id);
    content.extend(file.end(&names)?);
    Ok(content)
}

/// Deletes the files that have expired, and returns how many.
pub(super) async fn sweep(app: &App, now: Time) -> Result<u64, DbErr> {
    until_done(&app.stopping, || data_downloads::forget_expired(&app.db, now)).await
}
