//! Lists the kinds of short-lived values, each a namespace of its own. Whoever calls the store names one. How long a
//! value is kept is decided by the caller.

/// Says what a value is. Each kind is a namespace of its own (security.md G-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An authorization code that waits for its redemption.
    Code,
    /// The authorization that a spent code began (RFC 6749 §4.1.2).
    SpentCode,
    /// An authorization request that its client pushed (RFC 9126).
    PushedRequest,
    /// The mark of a pushed request that was answered.
    AnsweredRequest,
    /// The request of a device, by its device code (RFC 8628).
    DeviceCode,
    /// The request of a device, by the code that the person enters.
    UserCode,
    /// The person's decision about a device.
    DeviceDecision,
    /// The polling interval of a device.
    DevicePolling,
    /// The polling interval of a client that asks about its authentication request (CIBA).
    BackchannelPolling,
    /// The mark of a device code that was redeemed.
    SpentDeviceCode,
    /// An accepted authorization request that waits for the person.
    Interaction,
    /// A login that waits for its second step.
    SecondStep,
    /// An authenticator app or a passkey that is being set up.
    Enrolment,
    /// A challenge to a person's passkeys, until one answers.
    PasskeyChallenge,
    /// A logout on its way through the services that the browser visits.
    Logout,
    /// `jti` of a client assertion (RFC 7523 §3).
    AssertionId,
    /// `jti` of a request object (RFC 9101).
    RequestObjectId,
    /// `jti` of a DPoP proof (RFC 9449 §11.1).
    ProofId,
    /// The challenge of a form, once a solution of it has counted.
    SpentChallenge,
    /// The number of times that something happened in a window of time.
    Counter,
    /// The outcome of a POST, until the GET that follows it has shown it.
    PostOutcome,
    /// A form that was sent, so that a second press of its button gets the outcome of the first.
    Submission,
    /// The request of a service that a sign-up or a recovery begins from, beyond the interaction's own lifetime.
    RequestOfSignup,
    /// The answer to a request, until the service has redeemed its code.
    RepeatedAnswer,
    /// New recovery codes, until the person says that they are saved.
    RecoveryCodes,
    /// The answer to a call of the REST API, for a repetition with the same key.
    RepeatedCall,
    /// The place where the next page of a program's list begins.
    ListPlace,
    /// A table of organizations, until its administrator applies it.
    OrganizationsTable,
    /// The texts of a version of a document, until its administrator publishes it.
    TermsDraft,
    /// A test login of a client: under way, and then its result for whoever began it.
    TestLogin,
}

impl Kind {
    pub(super) const fn is_made_by_strangers(self) -> bool {
        matches!(
            self,
            Self::PushedRequest
                | Self::DeviceCode
                | Self::UserCode
                | Self::DevicePolling
                | Self::BackchannelPolling
                | Self::Interaction
                | Self::Logout
                | Self::Counter
                | Self::PostOutcome
                | Self::Submission
                | Self::RequestOfSignup
        )
    }

    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::SpentCode => "spent-code",
            Self::PushedRequest => "pushed-request",
            Self::AnsweredRequest => "answered-request",
            Self::DeviceCode => "device-code",
            Self::UserCode => "user-code",
            Self::DeviceDecision => "device-decision",
            Self::DevicePolling => "device-pace",
            Self::BackchannelPolling => "backchannel-pace",
            Self::SpentDeviceCode => "spent-device-code",
            Self::Interaction => "interaction",
            Self::SecondStep => "second-step",
            Self::Enrolment => "enrolment",
            Self::PasskeyChallenge => "passkey-question",
            Self::Logout => "logout",
            Self::AssertionId => "assertion",
            Self::RequestObjectId => "request-object",
            Self::ProofId => "proof",
            Self::SpentChallenge => "spent-challenge",
            Self::Counter => "counter",
            Self::PostOutcome => "post-outcome",
            Self::Submission => "submission",
            Self::RequestOfSignup => "request-of-signup",
            Self::RepeatedAnswer => "repeated-answer",
            Self::RecoveryCodes => "recovery-codes",
            Self::RepeatedCall => "repeated-call",
            Self::ListPlace => "list-place",
            Self::OrganizationsTable => "organizations-table",
            Self::TermsDraft => "terms-draft",
            Self::TestLogin => "test-login",
        }
    }
}
