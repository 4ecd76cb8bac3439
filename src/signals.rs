//! Writes what services are to hear of a person into their outboxes, in the transaction that caused it. `app::Tx` calls it
//! with every audit record, so no act can forget it: the action decides what a service hears, its use of the account who
//! hears it. How it is sent is in `oidc::shared_signals`.
//!
//! A service with users of its own (SCIM) is not told what happened: it is noted that what it has of a person may differ
//! from what it is to have, and whoever sends reads what that is.

use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::actor::{Actor, Context};
use crate::domain::authentication::Factor;
use crate::domain::event::{Action, Event};
use crate::domain::event_receiver::Receiver;
use crate::domain::signal::{Credential, CredentialFate, Initiator, Kept, Signal, SignalKind};
use crate::domain::{AccountId, ClientId, ReceiverId, SessionId, Subject, Time, claim, scope};
use crate::keys::Keyring;
use crate::random;
use crate::storage::event_deliveries::{self, NewDelivery};
use crate::storage::event_receivers::Listener;
use crate::storage::scim_targets::{Walks, Whose};
use crate::storage::{event_receivers, passkeys, scim_resources, scim_targets, second_factors, sessions};

/// The purpose for which the key of kept signals is derived: they may hold an address.
const SEALED: &str = "signal";

/// The outbox of a transaction.
#[derive(Debug)]
pub struct Outbox<'a, C> {
    pub tx: &'a C,
    pub keys: &'a Keyring,
    pub now: Time,
}

