//! Shows a person what happened in their account, from the audit trail: which records they may see, and in which words
//! (security.md LG-1). The page of the history calls it. Records about the person alone are read, whoever acted; of others
//! the office is named and nothing else. Decisions about affiliation and TIES rights are in `affiliations::history`.

use chrono::Duration;

use super::Result;
use crate::app::App;
use crate::domain::actor::Office;
use crate::domain::authentication::{Acr, Factor};
use crate::domain::event::{Action, Record};
use crate::domain::organization::words;
use crate::domain::session::Session;
use crate::domain::{AccountId, ClientId, Time};
use crate::storage::events::{self, OfPerson};

/// How far back the history goes.
pub const DAYS: i64 = 90;
/// The records of one page.
const SIZE: u64 = 25;

words! {
    /// What a record is about: the filter of the page.
    Topic {
        Logins = "logins",
        Security = "security",
        Account = "account",
        Services = "services",
    }
}

/// Says whether a person sees the records of an action that concern them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    Shown(Topic),
    /// The history of the affiliation has it, with the decision.
    WithAffiliation,
    /// The person sees it nowhere, for this reason.
    Hidden(&'static str),
}

/// Decides about each action that there is. A new one does not compile before it is decided here.
pub const fn visibility(action: Action) -> Visibility {
    use Visibility::{Hidden, Shown, WithAffiliation};
    match action {
        Action::SignIn
        | Action::SignInFailed
        | Action::SignInThrottled
        | Action::SecondFactorFailed
        | Action::SessionEnded
        | Action::Logout => Shown(Topic::Logins),
        Action::ResetRequested
        | Action::PasswordReset
        | Action::PasswordChanged
        | Action::SecondFactorAdded
        | Action::SecondFactorRemoved
        | Action::SignCountRegressed
        | Action::SecondFactorDemanded
        | Action::OfficeClosed
        | Action::RecoveryCodeUsed
        | Action::RecoveryCodesRenewed
        | Action::RecoveryRequested
        | Action::RecoveryConfirmed
        | Action::RecoveryStopped
        | Action::RecoveryCancelled
        | Action::RecoveryExpired
        | Action::RecoveryCompleted
        | Action::AccountUnlocked
        | Action::AccountSuspended
        | Action::AccountReinstated
        | Action::AccountTokensRevoked
        | Action::EmailChangeRequested
        | Action::EmailChangeCancelled
        | Action::EmailChanged
        | Action::EmailChangeUndone
        | Action::AccountSecured
        | Action::DataRequested
        | Action::DataOpened
        | Action::DeletionRequested
        | Action::DeletionStopped
        | Action::AccountViewBegun
        | Action::AccountViewEnded
        | Action::RefreshTokenReused => Shown(Topic::Security),
        Action::SignUpCompleted
        | Action::EmailCodeSent
        | Action::EmailVerified
        | Action::ProfileChanged
        | Action::NewsletterSubscribed
        | Action::NewsletterStopped
        | Action::WeeklyDigestStopped
        | Action::WeeklyDigestResumed
        | Action::TermsAccepted
        | Action::AccountViewed
        | Action::MailViewed
        | Action::MailResent
        | Action::MailDiscarded
        | Action::ClientOwnerAdded
        | Action::ClientOwnerRemoved
        | Action::RoleChanged => Shown(Topic::Account),
        Action::ConsentGiven
        | Action::ConsentWithdrawn
        | Action::DeviceAllowed
        | Action::DeviceDenied
        | Action::AuthenticationRequested
        | Action::AuthenticationAllowed
        | Action::AuthenticationDenied => Shown(Topic::Services),
        Action::AffiliationRequested
        | Action::AffiliationApproved
        | Action::AffiliationRejected
        | Action::AffiliationWithdrawn
        | Action::AffiliationRemoved
        | Action::AffiliationLapsed
        | Action::TiesRequested
        | Action::TiesGranted
        | Action::TiesRefused
        | Action::TiesRevoked
        | Action::FocalPointDesignated
        | Action::FocalPointRemoved
        | Action::AbsenceEntered
        | Action::AbsenceEnded
        | Action::DeputyNamed
        | Action::DeputyEnded
        | Action::OrganizationMerged => WithAffiliation,
        Action::SignUpStarted => Hidden("there is no account yet, and no address is verified"),
        Action::AccountImported
        | Action::AccountsInvited
        | Action::AccountsExported
        | Action::NewsletterExported => Hidden("it is about many accounts and names none of them"),
        Action::OrganizationProposed
        | Action::OrganizationAccepted
        | Action::OrganizationChanged
        | Action::OrganizationsImported => Hidden("it is about an organization and not about its people"),
        Action::MembershipTypeChanged
        | Action::RightTypeChanged
        | Action::DocumentPublished
        | Action::DocumentRescheduled
        | Action::DocumentWithdrawn
        | Action::DeploymentApplied
        | Action::DeploymentExported => Hidden("it is about the deployment and not about a person"),
        Action::TokenExchanged | Action::TokenRevoked | Action::CodeReused => {
            Hidden("it is between services: what a person gave them is at *Services*")
        }
        Action::GlobalRevocationBegun | Action::GlobalRevocationCompleted => {
            Hidden("it is about many people; each of whom anything ended has a record of their own")
        }
        Action::AuthorizationRefused | Action::RedirectUriRefused => {
            Hidden("the service got nothing; mostly its request was wrong")
        }
        Action::AssertionReplayed
        | Action::ClientAuthenticationFailed
        | Action::ClientChanged
        | Action::ClientRegistered
        | Action::ClientDeleted
        | Action::InitialAccessTokenIssued
        | Action::ClientSecretRotated
        | Action::ClientLoginTested
        | Action::ReceiverAdded
        | Action::ReceiverChanged
        | Action::ReceiverDeleted
        | Action::ReceiverReplayed => Hidden("it is about a service and not about a person"),
        Action::DataBuilt => Hidden("a mail and the page of the download say it"),
        Action::AccountDeleted => Hidden("nobody can log in any more to read it"),
        Action::MailsResent | Action::MailsDiscarded => {
            Hidden("it is about many mails and names none of them")
        }
        Action::KeyChanged => Hidden("it is about the keys of the provider"),
        Action::AuditEmptied | Action::AuditExported => Hidden("it is about the trail itself"),
    }
}

