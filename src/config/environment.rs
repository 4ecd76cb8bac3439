//! Reads settings from the environment, `ITU_ACCOUNT__SECTION__KEY`. An empty variable counts as absent. A list is
//! written with commas.

use figment::providers::Env;
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

const PREFIX: &str = "ITU_ACCOUNT__";

/// The settings that are lists, by section.
const LISTS: [(&str, &[&str]); 4] = [
    ("", &["trusted_proxies", "forwarding_headers"]),
    ("authorization", &["response_types"]),
    ("fetch", &["allow"]),
    ("limits", &[]),
];

pub(super) struct Environment(Env);

impl Environment {
    pub(super) fn read() -> Self {
        let env = Env::prefixed(PREFIX);
        let empty: Vec<String> = env
            .iter()
            .filter(|(_, value)| value.trim().is_empty())
            .map(|(key, _)| key.into_string())
            .collect();
        let empty: Vec<&str> = empty.iter().map(String::as_str).collect();
        Self(env.ignore(&empty).split("__"))
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        self.0.metadata()
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let mut data = self.0.data()?;
        for settings in data.values_mut() {
            with_lists(settings);
        }
        Ok(data)
    }
}

/// Returns the variable of a setting.
pub(super) fn variable(path: &[String]) -> String {
    format!("{PREFIX}{}", path.join("__").to_uppercase())
}

fn with_lists(settings: &mut Dict) {
    for (section, keys) in LISTS {
        let of_section = match section {
            "" => Some(&mut *settings),
            name => match settings.get_mut(name) {
                Some(Value::Dict(_, section)) => Some(section),
                _ => None,
            },
        };
        for (key, value) in of_section.into_iter().flatten() {
            // All limits are lists, except for switches.
            if keys.contains(&key.as_str()) || section == "limits" {
                split(value);
            }
        }
    }
}

fn split(value: &mut Value) {
    if let Value::String(tag, text) = value {
        let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let parts = parts.map(|it| Value::String(*tag, it.to_owned())).collect();
        *value = Value::Array(*tag, parts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_with_commas() {
        let mut settings: Dict = [
            ("trusted_proxies".to_owned(), Value::from("10.0.0.0/8, ::1")),
            ("listen".to_owned(), Value::from("a,b")),
            (
                "fetch".to_owned(),
                Value::from(Dict::from([("allow".to_owned(), Value::from("a.example:443"))])),
            ),
        ]
        .into();
        with_lists(&mut settings);
        let texts = |list: &Value| -> Vec<String> {
            let all = list.as_array().into_iter().flatten();
            all.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        assert_eq!(texts(&settings["trusted_proxies"]), ["10.0.0.0/8", "::1"]);
        assert_eq!(settings["listen"].as_str(), Some("a,b"));
        let fetch = settings["fetch"].as_dict().unwrap();
        assert_eq!(texts(&fetch["allow"]), ["a.example:443"]);
    }
}
