//! An authorization request as it came: names and values, and by which door (RFC 6749 §3.1).

use crate::domain::TestLoginId;
use crate::domain::client::Client;
use crate::oidc::{Parameters, RequestPairs};

/// The pairs of a request, each name with its decoded value, in the order received. A repeated name is kept: this
/// endpoint answers it to the service, once the client is settled.
#[derive(Clone, Default)]
pub struct RawRequest {
    pairs: RequestPairs,
    /// `true` if the authenticated client itself sent it, not through a browser (RFC 9126).
    pushed: bool,
    /// `true` if it came as an object that the client signed (RFC 9101).
    signed: bool,
    /// The test login that it was made for; `None` for every request that comes from outside.
    test: Option<OwnTest>,
}

/// The test login that this service makes a request for, and the address of ours that alone may be its redirect URI
/// (security.md AD-11).
#[derive(Clone)]
pub struct OwnTest {
    pub id: TestLoginId,
    pub redirect_uri: String,
}

impl RawRequest {
    pub fn new(pairs: RequestPairs) -> Self {
        Self {
            pairs,
            ..Self::default()
        }
    }

    pub fn pushed(client: &Client, parameters: &Parameters) -> Self {
        let others = parameters.iter().filter(|it| it.0 != "client_id");
        let mut pairs: Vec<_> = others
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        pairs.push(("client_id".to_owned(), client.id.to_string()));
        Self {
            pairs: RequestPairs::of_query(pairs),
            pushed: true,
            ..Self::default()
        }
    }

    /// Makes the request of a test login, in the place of its client. `pushed`: it takes the way of a pushed one.
    pub fn of_test(test: OwnTest, pairs: Vec<(String, String)>, pushed: bool) -> Self {
        Self {
            pairs: RequestPairs::of_query(pairs),
            pushed,
            signed: false,
            test: Some(test),
        }
    }

    /// Replaces a request object by the parameters that it held. `alone`: nothing beside it counts but the client.
    pub fn unfolded(&self, inside: Vec<(String, String)>, alone: bool, signed: bool) -> Self {
        let beside = self.pairs.pairs().iter().filter(|(name, _)| {
            let is_object = ["request", "request_uri"].contains(&name.as_str());
            let counts = name == "client_id" || !alone && inside.iter().all(|it| it.0 != *name);
            counts && !is_object
        });
        let mut pairs: Vec<_> = beside.cloned().collect();
        pairs.extend(inside.iter().filter(|it| it.0 != "client_id").cloned());
        Self {
            pairs: RequestPairs::of_query(pairs),
            pushed: self.pushed,
            signed,
            test: self.test.clone(),
        }
    }

    pub fn test(&self) -> Option<&OwnTest> {
        self.test.as_ref()
    }

    pub fn is_signed(&self) -> bool {
        self.signed
    }

    pub fn is_pushed(&self) -> bool {
        self.pushed
    }

    /// Returns the value of a name that was given once. RFC 6749 §3.1: a name without a value counts as not sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.pairs.first(name).filter(|it| !it.is_empty())?;
        (!self.pairs.is_repeated(name)).then_some(value)
    }

    /// Returns all values of a name that may repeat.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.values(name).filter(|it| !it.is_empty())
    }

    pub fn is_repeated(&self, name: &str) -> bool {
        self.pairs.is_repeated(name)
    }
}

/// Prints names only: a hint names a person (security.md LG-3).
impl std::fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pairs.fmt(f)
    }
}
