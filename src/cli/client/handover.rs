//! Prints what the owner of a client is handed, and the client report in words.

use serde_json::{Value, json};

use crate::app::App;
use crate::domain::client::{AuthMethod, Client};
use crate::domain::{claim, scope};
use crate::i18n::{self, Locale};
use crate::oidc::clients::{self, Finding, Issued, Severity};
use crate::oidc::endpoints;

/// Returns all that the owner configures at the service.
pub fn json(app: &App, issued: &Issued) -> Value {
    let client = &issued.client;
    let mut answer = json!({
        "client_id": client.id,
        "issuer": app.config.issuer.as_str(),
        "discovery": discovery(app),
        "token_endpoint_auth_method": methods(client),
        "redirect_uris": client.metadata.redirect_uris,
        "scope": client.scope().to_string(),
        "claims": claims(client),
        "notes": notes(client),
        "report": ClientReport::of(client).json(),
    });
    if let Some(secret) = &issued.secret {
        answer["client_secret"] = Value::from(secret.expose());
    }
    answer
}

pub fn text(app: &App, issued: &Issued) -> String {
    let client = &issued.client;
    let mut lines = vec![format!("client_id: {}", client.id)];
    if let Some(secret) = &issued.secret {
        lines.push(format!("client_secret: {}  (shown this once)", secret.expose()));
    }
    lines.push(format!("issuer: {}", app.config.issuer.as_str()));
    lines.push(format!("discovery: {}", discovery(app)));
    lines.push(format!(
        "token_endpoint_auth_method: {}",
        methods(client).join(" or ")
    ));
    let uris = client.metadata.redirect_uris.iter();
    lines.extend(uris.map(|it| format!("redirect_uri: {it}")));
    lines.push(format!("scope: {}", client.scope()));
    lines.push(format!("claims: {}", claims(client).join(" ")));
    let said: Vec<String> = notes(client)
        .into_iter()
        .chain(ClientReport::of(client).lines())
        .collect();
    if !said.is_empty() {
        lines.push(String::new());
        lines.extend(said);
    }
    lines.join("\n")
}

fn discovery(app: &App) -> String {
    app.config.issuer.at(endpoints::OPENID_CONFIGURATION)
}

fn methods(client: &Client) -> Vec<String> {
    let may = AuthMethod::ALL
        .iter()
        .filter(|it| client.may_authenticate_by(**it));
    may.map(ToString::to_string).collect()
}

/// Returns the claims that its scope brings about a person.
fn claims(client: &Client) -> Vec<&'static str> {
    let of_scopes = client.scope().iter().flat_map(claim::of_scope);
    let mut claims: Vec<&str> = vec!["sub"];
    claims.extend(of_scopes.copied().filter(|it| *it != "sub"));
    claims
}

/// Returns a line for each scope of which its owner may expect claims that there are not.
pub fn notes(client: &Client) -> Vec<String> {
    let ours = [scope::ADMIN, scope::SCIM, scope::SCIM_READ];
    let own = |it: &&str| !scope::STANDARD.contains(it) && !ours.contains(it) && !it.starts_with("admin:");
    let names = client.scope().iter().filter(own);
    names
        .map(|scope| {
            format!(
                "note: scope {scope} brings no claims here; it only stands in tokens for resources of your own"
            )
        })
        .collect()
}

/// The client report in words.
pub struct ClientReport(Vec<Finding>);

impl ClientReport {
    pub fn of(client: &Client) -> Self {
        Self(clients::report(client))
    }

    fn words(finding: &Finding, part: &str) -> String {
        let key = format!("client_report.{}.{part}", finding.topic.as_str());
        i18n::text(Locale::En, &key, &[("value", finding.value.as_str())]).unwrap_or(key)
    }

    /// Returns a line for each finding. Ordinary ones share a line; `--format json` has them in full.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.0.iter().filter(|it| !it.ordinary).map(|finding| {
            let word = match finding.topic.severity() {
                Severity::Weak => "weak",
                Severity::Hardening => "could be harder",
            };
            let (what, mend) = (Self::words(finding, "what"), Self::words(finding, "mend"));
            format!("{word}: {what} {mend} ({})", finding.topic.source())
        });
        let mut lines: Vec<String> = lines.collect();
        let ordinary = self.0.iter().filter(|it| it.ordinary);
        let ordinary: Vec<&str> = ordinary.map(|it| it.topic.as_str()).collect();
        if !ordinary.is_empty() {
            lines.push(format!(
                "usual for a service of this kind: {}",
                ordinary.join(", ")
            ));
        }
        lines
    }

    pub fn json(&self) -> Value {
        let findings = self.0.iter().map(|finding| {
            json!({ "topic": finding.topic, "severity": finding.topic.severity(), "source": finding.topic.source(),
                "value": finding.value, "ordinary": finding.ordinary, "what": Self::words(finding, "what"),
                "mend": Self::words(finding, "mend") })
        });
        findings.collect()
    }
}
