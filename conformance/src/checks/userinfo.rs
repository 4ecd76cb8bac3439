//! Checks the userinfo answer and the types of the standard claims (OpenID Connect Core §5.1, §5.3.2).

use super::common::{now, seconds};
use crate::http::Answer;
use crate::report::{Report, Step};
use serde_json::Value;

const RULE: &str = "userinfo (OpenID Connect Core §5.3.2)";
const CLAIM: &str = "standard claims (OpenID Connect Core §5.1)";

const STRINGS: [&str; 15] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
];

pub const PROFILE: [&str; 14] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "preferred_username",
];

pub fn read(answer: &Answer, sub: Option<&str>, report: &mut Report) -> Step<Value> {
    if answer.status != 200 {
        return Err(report.stop(RULE, format!("HTTP 200 was expected: {}", answer.brief())));
    }
    report.require(answer.media_type() == "application/json", RULE, || {
        format!("the answer is {:?}, not application/json", answer.media_type())
    });
    let Some(claims) = answer.json().filter(Value::is_object) else {
        return Err(report.stop(RULE, format!("not a JSON object: {}", answer.brief())));
    };
    check(&claims, sub, report);
    Ok(claims)
}

pub fn check(claims: &Value, sub: Option<&str>, report: &mut Report) {
    let own = claims["sub"].as_str();
    report.require(own.is_some_and(|it| !it.is_empty()), RULE, || {
        "there is no sub".into()
    });
    if let Some(sub) = sub {
        report.require(own == Some(sub), RULE, || {
            format!("sub is {own:?}, in the ID token it is {sub:?}")
        });
    }
    types(claims, report);
}

/// Checks the types of the standard claims, in an ID token or in userinfo.
pub fn types(claims: &Value, report: &mut Report) {
    let there = |name: &str| claims.get(name);
    for name in STRINGS {
        if let Some(value) = there(name) {
            let sound = value.as_str().is_some_and(|it| !it.is_empty() && it != "null");
            report.require(sound, CLAIM, || {
                format!("{name} is {value}, not a string with content")
            });
        }
    }
    for name in ["email_verified", "phone_number_verified"] {
        if let Some(value) = there(name) {
            report.require(value.is_boolean(), CLAIM, || {
                format!("{name} is {value}, not a boolean")
            });
        }
    }
    if let Some(value) = there("updated_at") {
        const START_OF_1990: i64 = 631_152_000;
        let sound = value.is_number()
            && seconds(value).is_some_and(|it| (START_OF_1990..=now() + super::common::SKEW).contains(&it));
        report.require(sound, CLAIM, || {
            format!("updated_at is {value}, not seconds between 1990 and now")
        });
    }
    if let Some(value) = there("address") {
        let sound = value.as_object().is_some_and(|address| {
            !address.is_empty()
                && address
                    .values()
                    .all(|it| it.as_str().is_some_and(|it| !it.is_empty()))
        });
        report.require(sound, CLAIM, || {
            format!("address is {value}, not an object of strings with content")
        });
    }
    if let Some(value) = there("birthdate").and_then(Value::as_str) {
        report.require(is_birthdate(value), CLAIM, || format!("birthdate is {value:?}"));
    }
}

/// Returns `true` for `YYYY-MM-DD`, `0000-MM-DD` and `YYYY`.
fn is_birthdate(text: &str) -> bool {
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|it| it.is_ascii_digit()))
            .then(|| text.parse().ok())
            .flatten()
    };
    let this_year = 1970 + now() / 31_556_952;
    let is_year = |it: Option<i64>| it.is_some_and(|it| (1850..=this_year).contains(&it));
    let parts: Vec<&str> = text.split('-').collect();
    match parts[..] {
        [year] => is_year(number(year, 4)),
        [year, month, day] => {
            let days: i64 = match number(month, 2) {
                Some(2) => 29,
                Some(4 | 6 | 9 | 11) => 30,
                Some(1..=12) => 31,
                _ => return false,
            };
            (year == "0000" || is_year(number(year, 4)))
                && number(day, 2).is_some_and(|it| (1..=days).contains(&it))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn complaints(claims: Value) -> usize {
        let mut report = Report::default();
        check(&claims, Some("u"), &mut report);
        report.findings.len()
    }

    #[test]
    fn wrong_types_are_found() {
        assert_eq!(
            complaints(
                json!({"sub": "u", "name": "A", "email_verified": true, "updated_at": 1_600_000_000,
                "address": {"country": "CH"}, "birthdate": "1980-02-29"})
            ),
            0
        );
        assert_eq!(complaints(json!({})), 2);
        assert_eq!(complaints(json!({"sub": "v"})), 1);
        for (name, value) in [
            ("name", json!("")),
            ("nickname", json!("null")),
            ("zoneinfo", json!(null)),
            ("email_verified", json!("true")),
            ("updated_at", json!("2020-01-01")),
            ("updated_at", json!(1_600_000_000_000_i64)),
            ("address", json!("Geneva")),
            ("address", json!({})),
            ("birthdate", json!("1980-13-01")),
            ("birthdate", json!("80")),
        ] {
            let mut claims = json!({"sub": "u"});
            claims[name] = value;
            assert_eq!(complaints(claims.clone()), 1, "{claims}");
        }
    }
}
