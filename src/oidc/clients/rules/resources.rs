//! Checks the resources that a client's tokens are for (RFC 8707), and its types of authorization details (RFC 9396 §10).

use super::problem::Problems;
use crate::domain::client::AdministratorSettings;
use crate::domain::resource;

pub(super) fn check(problems: &mut Problems, settings: &AdministratorSettings) {
    for (member, uris) in [
        ("resources", &settings.resources),
        ("protected_resources", &settings.protected_resources),
    ] {
        problems.unless(uris.len() <= resource::MOST, member, "are 16 at most");
        problems.unless(
            uris.iter().all(|it| resource::is_resource(it)),
            member,
            "holds what is not an absolute URI without a fragment, of 512 characters at most",
        );
        problems.unless(!repeats(uris), member, "holds a resource twice");
    }
    let types = &settings.authorization_details_types;
    let is_name = |it: &String| (1..=128).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_graphic());
    problems.unless(
        types.len() <= resource::MOST && types.iter().all(is_name) && !repeats(types),
        "authorization_details_types",
        "are 16 different names at most, of 128 visible characters at most",
    );
}

fn repeats(values: &[String]) -> bool {
    (1..values.len()).any(|at| values[..at].contains(&values[at]))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_cannot_be_a_resource_or_a_type_is_named() {
        for (member, value) in [
            ("resources", json!(["/api"])),
            ("resources", json!(["https://api.example/#x"])),
            (
                "protected_resources",
                json!(["https://api.example", "https://api.example"]),
            ),
            ("authorization_details_types", json!(["order", "order"])),
            ("authorization_details_types", json!([""])),
            ("authorization_details_types", json!(["an order"])),
        ] {
            let members = Value::from_iter([(member, value.clone())]);
            let settings: AdministratorSettings = serde_json::from_value(members).expect("settings");
            let mut problems = Problems::default();
            check(&mut problems, &settings);
            let named: Vec<&str> = problems.0.iter().map(|it| it.member.as_str()).collect();
            assert_eq!(named, [member], "{value}");
        }
    }
}
