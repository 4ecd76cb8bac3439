//! Checks the authorization response: its place (query, fragment or posted form), `state`, `iss`, and what an error may
//! carry. OpenID Connect Core §3.1.2.5 and §3.1.2.6, RFC 6749 §4.1.2, RFC 9207, OAuth 2.0 Form Post.

use super::common::error_description;
use crate::browser::{ClientRedirect, without_query};
use crate::report::Report;
use crate::variant::Placement;
use url::{Url, form_urlencoded};

const PLACE: &str = "placement of the authorization response";

#[derive(Clone, Debug, Default)]
pub struct Response {
    pub params: Vec<(String, String)>,
}

impl Response {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn brief(&self) -> String {
        let without_values = |(key, value): &(String, String)| match key.as_str() {
            "error" | "error_description" => format!("{key}={value}"),
            _ => key.clone(),
        };
        self.params
            .iter()
            .map(without_values)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// The values that the response must match.
pub struct Expected<'a> {
    pub redirect_uri: &'a str,
    pub placement: Placement,
    pub state: Option<&'a str>,
    pub issuer: &'a str,
    pub iss_announced: bool,
    /// The provider need not have the request any more, so an error may lack `state` and `iss`.
    pub forgotten: bool,
}

pub fn read(returned: &ClientRedirect, expected: &Expected<'_>, report: &mut Report) -> Response {
    let response = placed(returned, expected, report);
    common(&response, expected, report);
    response
}

/// Reads the parameters from where they belong, and reports those in other places.
pub fn placed(returned: &ClientRedirect, expected: &Expected<'_>, report: &mut Report) -> Response {
    let registered = Url::parse(expected.redirect_uri).ok();
    let address = registered.as_ref().map(without_query);
    report.require(
        address == Some(without_query(&returned.url)),
        "redirect_uri",
        || {
            format!(
                "sent to {} instead of {}",
                without_query(&returned.url),
                expected.redirect_uri
            )
        },
    );
    // RFC 6749 §3.1.2: the query of the registered URI is retained.
    let own: Vec<(String, String)> = registered
        .map(|it| it.query_pairs().into_owned().collect())
        .unwrap_or_default();
    let mut query: Vec<(String, String)> = returned.url.query_pairs().into_owned().collect();
    for pair in &own {
        match query.iter().position(|it| it == pair) {
            Some(at) => drop(query.remove(at)),
            None => report.fail(
                "redirect_uri",
                format!("its query parameter {:?} was lost", pair.0),
            ),
        }
    }
    let fragment = returned.url.fragment().unwrap_or_default();
    let fragment: Vec<(String, String)> = form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
    let form = returned.form.clone().unwrap_or_default();

    let (params, elsewhere) = match expected.placement {
        Placement::Query => (query, [fragment, form].concat()),
        Placement::Fragment => (fragment, [query, form].concat()),
        Placement::FormPost => (form, [query, fragment].concat()),
    };
    for name in ["code", "error", "id_token", "access_token", "state"] {
        report.require(!elsewhere.iter().any(|(key, _)| key == name), PLACE, || {
            format!("`{name}` is outside of the {:?}", expected.placement)
        });
    }
    for (at, (name, _)) in params.iter().enumerate() {
        report.require(
            !params[..at].iter().any(|(other, _)| other == name),
            PLACE,
            || format!("`{name}` is there more than once"),
        );
    }
    Response { params }
}

/// Checks the members that each response has, however it was sent.
pub fn common(response: &Response, expected: &Expected<'_>, report: &mut Report) {
    report.require(
        expected.forgotten || response.get("state") == expected.state,
        "state (RFC 6749 §4.1.2)",
        || {
            format!(
                "came back as {:?}, sent as {:?}",
                response.get("state"),
                expected.state
            )
        },
    );
    match response.get("iss") {
        Some(iss) => report.require(iss == expected.issuer, "iss (RFC 9207 §2)", || {
            format!("{iss:?} is not the issuer {:?}", expected.issuer)
        }),
        None => report.require(
            !expected.iss_announced || expected.forgotten,
            "iss (RFC 9207 §2.3)",
            || "authorization_response_iss_parameter_supported is true but iss is missing".into(),
        ),
    }
    if response.get("error").is_some() {
        error_members(response, report);
    }
}

fn error_members(response: &Response, report: &mut Report) {
    const ALLOWED: [&str; 6] = [
        "error",
        "error_description",
        "error_uri",
        "state",
        "session_state",
        "iss",
    ];
    for (name, _) in &response.params {
        report.advise(
            ALLOWED.contains(&name.as_str()),
            "members of an error response",
            || format!("unexpected parameter `{name}`"),
        );
    }
    report.require(
        response.get("code").is_none(),
        "members of an error response",
        || "an error and a code in one response".into(),
    );
    if let Some(text) = response.get("error_description") {
        error_description(text, report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Severity;

    fn judge(url: &str, form: Option<Vec<(String, String)>>, placement: Placement) -> Report {
        let returned = ClientRedirect {
            url: Url::parse(url).unwrap(),
            form,
        };
        let expected = Expected {
            redirect_uri: "https://rp.example/cb?tenant=1",
            placement,
            state: Some("s1"),
            issuer: "https://op.example",
            iss_announced: false,
            forgotten: false,
        };
        let mut report = Report::default();
        read(&returned, &expected, &mut report);
        report
    }

    fn worst(url: &str) -> Option<Severity> {
        judge(url, None, Placement::Query).worst()
    }

    #[test]
    fn tampered_responses_fail() {
        assert_eq!(worst("https://rp.example/cb?tenant=1&code=c&state=s1"), None);
        for wrong in [
            "https://rp.example/cb?code=c&state=s1",            // query lost
            "https://rp.example/cb/x?tenant=1&code=c&state=s1", // other address
            "https://rp.example/cb?tenant=1&code=c",            // no state
            "https://rp.example/cb?tenant=1&code=c&state=S1",   // other state
            "https://rp.example/cb?tenant=1#code=c&state=s1",   // fragment
            "https://rp.example/cb?tenant=1&code=c&state=s1&iss=https://op.example/", // other issuer
            "https://rp.example/cb?tenant=1&code=c&code=d&state=s1", // twice
            "https://rp.example/cb?tenant=1&error=e&state=s1&error_description=%22x%22",
        ] {
            assert_eq!(worst(wrong), Some(Severity::Failure), "{wrong}");
        }
        assert_eq!(
            worst("https://rp.example/cb?tenant=1&error=login_required&state=s1&hint=1"),
            Some(Severity::Warning)
        );
    }

    #[test]
    fn a_form_post_stays_out_of_the_address() {
        let form = vec![
            ("code".to_owned(), "c".to_owned()),
            ("state".to_owned(), "s1".to_owned()),
        ];
        let good = judge(
            "https://rp.example/cb?tenant=1",
            Some(form.clone()),
            Placement::FormPost,
        );
        assert_eq!(good.worst(), None);
        let both = judge(
            "https://rp.example/cb?tenant=1&code=c",
            Some(form),
            Placement::FormPost,
        );
        assert_eq!(both.worst(), Some(Severity::Failure));
    }
}
