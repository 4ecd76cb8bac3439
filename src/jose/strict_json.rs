//! Parses JSON as JOSE requires it: member names are unique (RFC 7515 §4, RFC 7519 §4), dates are integers (security.md
//! JW-3), and nesting ends at 32 (DS-1).

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

const DATES: [&str; 5] = ["exp", "iat", "nbf", "auth_time", "updated_at"];
const DEEPEST: u8 = 32;

/// Parses an object. Returns `None` if a name is repeated at any depth.
pub fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    let Strict(value) = serde_json::from_slice(bytes).ok()?;
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// Parses a claims set: an object whose dates are integers.
pub(super) fn claims(bytes: &[u8]) -> Option<Value> {
    let claims = object(bytes)?;
    let dated = DATES
        .iter()
        .filter_map(|name| claims.get(*name))
        .all(Value::is_i64);
    dated.then_some(Value::Object(claims))
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Depth(DEEPEST).deserialize(from).map(Self)
    }
}

/// The levels that are still allowed.
struct Depth(u8);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl Depth {
    fn next<E: de::Error>(&self) -> Result<Self, E> {
        self.0
            .checked_sub(1)
            .map(Self)
            .ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self.next()?)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            let value = from.next_value_seed(self.next()?)?;
            if members.insert(name, value).is_some() {
                return Err(de::Error::custom("a name is repeated"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strict_json_is_accepted() {
        assert!(claims(br#"{"exp":1,"a":{"b":[1,"2",null,1.5]}}"#).is_some());
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
        // JW-3
        for wrong in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"exp":1.5}"#,
            r#"{"exp":"1"}"#,
            r#"{"iat":1e3}"#,
            r#"{"a":1} "#.trim_end().trim_end_matches('}'),
            r#"{"a":1}x"#,
            r#"[1]"#,
            "",
            &deep,
        ] {
            assert!(claims(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
