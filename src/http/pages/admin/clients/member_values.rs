//! The values in the form that edits a client: writes a definition into its fields, and reads what was typed back into
//! members with the names of the standards.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::members::{
    CERTIFICATE, CERTIFICATE_NAMES, CERTIFICATE_VALUE, Field, Input, content_encryption, fields,
};
use crate::domain::client::Definition;
use crate::oidc::clients::Problem;
use crate::templates::FormState;

/// The field with the version of the client that was shown.
pub(super) const SEEN: &str = "seen";

/// The form as it was sent: its own fields only, and several values for those with boxes only (security.md G-2, G-3).
#[derive(Debug, Default)]
pub struct TypedMembers(BTreeMap<String, Vec<String>>);

impl<'de> Deserialize<'de> for TypedMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let typed: BTreeMap<String, Vec<String>> = BTreeMap::deserialize(deserializer)?;
        for (name, values) in &typed {
            let field = fields().find(|it| it.name == name);
            let several = field.is_some_and(|it| matches!(it.input, Input::Boxes(_)));
            if (field.is_none() && name != SEEN) || (values.len() > 1 && !several) {
                return Err(D::Error::custom("not a field of the form"));
            }
        }
        Ok(Self(typed))
    }
}

impl TypedMembers {
    pub(super) fn text(&self, name: &str) -> &str {
        let first = self.0.get(name).and_then(|it| it.first());
        first.map_or("", |it| it.trim())
    }

    /// Adds the stored values of those fields that the form did not have.
    pub(super) fn with(&self, stored: &FormState, is_added: impl Fn(&str) -> bool) -> Self {
        let mut all = self.0.clone();
        for field in fields().filter(|it| is_added(it.name)) {
            let values = match stored.ticked.get(field.name) {
                Some(several) => several.clone(),
                None => vec![stored.value(field.name).to_owned()],
            };
            all.entry(field.name.to_owned()).or_insert(values);
        }
        Self(all)
    }

    fn lines(&self, name: &str) -> Vec<&str> {
        let lines = self.text(name).lines().map(str::trim);
        lines.filter(|it| !it.is_empty()).collect()
    }

    /// Reads the members. An empty field leaves its member out, but for those whose absence has another meaning than
    /// nothing.
    pub(super) fn read(&self) -> Result<Map<String, Value>, Vec<Problem>> {
        let mut members = Map::new();
        let mut policy = Map::new();
        let mut problems = Vec::new();
        for field in fields().filter(|it| ![CERTIFICATE, CERTIFICATE_VALUE].contains(&it.name)) {
            let value = match self.value(field) {
                Ok(Some(value)) => value,
                Ok(None) => continue,
                Err(reason) => {
                    let member = field.name.to_owned();
                    problems.push(Problem { member, reason });
                    continue;
                }
            };
            match (field.name.split_once('.'), content_encryption(field.name)) {
                (Some((_, part)), _) => drop(policy.insert(part.to_owned(), value)),
                (None, Some(enc_member)) => {
                    let both = value.as_str().unwrap_or_default().to_owned();
                    let (alg, enc) = both.split_once(' ').unwrap_or((&both, ""));
                    members.insert(field.name.to_owned(), Value::from(alg));
                    if !enc.is_empty() {
                        members.insert(enc_member, Value::from(enc));
                    }
                }
                (None, None) => drop(members.insert(field.name.to_owned(), value)),
            }
        }
        members.insert("access_policy".to_owned(), Value::Object(policy));
        match (self.text(CERTIFICATE), self.text(CERTIFICATE_VALUE)) {
            ("", "") => {}
            (name, value) if CERTIFICATE_NAMES.contains(&name) && !value.is_empty() => {
                members.insert(name.to_owned(), Value::from(value));
            }
            (name, _) => problems.push(Problem {
                member: CERTIFICATE_NAMES
                    .into_iter()
                    .find(|it| *it == name)
                    .unwrap_or(CERTIFICATE)
                    .to_owned(),
                reason: "needs both the kind of name and the name".to_owned(),
            }),
        }
        if problems.is_empty() {
            Ok(members)
        } else {
            Err(problems)
        }
    }

    fn value(&self, field: &Field) -> Result<Option<Value>, String> {
        let text = self.text(field.name);
        Ok(match field.input {
            Input::Flag => match text {
                "" => Some(Value::from(false)),
                "on" => Some(Value::from(true)),
                _ => return Err("is not true or false".to_owned()),
            },
            Input::Lines => Some(json!(self.lines(field.name))),
            Input::Boxes(_) => {
                let ticked = self.0.get(field.name).cloned().unwrap_or_default();
                Some(json!(
                    ticked.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>()
                ))
            }
            // An empty scope is one that the rules refuse, and not the default one.
            Input::Text if field.name == "scope" => Some(Value::from(text)),
            _ if text.is_empty() => None,
            Input::Json => Some(serde_json::from_str(text).map_err(|e| format!("is not JSON: {e}"))?),
            Input::Number => {
                let number: u64 = text
                    .parse()
                    .map_err(|_| "is not a number of seconds".to_owned())?;
                Some(Value::from(number))
            }
            Input::Text | Input::Choice(_) | Input::Always(_) => Some(Value::from(text)),
        })
    }
}

