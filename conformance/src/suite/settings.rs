//! Which plans with which variants, and what the suite is told about the provider. The file holds, in `common`, what
//! all plans share; a row of `plans` may add to it. `{ISSUER}` and `{SUITE}` stand for the two addresses.

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
    /// By module: why its warning or failure is there and stays.
    #[serde(default)]
    pub remarks: BTreeMap<String, String>,
}

/// A plan by one choice of variants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub plan: String,
    #[serde(default)]
    pub variant: BTreeMap<String, String>,
    #[serde(default)]
    pub configuration: Map<String, Value>,
}

impl Row {
    pub fn title(&self) -> String {
        let variant: Vec<&str> = self.variant.values().map(String::as_str).collect();
        match variant.is_empty() {
            true => self.plan.clone(),
            false => format!("{} ({})", self.plan, variant.join(", ")),
        }
    }
}

impl Settings {
    pub fn read(path: &Path, issuer: &str, server: &str) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text, issuer, server).with_context(|| format!("in {}", path.display()))
    }

    pub fn parse(text: &str, issuer: &str, server: &str) -> Result<Self> {
        let text = text
            .replace("{ISSUER}", issuer.trim_end_matches('/'))
            .replace("{SUITE}", server.trim_end_matches('/'));
        Ok(serde_json::from_str(&text)?)
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

    /// What a row says goes before what all share; objects are joined, so that a row may override one module more.
    pub fn configuration(&self, row: &Row) -> Value {
        let mut whole = self.common.clone();
        join(&mut whole, &row.configuration);
        Value::Object(whole)
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

    #[test]
    fn a_row_adds_to_what_all_share() {
        let settings = Settings::parse(
            r#"{"common": {"server": {"discoveryUrl": "{ISSUER}/x"}, "override": {"a": {"browser": []}}},
                "plans": [{"plan": "p", "configuration": {"override": {"b": {"browser": ["{SUITE}"]}}}}]}"#,
            "https://op.example/",
            "https://suite.example",
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
    fn the_settings_for_our_pages_are_valid() {
        let text = include_str!("../../plans/itu-account-suite.json");
        let settings = Settings::parse(text, "https://op.example", "https://suite.example").unwrap();
        for row in settings.choose("all").unwrap() {
            let configuration = settings.configuration(row);
            assert!(configuration["browser"].is_array());
            // An alias would make modules wait for one another, and static clients necessary.
            assert!(configuration["override"].is_object());
        }
    }
}
