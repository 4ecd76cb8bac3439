//! Says who acts, and through which door. Every room reads it, the audit trail keeps it.

use super::affiliation::Capacity;
use super::organization::words;
use super::role::Role;
use super::{AccountId, ClientId, Time, session};

/// The person, client or process that does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody before the login.
    Visitor,
    /// A person, with the role that the account holds. The organization at hand decides whether a person is its Focal
    /// Point, for each act.
    Person {
        account: AccountId,
        role: Role,
    },
    Client(ClientId),
    /// The operator: somebody who has a shell on the server.
    Operator,
    /// The service itself, by the clock.
    System,
}

words! {
    /// The office in which somebody acts on a person's account: what the person is told in place of a name.
    Office {
        Themselves = "person",
        /// Somebody who is not logged in, the person or another.
        Visitor = "visitor",
        FocalPoint = "focal_point",
        Administrator = "administrator",
        Client = "client",
        System = "system",
    }
}

impl From<Capacity> for Office {
    fn from(capacity: Capacity) -> Self {
        match capacity {
            Capacity::FocalPoint => Self::FocalPoint,
            Capacity::Administrator => Self::Administrator,
            Capacity::Themselves => Self::Themselves,
            Capacity::System => Self::System,
        }
    }
}

impl Actor {
    /// Returns the office in which the actor acts on the account of `person`. Nobody but Focal Points and the staff of
    /// the Union acts on the account of another.
    pub fn office(&self, person: Option<&AccountId>) -> Office {
        match self {
            Self::Visitor => Office::Visitor,
            Self::Person { account, .. } if person.is_none_or(|it| it == account) => Office::Themselves,
            Self::Person { role: Role::User, .. } => Office::FocalPoint,
            Self::Person { .. } | Self::Operator => Office::Administrator,
            Self::Client(_) => Office::Client,
            Self::System => Office::System,
        }
    }

    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Person { account, .. } => Some(account),
            _ => None,
        }
    }

    /// Returns `true` for whoever may act for every organization: administrators, and the operator at the console.
    pub fn is_administrator(&self) -> bool {
        matches!(
            self,
            Self::Operator
                | Self::System
                | Self::Person {
                    role: Role::Administrator,
                    ..
                }
        )
    }

    /// Returns `true` for whoever may open the accounts of other people.
    pub fn reads_accounts(&self) -> bool {
        match self {
            Self::Operator | Self::System => true,
            Self::Person { role, .. } => role.reads_accounts(),
            _ => false,
        }
    }

    /// Returns `true` for whoever helps people with their accounts.
    pub fn helps_people(&self) -> bool {
        match self {
            Self::Operator | Self::System => true,
            Self::Person { role, .. } => role.helps_people(),
            _ => false,
        }
    }

    /// Returns `true` for whoever reads the whole audit trail.
    pub fn reads_audit_trail(&self) -> bool {
        match self {
            Self::Operator | Self::System => true,
            Self::Person { role, .. } => role.reads_audit_trail(),
            _ => false,
        }
    }

    /// Returns the actor's name in the audit trail: kind and id, never a person's name.
    pub fn label(&self) -> String {
        match self {
            Self::Visitor => "visitor".into(),
            Self::Person { account, .. } => format!("account:{account}"),
            Self::Client(id) => format!("client:{id}"),
            Self::Operator => "operator".into(),
            Self::System => "system".into(),
        }
    }
}

/// An act's circumstances, made by the door it came through.
#[derive(Clone, Debug)]
pub struct Context {
    pub actor: Actor,
    /// The client network: an IPv4 address or an IPv6 /64 (security.md G-15); empty at the console.
    pub network: String,
    pub request_id: String,
    pub user_agent: String,
    /// The time at which the person was last verified in the session of this act.
    pub authenticated_at: Option<Time>,
}

impl Context {
    pub fn system() -> Self {
        Self::of(Actor::System)
    }

    pub fn operator() -> Self {
        Self::of(Actor::Operator)
    }

    /// Returns the circumstances of a visitor's act that has just made them this person: a login, a sign-up, a reset.
    pub fn as_person(&self, account: &AccountId, role: Role) -> Self {
        Self {
            actor: Actor::Person {
                account: account.clone(),
                role,
            },
            ..self.clone()
        }
    }

    pub fn of(actor: Actor) -> Self {
        Self {
            actor,
            network: String::new(),
            request_id: String::new(),
            user_agent: String::new(),
            authenticated_at: None,
        }
    }

    /// Returns `false` if a person acts whose last authentication in this session is too long ago to change roles
    /// (security.md SE-4). The operator has no session.
    pub fn is_recent(&self, now: Time) -> bool {
        match &self.actor {
            Actor::Operator | Actor::System => true,
            _ => self
                .authenticated_at
                .is_some_and(|at| session::is_recent(at, now)),
        }
    }
}