/// Returns the form that shows this definition.
pub(super) fn form_of(definition: &Definition) -> FormState {
    let members = definition.members();
    let mut form = FormState::default();
    for field in fields() {
        let values = values_of(&members, field);
        if let Some(first) = values.first() {
            form.values.insert(field.name.to_owned(), first.clone());
        }
        if values.len() > 1 {
            form.ticked.insert(field.name.to_owned(), values);
        }
    }
    form
}

fn values_of(members: &Map<String, Value>, field: &Field) -> Vec<String> {
    let text = |name: &str| {
        members
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let certificate = || CERTIFICATE_NAMES.into_iter().find(|it| members.contains_key(*it));
    if field.name == CERTIFICATE {
        return certificate().map(str::to_owned).into_iter().collect();
    }
    if field.name == CERTIFICATE_VALUE {
        return certificate().map(text).into_iter().collect();
    }
    if let Some(enc) = content_encryption(field.name) {
        let both = format!("{} {}", text(field.name), text(&enc));
        return vec![both.trim().to_owned()];
    }
    let value = match field.name.split_once('.') {
        Some((policy, part)) => members.get(policy).and_then(|it| it.get(part)),
        None => members.get(field.name),
    };
    match (value, field.input) {
        (None | Some(Value::Null | Value::Bool(false)), _) => Vec::new(),
        (Some(Value::Bool(true)), _) => vec!["on".to_owned()],
        (Some(Value::Array(values)), Input::Boxes(_)) => strings(values),
        (Some(Value::Array(values)), _) => vec![strings(values).join("\n")],
        (Some(Value::String(text)), _) => vec![text.clone()],
        (Some(other), Input::Json) => vec![serde_json::to_string_pretty(other).unwrap_or_default()],
        (Some(other), _) => vec![other.to_string()],
    }
}

fn strings(values: &[Value]) -> Vec<String> {
    let texts = values.iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Returns the values of a field in a form, as they are compared: line by line, without what a browser adds.
pub(super) fn shown(form: &FormState, name: &str) -> Vec<String> {
    let mut all = match form.ticked.get(name) {
        Some(ticked) => ticked.clone(),
        None => form
            .value(name)
            .lines()
            .map(str::trim)
            .map(str::to_owned)
            .collect(),
    };
    all.retain(|it| !it.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::admin::clients::members::field_of;

    fn sent(form: &FormState) -> TypedMembers {
        let mut typed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &form.values {
            typed.insert(name.clone(), vec![value.replace('\n', "\r\n")]);
        }
        typed.extend(form.ticked.clone());
        TypedMembers(typed)
    }

    #[test]
    fn what_the_form_shows_is_read_back() {
        let full = json!({"client_name": "Events", "redirect_uris": ["https://a.example/cb", "https://b.example/cb"],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code", "code id_token"],
            "scope": "openid offline_access", "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_san_dns": "a.example", "jwks": {"keys": []}, "default_max_age": 0,
            "require_auth_time": true, "id_token_encrypted_response_alg": "ECDH-ES",
            "id_token_encrypted_response_enc": "A256GCM", "userinfo_encrypted_response_alg": "RSA-OAEP-256",
            "first_party": true, "pkce": "required", "id_token_claims": "lean",
            "access_policy": {"affiliation": "approved", "membership_types": ["academia", "associate"]}});
        for document in [
            full,
            json!({"scope": ""}),
            json!({"grant_types": [], "response_types": []}),
        ] {
            let definition: Definition = serde_json::from_value(document).expect("a definition");
            let members = sent(&form_of(&definition)).read().expect("members");
            let read: Definition = serde_json::from_value(Value::Object(members)).expect("a definition");
            assert_eq!(read, definition);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (name, value, member) in [
            ("jwks", "{", "jwks"),
            ("default_max_age", "soon", "default_max_age"),
            (CERTIFICATE_VALUE, "a.example", CERTIFICATE),
            (CERTIFICATE, "tls_client_auth_san_dns", "tls_client_auth_san_dns"),
            ("first_party", "perhaps", "first_party"),
        ] {
            let form = FormState::new([(name, value)]);
            let found = sent(&form).read().expect_err("wrong");
            assert_eq!(found[0].member, member, "{name}");
            assert!(field_of(&found[0].member).is_some(), "{member}");
        }
        let twice = json!({"scope": ["openid", "email"]});
        assert!(serde_json::from_value::<TypedMembers>(twice).is_err()); // G-2
        assert!(serde_json::from_value::<TypedMembers>(json!({"role": ["x"]})).is_err()); // G-3
    }
}
