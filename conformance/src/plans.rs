//! The plans of the suite and the modules they list, by the suite's names.

use crate::modules::{Check, basic, config, dynamic, rp_initiated_logout as logout};

/// Where the authorization response belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    Query,
    #[expect(
        dead_code,
        reason = "for the hybrid and implicit plans, which need dynamic registration first"
    )]
    Fragment,
    FormPost,
}

/// What a plan fixes for its modules.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub response_type: &'static str,
    /// Sent as the parameter `response_mode`; none: the default of the response type.
    pub response_mode: Option<&'static str>,
}

impl Variant {
    pub fn placement(&self) -> Placement {
        match self.response_mode {
            Some("form_post") => Placement::FormPost,
            _ => Placement::Query,
        }
    }
}

/// What a module cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The metadata only.
    Nothing,
    /// A registered client and a person who logs in.
    Client,
    /// Also `client2`.
    TwoClients,
    /// The client `client_secret_post`.
    SecretPost,
    /// A client whose logout address is known.
    Logout,
    /// Clients of its own making.
    Registration,
    /// Those, and a document that the provider fetches from it.
    Site,
}

#[derive(Clone, Copy)]
pub struct Module {
    pub name: &'static str,
    pub needs: Needs,
    pub check: Check,
}

#[derive(Clone, Copy)]
pub struct Plan {
    pub name: &'static str,
    pub variant: Variant,
    pub modules: &'static [Module],
}

const CODE: Variant = Variant {
    response_type: "code",
    response_mode: None,
};
const CODE_FORM_POST: Variant = Variant {
    response_type: "code",
    response_mode: Some("form_post"),
};

pub const PLANS: &[Plan] = &[
    Plan {
        name: "oidcc-basic-certification-test-plan",
        variant: CODE,
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-config-certification-test-plan",
        variant: CODE,
        modules: config::MODULES,
    },
    Plan {
        name: "oidcc-rp-initiated-logout-certification-test-plan",
        variant: CODE,
        modules: logout::MODULES,
    },
    Plan {
        name: "oidcc-dynamic-certification-test-plan",
        variant: CODE,
        modules: dynamic::MODULES,
    },
    Plan {
        name: "oidcc-3rdparty-init-login-certification-test-plan",
        variant: CODE,
        modules: dynamic::THIRD_PARTY_LOGIN,
    },
    Plan {
        name: "oidcc-formpost-basic-certification-test-plan",
        variant: CODE_FORM_POST,
        modules: basic::MODULES,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn plans_have_the_suites_number_of_modules() {
        let counts = |name: &str| {
            let plan = PLANS.iter().find(|it| it.name == name).unwrap();
            let fixed = plan
                .modules
                .iter()
                .filter(|it| !matches!(it.needs, Needs::Registration | Needs::Site))
                .count();
            (plan.modules.len(), fixed)
        };
        assert_eq!(counts("oidcc-basic-certification-test-plan"), (38, 35));
        assert_eq!(counts("oidcc-formpost-basic-certification-test-plan"), (38, 35));
        assert_eq!(counts("oidcc-config-certification-test-plan"), (1, 1));
        assert_eq!(
            counts("oidcc-rp-initiated-logout-certification-test-plan"),
            (11, 11)
        );
        // One of 23 waits for a person.
        assert_eq!(counts("oidcc-dynamic-certification-test-plan"), (22, 1));
        assert_eq!(
            counts("oidcc-3rdparty-init-login-certification-test-plan"),
            (2, 0)
        );
        for plan in PLANS {
            let names: HashSet<_> = plan.modules.iter().map(|it| it.name).collect();
            assert_eq!(names.len(), plan.modules.len());
        }
    }
}
