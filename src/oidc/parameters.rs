//! The parameters of a request, decoded, each name once but for lists (RFC 6749 §3.1 and §3.2, RFC 8707 §2;
//! security.md G-2).

use std::collections::BTreeMap;

use super::{Error, Result};

/// Names that may repeat (security.md G-2, RFC 8707 §2).
const LISTS: [&str; 2] = ["resource", "audience"];

/// The parameters with a client's credentials, which travel in the body or in a header (security.md TK-8, RFC 6749
/// §2.3.1).
const CREDENTIALS: [&str; 2] = ["client_secret", "client_assertion"];

/// The parameters that the authorization endpoint reads. It ignores every other name, repeated or not
/// (RFC 6749 §3.1).
pub const AUTHORIZATION_PARAMETERS: [&str; 26] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "state",
    "scope",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "display",
    "max_age",
    "claims",
    "claims_locales",
    "id_token_hint",
    "login_hint",
    "ui_locales",
    "acr_values",
    "request",
    "request_uri",
    "registration",
    "dpop_jkt",
    "authorization_details",
    "grant_id",
    "grant_management_action",
    "code_verifier",
];

/// The parameters that the other endpoints read, and the client's credentials.
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

/// Returns `true` if the name means something at one of the endpoints; every other name is ignored, whatever its value
/// (security.md G-2).
pub fn is_parameter(name: &str) -> bool {
    is_authorization_parameter(name) || OTHERS.contains(&name)
}

/// Returns `true` if the authorization endpoint reads a parameter of this name.
pub fn is_authorization_parameter(name: &str) -> bool {
    AUTHORIZATION_PARAMETERS.contains(&name)
}

/// A request as it came, query and body together, each name as often as it was sent. The front door makes it of whole
/// requests only, and nothing else leads to `Parameters` or to an authorization request, so that no endpoint judges
/// one half of a request (security.md G-2).
#[derive(Clone, Default)]
pub struct RequestPairs {
    /// The pairs from which the endpoint takes its parameters.
    pairs: Vec<(String, String)>,
    /// The names in the query of a request that has its parameters in the body: they are not read, but each of them
    /// is an occurrence.
    beside: Vec<String>,
}

impl RequestPairs {
    /// Takes the query of a GET.
    pub fn of_query(pairs: Vec<(String, String)>) -> Self {
        Self {
            pairs,
            beside: Vec::new(),
        }
    }

    /// Takes the body of a POST, with the names that the query of its address has.
    pub fn of_body(pairs: Vec<(String, String)>, query: Vec<String>) -> Self {
        Self { pairs, beside: query }
    }

    /// Returns the first value of a name, to find the client of a refused request.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Returns `true` if a request with a body has this name in its query.
    pub fn is_beside(&self, name: &str) -> bool {
        self.beside.iter().any(|it| it == name)
    }

    /// Refuses a parameter that occurs more than once, and a credential in the query. Names that mean nothing are
    /// left out.
    pub fn into_parameters(self) -> Result<Parameters> {
        let read = self.pairs.iter().filter(|it| is_parameter(&it.0));
        let read: Vec<_> = read.cloned().collect();
        let named = read.iter().map(|it| &it.0).chain(&self.beside);
        let once = named.filter(|it| !LISTS.contains(&it.as_str()));
        if let Some(name) = once.filter(|it| is_parameter(it)).find(|it| self.is_repeated(it)) {
            return Err(Error::invalid_request(format!(
                "the parameter {name} occurs more than once"
            )));
        }
        if let Some(name) = CREDENTIALS.iter().find(|it| self.is_beside(it)) {
            return Err(Error::invalid_request(format!(
                "{name} must not be sent in the query"
            )));
        }
        let (lists, once) = read.into_iter().partition(|it| LISTS.contains(&it.0.as_str()));
        let once: Vec<_> = once;
        Ok(Parameters {
            once: once.into_iter().collect(),
            lists,
        })
    }

    pub fn is_repeated(&self, name: &str) -> bool {
        let beside = self.beside.iter().filter(|it| *it == name).count();
        self.values(name).count() + beside > 1
    }

    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(move |it| it.0 == name);
        named.map(|it| it.1.as_str())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|it| it.0.as_str())
    }

    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

/// The names and values of a request. Names that no endpoint reads are ignored, empty values count as omitted (RFC 6749
/// §3.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    once: BTreeMap<String, String>,
    /// The parameters whose names may repeat, in the order received.
    lists: Vec<(String, String)>,
}

impl Parameters {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.once
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    /// Returns a parameter that the endpoint cannot do without.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| Error::invalid_request(format!("{name} is missing")))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let lists = self.lists.iter().map(|(name, value)| (name, value));
        self.once
            .iter()
            .chain(lists)
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns all values of a name that may repeat (security.md G-2).
    pub fn all(&self, name: &str) -> Vec<String> {
        let named = self.lists.iter().filter(|it| it.0 == name && !it.1.is_empty());
        named.map(|it| it.1.clone()).collect()
    }

    /// Takes the members of a signed object, where each name occurs once (security.md JW-3), with its resources.
    pub(super) fn of_claims(once: BTreeMap<String, String>, resources: Vec<String>) -> Self {
        let lists = resources.into_iter().map(|it| ("resource".to_owned(), it));
        Self {
            once,
            lists: lists.collect(),
        }
    }

    /// Returns `true` if the parameter was sent, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.once.contains_key(name)
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Parameters {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::of_claims(owned.into_iter().collect(), Vec::new())
    }
}

/// Prints names only: values may be credentials (security.md LG-3).
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(|it| it.0)).finish()
    }
}

/// Prints names only, likewise.
impl std::fmt::Debug for RequestPairs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_once_in_query_and_body_together() {
        // G-2
        let pairs = |text: &str| {
            let names = text.split_whitespace();
            names
                .map(|it| (it.to_owned(), "x".to_owned()))
                .collect::<Vec<_>>()
        };
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let read = |body: &str, query: &str| {
            let read = RequestPairs::of_body(pairs(body), names(query)).into_parameters();
            read.map_err(|it| it.description().to_owned())
        };
        let good = read("scope code resource resource utm utm", "utm resource state").expect("good");
        assert_eq!(good.all("resource").len(), 2); // RFC 8707 §2; the query is not read
        assert!(good.has("scope") && !good.has("utm") && !good.has("state"));
        for (body, query) in [("scope scope", ""), ("scope", "scope"), ("code", "scope scope")] {
            let refused = read(body, query).expect_err(body);
            assert_eq!(refused, "the parameter scope occurs more than once");
        }
        let refused = read("scope", "client_secret").expect_err("TK-8");
        assert_eq!(refused, "client_secret must not be sent in the query");
        let query = RequestPairs::of_query(pairs("scope scope"));
        assert!(query.into_parameters().is_err());
    }

    #[test]
    fn an_empty_parameter_is_an_omitted_one() {
        let parameters = Parameters::from([("code", "secret"), ("scope", "")]);
        assert_eq!(
            (
                parameters.get("code"),
                parameters.get("scope"),
                parameters.has("scope")
            ),
            (Some("secret"), None, true)
        );
        assert_eq!(format!("{parameters:?}"), r#"{"code", "scope"}"#); // LG-3
    }
}
