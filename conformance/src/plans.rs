//! The plans of the suite, each with its variants and its modules, under the suite's names. `selection.rs` and the
//! command `list` use the table; nothing below it does.

use crate::module::Module;
use crate::modules::{basic, channel_logout, config, dynamic, fapi};
use crate::modules::{rp_initiated_logout as logout, session_management};
use crate::variant::Variant;

#[derive(Clone, Copy)]
pub struct Plan {
    pub name: &'static str,
    pub variants: &'static [Variant],
    pub modules: &'static [Module],
}

/// A module to run, with its plan and the variant.
pub type Selected = (&'static Plan, &'static Variant, &'static Module);

impl Plan {
    pub fn runs(&'static self) -> impl Iterator<Item = Selected> {
        self.variants.iter().flat_map(move |variant| {
            let modules = self.modules.iter();
            let wanted = modules.filter(|it| it.runs_in(variant));
            wanted.map(move |module| (self, variant, module))
        })
    }
}

#[rustfmt::skip]
pub const PLANS: &[Plan] = &[
    Plan {
        name: "oidcc-basic-certification-test-plan",
        variants: &[Variant::plain("code")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-implicit-certification-test-plan",
        variants: &[Variant::plain("id_token"), Variant::plain("id_token token")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-hybrid-certification-test-plan",
        variants: &[Variant::plain("code id_token"), Variant::plain("code token"), Variant::plain("code id_token token")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-config-certification-test-plan",
        variants: &[Variant::plain("code")],
        modules: config::MODULES,
    },
    Plan {
        name: "oidcc-rp-initiated-logout-certification-test-plan",
        variants: &[Variant::plain("code")],
        modules: logout::MODULES,
    },
    Plan {
        name: "oidcc-session-management-certification-test-plan",
        variants: &[Variant::plain("code")],
        modules: session_management::MODULES,
    },
    Plan {
        name: "oidcc-frontchannel-rp-initiated-logout-certification-test-plan",
        variants: &[Variant::plain("code")],
        modules: channel_logout::FRONT,
    },
    Plan {
        name: "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
        variants: &[Variant::plain("code")],
        modules: channel_logout::BACK,
    },
    Plan {
        name: "oidcc-dynamic-certification-test-plan",
        variants: &[Variant::plain("code")],
        modules: dynamic::MODULES,
    },
    Plan {
        name: "oidcc-3rdparty-init-login-certification-test-plan",
        variants: &[Variant::plain("code")],
        modules: dynamic::THIRD_PARTY_LOGIN,
    },
    Plan {
        name: "oidcc-formpost-basic-certification-test-plan",
        variants: &[Variant::form_post("code")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-formpost-implicit-certification-test-plan",
        variants: &[Variant::form_post("id_token"), Variant::form_post("id_token token")],
        modules: basic::MODULES,
    },
    Plan {
        name: "oidcc-formpost-hybrid-certification-test-plan",
        variants: &[Variant::form_post("code id_token"), Variant::form_post("code token"), Variant::form_post("code id_token token")],
        modules: basic::MODULES,
    },
    Plan {
        name: "fapi2-security-profile-final-test-plan",
        variants: fapi::variants::SECURITY_PROFILE,
        modules: fapi::security_profile::MODULES,
    },
    Plan {
        name: "fapi2-message-signing-final-test-plan",
        variants: fapi::variants::MESSAGE_SIGNING,
        modules: fapi::security_profile::MODULES,
    },
    Plan {
        name: "fapi-ciba-id1-test-plan",
        variants: fapi::variants::CIBA,
        modules: fapi::ciba::table::MODULES,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Needs;
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
