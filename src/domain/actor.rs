//! Says who acts, and through which door. Every room reads it, the audit trail keeps it.

use super::affiliation::Capacity;
use super::organization::words;
use super::powers::{Area, Power, Powers};
use super::role::Role;
use super::{AccountId, ClientId, Time, session};

/// The person, client or process that does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody before the login.
    Visitor,
    /// A person, with the role that the account holds. The organization at hand decides whether a person is its Focal
    /// Point, for each act.
    Person { account: AccountId, role: Role },
    /// A client at an endpoint of the protocol.
    Client(ClientId),
    /// A client at an interface for programs, by an access token: on its own behalf, or on that of a person with their
    /// role.
    Program {
        client: ClientId,
        powers: Powers,
        person: Option<(AccountId, Role)>,
    },
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
            Self::Person { account, role }
            | Self::Program {
                person: Some((account, role)),
                ..
            } => match role {
                _ if person.is_none_or(|it| it == account) => Office::Themselves,
                Role::User => Office::FocalPoint,
                _ => Office::Administrator,
            },
            Self::Operator => Office::Administrator,
            Self::Client(_) | Self::Program { person: None, .. } => Office::Client,
            Self::System => Office::System,
        }
    }

    pub fn account(&self) -> Option<&AccountId> {
        self.person().map(|(account, _)| account)
    }

    /// Returns the person who acts, in person or through a program, with the role of the account.
    pub fn person(&self) -> Option<(&AccountId, Role)> {
        match self {
            Self::Person { account, role }
            | Self::Program {
                person: Some((account, role)),
                ..
            } => Some((account, *role)),
            _ => None,
        }
    }

    /// Returns `true` for whoever may change everything in this area: administrators, programs with that power, and the
    /// operator at the console.
    pub fn administers(&self, area: Area) -> bool {
        self.has(Power::Change(area)) && self.person().is_none_or(|(_, role)| role == Role::Administrator)
    }

    /// Returns `true` for whoever may see everything in this area.
    pub fn oversees(&self, area: Area) -> bool {
        self.has(Power::Read(area)) && self.person().is_none_or(|(_, role)| role == Role::Administrator)
    }

    /// Returns `true` for whoever has this power, by the role or by the scope of a token and the role.
    pub fn has(&self, power: Power) -> bool {
        match self {
            Self::Operator | Self::System => true,
            Self::Person { role, .. } => Powers::of_role(*role).has(power),
            Self::Program { powers, .. } => powers.has(power),
            Self::Visitor | Self::Client(_) => false,
        }
    }

    /// Returns `true` for whoever may open the accounts of other people.
    pub fn reads_accounts(&self) -> bool {
        self.has(Power::Read(Area::Accounts))
    }

    /// Returns `true` for whoever helps people with their accounts.
    pub fn helps_people(&self) -> bool {
        self.has(Power::Change(Area::Accounts))
    }

    /// Returns `true` for whoever reads the whole audit trail.
    pub fn reads_audit_trail(&self) -> bool {
        self.has(Power::Read(Area::Audit))
    }

    /// Names a program and the person for whom it acts: what is counted, and kept, for it alone.
    pub fn program_label(&self) -> String {
        match self {
            Self::Program {
                client,
                person: Some((account, _)),
                ..
            } => format!("client:{client} account:{account}"),
            other => other.label(),
        }
    }

    /// Returns the actor's name in the audit trail: kind and id, never a person's name.
    pub fn label(&self) -> String {
        match self {
            Self::Visitor => "visitor".into(),
            Self::Person { account, .. }
            | Self::Program {
                person: Some((account, _)),
                ..
            } => format!("account:{account}"),
            Self::Client(client)
            | Self::Program {
                client, person: None, ..
            } => format!("client:{client}"),
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
    /// `true` if the staff sees the actor's pages as the actor does: nothing is written (security.md AD-12).
    pub is_view: bool,
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
            is_view: false,
        }
    }

    /// Returns `false` if a person acts whose last authentication is too long ago to change roles (security.md SE-4). The
    /// operator has no session, and a program on its own behalf authenticates for each token.
    pub fn is_recent(&self, now: Time) -> bool {
        match &self.actor {
            Actor::Operator | Actor::System | Actor::Program { person: None, .. } => true,
            _ => self
                .authenticated_at
                .is_some_and(|at| session::is_recent(at, now)),
        }
    }
}