/// Returns the key of the text that says what happened. It may have the hole `service`. `None` for what
/// is not shown.
pub fn wording(action: Action, reason: Option<&str>) -> Option<&'static str> {
    let reason = reason.unwrap_or_default();
    Some(match action {
        Action::SignIn => login(reason),
        Action::SignInFailed => "history.event.login_failed",
        Action::SignInThrottled => "history.event.throttled",
        Action::SecondFactorFailed => "history.event.second_step_failed",
        Action::SessionEnded => match reason {
            "everywhere" => "history.event.session_ended.everywhere",
            "too_many" => "history.event.session_ended.too_many",
            "role" => "history.event.session_ended.role",
            "password" => "history.event.session_ended.password",
            "another_login" => "history.event.session_ended.another_login",
            "not_me" => "history.event.session_ended.not_me",
            "deletion" => "history.event.session_ended.deletion",
            "revocation" => "history.event.session_ended.revocation",
            _ => "history.event.session_ended",
        },
        Action::Logout => "history.event.logout",
        Action::ResetRequested => "history.event.reset_requested",
        Action::PasswordReset => "history.event.password_reset",
        Action::PasswordChanged => "history.event.password_changed",
        Action::SecondFactorAdded => match Factor::parse(reason) {
            Some(Factor::Passkey | Factor::PasskeyAlone) => "history.event.passkey_added",
            _ => "history.event.app_added",
        },
        Action::SecondFactorRemoved => match Factor::parse(reason) {
            Some(Factor::Passkey | Factor::PasskeyAlone) => "history.event.passkey_removed",
            Some(Factor::Totp) => "history.event.app_removed",
            _ => "history.event.factors_removed",
        },
        Action::SecondFactorDemanded => "history.event.second_factor_demanded",
        Action::OfficeClosed => "history.event.office_closed",
        Action::SignCountRegressed => "history.event.sign_count_regressed",
        Action::RecoveryCodeUsed => "history.event.recovery_code_used",
        Action::RecoveryCodesRenewed => "history.event.recovery_codes_renewed",
        Action::RecoveryRequested => "history.event.recovery_requested",
        Action::RecoveryConfirmed => "history.event.recovery_confirmed",
        Action::RecoveryStopped => "history.event.recovery_stopped",
        Action::RecoveryCancelled => "history.event.recovery_cancelled",
        Action::RecoveryExpired => "history.event.recovery_expired",
        Action::RecoveryCompleted => "history.event.recovery_completed",
        Action::AccountUnlocked => "history.event.unlocked",
        Action::AccountViewed => "history.event.viewed",
        Action::AccountViewBegun => "history.event.view_begun",
        Action::AccountViewEnded => "history.event.view_ended",
        Action::MailViewed => "history.event.mail_viewed",
        Action::MailResent => "history.event.mail_resent",
        Action::MailDiscarded => "history.event.mail_discarded",
        Action::AccountSuspended => "history.event.suspended",
        Action::AccountReinstated => "history.event.reinstated",
        Action::AccountTokensRevoked => "history.event.tokens_revoked",
        Action::RefreshTokenReused => "history.event.token_reused",
        Action::SignUpCompleted => "history.event.signed_up",
        Action::EmailCodeSent => "history.event.code_sent",
        Action::EmailVerified => "history.event.email_verified",
        Action::EmailChangeRequested => "history.event.email_change_requested",
        Action::EmailChangeCancelled => "history.event.email_change_cancelled",
        Action::EmailChanged => "history.event.email_changed",
        Action::EmailChangeUndone => "history.event.email_change_undone",
        Action::AccountSecured => "history.event.secured",
        Action::DataRequested => "history.event.data_requested",
        Action::DataOpened => "history.event.data_opened",
        Action::DeletionRequested => "history.event.deletion_requested",
        Action::DeletionStopped => "history.event.deletion_stopped",
        Action::ProfileChanged => "history.event.profile_changed",
        Action::NewsletterSubscribed => "history.event.newsletter_subscribed",
        Action::NewsletterStopped => "history.event.newsletter_stopped",
        Action::WeeklyDigestStopped => "history.event.weekly_digest_stopped",
        Action::WeeklyDigestResumed => "history.event.weekly_digest_resumed",
        Action::TermsAccepted => "history.event.terms_accepted",
        Action::RoleChanged => "history.event.role_changed",
        Action::ClientOwnerAdded => "history.event.client_owner_added",
        Action::ClientOwnerRemoved => "history.event.client_owner_removed",
        Action::ConsentGiven => "history.event.consent_given",
        Action::ConsentWithdrawn => "history.event.consent_withdrawn",
        Action::DeviceAllowed => "history.event.device_allowed",
        Action::DeviceDenied => "history.event.device_denied",
        Action::AuthenticationRequested => "history.event.request_made",
        Action::AuthenticationAllowed => "history.event.request_allowed",
        Action::AuthenticationDenied => "history.event.request_denied",
        _ => return None,
    })
}

