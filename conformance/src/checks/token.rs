//! Checks the token response: RFC 6749 §5.1, OpenID Connect Core §3.1.3.3.

use super::common::{YEAR, entropy};
use super::response::Response;
use crate::http::Answer;
use crate::report::{Report, Step};
use serde_json::Value;

const RULE: &str = "token response (RFC 6749 §5.1)";
const FRONT: &str = "tokens in the authorization response (RFC 6749 §4.2.2)";

/// A successful answer of the token endpoint.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub id_token: Option<String>,
    pub body: Value,
}

/// Reads the access token of the authorization endpoint: RFC 6749 §4.2.2, OpenID Connect Core §3.2.2.5.
pub fn of_front(response: &Response, report: &mut Report) -> Tokens {
    let Some(access_token) = response.get("access_token") else {
        return Tokens::default();
    };
    entropy("access token", access_token, report);
    let kind = response.get("token_type").unwrap_or_default();
    report.require(kind.eq_ignore_ascii_case("bearer"), FRONT, || {
        format!("token_type is {kind:?}")
    });
    if let Some(text) = response.get("expires_in") {
        let seconds = text.parse::<i64>().ok();
        report.require(seconds.is_some_and(|it| it > 0 && it <= YEAR), FRONT, || {
            format!("expires_in is {text:?}, not a number of seconds up to a year")
        });
    }
    report.require(response.get("refresh_token").is_none(), FRONT, || {
        "there is a refresh_token".into()
    });
    let pairs = response.params.iter();
    Tokens {
        access_token: access_token.to_owned(),
        body: Value::Object(
            pairs
                .map(|(name, it)| (name.clone(), it.as_str().into()))
                .collect(),
        ),
        ..Tokens::default()
    }
}

pub fn read(answer: &Answer, report: &mut Report) -> Step<Tokens> {
    read_as(answer, "Bearer", report)
}

/// Reads a token response whose `token_type` must be the scheme.
pub fn read_as(answer: &Answer, scheme: &str, report: &mut Report) -> Step<Tokens> {
    if answer.status != 200 {
        if let Some(text) = answer
            .json()
            .as_ref()
            .and_then(|it| it["error_description"].as_str())
        {
            super::common::error_description(text, report);
        }
        return Err(report.stop(RULE, format!("HTTP 200 was expected: {}", answer.brief())));
    }
    report.require(answer.media_type() == "application/json", RULE, || {
        format!("the answer is {:?}, not application/json", answer.media_type())
    });
    let Some(body) = answer.json().filter(Value::is_object) else {
        return Err(report.stop(RULE, format!("not a JSON object: {}", answer.brief())));
    };
    let text = |name: &str| body[name].as_str().filter(|it| !it.is_empty()).map(str::to_owned);
    let Some(access_token) = text("access_token") else {
        return Err(report.stop(RULE, "there is no access_token"));
    };
    entropy("access token", &access_token, report);
    let kind = body["token_type"].as_str().unwrap_or_default();
    report.require(kind.eq_ignore_ascii_case(scheme), RULE, || {
        format!("token_type is {kind:?}")
    });
    match &body["expires_in"] {
        Value::Null => {}
        Value::Number(number) if number.as_f64().is_some_and(|it| it > 0.0 && it <= YEAR as f64) => {}
        other => report.fail(
            RULE,
            format!("expires_in is {other}, not a number of seconds up to a year"),
        ),
    }
    for name in ["refresh_token", "id_token", "scope"] {
        let odd = body
            .get(name)
            .is_some_and(|it| it.as_str().is_none_or(str::is_empty));
        report.require(!odd, RULE, || format!("`{name}` is not a string with content"));
    }
    let refresh_token = text("refresh_token");
    if let Some(token) = &refresh_token {
        entropy("refresh token", token, report);
    }
    Ok(Tokens {
        access_token,
        refresh_token,
        id_token: text("id_token"),
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn complaints(status: u16, body: &Value) -> usize {
        let mut answer = Answer {
            status,
            headers: Default::default(),
            body: body.to_string().into_bytes(),
        };
        answer
            .headers
            .insert("content-type", "application/json".parse().unwrap());
        let mut report = Report::default();
        let _ = read(&answer, &mut report);
        report.findings.len()
    }

    #[test]
    fn tampered_answers_fail() {
        let good = json!({
            "access_token": "mDq3YhR0aGJ8kXzT1uVbN5wPcE7sLfQ9oHiK2xyZ4A6",
            "token_type": "Bearer", "expires_in": 3600, "id_token": "a.b.c",
        });
        assert_eq!(complaints(200, &good), 0);
        assert_eq!(complaints(201, &good), 1);
        for (member, value) in [
            ("access_token", json!("short")),
            ("access_token", json!(null)),
            ("token_type", json!("mac")),
            ("expires_in", json!("3600")),
            ("expires_in", json!(0)),
            ("refresh_token", json!("")),
            ("id_token", json!(7)),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            assert_eq!(complaints(200, &bad), 1, "{bad}");
        }
    }
}
