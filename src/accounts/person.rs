//! Opens the account of a person for the staff: what is needed to help, and no secret. That it was opened is in the audit
//! trail, and in the history that the person reads.

use super::history::{self, Entry};
use super::second_factor::{self, HeldFactor};
use super::{Error, Result, sessions, staff};
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::account::{Account, Suspension};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::powers::Area;
use crate::domain::session::Session;
use crate::storage::{accounts, second_factors, suspensions};

/// The newest acts that are shown.
const ACTS: usize = 10;

/// The account of a person, as the staff sees it.
#[derive(Clone, Debug)]
pub struct OpenedAccount {
    pub account: Account,
    pub suspension: Option<Suspension>,
    /// `true` if it is the reader's own.
    pub is_own: bool,
    /// `true` if the reader may help the person.
    pub may_help: bool,
    /// `true` if the reader may see the pages of the account as the person does.
    pub may_view: bool,
    /// `true` if the reader may suspend the account and change its role.
    pub may_administer: bool,
    pub sessions: Vec<Session>,
    pub factors: Vec<HeldFactor>,
    pub recovery_codes: u64,
    pub acts: Vec<Entry>,
}

/// Opens an account, and records that it was, unless it is the reader's own.
pub async fn open(app: &App, context: &Context, id: &AccountId) -> Result<OpenedAccount> {
    let account = find(app, context, id).await?;
    let is_own = context.actor.account() == Some(&account.id);
    let opened = OpenedAccount {
        is_own,
        may_help: staff::may_help(&context.actor, &account),
        may_view: account.is_active() && staff::may_view(&context.actor, &account),
        may_administer: context.actor.administers(Area::Accounts) && !is_own,
        suspension: suspensions::find(app.db.read(), &account.id).await?,
        sessions: sessions::list(app, &account.id).await?,
        factors: second_factor::list_held(app.db.read(), &account.id).await?,
        recovery_codes: second_factors::count_codes(app.db.read(), &account.id).await?,
        acts: history::latest(app, &account.id)
            .await?
            .into_iter()
            .take(ACTS)
            .collect(),
        account,
    };
    record_view(app, context, &opened.account).await?;
    Ok(opened)
}

/// Records that an account was looked at, unless it is the reader's own.
pub async fn record_view(app: &App, context: &Context, account: &Account) -> Result<()> {
    if context.actor.account() == Some(&account.id) {
        return Ok(());
    }
    app.write(context, async |tx| {
        let event = Event::new(Action::AccountViewed, format!("account:{}", account.id));
        Ok(tx.record(event).await?)
    })
    .await
}

/// Finds an account for the staff, for the page before an act on it.
pub async fn find(app: &App, context: &Context, id: &AccountId) -> Result<Account> {
    staff::require_reader(app, context).await?;
    let found = accounts::find(app.db.read(), id).await?;
    found.filter(|it| !it.is_deleted()).ok_or(Error::NotFound)
}
