//! Selects the modules that a check runs: those of one plan or of all, in every variant or in one. The command `check`
//! calls here once it has the metadata.

use crate::plans::{PLANS, Plan, Selected};
use crate::variant::Variant;
use anyhow::{Result, bail};
use clap::ValueEnum;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Variants {
    /// Every module in every variant of its plan
    All,
    /// Every module once: in the variant that has the most modules of the plan, or else in the first that has it
    One,
}

/// Refuses a plan or a module that does not exist, before the provider is asked anything.
pub fn validate(plan: &str, modules: &[String]) -> Result<()> {
    let mut plans = plans_of(plan).peekable();
    if plans.peek().is_none() {
        bail!("there is no plan {plan:?}; `list` shows them");
    }
    let listed: BTreeSet<&str> = plans.flat_map(|it| it.modules).map(|it| it.name).collect();
    match modules.iter().find(|it| !listed.contains(it.as_str())) {
        Some(name) => bail!("there is no module {name:?} in that plan; `list` shows them"),
        None => Ok(()),
    }
}

fn plans_of(name: &str) -> impl Iterator<Item = &'static Plan> {
    PLANS.iter().filter(move |it| name == "all" || it.name == name)
}

/// Returns the modules to run, in the order of the plans. A variant that `is_offered` refuses is left out.
pub fn select(
    plan: &str,
    modules: &[String],
    variants: Variants,
    is_offered: &dyn Fn(&Variant) -> bool,
) -> Vec<Selected> {
    let runs = plans_of(plan).flat_map(|plan| match variants {
        Variants::All => plan.runs().filter(|it| is_offered(it.1)).collect(),
        Variants::One => each_once(plan, is_offered),
    });
    let is_wanted = |name: &str| modules.is_empty() || modules.iter().any(|it| it == name);
    runs.filter(|it| is_wanted(it.2.name)).collect()
}

fn each_once(plan: &'static Plan, is_offered: &dyn Fn(&Variant) -> bool) -> Vec<Selected> {
    let mut preferred: Vec<&'static Variant> = plan.variants.iter().filter(|it| is_offered(it)).collect();
    preferred.sort_by_key(|variant| {
        let modules = plan.modules.iter().filter(|it| it.runs_in(variant));
        Reverse(modules.count())
    });
    let first_of = |name: &str| {
        let module = plan.modules.iter().find(|it| it.name == name)?;
        preferred.iter().find(|it| module.runs_in(it))
    };
    let is_first = |it: &Selected| first_of(it.2.name).is_some_and(|first| first.name() == it.1.name());
    plan.runs().filter(is_first).collect()
}

/// Returns `true` if the metadata offers what the variant is made of.
pub fn is_offered(variant: &Variant, metadata: &Value) -> bool {
    if let Some(fapi) = variant.fapi {
        return fapi.is_offered_by(metadata);
    }
    let list = |name: &str| crate::checks::discovery::listed(metadata, name);
    // OpenID Connect Discovery §3: without the list there are query and fragment.
    let modes = list("response_modes_supported").unwrap_or_else(|| vec!["query", "fragment"]);
    let types = list("response_types_supported").unwrap_or_default();
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    variant.response_mode.is_none_or(|it| modes.contains(&it))
        && types.iter().any(|it| words(it) == words(variant.response_type))
}

/// Says how many modules run, in how many variants of how many plans, and what that leaves out.
pub fn summary(selected: &[Selected]) -> String {
    let variants: BTreeSet<_> = selected.iter().map(|it| (it.0.name, it.1.name())).collect();
    let plans: BTreeSet<_> = selected.iter().map(|it| it.0.name).collect();
    let all = PLANS.iter().flat_map(Plan::runs);
    format!(
        "{} modules in {} variants of {} plans; all variants of all plans have {}",
        selected.len(),
        variants.len(),
        plans.len(),
        all.count()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_plans(variants: Variants) -> Vec<Selected> {
        select("all", &[], variants, &|_| true)
    }

    fn counts(selected: &[Selected]) -> Vec<(&str, &str, usize)> {
        let mut counts: Vec<(&str, &str, usize)> = Vec::new();
        for (plan, variant, _) in selected {
            match counts.last_mut() {
                Some(last) if (last.0, last.1) == (plan.name, variant.name()) => last.2 += 1,
                _ => counts.push((plan.name, variant.name(), 1)),
            }
        }
        counts
    }

    #[test]
    fn a_change_is_checked_in_one_variant_of_each_plan() {
        let expected = [
            ("oidcc-basic-certification-test-plan", "code", 38),
            ("oidcc-implicit-certification-test-plan", "id_token token", 31),
            ("oidcc-hybrid-certification-test-plan", "code id_token", 36),
            ("oidcc-hybrid-certification-test-plan", "code token", 1),
            ("oidcc-config-certification-test-plan", "code", 1),
            ("oidcc-rp-initiated-logout-certification-test-plan", "code", 11),
            ("oidcc-session-management-certification-test-plan", "code", 2),
            (
                "oidcc-frontchannel-rp-initiated-logout-certification-test-plan",
                "code",
                2,
            ),
            (
                "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
                "code",
                2,
            ),
            ("oidcc-dynamic-certification-test-plan", "code", 22),
            ("oidcc-3rdparty-init-login-certification-test-plan", "code", 2),
            ("oidcc-formpost-basic-certification-test-plan", "code", 38),
            (
                "oidcc-formpost-implicit-certification-test-plan",
                "id_token token",
                31,
            ),
            (
                "oidcc-formpost-hybrid-certification-test-plan",
                "code id_token",
                36,
            ),
            ("oidcc-formpost-hybrid-certification-test-plan", "code token", 1),
            (
                "fapi2-security-profile-final-test-plan",
                "private_key_jwt dpop openid_connect",
                56,
            ),
            (
                "fapi2-message-signing-final-test-plan",
                "private_key_jwt dpop openid_connect",
                70,
            ),
            ("fapi-ciba-id1-test-plan", "private_key_jwt ping", 40),
            ("fapi-ciba-id1-test-plan", "mtls ping", 3),
        ];
        assert_eq!(counts(&all_plans(Variants::One)), expected);
    }

    #[test]
    fn one_variant_leaves_no_module_out() {
        let modules = |variants: Variants| -> BTreeSet<(&str, &str)> {
            let selected = all_plans(variants);
            selected.iter().map(|it| (it.0.name, it.2.name)).collect()
        };
        assert_eq!(modules(Variants::One), modules(Variants::All));
        assert_eq!(all_plans(Variants::One).len(), modules(Variants::All).len());
        assert_eq!(all_plans(Variants::All).len(), 1406);
    }

    #[test]
    fn a_variant_that_is_not_offered_is_replaced() {
        let no_ping = |it: &Variant| !it.name().ends_with("ping");
        let selected = select("fapi-ciba-id1-test-plan", &[], Variants::One, &no_ping);
        let names: Vec<_> = counts(&selected).iter().map(|it| it.1).collect();
        assert_eq!(names, ["private_key_jwt poll", "mtls poll"]);
    }

    #[test]
    fn names_are_looked_up_before_anything_runs() {
        let module = ["oidcc-server".to_owned()];
        assert!(validate("oidcc-basic-certification-test-plan", &module).is_ok());
        assert!(validate("fapi-ciba-id1-test-plan", &module).is_err());
        assert!(validate("all", &["no-such-module".to_owned()]).is_err());
        assert!(validate("no-such-plan", &[]).is_err());
    }
}
