//! The class of login that a service is told: one of those it asks for, the best there is, or none before the person
//! has proved more (OpenID Connect Core §3.1.2.1, §5.5.1.1; RFC 9470).

use super::{Error, Result};
use crate::accounts::second_factor;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::authentication::{Acr, WantedAcr};
use crate::domain::session::Session;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    Told(Acr),
    /// The account has what would raise the session.
    SecondFactor,
    /// Whatever the person does, it is less than what the service insists on.
    Never,
}

pub async fn meet(app: &App, wanted: &WantedAcr<'_>, session: &Session, account: &Account) -> Result<Met> {
    let held = session.acr();
    if let Some(acr) = wanted.met_by(held) {
        return Ok(Met::Told(acr));
    }
    let reach = second_factor::reach(app, &account.id).await;
    Ok(match wanted.met_by(reach.map_err(Error::internal)?) {
        Some(_) => Met::SecondFactor,
        None if wanted.essential => Met::Never,
        None => Met::Told(held),
    })
}
