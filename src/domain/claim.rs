//! Claims about a person: their names, which scope grants them, and the `claims` parameter with
//! which a client asks for single ones (OpenID Connect Core §5.4, §5.5).

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::authentication::WantedAcr;
use super::scope::{self, Scope};

/// The longest `claims` parameter (security.md AZ-14).
pub const LONGEST_REQUEST: usize = 4096;

/// Every claim about a person that this provider can state, with the scope that grants it.
pub const BY_SCOPE: [(&str, &[&str]); 5] = [
    (
        scope::PROFILE,
        &[
            "name",
            "given_name",
            "family_name",
            "gender",
            "locale",
            "updated_at",
            "preferred_username",
        ],
    ),
    (scope::EMAIL, &["email", "email_verified"]),
    (
        scope::ITU_MEMBERSHIP,
        &[
            "membership_type",
            "organization",
            "organization_id",
            "membership_category",
            "member_state",
            "affiliation_status",
            "ties_rights",
            "focal_point",
        ],
    ),
    (
        scope::ITU_PROFESSIONAL,
        &["job_title", "professional_role", "title"],
    ),
    (scope::ITU_NEWSLETTER, &["newsletter"]),
];

/// Returns the scope that grants a claim, if it is one of ours.
pub fn scope_of(claim: &str) -> Option<&'static str> {
    BY_SCOPE
        .iter()
        .find(|(_, claims)| claims.contains(&claim))
        .map(|(scope, _)| *scope)
}

/// Returns the position of a claim in `BY_SCOPE`, the order in which pages list claims.
pub fn rank(claim: &str) -> usize {
    let all = BY_SCOPE.iter().flat_map(|it| it.1);
    all.take_while(|name| **name != claim).count()
}

/// Returns the claims that a scope grants.
pub fn of_scope(scope: &str) -> &'static [&'static str] {
    BY_SCOPE
        .iter()
        .find(|(name, _)| *name == scope)
        .map_or(&[], |(_, claims)| claims)
}

/// The `claims` parameter, parsed.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    #[serde(deserialize_with = "distinct", skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, Option<Wanted>>,
    #[serde(deserialize_with = "distinct", skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, Option<Wanted>>,
}

/// The request for a single claim; members that are not understood are ignored (Core §5.5.1).
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Wanted {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub essential: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("claims is not a claims request as OpenID Connect Core section 5.5 describes it")]
pub struct BadClaims;

impl ClaimsRequest {
    pub fn parse(value: &str) -> Result<Self, BadClaims> {
        if value.len() > LONGEST_REQUEST || !value.trim_start().starts_with('{') {
            return Err(BadClaims);
        }
        serde_json::from_str(value).map_err(|_| BadClaims)
    }

    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// Leaves of the claims about a person only those that the client may receive at all: a
    /// request for claims never widens what an administrator gave it (security.md AZ-14).
    pub fn limited_to(self, allowed: &Scope) -> Self {
        self.retain_personal(|name| scope_of(name).is_none_or(|scope| allowed.contains(scope)))
    }

    /// Leaves of the claims about a person only those that `may` admits.
    pub fn retain_personal(mut self, may: impl Fn(&str) -> bool) -> Self {
        let may = |name: &str| scope_of(name).is_none() || may(name);
        self.userinfo.retain(|name, _| may(name));
        self.id_token.retain(|name, _| may(name));
        self
    }

    /// Returns the claims about a person that are asked for by name anywhere.
    pub fn personal(&self) -> impl Iterator<Item = &str> {
        self.userinfo
            .keys()
            .chain(self.id_token.keys())
            .map(String::as_str)
            .filter(|name| scope_of(name).is_some())
    }

    /// Returns the person that the ID token must be about, if one is named (Core §5.5.1).
    pub fn subject(&self) -> Option<&str> {
        self.id_token.get("sub")?.as_ref()?.value.as_ref()?.as_str()
    }

    /// Returns the classes of authentication that are asked for by value (Core §5.5.1.1).
    pub fn wanted_acr(&self) -> Option<WantedAcr<'_>> {
        let wanted = self.id_token.get("acr")?.as_ref()?;
        let all = wanted.value.iter().chain(&wanted.values);
        let values: Vec<&str> = all.filter_map(Value::as_str).collect();
        (!values.is_empty()).then_some(WantedAcr {
            values,
            essential: wanted.essential,
        })
    }
}

/// Reads a JSON object and refuses doubled members: which of two counts would be a guess.
fn distinct<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, Option<Wanted>>, D::Error> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = BTreeMap<String, Option<Wanted>>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object of claims")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut all = BTreeMap::new();
            while let Some((name, Strict(wanted))) = members.next_entry::<String, Strict>()? {
                if all.insert(name, wanted).is_some() {
                    return Err(A::Error::custom("a claim is named twice"));
                }
            }
            Ok(all)
        }
    }
    input.deserialize_map(Members)
}

/// A value that is `null` or an object; derived structs would take an array too.
struct Strict(Option<Wanted>);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        match Value::deserialize(input)? {
            Value::Null => Ok(Self(None)),
            object @ Value::Object(_) => serde_json::from_value(object)
                .map(|it| Self(Some(it)))
                .map_err(D::Error::custom),
            _ => Err(D::Error::custom("neither null nor an object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_the_standard_shows_it() {
        let text = r#"{"userinfo": {"given_name": {"essential": true}, "nickname": null},
            "id_token": {"auth_time": {"essential": true}, "acr": {"essential": true, "values": ["a", "b"]},
            "sub": {"value": "248289761001"}}, "later": 1}"#;
        let request = ClaimsRequest::parse(text).expect("the example of Core §5.5");
        let wanted = request.wanted_acr().expect("acr by values");
        assert!(wanted.essential && wanted.values == ["a", "b"]);
        assert_eq!(request.subject(), Some("248289761001"));
        assert_eq!(request.personal().collect::<Vec<_>>(), ["given_name"]);
        let stored = serde_json::to_string(&request).expect("plain JSON");
        assert_eq!(ClaimsRequest::parse(&stored), Ok(request));
    }

    #[test]
    fn what_is_not_a_claims_request_is_refused() {
        let long = format!("{{\"userinfo\": {{\"{}\": null}}}}", "a".repeat(4096));
        for bad in [
            "",
            "[]",
            "null",
            "\"a\"",
            "{",
            r#"{"userinfo": []}"#,
            r#"{"userinfo": {"name": 1}}"#,
            r#"{"userinfo": {"name": []}}"#,
            r#"{"userinfo": {"name": null, "name": null}}"#,
            r#"{"userinfo": {}, "userinfo": {}}"#,
            r#"{"id_token": {"acr": {"essential": "yes"}}}"#,
            r#"{"id_token": {"acr": {"values": "a"}}}"#,
            &long,
        ] {
            assert_eq!(ClaimsRequest::parse(bad), Err(BadClaims), "{bad}");
        }
    }

    #[test]
    fn a_request_never_widens_what_the_client_may_receive() {
        let request = ClaimsRequest::parse(r#"{"userinfo": {"name": null, "ties_rights": null, "x": null}}"#);
        let limited = request
            .expect("good")
            .limited_to(&Scope::parse("openid profile").expect("good"));
        assert!(limited.userinfo.contains_key("name")); // AZ-14
        assert!(!limited.userinfo.contains_key("ties_rights"));
    }
}
