//! Judges a resource by a condition, and orders resources by an attribute (RFC 7644 §3.4.2.2, §3.4.2.3).

use std::cmp::Ordering;

use chrono::DateTime;
use serde_json::Value;

use super::condition::{Condition, Operand, Test};
use super::filter::Operator;
use super::schema::{Attribute, AttributeType, Target};

impl Condition {
    pub fn is_met_by(&self, resource: &Value) -> bool {
        match self {
            Self::All(all) => all.iter().all(|it| it.is_met_by(resource)),
            Self::Any(any) => any.iter().any(|it| it.is_met_by(resource)),
            Self::Not(inner) => !inner.is_met_by(resource),
            Self::Test(test) => test.is_met_by(resource),
            Self::Values { keys, each } => values(resource, keys).iter().any(|it| each.is_met_by(it)),
            Self::Absent => false,
        }
    }
}

impl Test {
    fn is_met_by(&self, resource: &Value) -> bool {
        let values = values(resource, &self.keys);
        match &self.operand {
            Operand::Present => values.iter().any(|it| is_value(it)),
            Operand::Text(Operator::NotEqual, text) => {
                !values.iter().any(|it| self.fits(it, Operator::Equal, text))
            }
            Operand::Text(operator, text) => values.iter().any(|it| self.fits(it, *operator, text)),
            Operand::Boolean(operator, wanted) => {
                let is_equal = values.iter().any(|it| it.as_bool() == Some(*wanted));
                is_equal == (*operator == Operator::Equal)
            }
            Operand::Time(operator, wanted) => {
                let mut times = values.iter().filter_map(|it| time_of(it));
                match operator {
                    Operator::NotEqual => !times.any(|it| it == *wanted),
                    operator => times.any(|it| is_ordered(it.cmp(wanted), *operator)),
                }
            }
        }
    }

    fn fits(&self, value: &Value, operator: Operator, text: &str) -> bool {
        let Some(value) = value.as_str() else { return false };
        let fold = |it: &str| {
            if self.case_exact {
                it.to_owned()
            } else {
                it.to_lowercase()
            }
        };
        let (value, text) = (fold(value), fold(text));
        match operator {
            Operator::Contains => value.contains(&text),
            Operator::StartsWith => value.starts_with(&text),
            Operator::EndsWith => value.ends_with(&text),
            operator => is_ordered(value.cmp(&text), operator),
        }
    }
}

fn is_ordered(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}

/// Returns the values that the members lead to; those of a list, each.
fn values<'a>(resource: &'a Value, keys: &[&str]) -> Vec<&'a Value> {
    let mut found = vec![resource];
    for key in keys {
        let inner = found.into_iter().filter_map(|it| it.get(key));
        found = inner.flat_map(each).collect();
    }
    found
}

fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    }
}

/// Returns `false` for what is as good as absent (RFC 7643 §2.5).
fn is_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

fn time_of(value: &Value) -> Option<crate::domain::Time> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.to_utc())
}

/// Orders two resources by an attribute. What has no value comes last in ascending order (RFC 7644 §3.4.2.3).
pub fn order_by(target: &Target, one: &Value, other: &Value) -> Ordering {
    let Some(leaf) = target.leaf() else {
        return Ordering::Equal;
    };
    let mut keys = target.keys();
    let leaf = match leaf.sub_attribute("value") {
        Some(value) if leaf.kind == AttributeType::Complex => {
            keys.push(value.name);
            value
        }
        _ => leaf,
    };
    match (key_of(one, &keys, leaf), key_of(other, &keys, leaf)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn key_of(resource: &Value, keys: &[&str], leaf: &Attribute) -> Option<String> {
    let found = values(resource, keys);
    match found.first()? {
        Value::String(text) if leaf.case_exact || leaf.kind == AttributeType::DateTime => Some(text.clone()),
        Value::String(text) => Some(text.to_lowercase()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{Filter, USER};
    use super::*;

    fn resource() -> Value {
        json!({
            "id": "AbC",
            "userName": "Alice@Example.org",
            "active": true,
            "name": {"familyName": "Müller", "givenName": ""},
            "emails": [{"value": "alice@example.org", "primary": true}],
            "groups": [{"value": "telco"}, {"value": "ties:documents"}],
            "meta": {"lastModified": "2026-11-30T03:00:00.5Z"},
            "urn:itu:params:scim:schemas:extension:account:1.0:User": {"tiesRights": ["documents", "x"]},
        })
    }

    fn is_met(text: &str) -> bool {
        let filter = Filter::parse(text).expect("a filter");
        let condition = Condition::resolve(&filter, &USER, &[]).expect("a condition");
        condition.is_met_by(&resource())
    }

    #[test]
    fn each_operator_means_what_the_standard_says() {
        for met in [
            r#"userName eq "aLICE@example.ORG""#,
            r#"id eq "AbC""#,
            r#"userName ne "x""#,
            r#"title ne "x""#,
            r#"userName co "@EX""#,
            r#"userName sw "ali""#,
            r#"userName ew ".org""#,
            r#"name.familyName sw "MÜ""#,
            r#"name.familyName gt "m""#,
            "active eq true",
            "active ne false",
            "emails pr",
            "title eq null",
            "name.givenName eq null",
            r#"groups eq "ties:documents""#,
            r#"groups.value sw "ties:""#,
            r#"emails[value sw "alice" and primary eq true]"#,
            r#"meta.lastModified gt "2026-11-30T04:00:00+01:00""#,
            r#"meta.lastModified le "2026-11-30T03:00:00.500Z""#,
            r#"urn:itu:params:scim:schemas:extension:account:1.0:User:tiesRights eq "x""#,
            r#"not (title pr)"#,
            r#"title pr or active eq true"#,
        ] {
            assert!(is_met(met), "{met}");
        }
        for unmet in [
            r#"id eq "abc""#,
            r#"groups ne "telco""#,
            "title pr",
            "name.givenName pr",
            "active eq false",
            r#"emails[value sw "bob" or primary eq false]"#,
            r#"groups[value eq "telco" and display pr]"#,
            r#"meta.lastModified lt "2026-11-30T03:00:00Z""#,
            r#"title pr and active eq true"#,
        ] {
            assert!(!is_met(unmet), "{unmet}");
        }
    }

    #[test]
    fn what_has_no_value_comes_last() {
        let by = USER.resolve("name.familyName").expect("an attribute");
        let of = |name: &str| json!({"name": {"familyName": name}});
        assert_eq!(order_by(&by, &of("b"), &of("A")), Ordering::Greater);
        assert_eq!(order_by(&by, &of("z"), &json!({})), Ordering::Less);
    }

    fn tests() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "active eq true",
            "title pr",
            r#"userName sw "a""#,
            r#"userName sw "b""#,
            r#"groups eq "telco""#,
            r#"groups ne "telco""#,
        ])
        .prop_map(str::to_owned)
    }

    proptest! {
        #[test]
        fn connectives_obey_the_laws_of_logic(a in tests(), b in tests(), c in tests()) {
            prop_assert_eq!(is_met(&format!("not (not ({a}))")), is_met(&a));
            prop_assert_eq!(
                is_met(&format!("not ({a} and {b})")),
                is_met(&format!("not ({a}) or not ({b})"))
            );
            prop_assert_eq!(
                is_met(&format!("{a} or {b} and {c}")),
                is_met(&a) || (is_met(&b) && is_met(&c))
            );
        }
    }
}
