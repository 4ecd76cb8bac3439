//! What a filter means for a resource type: its attributes are those of the schemas, and each comparison is one that the
//! type of its attribute has (RFC 7644 §3.4.2.2). `matching` judges resources by it.

use chrono::DateTime;
use serde_json::Value;

use super::filter::{BadFilter, Filter, Operator};
use super::schema::{Attribute, AttributeType, ResourceType};
use crate::domain::Time;

#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(Test),
    /// One value of the attribute at `keys` meets the condition.
    Values {
        keys: Vec<&'static str>,
        each: Box<Condition>,
    },
    /// About an attribute that the type does not have, where several types are searched (RFC 7644 §3.4.2.2).
    Absent,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The members of JSON that lead to the value.
    pub keys: Vec<&'static str>,
    pub operand: Operand,
    pub case_exact: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Present,
    Text(Operator, String),
    Boolean(Operator, bool),
    Time(Operator, Time),
}

/// The attributes that a filter may name: those of a type, or those of a complex attribute.
#[derive(Clone, Copy)]
enum Names {
    Of(&'static ResourceType),
    Below(&'static Attribute),
}

impl Condition {
    /// Returns the condition for a resource type. An attribute that no type of `others` has either is refused.
    pub fn resolve(
        filter: &Filter,
        kind: &'static ResourceType,
        others: &[&'static ResourceType],
    ) -> Result<Self, BadFilter> {
        of(filter, Names::Of(kind), others)
    }

    /// Returns the conditions that must all hold.
    pub fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::All(all) => all.iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }
}

fn of(filter: &Filter, names: Names, others: &[&'static ResourceType]) -> Result<Condition, BadFilter> {
    Ok(match filter {
        Filter::And(left, right) => Condition::All(vec![of(left, names, others)?, of(right, names, others)?]),
        Filter::Or(left, right) => Condition::Any(vec![of(left, names, others)?, of(right, names, others)?]),
        Filter::Not(inner) => Condition::Not(Box::new(of(inner, names, others)?)),
        Filter::Present(path) => match find(path, names, others)? {
            None => Condition::Absent,
            Some(found) => Condition::Test(Test {
                keys: found.keys,
                operand: Operand::Present,
                case_exact: found.attribute.case_exact,
            }),
        },
        Filter::Compare(path, operator, value) => match find(path, names, others)? {
            None => Condition::Absent,
            Some(found) => compare(path, found, *operator, value)?,
        },
        Filter::Values(path, inner) => match find(path, names, others)? {
            None => Condition::Absent,
            Some(found) if found.attribute.kind == AttributeType::Complex => Condition::Values {
                keys: found.keys,
                each: Box::new(of(inner, Names::Below(found.attribute), &[])?),
            },
            Some(_) => {
                return Err(BadFilter(format!(
                    "{path} has no values that a filter could be for"
                )));
            }
        },
    })
}

struct Found {
    keys: Vec<&'static str>,
    attribute: &'static Attribute,
}

fn find(path: &str, names: Names, others: &[&'static ResourceType]) -> Result<Option<Found>, BadFilter> {
    let unknown = || BadFilter(format!("There is no attribute {path}"));
    match names {
        Names::Below(above) => {
            let attribute = above.sub_attribute(path).ok_or_else(unknown)?;
            let keys = vec![attribute.name];
            Ok(Some(Found { keys, attribute }))
        }
        Names::Of(kind) => match kind.resolve(path) {
            Some(target) => {
                let attribute = target.leaf().ok_or_else(unknown)?;
                let keys = target.keys();
                Ok(Some(Found { keys, attribute }))
            }
            None if others.iter().any(|it| it.resolve(path).is_some()) => Ok(None),
            None => Err(unknown()),
        },
    }
}

fn compare(path: &str, found: Found, operator: Operator, value: &Value) -> Result<Condition, BadFilter> {
    let Found { mut keys, attribute } = found;
    // RFC 7643 §2.4: a complex attribute with several values is compared by its `value`.
    let attribute = match (attribute.kind, attribute.sub_attribute("value")) {
        (AttributeType::Complex, Some(value)) => {
            keys.push(value.name);
            value
        }
        _ => attribute,
    };
    if value.is_null() {
        let present = Condition::Test(Test {
            keys,
            operand: Operand::Present,
            case_exact: true,
        });
        return match operator {
            Operator::Equal => Ok(Condition::Not(Box::new(present))),
            Operator::NotEqual => Ok(present),
            _ => Err(unsupported(path, operator)),
        };
    }
    let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    let partial = matches!(
        operator,
        Operator::Contains | Operator::StartsWith | Operator::EndsWith
    );
    let operand = match (attribute.kind, value) {
        (AttributeType::String | AttributeType::Reference, Value::String(text)) => {
            Operand::Text(operator, text.clone())
        }
        // RFC 7644 §3.4.2.2: a Boolean has no order.
        (AttributeType::Boolean, Value::Bool(value)) if equality => Operand::Boolean(operator, *value),
        (AttributeType::DateTime, Value::String(text)) if !partial => {
            let time = DateTime::parse_from_rfc3339(text);
            let time = time.map_err(|_| BadFilter(format!("{path} is compared with a time of RFC 3339")))?;
            Operand::Time(operator, time.to_utc())
        }
        (AttributeType::Complex, _) => return Err(unsupported(path, operator)),
        (AttributeType::Boolean | AttributeType::DateTime, _) if partial => {
            return Err(unsupported(path, operator));
        }
        (AttributeType::Boolean, Value::Bool(_)) => return Err(unsupported(path, operator)),
        (kind, _) => {
            return Err(BadFilter(format!(
                "The value that {path} is compared with must be of the type {}",
                kind.as_str()
            )));
        }
    };
    Ok(Condition::Test(Test {
        keys,
        operand,
        case_exact: attribute.case_exact,
    }))
}

fn unsupported(path: &str, operator: Operator) -> BadFilter {
    BadFilter(format!("{path} cannot be compared by {}", operator.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::{GROUP, USER};
    use super::*;

    fn resolve(text: &str) -> Result<Condition, BadFilter> {
        Condition::resolve(&Filter::parse(text).expect("a filter"), &USER, &[])
    }

    #[test]
    fn a_comparison_fits_the_type_of_its_attribute() {
        for good in [
            r#"userName eq "x""#,
            r#"emails eq "x""#,
            "active eq true",
            "name pr",
            "title eq null",
            r#"meta.lastModified ge "2026-11-30T00:00:00Z""#,
            r#"emails[value eq "x" and primary eq true]"#,
            r#"urn:itu:params:scim:schemas:extension:account:1.0:User:tiesRights eq "documents""#,
        ] {
            assert!(resolve(good).is_ok(), "{good}");
        }
        // RFC 7644 §3.12, invalidFilter
        for bad in [
            r#"nickName eq "x""#,
            r#"active eq "true""#,
            "active gt true",
            r#"active co "t""#,
            "userName eq 1",
            r#"name eq "x""#,
            "title gt null",
            r#"meta.lastModified ge "yesterday""#,
            r#"meta.lastModified sw "2026""#,
            r#"emails[type eq "work"]"#,
            r#"userName[value eq "x"]"#,
            "urn:itu:params:scim:schemas:extension:account:1.0:User pr",
        ] {
            assert!(resolve(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn over_several_types_an_attribute_of_another_has_no_value() {
        let filter = Filter::parse(r#"userName eq "x""#).expect("a filter");
        assert_eq!(
            Condition::resolve(&filter, &GROUP, &[&USER]),
            Ok(Condition::Absent)
        );
        let filter = Filter::parse(r#"nickName eq "x""#).expect("a filter");
        assert!(Condition::resolve(&filter, &GROUP, &[&USER]).is_err());
    }
}
