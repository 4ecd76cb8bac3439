//! Which attributes of a resource are returned: `attributes` and `excludedAttributes` (RFC 7644 §3.4.2.5), and what its
//! schemas say (RFC 7643 §7).

use serde_json::{Map, Value};

use super::schema::{ResourceType, Returned, Target};

/// The request's choice. Names that a type does not have choose nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    pub attributes: Vec<String>,
    pub excluded: Vec<String>,
}

impl Projection {
    /// Returns `true` if the request names the attribute.
    pub fn names(&self, kind: &ResourceType, attribute: &str) -> bool {
        self.chosen(kind)
            .any(|it| it.attribute.is_some_and(|it| it.name == attribute))
    }

    fn chosen<'a>(&'a self, kind: &'a ResourceType) -> impl Iterator<Item = Target> + 'a {
        self.attributes.iter().filter_map(|it| kind.resolve(it))
    }

    /// Returns what of a whole resource is returned.
    pub fn apply(&self, kind: &ResourceType, resource: Value) -> Value {
        let Value::Object(mut all) = resource else {
            return resource;
        };
        if !self.attributes.is_empty() {
            let mut kept = Map::new();
            for name in ["schemas", "id"] {
                all.get(name).map(|it| kept.insert(name.to_owned(), it.clone()));
            }
            for target in self.chosen(kind) {
                keep(&all, &mut kept, &target.keys());
            }
            return Value::Object(kept);
        }
        for target in self.excluded.iter().filter_map(|it| kind.resolve(it)) {
            let is_always = target.attribute.is_some_and(|it| it.returned == Returned::Always);
            if !is_always {
                remove(&mut all, &target.keys());
            }
        }
        Value::Object(all)
    }
}

fn keep(from: &Map<String, Value>, to: &mut Map<String, Value>, keys: &[&str]) {
    let Some((first, rest)) = keys.split_first() else {
        return;
    };
    let Some(value) = from.get(*first) else { return };
    match (value, rest.is_empty()) {
        (Value::Object(inner), false) => {
            let entry = to.entry(*first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(kept) = entry {
                keep(inner, kept, rest);
            }
        }
        (Value::Array(all), false) => {
            let entry = to
                .entry(*first)
                .or_insert_with(|| all.iter().map(|_| Value::Object(Map::new())).collect());
            for (kept, one) in entry.as_array_mut().into_iter().flatten().zip(all) {
                if let (Value::Object(kept), Value::Object(one)) = (kept, one) {
                    keep(one, kept, rest);
                }
            }
        }
        _ => drop(to.insert((*first).to_owned(), value.clone())),
    }
}

fn remove(from: &mut Map<String, Value>, keys: &[&str]) {
    match keys {
        [] => {}
        [last] => drop(from.remove(*last)),
        [first, rest @ ..] => match from.get_mut(*first) {
            Some(Value::Object(inner)) => remove(inner, rest),
            Some(Value::Array(all)) => all
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(|it| remove(it, rest)),
            _ => {}
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ACCOUNT_USER, USER};
    use super::*;

    fn resource() -> Value {
        json!({
            "schemas": [USER.schema.id], "id": "a", "userName": "a@b.ch",
            "name": {"familyName": "B", "givenName": "A"},
            "emails": [{"value": "a@b.ch", "primary": true}],
            ACCOUNT_USER.id: {"focalPoint": false, "memberState": "CH"},
        })
    }

    fn applied(attributes: &[&str], excluded: &[&str]) -> Value {
        let own = |them: &[&str]| them.iter().map(|it| (*it).to_owned()).collect();
        let projection = Projection {
            attributes: own(attributes),
            excluded: own(excluded),
        };
        projection.apply(&USER, resource())
    }

    #[test]
    fn what_is_named_is_returned_beside_what_always_is() {
        // RFC 7644 §3.4.2.5
        let member_state = format!("{}:memberState", ACCOUNT_USER.id);
        assert_eq!(
            applied(
                &["NAME.givenName", "emails.value", &member_state, "nickName"],
                &[]
            ),
            json!({"schemas": [USER.schema.id], "id": "a", "name": {"givenName": "A"},
                "emails": [{"value": "a@b.ch"}], ACCOUNT_USER.id: {"memberState": "CH"}})
        );
    }

    #[test]
    fn what_is_excluded_is_left_out_but_for_what_always_is() {
        let left = applied(&[], &["id", "emails.primary", "name", ACCOUNT_USER.id]);
        assert_eq!(
            left,
            json!({"schemas": [USER.schema.id], "id": "a", "userName": "a@b.ch",
                "emails": [{"value": "a@b.ch"}]})
        );
    }
}
