//! Reads which plans run with which variants, and the suite's configuration for the provider. The file has in `common`
//! what all plans share; a row of `plans` may add to it. `{ISSUER}`, `{MTLS}`, `{SUITE}` and `{APPROVAL}` are replaced
//! by addresses, and `{"part": NAME}` by what `parts` has under that name.

use super::approval::Approval;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub common: Map<String, Value>,
    pub plans: Vec<Row>,
    /// The person who decides at the provider about requests of the suite's clients.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// Values that are used in more than one place.
    #[serde(default)]
    pub parts: BTreeMap<String, Value>,
    /// Notes for a reader of the tables.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Says for a module why its warning or failure stays.
    #[serde(default)]
    pub remarks: BTreeMap<String, String>,
}

/// A plan with one choice of variants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub plan: String,
    #[serde(default)]
    pub variant: BTreeMap<String, String>,
    #[serde(default)]
    pub configuration: Map<String, Value>,
}

/// The addresses that replace placeholders of the settings.
#[derive(Clone, Copy)]
pub struct Addresses<'a> {
    /// The address at which the suite calls the person who decides.
    pub approval: &'a str,
    pub issuer: &'a str,
    /// The address at which the provider accepts certificates (RFC 8705 §5).
    pub mtls: &'a str,
    pub suite: &'a str,
}

impl Row {
    /// Returns `true` if the row has an alias. Clients that are registered beforehand have the suite's addresses under
    /// it, and the suite runs one module of an alias at a time: the next one ends the one before it.
    pub fn has_alias(&self) -> bool {
        self.configuration.contains_key("alias")
    }

    /// Returns a short title, for lines of progress.
    pub fn name(&self) -> &str {
        let alias = self.configuration.get("alias").and_then(Value::as_str);
        alias.unwrap_or_else(|| {
            let plan = self.plan.trim_end_matches("-test-plan");
            plan.trim_end_matches("-certification")
        })
    }

    pub fn title(&self) -> String {
        let variant: Vec<&str> = self.variant.values().map(String::as_str).collect();
        if variant.is_empty() {
            self.plan.clone()
        } else {
            format!("{} ({})", self.plan, variant.join(", "))
        }
    }
}

impl Settings {
    pub fn read(path: &Path, addresses: Addresses<'_>) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text, addresses).with_context(|| format!("in {}", path.display()))
    }

    pub fn parse(text: &str, addresses: Addresses<'_>) -> Result<Self> {
        let text = text
            .replace("{APPROVAL}", addresses.approval.trim_end_matches('/'))
            .replace("{ISSUER}", addresses.issuer.trim_end_matches('/'))
            .replace("{MTLS}", addresses.mtls.trim_end_matches('/'))
            .replace("{SUITE}", addresses.suite.trim_end_matches('/'));
        let mut settings: Self = serde_json::from_str(&text)?;
        let parts = std::mem::take(&mut settings.parts);
        let configurations = settings.plans.iter_mut().map(|it| &mut it.configuration);
        for whole in configurations.chain([&mut settings.common]) {
            for value in whole.values_mut() {
                fill(value, &parts)?;
            }
        }
        Ok(settings)
    }

    pub fn choose(&self, plan: &str) -> Result<Vec<&Row>> {
        let rows: Vec<&Row> = self
            .plans
            .iter()
            .filter(|it| plan == "all" || it.plan == plan)
            .collect();
        if rows.is_empty() {
            let names: Vec<&str> = self.plans.iter().map(|it| it.plan.as_str()).collect();
            bail!("the settings have no plan {plan:?}, but {}", names.join(", "));
        }
        Ok(rows)
    }

    /// Merges a row into what all share. The row wins; objects are merged member by member, so that a row may override
    /// one module more.
    pub fn configuration(&self, row: &Row) -> Value {
        let mut whole = self.common.clone();
        join(&mut whole, &row.configuration);
        Value::Object(whole)
    }
}

