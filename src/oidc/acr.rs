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
    /// The service insists on what the account has not; a person can set it up.
    NotSetUp,
    /// The service insists on what nobody has here.
    Never,
}

pub async fn meet(app: &App, wanted: &WantedAcr<'_>, session: &Session, account: &Account) -> Result<Met> {
    let held = session.acr();
    if let Some(acr) = wanted.met_by(held) {
        return Ok(Met::Told(acr));
    }
    let reach = second_factor::reach(app, &account.id).await;
    if wanted.met_by(reach.map_err(Error::internal)?).is_some() {
        return Ok(Met::SecondFactor);
    }
    Ok(match wanted.met_by(second_factor::best(&app.config.issuer)) {
        _ if !wanted.essential => Met::Told(held),
        Some(_) => Met::NotSetUp,
        None => Met::Never,
    })
}
