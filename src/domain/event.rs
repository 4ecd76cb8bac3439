//! The entries that the audit trail can hold (security.md LG-1): identifiers, never names or addresses.

use chrono::Duration;
use serde_json::Value;

use super::account::EmailAddress;
use super::actor::{Context, Office};
use super::{AccountId, ClientId, Time};

/// The time for which an entry is kept (security.md LG-2).
pub const KEPT: Duration = Duration::days(365);

/// One entry: what was done to which object, with what result.
#[derive(Clone, Debug)]
pub struct Event {
    pub action: Action,
    /// The object as `kind:id`, for example `account:…`, `affiliation:…`, `client:…`.
    pub object: String,
    /// The person whom it concerns, where the object does not name them.
    pub account: Option<AccountId>,
    /// `true` if it concerns nobody with an account, whoever acted.
    pub concerns_nobody: bool,
    pub organization: Option<super::OrganizationId>,
    pub success: bool,
    pub reason: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// The address before and after, where it changed: for services that have it. The trail holds none.
    pub addresses: Option<(EmailAddress, EmailAddress)>,
}

impl Event {
    pub fn new(action: Action, object: impl Into<String>) -> Self {
        Self {
            action,
            object: object.into(),
            account: None,
            concerns_nobody: false,
            organization: None,
            success: true,
            reason: None,
            before: None,
            after: None,
            addresses: None,
        }
    }

    /// Says to services from which address the person moved to which.
    pub fn readdressed(mut self, from: &EmailAddress, to: &EmailAddress) -> Self {
        self.addresses = Some((from.clone(), to.clone()));
        self
    }

    pub fn failed(mut self, reason: impl Into<String>) -> Self {
        self.success = false;
        self.reason = Some(reason.into());
        self
    }

    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Names the person whom it concerns: they read it in their history, whoever acted.
    pub fn about(mut self, account: &AccountId) -> Self {
        self.account = Some(account.clone());
        self
    }

    /// Says that it concerns nobody with an account: whoever acted does not read it as theirs.
    pub fn about_nobody(mut self) -> Self {
        self.concerns_nobody = true;
        self
    }

    /// Returns the person whom it concerns: the one who was named, or is the object; else whoever acted.
    pub fn person(&self, context: &Context) -> Option<AccountId> {
        if self.concerns_nobody {
            return None;
        }
        let object = || self.object.strip_prefix("account:").map(AccountId::new);
        self.account
            .clone()
            .or_else(object)
            .or_else(|| context.actor.account().cloned())
    }

    pub fn within(mut self, organization: &super::OrganizationId) -> Self {
        self.organization = Some(organization.clone());
        self
    }

    /// Adds circumstances that are no change.
    pub fn with(mut self, circumstances: impl Into<Value>) -> Self {
        self.after = Some(circumstances.into());
        self
    }

    pub fn change(mut self, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        self.before = Some(before.into());
        self.after = Some(after.into());
        self
    }
}

/// The entry of the trail about something that was refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub at: Time,
    pub reason: String,
    pub circumstances: Option<Value>,
    pub request_id: String,
}

/// The entry of the trail about something that concerns a person, without any other person in it.
#[derive(Clone, Debug)]
pub struct Record {
    pub at: Time,
    pub action: Action,
    pub object: String,
    pub success: bool,
    pub reason: Option<String>,
    /// The client that it is about, or that acted.
    pub client: Option<ClientId>,
    /// The office of whoever acted; `None` if an earlier release wrote the record.
    pub office: Option<Office>,
    /// The client network and the browser of whoever acted; empty if there was none.
    pub network: String,
    pub browser: String,
}

macro_rules! actions {
    ($($name:ident = $text:literal),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($name),+ }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            pub fn parse(value: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == value)
            }
        }
    };
}