impl<C: ConnectionTrait> Outbox<'_, C> {
    /// Writes what follows from an entry of the audit trail for the person whom it concerns.
    pub async fn record(&self, context: &Context, event: &Event) -> Result<(), DbErr> {
        if event.success {
            self.begin_walks(event).await?;
        }
        let is_of_members = matches!(
            event.action,
            Action::OrganizationChanged | Action::OrganizationAccepted
        );
        if let Some(organization) = event
            .organization
            .as_ref()
            .filter(|_| is_of_members && event.success)
        {
            self.provision(&context.actor, Whose::Members(organization))
                .await?;
            let listening = event_receivers::list_listening_to_members(self.tx, organization).await?;
            return self.write(&context.actor, &listening, &[of_membership()]).await;
        }
        let Some(person) = event.person(context).filter(|_| event.success) else {
            return Ok(());
        };
        let signals = self.follow(event, &person).await?;
        let is_visible = matches!(event.action, Action::ConsentGiven | Action::ConsentWithdrawn);
        if is_visible || signals.iter().any(changes_users) {
            self.provision(&context.actor, Whose::Person(&person)).await?;
        }
        self.send(&context.actor, &person, signals).await
    }

    /// Writes signals about a person for the services that they used.
    pub async fn send(&self, actor: &Actor, person: &AccountId, signals: Vec<Signal>) -> Result<(), DbErr> {
        if signals.is_empty() {
            return Ok(());
        }
        for signal in &signals {
            if let Signal::AccountPurged { subject, .. } = signal {
                self.purge(actor, person, subject).await?;
            }
        }
        let listening = event_receivers::list_listening(self.tx, person).await?;
        self.write(actor, &listening, &signals).await
    }

    /// Notes that services with users of their own are to look at these people again.
    pub async fn provision(&self, actor: &Actor, whose: Whose<'_>) -> Result<(), DbErr> {
        let mut new = Vec::new();
        for (receiver, account) in scim_targets::list_concerned(self.tx, whose).await? {
            let by = Initiator::of(actor, &account);
            new.push(self.provisioning(&receiver, &account, by)?);
        }
        event_deliveries::insert(self.tx, new).await
    }

    /// Does the same for people whom the walk over all of them found.
    pub async fn provision_these(&self, receiver: &ReceiverId, people: &[AccountId]) -> Result<(), DbErr> {
        let new = people
            .iter()
            .map(|it| self.provisioning(receiver, it, Initiator::System));
        event_deliveries::insert(self.tx, new.collect::<Result<_, _>>()?).await
    }

    fn provisioning(
        &self,
        receiver: &ReceiverId,
        account: &AccountId,
        by: Initiator,
    ) -> Result<NewDelivery, DbErr> {
        let signal = Signal::Provisioning;
        self.delivery(receiver, Some(account), &Kept { signal, by })
    }

    /// Has services delete the user that they have for a person, while it is still known which one that is.
    async fn purge(&self, actor: &Actor, person: &AccountId, subject: &Subject) -> Result<(), DbErr> {
        let mut new = Vec::new();
        for user in scim_resources::list_of_account(self.tx, person).await? {
            let signal = Signal::AccountPurged {
                subject: subject.clone(),
                remote_id: user.remote_id,
            };
            let by = Initiator::of(actor, person);
            new.push(self.delivery(&user.receiver, None, &Kept { signal, by })?);
        }
        event_deliveries::insert(self.tx, new).await
    }

    /// Has services with users of their own look at everybody again, where an act changes whom they may have, or what of
    /// them.
    async fn begin_walks(&self, event: &Event) -> Result<(), DbErr> {
        match event.action {
            Action::ClientChanged => match event.object.strip_prefix("client:").map(ClientId::new) {
                Some(client) => scim_targets::begin_again(self.tx, Walks::OfClient(&client), self.now).await,
                None => Ok(()),
            },
            Action::MembershipTypeChanged => scim_targets::begin_again(self.tx, Walks::All, self.now).await,
            _ => Ok(()),
        }
    }

    async fn write(&self, actor: &Actor, listening: &[Listener], signals: &[Signal]) -> Result<(), DbErr> {
        let mut new = Vec::new();
        for signal in signals {
            for listener in listening {
                let wanted = listener.receiver.kinds().contains(&signal.kind());
                let heard = signal.within(&listener.scope, &listener.claims);
                if let Some(signal) = heard.filter(|_| wanted) {
                    let by = Initiator::of(actor, &listener.account);
                    let kept = Kept { signal, by };
                    new.push(self.delivery(&listener.receiver.id, Some(&listener.account), &kept)?);
                }
            }
        }
        event_deliveries::insert(self.tx, new).await
    }

    /// Writes what is about the receiver itself.
    pub async fn send_to(&self, receiver: &Receiver, by: Initiator, signal: Signal) -> Result<(), DbErr> {
        let delivery = self.delivery(&receiver.id, None, &Kept { signal, by })?;
        event_deliveries::insert(self.tx, vec![delivery]).await
    }

    fn delivery(
        &self,
        receiver: &ReceiverId,
        person: Option<&AccountId>,
        kept: &Kept,
    ) -> Result<NewDelivery, DbErr> {
        let kind = kept.signal.kind();
        Ok(NewDelivery {
            id: random::id(),
            receiver: receiver.clone(),
            // Nothing of the account is left when services are told that it is gone.
            account: person.filter(|_| kind != SignalKind::AccountPurged).cloned(),
            kind,
            sealed_signal: seal(self.keys, kept)?,
            caused_at: self.now,
        })
    }

    /// Returns what a service hears of an act.
    async fn follow(&self, event: &Event, person: &AccountId) -> Result<Vec<Signal>, DbErr> {
        let password = || Signal::CredentialChange {
            credential: Credential::Password,
            fate: CredentialFate::Update,
        };
        Ok(match event.action {
            Action::SessionEnded | Action::Logout => {
                let session = event.object.strip_prefix("session:").map(SessionId::new);
                let sid = match session {
                    Some(session) => sessions::find_sid(self.tx, &session).await?,
                    None => None,
                };
                // Without a `sid` a service would end all sessions.
                sid.map(|it| Signal::SessionRevoked { sid: Some(it) })
                    .into_iter()
                    .collect()
            }
            Action::PasswordChanged | Action::PasswordReset => vec![password()],
            Action::SecondFactorAdded => self.factors_changed(event, person, true).await?,
            Action::SecondFactorRemoved => self.factors_changed(event, person, false).await?,
            Action::ProfileChanged => {
                let changed = claims_of_profile(event.reason.as_deref().unwrap_or_default());
                if changed.is_empty() {
                    Vec::new()
                } else {
                    vec![Signal::claims(changed)]
                }
            }
            Action::NewsletterSubscribed | Action::NewsletterStopped => vec![Signal::claims(["newsletter"])],
            Action::EmailVerified => vec![Signal::claims(["email_verified"])],
            Action::EmailChanged | Action::EmailChangeUndone => {
                let mut signals = vec![Signal::claims(["email", "email_verified", "preferred_username"])];
                signals.extend(
                    event
                        .addresses
                        .as_ref()
                        .map(|(from, to)| Signal::IdentifierChanged {
                            from: from.as_str().to_owned(),
                            to: to.as_str().to_owned(),
                        }),
                );
                signals
            }
            Action::AffiliationRequested
            | Action::AffiliationApproved
            | Action::AffiliationRejected
            | Action::AffiliationWithdrawn
            | Action::AffiliationRemoved
            | Action::AffiliationLapsed => vec![of_membership()],
            // One of a person whose affiliation moved; that of the organization itself names nobody.
            Action::OrganizationMerged if event.account.is_some() => vec![of_membership()],
            Action::TiesRequested | Action::TiesGranted | Action::TiesRefused | Action::TiesRevoked => {
                vec![Signal::claims(["ties_rights"])]
            }
            Action::FocalPointDesignated | Action::FocalPointRemoved => {
                vec![Signal::claims(["focal_point"])]
            }
            Action::AccountSuspended | Action::DeletionRequested => vec![Signal::AccountDisabled],
            Action::AccountReinstated | Action::DeletionStopped => vec![Signal::AccountEnabled],
            _ => Vec::new(),
        })
    }

    async fn factors_changed(
        &self,
        event: &Event,
        person: &AccountId,
        added: bool,
    ) -> Result<Vec<Signal>, DbErr> {
        let (fate, rest) = if added {
            (CredentialFate::Create, 1)
        } else {
            (CredentialFate::Delete, 0)
        };
        let several = event.after.as_ref().and_then(|it| it["removed"].as_array());
        let named = several.into_iter().flatten().filter_map(|it| it.as_str());
        let mut signals: Vec<Signal> = event
            .reason
            .as_deref()
            .into_iter()
            .chain(named)
            .filter_map(Factor::parse)
            .filter_map(credential)
            .map(|credential| Signal::CredentialChange { credential, fate })
            .collect();
        let app = second_factors::find_totp(self.tx, person).await?.is_some();
        let held = passkeys::count(self.tx, person).await? + u64::from(app);
        if held == rest {
            signals.push(Signal::AssuranceLevelChange { raised: added });
        }
        Ok(signals)
    }
}

