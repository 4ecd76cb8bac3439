//! What services are told about a person between two logins: CAEP and RISC events, the state of the stream itself, and
//! who hears of what. How it is written for a service is in `oidc::shared_signals`; where it comes from, in `signals`.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::claim;
use super::organization::words;
use super::scope::{self, Scope};
use super::{AccountId, Sid, Subject};

words! {
    /// The kind of a signal, by the last part of its event type.
    SignalKind {
        SessionRevoked = "session-revoked",
        CredentialChange = "credential-change",
        TokenClaimsChange = "token-claims-change",
        AssuranceLevelChange = "assurance-level-change",
        AccountDisabled = "account-disabled",
        AccountEnabled = "account-enabled",
        AccountPurged = "account-purged",
        IdentifierChanged = "identifier-changed",
        /// What a service has of a person by SCIM may differ from what it is to have. No event has this kind.
        Provisioning = "provisioning",
        /// Shows a receiver that the way to it works.
        Verification = "verification",
        /// Tells a receiver that an administrator paused, enabled or disabled the stream.
        StreamUpdated = "stream-updated",
    }
}

impl SignalKind {
    /// The kinds that a receiver may ask for.
    pub const OF_PEOPLE: [Self; 8] = [
        Self::SessionRevoked,
        Self::CredentialChange,
        Self::TokenClaimsChange,
        Self::AssuranceLevelChange,
        Self::AccountDisabled,
        Self::AccountEnabled,
        Self::AccountPurged,
        Self::IdentifierChanged,
    ];

    /// The kinds that are about the stream itself, and pass while it is paused.
    pub const OF_STREAMS: [Self; 2] = [Self::Verification, Self::StreamUpdated];

    /// Returns the event type (CAEP 1.0 §3, RISC 1.0 §2, SSF 1.0 §8.1.4 and §8.1.5).
    pub fn event_type(self) -> String {
        let profile = match self {
            Self::SessionRevoked
            | Self::CredentialChange
            | Self::TokenClaimsChange
            | Self::AssuranceLevelChange => "caep",
            Self::AccountDisabled | Self::AccountEnabled | Self::AccountPurged | Self::IdentifierChanged => {
                "risc"
            }
            Self::Verification | Self::StreamUpdated | Self::Provisioning => "ssf",
        };
        format!("https://schemas.openid.net/secevent/{profile}/event-type/{self}")
    }

    /// Returns the type of the messages of a webhook (Standard Webhooks, "Event types").
    pub const fn webhook_type(self) -> &'static str {
        match self {
            Self::SessionRevoked => "session.revoked",
            Self::CredentialChange => "credential.changed",
            Self::TokenClaimsChange => "claims.changed",
            Self::AssuranceLevelChange => "assurance_level.changed",
            Self::AccountDisabled => "account.disabled",
            Self::AccountEnabled => "account.enabled",
            Self::AccountPurged => "account.purged",
            Self::IdentifierChanged => "identifier.changed",
            Self::Provisioning => "account.provisioning",
            Self::Verification => "webhook.test",
            Self::StreamUpdated => "webhook.updated",
        }
    }

    /// Returns the kind of an event type that a receiver may ask for.
    pub fn of_event_type(event_type: &str) -> Option<Self> {
        Self::OF_PEOPLE
            .into_iter()
            .find(|it| it.event_type() == event_type)
    }
}

words! {
    /// Whoever brought it about (CAEP 1.0 §2, `initiating_entity`).
    Initiator {
        User = "user",
        Admin = "admin",
        System = "system",
    }
}

impl Initiator {
    /// Returns who acts on the account of `person`.
    pub fn of(actor: &Actor, person: &AccountId) -> Self {
        match (actor, actor.account()) {
            (Actor::System, _) => Self::System,
            (_, Some(account)) if account == person => Self::User,
            // Somebody who has shown that they are the person, before the login.
            (Actor::Visitor | Actor::Client(_), _) => Self::User,
            _ => Self::Admin,
        }
    }
}

words! {
    /// A credential (CAEP 1.0 §3.3, `credential_type`).
    Credential {
        Password = "password",
        Passkey = "fido2-platform",
        App = "app",
    }
}

words! {
    /// What became of a credential (CAEP 1.0 §3.3, `change_type`).
    CredentialFate {
        Create = "create",
        Update = "update",
        Delete = "delete",
    }
}

words! {
    /// Whether a receiver is sent what happens (SSF 1.0 §8.1.2).
    ReceiverStatus {
        Enabled = "enabled",
        /// What happens is kept for it.
        Paused = "paused",
        /// What happens is not kept.
        Disabled = "disabled",
    }
}

