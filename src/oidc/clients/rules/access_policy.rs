//! Checks the access policy that an administrator sets (contract.md, `access_policy`). Who passes it is decided in
//! `oidc::access_policy`.

use super::problem::Problems;
use crate::domain::client::AdministratorSettings;

pub(super) fn check(problems: &mut Problems, settings: &AdministratorSettings) {
    let policy = &settings.access_policy;
    for (member, values) in [
        ("access_policy.membership_types", &policy.membership_types),
        ("access_policy.ties_rights", &policy.ties_rights),
    ] {
        let names = |name: &String| {
            (1..=64).contains(&name.len())
                && name
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
