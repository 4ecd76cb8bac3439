//! The parameters of a request, decoded, each name once (RFC 6749 §3.1 and §3.2; security.md G-2).

use std::collections::BTreeMap;

/// Names and values. Unknown ones are ignored, empty ones count as omitted (RFC 6749 §3.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|it| !it.is_empty())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Was sent, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl From<BTreeMap<String, String>> for Parameters {
    fn from(map: BTreeMap<String, String>) -> Self {
        Self(map)
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Parameters {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }
}

/// Names only: values may be credentials (security.md LG-3).
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
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
