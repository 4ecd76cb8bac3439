//! Demands a second factor of people in office, where the deployment says so (`[policy] second_factor`; security.md PW-9).
//!
//! They have a time to set it up, which begins with the first login under the policy and is stored. When it is over,
//! nothing of the office opens until a factor is there; the own account stays open, where it is set up. While the policy
//! holds, the last factor cannot be removed. Every way to the work of an office asks here: the routes of pages, and the
//! rooms that act for an organization or for the whole service.

use chrono::Duration;
use sea_orm::ConnectionTrait;

use super::status::reachable_acr_within;
use crate::accounts::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::Acr;
use crate::domain::event::{Action, Event};
use crate::domain::role::{Duty, Role};
use crate::domain::session::Session;
use crate::domain::{AccountId, Time};
use crate::storage::{offices, second_factor_deadlines};

/// A second factor that is demanded of a person who has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The office for which it is demanded.
    pub duty: Duty,
    /// The end of the time to set it up.
    pub due_at: Time,
    /// `true` if that has passed: the office is closed.
    pub is_overdue: bool,
}

/// What keeps a session from the work of an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// The account has no second factor, and the time to set one up is over.
    SetUp,
    /// The account has one, and this session was begun without it.
    StepUp,
}

/// Returns the office for which the account needs a second factor.
async fn duty(app: &App, db: &impl ConnectionTrait, account: &AccountId, role: Role) -> Result<Option<Duty>> {
    let demanded = &app.config.policy.second_factor;
    // Support and auditors open the accounts of other people, as administrators do.
    if role.reads_accounts() && demanded.contains(&Duty::Administrator) {
        return Ok(Some(Duty::Administrator));
    }
    if !demanded.contains(&Duty::FocalPoint) {
        return Ok(None);
    }
    // A deputy has the powers of a Focal Point.
    let office = offices::find_of_account(db, account, app.clock.now()).await?;
    Ok(office.map(|_| Duty::FocalPoint))
}

/// Returns what is demanded of the account and not there yet.
pub async fn demand(app: &App, account: &Account) -> Result<Option<Demand>> {
    demand_of(app, &account.id, account.role).await
}

async fn demand_of(app: &App, account: &AccountId, role: Role) -> Result<Option<Demand>> {
    let db = app.db.read();
    let Some(duty) = duty(app, db, account, role).await? else {
        return Ok(None);
    };
    if reachable_acr_within(db, account).await? > Acr::Password {
        return Ok(None);
    }
    let now = app.clock.now();
    // A person who was logged in when the policy came has the whole time: it begins with the next login.
    let since = second_factor_deadlines::find(db, account).await?.unwrap_or(now);
    let grace = Duration::from_std(app.config.policy.second_factor_grace).map_err(Error::failed)?;
    let due_at = since + grace;
    Ok(Some(Demand {
        duty,
        due_at,
        is_overdue: now >= due_at,
    }))
}

/// Returns what keeps this session from the work of an office.
pub async fn unmet(app: &App, session: &Session, account: &Account) -> Result<Option<Unmet>> {
    unmet_by(app, session.acr(), account).await
}

/// Does what `unmet` does, for a login of this class.
pub async fn unmet_by(app: &App, acr: Acr, account: &Account) -> Result<Option<Unmet>> {
    let db = app.db.read();
    if duty(app, db, &account.id, account.role).await?.is_none() {
        return Ok(None);
    }
    if let Some(demand) = demand(app, account).await? {
        return Ok(demand.is_overdue.then_some(Unmet::SetUp));
    }
    Ok((acr < Acr::SecondFactor).then_some(Unmet::StepUp))
}

/// Returns `true` if the office of whoever acts is closed. The operator and the service itself hold none.
pub async fn closes_office(app: &App, context: &Context) -> Result<bool> {
    let Some((account, role)) = context.actor.person() else {
        return Ok(false);
    };
    let demand = demand_of(app, account, role).await?;
    Ok(demand.is_some_and(|it| it.is_overdue))
}

/// Records a visit that found the office closed (LG-1).
pub async fn record_closed(app: &App, context: &Context, account: &Account) -> Result<()> {
    let event = Event::new(Action::OfficeClosed, format!("account:{}", account.id));
    Ok(app
        .record_refusal(context, event.failed("no second factor"))
        .await?)
}

/// Begins the time to set a factor up, with a login of a person of whom one is demanded; forgets it if nothing is, so that
/// an office that comes back has the whole time again.
pub(in crate::accounts) async fn begin(tx: &Tx, account: &Account) -> Result<()> {
    if tx.app().config.policy.second_factor.is_empty() {
        return Ok(());
    }
    let duty = duty(tx.app(), tx, &account.id, account.role).await?;
    let is_there = reachable_acr_within(tx, &account.id).await? > Acr::Password;
    let Some(duty) = duty.filter(|_| !is_there) else {
        return met(tx, &account.id).await;
    };
    if second_factor_deadlines::insert(tx, &account.id, tx.now()).await? {
        let event = Event::new(Action::SecondFactorDemanded, format!("account:{}", account.id));
        tx.record_as(account, event.because(duty.as_str())).await?;
    }
    Ok(())
}

/// Forgets the time: what was demanded is there.
pub(super) async fn met(tx: &Tx, account: &AccountId) -> Result<()> {
    Ok(second_factor_deadlines::delete(tx, account).await?)
}

/// Refuses to leave a person in office without any factor. The caller has removed one.
pub(super) async fn require_another(tx: &Tx, account: &Account) -> Result<()> {
    let is_left = reachable_acr_within(tx, &account.id).await? > Acr::Password;
    if is_left || duty(tx.app(), tx, &account.id, account.role).await?.is_none() {
        return Ok(());
    }
    Err(Error::SecondFactorRequired)
}

/// Records a removal that `require_another` refused, beside the transaction that it ended, and returns the outcome.
pub(super) async fn recorded(
    app: &App,
    context: &Context,
    account: &Account,
    removed: Result<bool>,
) -> Result<bool> {
    if matches!(removed, Err(Error::SecondFactorRequired)) {
        let event = Event::new(Action::SecondFactorRemoved, format!("account:{}", account.id));
        let event = event.failed("the office needs one");
        app.write(context, async |tx| {
            Ok::<_, Error>(tx.record(event.clone()).await?)
        })
        .await?;
    }
    removed
}