/// What happened, with all that a service is told of it but the present values of claims: those are read when it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Signal {
    /// One session ended; without a `sid`, all of them.
    SessionRevoked {
        sid: Option<Sid>,
    },
    CredentialChange {
        credential: Credential,
        fate: CredentialFate,
    },
    TokenClaimsChange {
        claims: Vec<String>,
    },
    /// The account got its first second factor, or lost its last one.
    AssuranceLevelChange {
        raised: bool,
    },
    AccountDisabled,
    AccountEnabled,
    /// The account is gone when services are told: the signal says whose it was, and which user a SCIM target has for it.
    AccountPurged {
        subject: Subject,
        #[serde(default)]
        remote_id: Option<String>,
    },
    IdentifierChanged {
        from: String,
        to: String,
    },
    Provisioning,
    Verification {
        state: Option<String>,
    },
    StreamUpdated {
        status: ReceiverStatus,
        reason: Option<String>,
    },
}

impl Signal {
    /// Returns a change of these claims.
    pub fn claims<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let claims = names.into_iter().map(str::to_owned).collect();
        Self::TokenClaimsChange { claims }
    }

    pub const fn kind(&self) -> SignalKind {
        match self {
            Self::SessionRevoked { .. } => SignalKind::SessionRevoked,
            Self::CredentialChange { .. } => SignalKind::CredentialChange,
            Self::TokenClaimsChange { .. } => SignalKind::TokenClaimsChange,
            Self::AssuranceLevelChange { .. } => SignalKind::AssuranceLevelChange,
            Self::AccountDisabled => SignalKind::AccountDisabled,
            Self::AccountEnabled => SignalKind::AccountEnabled,
            Self::AccountPurged { .. } => SignalKind::AccountPurged,
            Self::IdentifierChanged { .. } => SignalKind::IdentifierChanged,
            Self::Provisioning => SignalKind::Provisioning,
            Self::Verification { .. } => SignalKind::Verification,
            Self::StreamUpdated { .. } => SignalKind::StreamUpdated,
        }
    }

    /// Returns what a service may hear of it, which received this scope and these claims by name: a change of claims that
    /// it never received is none of its business.
    pub fn within(&self, scope: &Scope, claims: &[String]) -> Option<Self> {
        let received = |name: &str| {
            claims.iter().any(|it| it == name) || claim::scope_of(name).is_some_and(|it| scope.contains(it))
        };
        // The address as a user name is granted as an address (product.md).
        let received =
            |name: &str| received(name) && (name != "preferred_username" || scope.contains(scope::EMAIL));
        match self {
            Self::TokenClaimsChange { claims } => {
                let heard: Vec<&str> = claims
                    .iter()
                    .map(String::as_str)
                    .filter(|it| received(it))
                    .collect();
                (!heard.is_empty()).then(|| Self::claims(heard))
            }
            Self::IdentifierChanged { .. } => received("email").then(|| self.clone()),
            _ => Some(self.clone()),
        }
    }
}

/// A signal as it is kept until a service has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub signal: Signal,
    pub by: Initiator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_hears_of_what_it_received() {
        let scope = |text: &str| Scope::parse(text).expect("a scope");
        let changed = Signal::claims(["name", "preferred_username", "ties_rights"]);
        assert_eq!(
            changed.within(&scope("openid profile"), &[]),
            Some(Signal::claims(["name"]))
        );
        assert_eq!(
            changed.within(&scope("openid profile email"), &[]),
            Some(Signal::claims(["name", "preferred_username"]))
        );
        assert_eq!(
            changed.within(&scope("openid"), &["ties_rights".into()]),
            Some(Signal::claims(["ties_rights"]))
        );
        assert_eq!(changed.within(&scope("openid"), &[]), None); // EV-2
        let moved = Signal::IdentifierChanged {
            from: "a@example.org".into(),
            to: "b@example.org".into(),
        };
        assert_eq!(moved.within(&scope("openid profile"), &[]), None);
        assert!(moved.within(&scope("openid email"), &[]).is_some());
        assert!(Signal::AccountDisabled.within(&scope("openid"), &[]).is_some());
    }

    #[test]
    fn an_event_type_has_its_kind() {
        for kind in SignalKind::OF_PEOPLE {
            assert_eq!(SignalKind::of_event_type(&kind.event_type()), Some(kind));
        }
        for kind in SignalKind::OF_STREAMS {
            assert_eq!(SignalKind::of_event_type(&kind.event_type()), None);
        }
        assert_eq!(
            SignalKind::SessionRevoked.event_type(),
            "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
        );
        assert_eq!(
            SignalKind::AccountPurged.event_type(),
            "https://schemas.openid.net/secevent/risc/event-type/account-purged"
        );
    }
}
