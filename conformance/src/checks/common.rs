//! Small rules that all checks use: characters of `error_description`, the entropy meter, clocks, JSON.

use crate::report::Report;
use serde_json::Value;
use std::collections::HashMap;
use std::time::UNIX_EPOCH;

/// Seconds by which two clocks may differ.
pub const SKEW: i64 = 5 * 60;
pub const YEAR: i64 = 365 * 24 * 3600;

#[expect(
    clippy::disallowed_methods,
    reason = "this crate stands outside of the product and has no clock.rs"
)]
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |it| it.as_secs().cast_signed())
}

/// RFC 6749 §5.2: `%x20-21 / %x23-5B / %x5D-7E`. Line breaks and tabs are forgiven with a warning, as in the suite.
pub fn error_description(text: &str, report: &mut Report) {
    const RULE: &str = "characters of error_description (RFC 6749 §5.2)";
    let is_blank = |it: char| matches!(it, '\t' | '\n' | '\r');
    let allowed = |it: char| matches!(it, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
    if let Some(bad) = text.chars().find(|it| !allowed(*it) && !is_blank(*it)) {
        report.fail(RULE, format!("{bad:?} in {text:?}"));
    } else if text.chars().any(is_blank) {
        report.warn(RULE, format!("a tab or line break in {text:?}"));
    }
}

/// Measures as the suite does: Shannon entropy of the characters times the length.
pub fn measured_entropy(text: &str) -> f64 {
    let mut counts: HashMap<char, f64> = HashMap::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1.0;
    }
    let length = text.chars().count() as f64;
    counts
        .values()
        .map(|count| -(count / length).log2() * count)
        .sum()
}

pub fn entropy(what: &str, secret: &str, report: &mut Report) {
    let measured = measured_entropy(secret);
    report.require(measured > 96.0, "entropy (RFC 6749 §10.10)", || {
        format!("the {what} measures {measured:.0} bits, more than 96 are wanted")
    });
}

/// Returns a JSON number as whole seconds.
pub fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|it| it as i64))
}

/// Checks an error in JSON: status, content type, code, and the characters of the description.
pub fn json_error(
    answer: &crate::http::Answer,
    status: &[u16],
    codes: &[&str],
    rule: &'static str,
    report: &mut Report,
) {
    report.require(status.contains(&answer.status), rule, || {
        format!("HTTP {status:?} was expected: {}", answer.brief())
    });
    report.require(answer.media_type() == "application/json", rule, || {
        format!("an error in application/json was expected: {}", answer.brief())
    });
    let Some(body) = answer.json().filter(Value::is_object) else {
        report.fail(rule, format!("not a JSON object: {}", answer.brief()));
        return;
    };
    let code = body["error"].as_str().unwrap_or_default();
    report.require(codes.contains(&code), rule, || {
        format!("error is {code:?}, expected one of {codes:?}")
    });
    match &body["error_description"] {
        Value::Null => {}
        Value::String(text) => error_description(text, report),
        other => report.fail(rule, format!("error_description is not a string: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Answer;
    use crate::report::Severity;

    fn verdict(text: &str) -> Option<Severity> {
        let mut report = Report::default();
        error_description(text, &mut report);
        report.worst()
    }

    #[test]
    fn quotes_backslashes_and_letters_outside_ascii_fail() {
        assert_eq!(verdict("the code is spent (it was used)."), None);
        assert_eq!(verdict("the \"code\""), Some(Severity::Failure));
        assert_eq!(verdict("a\\b"), Some(Severity::Failure));
        assert_eq!(verdict("périmé"), Some(Severity::Failure));
        assert_eq!(verdict("two\nlines"), Some(Severity::Warning));
    }

    #[test]
    fn short_and_dull_secrets_have_little_entropy() {
        let mut report = Report::default();
        entropy(
            "code",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            &mut report,
        );
        entropy("code", "S0mEShort", &mut report);
        assert_eq!(report.findings.len(), 2);
        assert!(measured_entropy("mDq3YhR0aGJ8kXzT1uVbN5wPcE7sLfQ9oHiK2xyZ4A6") > 187.0);
    }

    #[test]
    fn an_error_needs_its_status_code_and_type() {
        let judge = |status, content_type: &str, body: &str| {
            let mut answer = Answer {
                status,
                headers: Default::default(),
                body: body.as_bytes().to_vec(),
            };
            answer
                .headers
                .insert("content-type", content_type.parse().unwrap());
            let mut report = Report::default();
            json_error(&answer, &[400], &["invalid_grant"], "rule", &mut report);
            report.findings.len()
        };
        let good = r#"{"error":"invalid_grant","error_description":"gone"}"#;
        assert_eq!(judge(400, "application/json; charset=utf-8", good), 0);
        assert_eq!(judge(401, "application/json", good), 1);
        assert_eq!(judge(400, "text/html", good), 1);
        assert_eq!(
            judge(400, "application/json", r#"{"error":"invalid_request"}"#),
            1
        );
        assert_eq!(judge(400, "application/json", "oops"), 1);
    }
}
