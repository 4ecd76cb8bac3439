//! Compares what an entry of the audit trail has before and after, member by member, for people to read.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::templates::pages::AuditChange;

/// Returns each member of either side; those of an object inside of another as `outer.inner`. A member that only one side
/// has was added or removed.
pub(super) fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<AuditChange> {
    let mut members = BTreeMap::<String, (Option<String>, Option<String>)>::new();
    for (member, value) in flat(before) {
        members.entry(member).or_default().0 = Some(value);
    }
    for (member, value) in flat(after) {
        members.entry(member).or_default().1 = Some(value);
    }
    let changes = members.into_iter().map(|(member, (before, after))| AuditChange {
        is_same: before == after,
        member,
        before,
        after,
    });
    changes.collect()
}

fn flat(value: Option<&Value>) -> Vec<(String, String)> {
    let mut members = Vec::new();
    if let Some(value) = value {
        add(String::new(), value, &mut members);
    }
    members
}

fn add(name: String, value: &Value, members: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (inner, value) in object {
                let name = if name.is_empty() {
                    inner.clone()
                } else {
                    format!("{name}.{inner}")
                };
                add(name, value, members);
            }
        }
        Value::Null => {}
        Value::String(text) => members.push((name, text.clone())),
        Value::Array(values) => {
            let texts = values.iter().map(|it| match it {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            members.push((name, texts.collect::<Vec<_>>().join("\n")));
        }
        other => members.push((name, other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_compared_one_by_one() {
        let before = json!({"status": "pending", "gone": 1, "metadata": {"name": "A", "uris": ["x", "y"]}});
        let after = json!({"status": "approved", "metadata": {"name": "A", "uris": ["x"]}, "new": null});
        let found = changes(Some(&before), Some(&after));
        let found: Vec<_> = found
            .iter()
            .map(|it| {
                (
                    it.member.as_str(),
                    it.before.as_deref(),
                    it.after.as_deref(),
                    it.is_same,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("gone", Some("1"), None, false),
                ("metadata.name", Some("A"), Some("A"), true),
                ("metadata.uris", Some("x\ny"), Some("x"), false),
                ("status", Some("pending"), Some("approved"), false),
            ]
        );
        assert!(changes(None, None).is_empty());
        assert_eq!(changes(Some(&json!("text")), None)[0].member, "");
    }
}
