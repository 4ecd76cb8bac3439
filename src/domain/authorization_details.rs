//! Rich authorization requests (RFC 9396): a service's request beyond a scope, in objects of a type that an
//! administrator described. A person reads all of it before they agree, tokens carry what they agreed to.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The longest text of the parameter.
pub const LONGEST: usize = 4096;

/// The most objects in a request.
const MOST: usize = 8;

/// The deepest nesting of objects and lists.
const DEEPEST: usize = 4;

/// The common members of RFC 9396 §2.2, beside `type`. They are lists of text but for the last.
const COMMON_LISTS: [&str; 4] = ["locations", "actions", "datatypes", "privileges"];
const IDENTIFIER: &str = "identifier";

/// The configuration of a type: `[authorization.details.<type>]`.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetailsType {
    /// The text for people, by language; without any, the type.
    pub label: BTreeMap<String, String>,
    /// The members that it may have beside the common ones of RFC 9396 §2.2.
    pub members: Vec<String>,
    /// The members that it must have.
    pub required: Vec<String>,
}

pub type DetailsTypes = BTreeMap<String, DetailsType>;

/// The error, in words for whoever wrote the request (RFC 9396 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDetails {
    #[error("authorization_details is not a JSON array of objects with a type")]
    Malformed,
    #[error("authorization_details is too long, too deep or has too many objects")]
    TooLarge,
    #[error("authorization_details has a type that is unknown or not registered for this client")]
    UnknownType,
    #[error("authorization_details has a member that its type does not know")]
    UnknownMember,
    #[error("authorization_details lacks a member that its type requires")]
    MissingMember,
    #[error("authorization_details has a member of the wrong kind")]
    WrongKind,
    #[error("authorization_details asks for more than was granted")]
    Wider,
}

/// Checked objects, in the order of the request.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct AuthorizationDetails(Vec<Map<String, Value>>);

/// One object in words: its members by their paths, lists and objects taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    pub r#type: String,
    pub lines: Vec<(String, String)>,
}

impl AuthorizationDetails {
    /// Parses the parameter. Each object is of a type that is configured, and `registered` for the client.
    pub fn parse(text: &str, types: &DetailsTypes, registered: &[String]) -> Result<Self, BadDetails> {
        if text.len() > LONGEST {
            return Err(BadDetails::TooLarge);
        }
        let found: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|_| BadDetails::Malformed)?;
        if found.is_empty() {
            return Err(BadDetails::Malformed);
        }
        if found.len() > MOST {
            return Err(BadDetails::TooLarge);
        }
        for one in &found {
            let name = one
                .get("type")
                .and_then(Value::as_str)
                .ok_or(BadDetails::Malformed)?;
            let known = types.get(name).filter(|_| registered.iter().any(|it| it == name));
            check(one, known.ok_or(BadDetails::UnknownType)?)?;
        }
        Ok(Self(found))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(type_of)
    }

    /// Returns the objects of `asked`, each of which must be one that was granted, or less of it in its lists (RFC 9396
    /// §6.1).
    pub fn narrowed(&self, asked: Self) -> Result<Self, BadDetails> {
        let granted = |it: &Map<String, Value>| self.0.iter().any(|one| is_within(it, one));
        if asked.0.iter().all(granted) {
            Ok(asked)
        } else {
            Err(BadDetails::Wider)
        }
    }

    /// Returns the objects for these resources (RFC 9396 §9.1). One without locations is for all.
    pub fn at(&self, audience: &[String]) -> Self {
        let concerns = |details: &&Map<String, Value>| match details.get("locations") {
            Some(Value::Array(many)) if !audience.is_empty() => many
                .iter()
                .filter_map(Value::as_str)
                .any(|one| audience.iter().any(|it| it == one)),
            _ => true,
        };
        Self(self.0.iter().filter(concerns).cloned().collect())
    }

    /// Returns the objects of these types.
    pub fn of_types(&self, types: &[String]) -> Self {
        let is_one = |it: &&Map<String, Value>| types.iter().any(|name| type_of(it) == Some(name));
        Self(self.0.iter().filter(is_one).cloned().collect())
    }

    /// Returns all of it in the form that a person reads.
    pub fn described(&self) -> Vec<Described> {
        self.0
            .iter()
            .map(|one| {
                let mut lines = Vec::new();
                for (name, value) in one.iter().filter(|it| it.0 != "type") {
                    describe(name, value, &mut lines);
                }
                Described {
                    r#type: type_of(one).unwrap_or_default().to_owned(),
                    lines,
                }
            })
            .collect()
    }
}

