//! Which access policy an administrator may set (contract.md, `access_policy`).

use super::problem::Problems;
use crate::domain::client::AdministratorSettings;

pub(super) fn check(problems: &mut Problems, it: &AdministratorSettings) {
    let policy = &it.access_policy;
    for (member, values) in [
        ("access_policy.membership_types", &policy.membership_types),
        ("access_policy.ties_rights", &policy.ties_rights),
    ] {
        let names = |it: &String| {
            (1..=64).contains(&it.len())
                && it
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        };
        problems.unless(
            values.len() <= 32 && values.iter().all(names),
            member,
            "holds what is not an identifier",
        );
    }
}
