//! Reads what is to be written of a user: by PATCH (RFC 7644 §3.5.2) or by PUT (§3.5.1). Of all attributes one can be
//! written, `active`; the account's person and the organizations decide about the others.

use serde_json::{Map, Value};

use super::error::{Error, Result, ScimType};
use super::listing::require_schema;
use crate::domain::scim::{CORE_USER, Mutability, USER};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The most operations of a request.
const MOST: usize = 100;

/// Returns whether the account shall be active; `None` if nothing is to be written.
pub fn of_patch(body: &Value) -> Result<Option<bool>> {
    let body = object(body)?;
    require_schema(body, PATCH)?;
    let operations = body.get("Operations").and_then(Value::as_array);
    let operations = operations.filter(|it| !it.is_empty() && it.len() <= MOST);
    let operations = operations.ok_or_else(|| {
        let detail = format!("Operations must be a list of 1 to {MOST} operations");
        Error::bad(ScimType::InvalidSyntax, detail)
    })?;
    let mut wanted = None;
    for operation in operations {
        if let Some(active) = of_operation(object(operation)?)? {
            wanted = Some(active);
        }
    }
    Ok(wanted)
}

fn of_operation(operation: &Map<String, Value>) -> Result<Option<bool>> {
    let name = operation.get("op").and_then(Value::as_str).unwrap_or_default();
    let is_remove = match name.to_ascii_lowercase().as_str() {
        "add" | "replace" => false,
        "remove" => true,
        _ => {
            return Err(Error::bad(
                ScimType::InvalidSyntax,
                "op must be add, remove or replace",
            ));
        }
    };
    let path = match operation.get("path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(path.as_str()),
        Some(_) => return Err(Error::bad(ScimType::InvalidPath, "path must be a string")),
    };
    match (path, operation.get("value")) {
        (None, _) if is_remove => Err(Error::bad(ScimType::NoTarget, "A removal needs a path")),
        (Some(path), value) => {
            writable(path)?;
            match value {
                // RFC 7644 §3.5.2.2: what is required cannot be removed.
                _ if is_remove => Err(mutability(path)),
                Some(Value::Bool(active)) => Ok(Some(*active)),
                _ => Err(Error::bad(ScimType::InvalidValue, "active must be true or false")),
            }
        }
        (None, Some(Value::Object(members))) => {
            let mut wanted = None;
            for (name, value) in members {
                writable(name)?;
                wanted = Some(boolean(value)?);
            }
            Ok(wanted)
        }
        (None, _) => Err(Error::bad(
            ScimType::InvalidValue,
            "Without a path, value must be an object of attributes",
        )),
    }
}

/// Requires that the path names an attribute that can be written. A filter in brackets names one of several values, and
/// nothing that has several can be written.
fn writable(path: &str) -> Result<()> {
    let (name, filtered) = match path.split_once('[') {
        Some((name, _)) => (name, true),
        None => (path, false),
    };
    let unknown = || Error::bad(ScimType::InvalidPath, format!("There is no attribute {name}"));
    let target = USER.resolve(name).ok_or_else(unknown)?;
    let leaf = target.leaf();
    let is_writable = leaf.is_some_and(|it| it.mutability == Mutability::ReadWrite);
    if is_writable && !filtered {
        Ok(())
    } else {
        Err(mutability(name))
    }
}

fn mutability(path: &str) -> Error {
    Error::bad(ScimType::Mutability, format!("{path} cannot be changed so"))
}

fn boolean(value: &Value) -> Result<bool> {
    let wrong = || Error::bad(ScimType::InvalidValue, "active must be true or false");
    value.as_bool().ok_or_else(wrong)
}

/// Returns whether the account shall be active, by a whole resource. What is read only is not looked at (RFC 7644 §3.5.1).
pub fn of_put(body: &Value) -> Result<Option<bool>> {
    let body = object(body)?;
    require_schema(body, CORE_USER.id)?;
    let active = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("active"));
    match active {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, value)) => boolean(value).map(Some),
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>> {
    let wrong = || Error::bad(ScimType::InvalidSyntax, "An object is expected");
    value.as_object().ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(operations: &Value) -> Result<Option<bool>, Option<ScimType>> {
        of_patch(&json!({"schemas": [PATCH], "Operations": operations})).map_err(|it| it.scim_type)
    }

    #[test]
    fn only_active_can_be_written() {
        let active = json!([{"op": "Replace", "path": "active", "value": false}]);
        assert_eq!(of(&active), Ok(Some(false)));
        let whole = format!("{}:ACTIVE", CORE_USER.id);
        assert_eq!(
            of(&json!([{"op": "add", "path": whole, "value": true}])),
            Ok(Some(true))
        );
        assert_eq!(
            of(&json!([{"op": "replace", "value": {"active": true}}])),
            Ok(Some(true))
        );
        let last =
            json!([{"op": "add", "value": {"active": true}}, {"op": "add", "value": {"active": false}}]);
        assert_eq!(of(&last), Ok(Some(false)));
        // RFC 7644 §3.12, table 9
        for (operation, wrong) in [
            (
                json!({"op": "replace", "path": "userName", "value": "x"}),
                ScimType::Mutability,
            ),
            (
                json!({"op": "replace", "path": "emails[primary eq true].value", "value": "x"}),
                ScimType::Mutability,
            ),
            (
                json!({"op": "replace", "value": {"active": true, "title": "x"}}),
                ScimType::Mutability,
            ),
            (json!({"op": "remove", "path": "active"}), ScimType::Mutability),
            (json!({"op": "remove", "path": "groups"}), ScimType::Mutability),
            (json!({"op": "remove"}), ScimType::NoTarget),
            (
                json!({"op": "add", "path": "nickName", "value": "x"}),
                ScimType::InvalidPath,
            ),
            (
                json!({"op": "add", "path": 1, "value": "x"}),
                ScimType::InvalidPath,
            ),
            (
                json!({"op": "add", "path": "active", "value": "False"}),
                ScimType::InvalidValue,
            ),
            (json!({"op": "add", "value": true}), ScimType::InvalidValue),
            (json!({"op": "move", "path": "active"}), ScimType::InvalidSyntax),
            (json!([]), ScimType::InvalidSyntax),
        ] {
            assert_eq!(of(&json!([operation])), Err(Some(wrong)), "{operation}");
        }
        assert_eq!(of(&json!([])), Err(Some(ScimType::InvalidSyntax)));
        assert!(of_patch(&json!({"Operations": active})).is_err());
    }

    #[test]
    fn a_whole_resource_says_it_by_active_alone() {
        let of = |body: Value| of_put(&body).map_err(|it| it.scim_type);
        let body = json!({"schemas": [CORE_USER.id], "userName": "other", "Active": false});
        assert_eq!(of(body), Ok(Some(false)));
        assert_eq!(of(json!({"schemas": [CORE_USER.id]})), Ok(None));
        assert_eq!(
            of(json!({"schemas": [CORE_USER.id], "active": 1})),
            Err(Some(ScimType::InvalidValue))
        );
        assert_eq!(of(json!({"active": true})), Err(Some(ScimType::InvalidSyntax)));
    }
}