/// Returns `true` for what a user of another service may look different after.
fn changes_users(signal: &Signal) -> bool {
    matches!(
        signal,
        Signal::TokenClaimsChange { .. }
            | Signal::AccountDisabled
            | Signal::AccountEnabled
            | Signal::IdentifierChanged { .. }
    )
}

fn of_membership() -> Signal {
    Signal::claims(claim::of_scope(scope::ITU_MEMBERSHIP).iter().copied())
}

const fn credential(factor: Factor) -> Option<Credential> {
    match factor {
        Factor::Totp => Some(Credential::App),
        Factor::Passkey | Factor::PasskeyAlone => Some(Credential::Passkey),
        Factor::RecoveryCode => None,
    }
}

/// Returns the claims that follow from these fields of the profile. The newsletter has records of its own.
fn claims_of_profile(fields: &str) -> Vec<&str> {
    let mut claims = Vec::new();
    for field in fields.split(' ') {
        match field {
            "first_name" => claims.extend(["name", "given_name"]),
            "last_name" => claims.extend(["name", "family_name"]),
            "language" => claims.push("locale"),
            "title" | "gender" | "job_title" | "professional_role" => claims.push(field),
            _ => {}
        }
    }
    claims.dedup();
    claims
}

fn seal(keys: &Keyring, kept: &Kept) -> Result<String, DbErr> {
    let failed = |it: &dyn std::fmt::Display| DbErr::Custom(format!("a signal cannot be sealed: {it}"));
    let plain = serde_json::to_vec(kept).map_err(|it| failed(&it))?;
    keys.seal(SEALED, &plain).map_err(|it| failed(&it))
}

/// Returns a signal as it was kept; `None` if the master key is another, or a later release wrote it.
pub fn open(keys: &Keyring, sealed: &str) -> Option<Kept> {
    serde_json::from_slice(&keys.open(SEALED, sealed)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_the_profile_has_its_claims() {
        let all = "first_name last_name title gender job_title professional_role language newsletter";
        let claims = claims_of_profile(all);
        for name in &claims {
            assert!(claim::scope_of(name).is_some(), "{name}");
        }
        assert_eq!(claims_of_profile("newsletter"), Vec::<&str>::new());
        assert_eq!(claims_of_profile("last_name"), ["name", "family_name"]);
    }
}