actions! {
    TokenExchanged = "token.exchanged",
    SignUpStarted = "signup.started",
    SignUpCompleted = "signup.completed",
    SignIn = "session.sign_in",
    SignInFailed = "session.sign_in_failed",
    SignInThrottled = "session.throttled",
    SessionEnded = "session.ended",
    Logout = "session.logout",
    ResetRequested = "password.reset_requested",
    PasswordReset = "password.reset",
    PasswordChanged = "password.changed",
    SecondFactorAdded = "second_factor.added",
    SecondFactorRemoved = "second_factor.removed",
    SecondFactorFailed = "second_factor.failed",
    SignCountRegressed = "second_factor.sign_count_regressed",
    SecondFactorDemanded = "second_factor.demanded",
    OfficeClosed = "second_factor.office_closed",
    RecoveryCodeUsed = "second_factor.recovery_code_used",
    RecoveryCodesRenewed = "second_factor.recovery_codes_renewed",
    RecoveryRequested = "recovery.requested",
    RecoveryConfirmed = "recovery.confirmed",
    RecoveryStopped = "recovery.stopped",
    RecoveryCancelled = "recovery.cancelled",
    RecoveryExpired = "recovery.expired",
    RecoveryCompleted = "recovery.completed",
    ProfileChanged = "account.profile_changed",
    NewsletterSubscribed = "account.newsletter_subscribed",
    NewsletterStopped = "account.newsletter_stopped",
    WeeklyDigestStopped = "account.weekly_digest_stopped",
    WeeklyDigestResumed = "account.weekly_digest_resumed",
    NewsletterExported = "newsletter.exported",
    TermsAccepted = "account.terms_accepted",
    EmailCodeSent = "account.email_code_sent",
    EmailVerified = "account.email_verified",
    EmailChangeRequested = "account.email_change_requested",
    EmailChangeCancelled = "account.email_change_cancelled",
    EmailChanged = "account.email_changed",
    EmailChangeUndone = "account.email_change_undone",
    AccountSecured = "account.secured",
    DataRequested = "account.data_requested",
    DataBuilt = "account.data_built",
    DataOpened = "account.data_opened",
    DeletionRequested = "account.deletion_requested",
    DeletionStopped = "account.deletion_stopped",
    AccountDeleted = "account.deleted",
    AccountImported = "account.imported",
    AccountsInvited = "account.invited",
    AccountsExported = "account.exported",
    AccountUnlocked = "account.unlocked",
    AccountViewed = "account.viewed",
    AccountViewBegun = "account.view_begun",
    AccountViewEnded = "account.view_ended",
    AccountSuspended = "account.suspended",
    AccountReinstated = "account.reinstated",
    AccountTokensRevoked = "account.tokens_revoked",
    RoleChanged = "account.role_changed",
    OrganizationProposed = "organization.proposed",
    OrganizationAccepted = "organization.accepted",
    OrganizationChanged = "organization.changed",
    OrganizationMerged = "organization.merged",
    OrganizationsImported = "organization.imported",
    MembershipTypeChanged = "membership_type.changed",
    RightTypeChanged = "right.type_changed",
    DocumentPublished = "document.published",
    DocumentRescheduled = "document.rescheduled",
    DocumentWithdrawn = "document.withdrawn",
    DeploymentApplied = "deployment.applied",
    DeploymentExported = "deployment.exported",
    AffiliationRequested = "affiliation.requested",
    AffiliationApproved = "affiliation.approved",
    AffiliationRejected = "affiliation.rejected",
    AffiliationWithdrawn = "affiliation.withdrawn",
    AffiliationRemoved = "affiliation.removed",
    AffiliationLapsed = "affiliation.lapsed",
    TiesRequested = "ties.requested",
    TiesGranted = "ties.granted",
    TiesRefused = "ties.refused",
    TiesRevoked = "ties.revoked",
    FocalPointDesignated = "focal_point.designated",
    FocalPointRemoved = "focal_point.removed",
    AbsenceEntered = "focal_point.absence_entered",
    AbsenceEnded = "focal_point.absence_ended",
    DeputyNamed = "deputy.named",
    DeputyEnded = "deputy.ended",
    ConsentGiven = "consent.given",
    ConsentWithdrawn = "consent.withdrawn",
    AuthorizationRefused = "authorization.refused",
    RedirectUriRefused = "authorization.redirect_uri_refused",
    DeviceAllowed = "device.allowed",
    DeviceDenied = "device.denied",
    AuthenticationRequested = "authentication.requested",
    AuthenticationAllowed = "authentication.allowed",
    AuthenticationDenied = "authentication.denied",
    CodeReused = "token.code_reused",
    RefreshTokenReused = "token.refresh_reused",
    AssertionReplayed = "client.assertion_replayed",
    ClientAuthenticationFailed = "client.authentication_failed",
    TokenRevoked = "token.revoked",
    GlobalRevocationBegun = "token.global_revocation_begun",
    GlobalRevocationCompleted = "token.global_revocation_completed",
    ClientChanged = "client.changed",
    ClientRegistered = "client.registered",
    ClientDeleted = "client.deleted",
    InitialAccessTokenIssued = "client.initial_access_token_issued",
    ClientSecretRotated = "client.secret_rotated",
    ClientLoginTested = "client.login_tested",
    ClientOwnerAdded = "client.owner_added",
    ClientOwnerRemoved = "client.owner_removed",
    ReceiverAdded = "receiver.added",
    ReceiverChanged = "receiver.changed",
    ReceiverDeleted = "receiver.deleted",
    ReceiverReplayed = "receiver.replayed",
    KeyChanged = "key.changed",
    MailViewed = "mail.viewed",
    MailResent = "mail.resent",
    MailsResent = "mail.many_resent",
    MailDiscarded = "mail.discarded",
    MailsDiscarded = "mail.many_discarded",
    AuditEmptied = "audit.emptied",
    AuditExported = "audit.exported",
}
