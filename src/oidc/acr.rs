//! Decides the `acr` of a login: one of the classes that the service asks for, the best there is, or none before the
//! person has presented more (OpenID Connect Core §3.1.2.1, §5.5.1.1; RFC 9470). `authorization/interaction.rs` and the
//! decisions of CIBA call it; `domain/authentication.rs` has the classes.

use super::{Error, Result};
use crate::accounts::second_factor;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::authentication::{Acr, WantedAcr};
use crate::domain::session::Session;

/// The outcome for a session: the class that tokens state, or what keeps them from stating one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcrOutcome {
    /// Tokens state this class.
    Satisfied(Acr),
    /// The account has a second factor that would raise the session.
    SecondFactor,
    /// The service insists on a factor that the account lacks; the person can enroll it.
    NotEnrolled,
    /// The service insists on a class that no login here has.
    Unsupported,
}

/// Decides what a session comes to for a service that wants these classes.
pub async fn decide(
    app: &App,
    wanted: &WantedAcr<'_>,
    session: &Session,
    account: &Account,
) -> Result<AcrOutcome> {
    let held = session.acr();
    if let Some(acr) = wanted.met_by(held) {
        return Ok(AcrOutcome::Satisfied(acr));
    }
    let reach = second_factor::reachable_acr(app, &account.id).await;
    if wanted.met_by(reach.map_err(Error::internal)?).is_some() {
        return Ok(AcrOutcome::SecondFactor);
    }
    Ok(
        match wanted.met_by(second_factor::highest_acr(&app.config.issuer)) {
            _ if !wanted.essential => AcrOutcome::Satisfied(held),
            Some(_) => AcrOutcome::NotEnrolled,
            None => AcrOutcome::Unsupported,
        },
    )
}