/// Puts the parts where they are named. A part names no other parts.
fn fill(value: &mut Value, parts: &BTreeMap<String, Value>) -> Result<()> {
    match value {
        Value::Object(object) => {
            if let Some(name) = object.get("part").and_then(Value::as_str) {
                let part = parts
                    .get(name)
                    .with_context(|| format!("there is no part {name:?}"))?;
                *value = part.clone();
                return Ok(());
            }
            object.values_mut().try_for_each(|it| fill(it, parts))
        }
        Value::Array(array) => array.iter_mut().try_for_each(|it| fill(it, parts)),
        _ => Ok(()),
    }
}

fn join(whole: &mut Map<String, Value>, part: &Map<String, Value>) {
    for (name, value) in part {
        match (whole.get_mut(name), value) {
            (Some(Value::Object(whole)), Value::Object(part)) => join(whole, part),
            _ => {
                whole.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: Addresses<'_> = Addresses {
        approval: "http://127.0.0.1:1/",
        issuer: "https://op.example/",
        mtls: "https://mtls.op.example",
        suite: "https://suite.example",
    };

    #[test]
    fn a_row_adds_to_what_all_share() {
        let settings = Settings::parse(
            r#"{"common": {"server": {"discoveryUrl": "{ISSUER}/x"}, "override": {"a": {"browser": []}}},
                "plans": [{"plan": "p", "configuration": {"override": {"b": {"browser": ["{SUITE}"]}}}}]}"#,
            ADDRESSES,
        )
        .unwrap();
        let rows = settings.choose("all").unwrap();
        let configuration = settings.configuration(rows[0]);
        assert_eq!(configuration["server"]["discoveryUrl"], "https://op.example/x");
        assert!(configuration["override"]["a"]["browser"].is_array());
        assert_eq!(
            configuration["override"]["b"]["browser"][0],
            "https://suite.example"
        );
        assert!(settings.choose("q").is_err());
    }

    #[test]
    fn parts_stand_where_they_are_named() {
        let with = |name: &str| {
            let text = r#"{"common": {"browser": [{"part": "NAME"}]}, "parts": {"login": {"match": "{MTLS}/*"}},
                "plans": [{"plan": "p", "configuration": {"mtls": {"part": "login"}}}]}"#;
            Settings::parse(&text.replace("NAME", name), ADDRESSES)
        };
        let settings = with("login").unwrap();
        let configuration = settings.configuration(&settings.plans[0]);
        assert_eq!(configuration["browser"][0]["match"], "https://mtls.op.example/*");
        assert_eq!(configuration["mtls"]["match"], "https://mtls.op.example/*");
        assert!(with("logout").is_err());
    }

    #[test]
    fn the_settings_for_our_pages_are_valid() {
        let text = include_str!("../../plans/itu-account-suite.json");
        let settings = Settings::parse(text, ADDRESSES).unwrap();
        let clients: Value = serde_json::from_str(include_str!("../../plans/suite-clients.json")).unwrap();
        let registered: Vec<&str> = clients["clients"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["client_id"].as_str().unwrap())
            .collect();
        let mut aliases = Vec::new();
        for row in settings.choose("all").unwrap() {
            let configuration = settings.configuration(row);
            assert!(configuration["browser"].is_array());
            assert!(configuration["override"].is_object());
            assert!(!configuration.to_string().contains("\"part\""), "{}", row.title());
            for name in ["client", "client2"] {
                let id = configuration[name]["client_id"].as_str();
                assert_eq!(id.is_some(), row.has_alias(), "{}", row.title());
                assert!(id.is_none_or(|it| registered.contains(&it)), "{id:?}");
            }
            // Plans run side by side: one alias is one plan's.
            aliases.extend(configuration["alias"].as_str().map(str::to_owned));
        }
        let count = aliases.len();
        aliases.sort();
        aliases.dedup();
        assert_eq!(aliases.len(), count);
    }
}