/// A login has its class as the reason; what was presented in a session that goes on has its own.
fn login(reason: &str) -> &'static str {
    if reason == "reauthentication" {
        return "history.event.reauthenticated";
    }
    if Factor::parse(reason).is_some() {
        return "history.event.second_step";
    }
    match Acr::parse(reason) {
        Some(Acr::Password) => "history.event.login.password",
        Some(Acr::SecondFactor) => "history.event.login.second_factor",
        Some(Acr::Passkey) => "history.event.login.passkey",
        None => "history.event.login",
    }
}

/// One line of the history.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: Time,
    pub topic: Topic,
    /// The key of the text that says what happened.
    pub what: &'static str,
    /// The client that the text names.
    pub client: Option<ClientId>,
    pub failed: bool,
    /// The office of another who acted; `None` if it was the person.
    pub by: Option<Office>,
    /// The network and the browser of the person, or of somebody who was not logged in. Nobody else's are shown.
    pub network: String,
    pub browser: String,
    /// `true` if it is about the session in which the person reads this.
    pub current: bool,
}

#[derive(Clone, Debug)]
pub struct HistoryPage {
    pub entries: Vec<Entry>,
    /// The number of the page, from 1.
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

/// Lists what happened in the account of the session, the newest first: everything, or one topic.
pub async fn list(app: &App, session: &Session, topic: Option<Topic>, page: u64) -> Result<HistoryPage> {
    page_of(app, &session.account, Some(session), topic, page).await
}

/// Lists the newest of what happened in an account, as its person sees it, for the staff.
pub(super) async fn latest(app: &App, account: &AccountId) -> Result<Vec<Entry>> {
    let page = page_of(app, account, None, None, 1).await?;
    Ok(page.entries)
}

async fn page_of(
    app: &App,
    account: &AccountId,
    session: Option<&Session>,
    topic: Option<Topic>,
    page: u64,
) -> Result<HistoryPage> {
    let is_shown = |action: &Action| match visibility(*action) {
        Visibility::Shown(its) => topic.is_none_or(|it| it == its),
        _ => false,
    };
    let actions: Vec<Action> = Action::ALL.iter().copied().filter(is_shown).collect();
    let which = OfPerson {
        account,
        since: app.clock.now() - Duration::days(DAYS),
        actions: &actions,
    };
    let db = app.db.read();
    let total = events::count_of_person(db, which).await?;
    let page = page.clamp(1, total.div_ceil(SIZE).max(1));
    let records = events::list_of_person(db, which, (page - 1) * SIZE, SIZE).await?;
    Ok(HistoryPage {
        entries: records.into_iter().filter_map(|it| entry(it, session)).collect(),
        page,
        size: SIZE,
        total,
    })
}

fn entry(record: Record, session: Option<&Session>) -> Option<Entry> {
    let Visibility::Shown(topic) = visibility(record.action) else {
        return None;
    };
    let is_own = matches!(record.office, Some(Office::Themselves | Office::Visitor));
    let own = |text: String| if is_own { text } else { String::new() };
    Some(Entry {
        at: record.at,
        topic,
        what: wording(record.action, record.reason.as_deref())?,
        client: record.client,
        failed: !record.success,
        by: record.office.filter(|it| *it != Office::Themselves),
        network: own(record.network),
        browser: own(record.browser),
        current: record.action == Action::SignIn
            && session.is_some_and(|it| record.object == format!("session:{}", it.id)),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::i18n::{self, Locale};

    const REASONS: [&str; 10] = [
        "reauthentication",
        "everywhere",
        "too_many",
        "role",
        "password",
        "another_login",
        "not_me",
        "deletion",
        "all",
        "of a release to come",
    ];

    /// Returns every text that `wording` can choose for the action.
    fn texts(action: Action) -> BTreeSet<&'static str> {
        let factors = Factor::ALL.iter().map(|it| it.as_str());
        let classes = Acr::ALL.iter().map(|it| it.as_str());
        let reasons = REASONS.into_iter().chain(factors).chain(classes);
        reasons.filter_map(|it| wording(action, Some(it))).collect()
    }

    #[test]
    fn every_action_is_shown_in_words_or_hidden_for_a_reason() {
        for action in Action::ALL {
            let texts = texts(*action);
            assert_eq!(Action::parse(action.as_str()), Some(*action));
            let is_shown = matches!(visibility(*action), Visibility::Shown(_));
            assert_eq!(
                is_shown,
                !texts.is_empty(),
                "{action:?}: shown without words, or hidden with"
            );
            for key in texts {
                let text = i18n::text(Locale::En, key, &[("service", "Events")]);
                assert!(text.is_some(), "{action:?}: no text `{key}`");
            }
            if let Visibility::Hidden(why) = visibility(*action) {
                assert!(
                    why.split(' ').count() > 3,
                    "{action:?} is hidden without a reason"
                );
            }
        }
    }
}
