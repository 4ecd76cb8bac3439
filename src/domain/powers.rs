//! The powers that a program has at the interfaces for programs: those that the scope of its token allows and, if it acts
//! for a person, that the person's role has, too (security.md AD-1). The scope of a token never makes more of a person than
//! they are.

use super::role::Role;
use super::scope::Scope;

/// The parts of the administration, each with scope values of its own: `admin:NAME` and `admin:NAME:read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    Clients,
    Organizations,
    Accounts,
    Audit,
    /// What the product runs on: signing keys, outgoing mail, the Terms of Use and the Privacy Notice.
    Operations,
}

impl Area {
    pub const ALL: [Self; 5] = [
        Self::Clients,
        Self::Organizations,
        Self::Accounts,
        Self::Audit,
        Self::Operations,
    ];

    /// Returns the scope value that allows to read.
    pub const fn read_scope(self) -> &'static str {
        match self {
            Self::Clients => "admin:clients:read",
            Self::Organizations => "admin:organizations:read",
            Self::Accounts => "admin:accounts:read",
            Self::Audit => "admin:audit:read",
            Self::Operations => "admin:operations:read",
        }
    }

    /// Returns the scope value that allows to read and to change.
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Clients => "admin:clients",
            Self::Organizations => "admin:organizations",
            Self::Accounts => "admin:accounts",
            Self::Audit => "admin:audit",
            Self::Operations => "admin:operations",
        }
    }
}

/// One power: to read in an area, to change there, or everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    Read(Area),
    Change(Area),
    /// To give roles, which bring powers everywhere.
    All,
}

impl Power {
    /// Returns the scope values of which one allows it, the least first.
    pub fn scopes(self) -> Vec<&'static str> {
        match self {
            Self::Read(area) => vec![area.read_scope(), area.scope(), super::scope::ADMIN],
            Self::Change(area) => vec![area.scope(), super::scope::ADMIN],
            Self::All => vec![super::scope::ADMIN],
        }
    }
}

/// A set of powers: a bit for each area to read, above them one for each area to change, above them one for everything. Who
/// may change may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers(u16);

impl Powers {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(0b1_11111_11111);

    const fn bits(power: Power) -> u16 {
        match power {
            Power::Read(area) => 1 << (area as u16),
            Power::Change(area) => 0b00001_00001 << (area as u16),
            Power::All => Self::ALL.0,
        }
    }

    fn of(powers: impl IntoIterator<Item = Power>) -> Self {
        Self(powers.into_iter().fold(0, |all, one| all | Self::bits(one)))
    }

    /// Returns what the values of a scope allow; those that are not of the administration allow nothing here.
    pub fn of_scope(scope: &Scope) -> Self {
        Self::of(scope.iter().filter_map(power_of))
    }

    /// Returns what the pages let a person of this role do.
    pub fn of_role(role: Role) -> Self {
        match role {
            Role::User => Self::NONE,
            Role::Support => Self::of([Power::Change(Area::Accounts)]),
            Role::Auditor => Self::of([Power::Read(Area::Accounts), Power::Change(Area::Audit)]),
            Role::Administrator => Self::ALL,
        }
    }

    /// Returns the powers that are in both.
    pub const fn limited_to(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns `true` if these are all of the others, and more.
    pub const fn exceed(self, other: Self) -> bool {
        self.0 & other.0 == other.0 && self.0 != other.0
    }

    pub const fn has(self, power: Power) -> bool {
        let bits = Self::bits(power);
        self.0 & bits == bits
    }
}

/// Returns the power that a scope value names; `None` if the value is not one of the administration.
fn power_of(value: &str) -> Option<Power> {
    if value == super::scope::ADMIN {
        return Some(Power::All);
    }
    Area::ALL.into_iter().find_map(|area| match value {
        it if it == area.scope() => Some(Power::Change(area)),
        it if it == area.read_scope() => Some(Power::Read(area)),
        _ => None,
    })
}

/// Returns the power that a client gets by a scope value in its registration; `None` if it is none of the administration.
/// SCIM shows a client people whom it need not have met.
pub fn of_registration(value: &str) -> Option<Power> {
    match value {
        super::scope::SCIM | super::scope::SCIM_READ => Some(Power::Read(Area::Accounts)),
        other => power_of(other),
    }
}

/// Returns the scope that a person of this role can grant: without the values of the administration that the role lacks.
pub fn grantable(scope: &Scope, role: Role) -> Scope {
    let held = Powers::of_role(role);
    let may_grant = |value: &&str| power_of(value).is_none_or(|it| held.has(it));
    scope.iter().filter(may_grant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn powers(scope: &str) -> Powers {
        Powers::of_scope(&Scope::parse(scope).expect("a scope"))
    }

    #[test]
    fn a_scope_allows_what_it_names_and_no_more() {
        assert_eq!(
            powers("openid profile admins admin:x admin:clients:write"),
            Powers::NONE
        );
        assert_eq!(powers("admin"), Powers::ALL);
        let clients = powers("admin:clients");
        assert!(clients.has(Power::Change(Area::Clients)) && clients.has(Power::Read(Area::Clients)));
        assert!(!clients.has(Power::Read(Area::Accounts)) && !clients.has(Power::All));
        let reader = powers("admin:accounts:read openid");
        assert!(reader.has(Power::Read(Area::Accounts)) && !reader.has(Power::Change(Area::Accounts)));
        let every = Area::ALL.map(Area::scope).join(" ");
        assert!(!powers(&every).has(Power::All), "roles need the whole");
    }

    #[test]
    fn a_power_is_given_by_each_of_its_scopes_and_by_no_other() {
        let every = || {
            Area::ALL
                .into_iter()
                .flat_map(|it| [Power::Read(it), Power::Change(it)])
        };
        for power in every().chain([Power::All]) {
            for scope in every().flat_map(Power::scopes) {
                let gives = power.scopes().contains(&scope);
                assert_eq!(powers(scope).has(power), gives, "{scope} {power:?}");
            }
        }
        for area in Area::ALL {
            for power in [Power::Read(area), Power::Change(area), Power::All] {
                for scope in power.scopes() {
                    assert!(powers(scope).has(power), "{scope} {power:?}");
                }
            }
        }
    }

    #[test]
    fn a_role_exceeds_those_below_it_alone() {
        // AD-12
        let below: &[(Role, &[Role])] = &[
            (Role::User, &[]),
            (Role::Support, &[Role::User]),
            (Role::Auditor, &[Role::User]),
            (Role::Administrator, &[Role::User, Role::Support, Role::Auditor]),
        ];
        for (role, others) in below {
            for other in Role::ALL {
                let exceeds = Powers::of_role(*role).exceed(Powers::of_role(other));
                assert_eq!(exceeds, others.contains(&other), "{role:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_role_grants_what_it_has() {
        let asked = "openid admin admin:clients admin:accounts admin:accounts:read admin:audit:read admin:operations:read \
             catalogue";
        let asked = Scope::parse(asked).expect("a scope");
        for (role, granted) in [
            (Role::User, "openid catalogue"),
            (
                Role::Support,
                "openid admin:accounts admin:accounts:read catalogue",
            ),
            (
                Role::Auditor,
                "openid admin:accounts:read admin:audit:read catalogue",
            ),
        ] {
            assert_eq!(grantable(&asked, role).to_string(), granted, "{role:?}"); // AD-1
        }
        assert_eq!(grantable(&asked, Role::Administrator), asked);
    }
}
