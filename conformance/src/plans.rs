//! The plans of the suite and the modules they list, by the suite's names.

use crate::fapi::{Fapi, Only};
use crate::modules::{Check, basic, channel_logout, ciba, config, dynamic, fapi2};
use crate::modules::{rp_initiated_logout as logout, session_management};

/// Where the authorization response belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    Query,
    Fragment,
    FormPost,
}

/// What a plan fixes for its modules.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub response_type: &'static str,
    /// Sent as the parameter `response_mode`; none: the default of the response type.
    pub response_mode: Option<&'static str>,
    /// For the plans of FAPI.
    pub fapi: Option<&'static Fapi>,
}

impl Variant {
    pub fn placement(&self) -> Placement {
        match self.response_mode {
            Some("form_post") => Placement::FormPost,
            _ if self.has("id_token") || self.has("token") => Placement::Fragment,
            _ => Placement::Query,
        }
    }

    /// The response type has this word.
    pub fn has(&self, word: &str) -> bool {
        self.response_type.split(' ').any(|it| it == word)
    }

    /// What tells it from others of its plan.
    pub fn name(&self) -> &'static str {
        self.fapi.map_or(self.response_type, |it| it.name)
    }

    fn runs(&self, module: &Module) -> bool {
        let fits = |only: &Only| self.fapi.is_some_and(|it| only.fits(it));
        module.on.contains(&self.response_type) && module.only.iter().all(fits)
    }

    /// An access token comes of it, at once or for the code.
    pub fn has_access_token(&self) -> bool {
        self.has("code") || self.has("token")
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
    /// Two clients of FAPI.
    Fapi,
}

#[derive(Clone, Copy)]
pub struct Module {
    pub name: &'static str,
    pub needs: Needs,
    /// The response types that the suite runs it for.
    pub on: &'static [&'static str],
    /// And which variants of FAPI.
    pub only: &'static [Only],
    pub check: Check,
}

#[derive(Clone, Copy)]
pub struct Plan {
    pub name: &'static str,
    pub variants: &'static [Variant],
    pub modules: &'static [Module],
}

