//! Resources that an access token is for (RFC 8707). Administrators decide which they are for a client; a request picks
//! among them, byte for byte.

use url::Url;

/// The most resources of a registration, and of a request.
pub const MOST: usize = 16;

const LONGEST: usize = 512;

/// Returns `true` for a resource: an absolute URI, without a fragment (RFC 8707 §2).
pub fn is_resource(uri: &str) -> bool {
    uri.len() <= LONGEST
        && !uri.contains('#')
        && uri.bytes().all(|b| b.is_ascii_graphic())
        && Url::parse(uri).is_ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a resource is unknown, malformed, or not one that this client may have a token for")]
pub struct BadTarget;

/// Returns the resources of `asked` if each is among `allowed`.
pub fn within<'a>(
    asked: impl IntoIterator<Item = &'a str>,
    allowed: &[String],
) -> Result<Vec<String>, BadTarget> {
    let mut found: Vec<String> = Vec::new();
    for one in asked {
        if !allowed.iter().any(|it| it == one) {
            return Err(BadTarget);
        }
        if !found.iter().any(|it| it == one) {
            found.push(one.to_owned());
        }
    }
    if found.len() <= MOST {
        Ok(found)
    } else {
        Err(BadTarget)
    }
}

/// Returns the audience of a token: the resources of `asked`, or all that were `granted`, as far as they are still
/// `registered` (security.md G-10). A request only narrows (RFC 8707 §2.2).
pub fn audience(
    granted: &[String],
    asked: &[String],
    registered: &[String],
) -> Result<Vec<String>, BadTarget> {
    if !asked.is_empty() {
        let asked = within(asked.iter().map(String::as_str), granted)?;
        return within(asked.iter().map(String::as_str), registered);
    }
    let left: Vec<String> = granted
        .iter()
        .filter(|it| registered.contains(it))
        .cloned()
        .collect();
    // A token for none of them would be one for us.
    if left.is_empty() && !granted.is_empty() {
        Err(BadTarget)
    } else {
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_resource_is_absolute_and_has_no_fragment() {
        for good in [
            "https://api.example",
            "https://api.example/v1?x=1",
            "urn:itu:catalogue",
        ] {
            assert!(is_resource(good), "{good}");
        }
        let long = format!("https://api.example/{}", "a".repeat(LONGEST));
        for bad in [
            "",
            "/v1",
            "api",
            "https://api.example/#x",
            "https://api.example/ x",
            "https://api.example/\u{e9}",
            &long,
        ] {
            assert!(!is_resource(bad), "{bad}");
        }
    }

    fn some() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[a-e]", 0..6)
    }

    proptest! {
        /// Checks RFC 8707 §2.2: a token is never for more than was granted, nor for what is no longer registered, and
        /// never for us when it was to be for another.
        #[test]
        fn an_audience_only_shrinks(granted in some(), asked in some(), registered in some()) {
            match audience(&granted, &asked, &registered) {
                Ok(audience) => {
                    prop_assert!(audience.iter().all(|one| granted.contains(one) && registered.contains(one)));
                    prop_assert_eq!(audience.is_empty(), granted.is_empty());
                    prop_assert!(asked.is_empty() || audience.iter().all(|one| asked.contains(one)));
                    prop_assert!(asked.iter().all(|one| audience.contains(one)));
                }
                Err(BadTarget) => {
                    let asked_too_much = asked.iter().any(|it| !granted.contains(it) || !registered.contains(it));
                    let nothing_left = !granted.iter().any(|it| registered.contains(it));
                    prop_assert!(asked_too_much || nothing_left);
                }
            }
        }
    }
}
