//! The parameters of a request, decoded, each name once but for lists (RFC 6749 §3.1 and §3.2, RFC 8707 §2;
//! security.md G-2).

use std::collections::BTreeMap;

use super::authorization::checks;

/// What the endpoints read beside the parameters of an authorization request, and the client's credentials.
const OTHERS: [&str; 29] = [
    "access_token",
    "actor_token",
    "actor_token_type",
    "assertion",
    "audience",
    "auth_req_id",
    "binding_message",
    "client_assertion",
    "client_assertion_type",
    "client_notification_token",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "grant_type",
    "login_hint_token",
    "logout_hint",
    "post_logout_redirect_uri",
    "refresh_token",
    "requested_expiry",
    "requested_token_type",
    "resource",
    "scope",
    "subject_token",
    "subject_token_type",
    "token",
    "token_type_hint",
    "user_code",
    "client_id",
];

/// Means something at one of the endpoints; every other name is ignored, whatever its value (security.md G-2).
pub fn is_parameter(name: &str) -> bool {
    checks::is_known(name) || OTHERS.contains(&name)
}

/// Names and values. Unknown ones are ignored, empty ones count as omitted (RFC 6749 §3.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    once: BTreeMap<String, String>,
    /// Those whose names may repeat, in the order received.
    lists: Vec<(String, String)>,
}

impl Parameters {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.once
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let lists = self.lists.iter().map(|(name, value)| (name, value));
        self.once
            .iter()
            .chain(lists)
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All values of a name that may repeat (security.md G-2).
    pub fn all(&self, name: &str) -> Vec<String> {
        let named = self.lists.iter().filter(|it| it.0 == name && !it.1.is_empty());
        named.map(|it| it.1.clone()).collect()
    }

    pub fn with_list(mut self, name: &str, values: Vec<String>) -> Self {
        self.lists
            .extend(values.into_iter().map(|it| (name.to_owned(), it)));
        self
    }

    /// Was sent, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.once.contains_key(name)
    }
}

impl From<BTreeMap<String, String>> for Parameters {
    fn from(map: BTreeMap<String, String>) -> Self {
        Self {
            once: map,
            lists: Vec::new(),
        }
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Parameters {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::from(pairs.collect::<BTreeMap<_, _>>())
    }
}

/// Names only: values may be credentials (security.md LG-3).
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(|it| it.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_parameter_is_an_omitted_one() {
        let it = Parameters::from([("code", "secret"), ("scope", "")]);
        assert_eq!(
            (it.get("code"), it.get("scope"), it.has("scope")),
            (Some("secret"), None, true)
        );
        assert_eq!(format!("{it:?}"), r#"{"code", "scope"}"#); // LG-3
    }
}