fn type_of(one: &Map<String, Value>) -> Option<&str> {
    one.get("type").and_then(Value::as_str)
}

fn check(one: &Map<String, Value>, known: &DetailsType) -> Result<(), BadDetails> {
    if known.required.iter().any(|it| !one.contains_key(it)) {
        return Err(BadDetails::MissingMember);
    }
    for (name, value) in one.iter().filter(|it| it.0 != "type") {
        let is_common = COMMON_LISTS.contains(&name.as_str());
        if !is_common && name != IDENTIFIER && !known.members.contains(name) {
            return Err(BadDetails::UnknownMember);
        }
        let fits = match value {
            Value::Array(many) if is_common => many.iter().all(Value::is_string),
            _ if is_common => false,
            value if name == IDENTIFIER => value.is_string(),
            _ => true,
        };
        if !fits || !is_readable(value) {
            return Err(BadDetails::WrongKind);
        }
        if depth(value) > DEEPEST {
            return Err(BadDetails::TooLarge);
        }
    }
    Ok(())
}

/// Returns `true` if there are no control characters, in names nor values, none that turns the order of others around,
/// and none that is not seen: the person reads what is meant.
fn is_readable(value: &Value) -> bool {
    let hides = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let plain = |text: &str| !text.chars().any(|it| it.is_control() || hides(it));
    match value {
        Value::String(text) => plain(text),
        Value::Array(many) => many.iter().all(is_readable),
        Value::Object(members) => members.iter().all(|(name, it)| plain(name) && is_readable(it)),
        _ => true,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(many) => 1 + many.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn is_within(asked: &Map<String, Value>, granted: &Map<String, Value>) -> bool {
    let less = |name: &String, granted: &Value| match (asked.get(name), granted) {
        (Some(Value::Array(some)), Value::Array(all)) if COMMON_LISTS.contains(&name.as_str()) => {
            some.iter().all(|it| all.contains(it)) && (all.is_empty() || !some.is_empty())
        }
        (some, all) => some == Some(all),
    };
    asked.keys().all(|it| granted.contains_key(it)) && granted.iter().all(|(name, it)| less(name, it))
}

fn describe(path: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                describe(&format!("{path}.{name}"), member, lines);
            }
        }
        Value::Array(many) if many.iter().any(|it| it.is_object() || it.is_array()) => {
            for (position, member) in (1..).zip(many) {
                describe(&format!("{path}.{position}"), member, lines);
            }
        }
        Value::Array(many) => {
            let texts: Vec<String> = many.iter().map(plain).collect();
            lines.push((path.to_owned(), texts.join(", ")));
        }
        value => lines.push((path.to_owned(), plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => "–".to_owned(), // an empty one
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn types() -> DetailsTypes {
        let one = DetailsType {
            members: vec!["document".into(), "fee".into()],
            required: vec!["actions".into()],
            ..DetailsType::default()
        };
        DetailsTypes::from([
            ("order".to_owned(), one),
            ("other".to_owned(), DetailsType::default()),
        ])
    }

    fn parse(value: &Value) -> Result<AuthorizationDetails, BadDetails> {
        AuthorizationDetails::parse(&value.to_string(), &types(), &["order".into()])
    }

    #[test]
    fn a_type_says_what_may_and_must_stand_in_it() {
        let good = json!([{"type": "order", "actions": ["read"], "identifier": "7", "fee": {"amount": 3, "currency": "CHF"}}]);
        let parsed = parse(&good).expect("good");
        assert_eq!(
            parsed.described()[0].lines,
            [
                ("actions", "read"),
                ("identifier", "7"),
                ("fee.amount", "3"),
                ("fee.currency", "CHF")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        let deep = json!([{"type": "order", "actions": [], "fee": [[[[[1]]]]]}]);
        let many = Value::Array(vec![json!({"type": "order", "actions": []}); 9]);
        for (bad, why) in [
            (json!([]), BadDetails::Malformed),
            (json!({"type": "order"}), BadDetails::Malformed),
            (json!([{"actions": []}]), BadDetails::Malformed),
            (json!([7]), BadDetails::Malformed),
            (json!([{"type": "payment"}]), BadDetails::UnknownType),
            (json!([{"type": "other"}]), BadDetails::UnknownType), // known, but not this client's
            (json!([{"type": "order"}]), BadDetails::MissingMember),
            (
                json!([{"type": "order", "actions": [], "pages": 3}]),
                BadDetails::UnknownMember,
            ),
            (
                json!([{"type": "order", "actions": "read"}]),
                BadDetails::WrongKind,
            ),
            (json!([{"type": "order", "actions": [1]}]), BadDetails::WrongKind),
            (
                json!([{"type": "order", "actions": [], "identifier": 1}]),
                BadDetails::WrongKind,
            ),
            (
                json!([{"type": "order", "actions": [], "document": "\u{202e}0001"}]), // reads as 1000
                BadDetails::WrongKind,
            ),
            (
                json!([{"type": "order", "actions": [], "document": "a\u{8}b"}]),
                BadDetails::WrongKind,
            ),
            (deep, BadDetails::TooLarge),
            (many, BadDetails::TooLarge),
        ] {
            assert_eq!(parse(&bad), Err(why), "{bad}");
        }
        let long = json!([{"type": "order", "actions": ["a".repeat(LONGEST)]}]);
        assert_eq!(parse(&long), Err(BadDetails::TooLarge));
    }

    #[test]
    fn what_is_asked_for_later_is_less() {
        let granted =
            parse(&json!([{"type": "order", "actions": ["read", "copy"], "document": "A"}])).expect("good");
        let asks = |it: Value| granted.narrowed(parse(&it).expect("well-formed"));
        assert!(asks(json!([{"type": "order", "actions": ["read"], "document": "A"}])).is_ok());
        for wider in [
            json!([{"type": "order", "actions": ["read", "delete"], "document": "A"}]),
            json!([{"type": "order", "actions": ["read"], "document": "B"}]),
            json!([{"type": "order", "actions": ["read"]}]), // any document
            json!([{"type": "order", "actions": [], "document": "A"}]), // perhaps any action
            json!([{"type": "order", "actions": ["read"], "document": "A", "locations": ["https://x.example"]}]),
        ] {
            assert_eq!(asks(wider.clone()), Err(BadDetails::Wider), "{wider}");
        }
    }

    #[test]
    fn a_resource_gets_what_concerns_it() {
        let all = parse(
            &json!([{"type": "order", "actions": ["a"], "locations": ["https://a.example"]},
            {"type": "order", "actions": ["b"], "locations": ["https://b.example"]}, {"type": "order", "actions": ["c"]}]),
        );
        let all = all.expect("good");
        assert_eq!(all.at(&["https://b.example".into()]).described().len(), 2);
        assert_eq!(all.at(&["https://c.example".into()]).described().len(), 1);
        assert_eq!(all.at(&[]), all);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{1,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    fn leaves(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::Array(many) => many.iter().for_each(|it| leaves(it, all)),
            Value::Object(members) => members.values().for_each(|it| leaves(it, all)),
            value => all.push(plain(value)),
        }
    }

    proptest! {
        /// Shows the person everything that a token would carry.
        #[test]
        fn a_person_reads_every_value(document in value(), actions in prop::collection::vec("[a-z]{1,5}", 0..4)) {
            let asked = json!([{"type": "order", "actions": actions, "document": document}]);
            if let Ok(parsed) = parse(&asked) {
                let lines: Vec<String> = parsed.described()[0].lines.iter().map(|it| it.1.clone()).collect();
                let mut all = Vec::new();
                leaves(&document, &mut all);
                for leaf in all {
                    prop_assert!(lines.iter().any(|it| it.split(", ").any(|one| one == leaf)), "{leaf} in {lines:?}");
                }
                prop_assert_eq!(parsed.narrowed(parsed.clone()), Ok(parsed));
            }
        }
    }
}