/// A module to run: the plan, what it fixes, and which.
pub type Chosen = (&'static Plan, &'static Variant, &'static Module);

impl Plan {
    pub fn runs(&'static self) -> impl Iterator<Item = Chosen> {
        self.variants.iter().flat_map(move |variant| {
            let modules = self.modules.iter();
            let wanted = modules.filter(|it| variant.runs(it));
            wanted.map(move |module| (self, variant, module))
        })
    }
}

const fn plain(response_type: &'static str) -> Variant {
    Variant {
        response_type,
        response_mode: None,
        fapi: None,
    }
}

const fn form_post(response_type: &'static str) -> Variant {
    Variant {
        response_type,
        response_mode: Some("form_post"),
        fapi: None,
    }
}

pub const fn fapi(it: &'static Fapi) -> Variant {
    Variant {
        response_type: "code",
        response_mode: None,
        fapi: Some(it),
    }
}

#[rustfmt::skip]
pub const PLANS: &[Plan] = &[
    Plan {
        name: "oidcc-basic-certification-test-plan",
        variants: &[plain("code")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-implicit-certification-test-plan",
        variants: &[plain("id_token"), plain("id_token token")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-hybrid-certification-test-plan",
        variants: &[plain("code id_token"), plain("code token"), plain("code id_token token")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-config-certification-test-plan",
        variants: &[plain("code")],
        modules: config::MODULES,
    },
    Plan {
        name: "oidcc-rp-initiated-logout-certification-test-plan",
        variants: &[plain("code")],
        modules: logout::MODULES,
    },
    Plan {
        name: "oidcc-session-management-certification-test-plan",
        variants: &[plain("code")],
        modules: session_management::MODULES,
    },
    Plan {
        name: "oidcc-frontchannel-rp-initiated-logout-certification-test-plan",
        variants: &[plain("code")],
        modules: channel_logout::FRONT,
    },
    Plan {
        name: "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
        variants: &[plain("code")],
        modules: channel_logout::BACK,
    },
    Plan {
        name: "oidcc-dynamic-certification-test-plan",
        variants: &[plain("code")],
        modules: dynamic::MODULES,
    },
    Plan {
        name: "oidcc-3rdparty-init-login-certification-test-plan",
        variants: &[plain("code")],
        modules: dynamic::THIRD_PARTY_LOGIN,
    },
    Plan {
        name: "oidcc-formpost-basic-certification-test-plan",
        variants: &[form_post("code")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-formpost-implicit-certification-test-plan",
        variants: &[form_post("id_token"), form_post("id_token token")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-formpost-hybrid-certification-test-plan",
        variants: &[form_post("code id_token"), form_post("code token"), form_post("code id_token token")],
        modules: basic::MODULES,
    },
    Plan {
        name: "fapi2-security-profile-final-test-plan",
        variants: fapi2::SECURITY_PROFILE,
        modules: fapi2::MODULES,
    },
    Plan {
        name: "fapi2-message-signing-final-test-plan",
        variants: fapi2::MESSAGE_SIGNING,
        modules: fapi2::MODULES,
    },
    Plan {
        name: "fapi-ciba-id1-test-plan",
        variants: ciba::VARIANTS,
        modules: ciba::MODULES,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn plans_have_the_suites_number_of_modules() {
        let counts = |name: &str| {
            let plan = PLANS
                .iter()
                .find(|it| it.name.strip_prefix("oidcc-") == Some(name));
            let runs: Vec<_> = plan.unwrap().runs().collect();
            let own = |needs: Needs| matches!(needs, Needs::Registration | Needs::Site);
            (runs.len(), runs.iter().filter(|it| !own(it.2.needs)).count())
        };
        for profile in ["", "formpost-"] {
            let counts = |name: &str| counts(&format!("{profile}{name}-certification-test-plan"));
            assert_eq!(counts("basic"), (38, 35));
            assert_eq!(counts("implicit"), (58, 54));
            assert_eq!(counts("hybrid"), (102, 96));
        }
        assert_eq!(counts("config-certification-test-plan"), (1, 1));
        assert_eq!(counts("rp-initiated-logout-certification-test-plan"), (11, 11));
        assert_eq!(counts("session-management-certification-test-plan"), (2, 2));
        assert_eq!(
            counts("frontchannel-rp-initiated-logout-certification-test-plan"),
            (2, 1)
        );
        assert_eq!(
            counts("backchannel-rp-initiated-logout-certification-test-plan"),
            (2, 1)
        );
        // One of 23 waits for a person.
        assert_eq!(counts("dynamic-certification-test-plan"), (22, 1));
        assert_eq!(counts("3rdparty-init-login-certification-test-plan"), (2, 0));
        let fapi = |name: &str| {
            let plan = PLANS.iter().find(|it| it.name == name).unwrap();
            let of = |variant: &Variant| plan.runs().filter(|it| it.1.name() == variant.name()).count();
            plan.variants.iter().map(of).collect::<Vec<_>>()
        };
        let security_profile = fapi("fapi2-security-profile-final-test-plan");
        assert_eq!(security_profile, [56, 50, 47, 41, 46, 40, 37, 31, 14]);
        let message_signing = fapi("fapi2-message-signing-final-test-plan");
        assert_eq!(message_signing, [70, 64, 61, 55, 60, 54, 51, 45]);
        assert_eq!(fapi("fapi-ciba-id1-test-plan"), [35, 33, 40, 38]);
        let one = |response_type: &str| {
            let wanted = ["basic", "implicit", "hybrid"].map(|it| format!("oidcc-{it}-"));
            let plans = PLANS
                .iter()
                .filter(|it| wanted.iter().any(|name| it.name.starts_with(name)));
            let all = plans.flat_map(Plan::runs);
            all.filter(|it| it.1.response_type == response_type).count()
        };
        assert_eq!(one("id_token"), 27);
        assert_eq!(one("id_token token"), 31);
        assert_eq!(one("code id_token"), 36);
        assert_eq!((one("code token"), one("code id_token token")), (33, 33));
        for plan in PLANS {
            let names: HashSet<_> = plan.modules.iter().map(|it| it.name).collect();
            assert_eq!(names.len(), plan.modules.len());
        }
    }
}
