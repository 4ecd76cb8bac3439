//! Registers clients for a module and removes them when it is done: OpenID Connect Dynamic Client Registration 1.0,
//! RFC 7591, RFC 7592.

use crate::checks::common::json_error;
use crate::client::{AuthMethod, Client, Key};
use crate::config;
use crate::http::Answer;
use crate::relying_party::{Registered, RelyingParty};
use crate::report::{Step, Stop};
use reqwest::Method;
use serde_json::{Value, json};

pub const RULE: &str = "registration (OpenID Connect Dynamic Client Registration §3)";

/// RFC 6761 §6.4: nothing can listen at a name under `invalid`.
pub const REDIRECT_URI: &str = "https://conformance.invalid/callback";

/// Returns the metadata that every client of the checker registers, as the suite's do: one response type, keys without
/// names.
pub fn metadata(rp: &RelyingParty, method: AuthMethod) -> Value {
    // Dynamic Client Registration §2: a grant for each word of the response type.
    let mut grants = Vec::new();
    grants.extend(rp.run.variant.has("code").then_some("authorization_code"));
    let in_front = rp.run.variant.has("id_token") || rp.run.variant.has("token");
    grants.extend(in_front.then_some("implicit"));
    json!({
        "client_name": "Dynamically registered test",
        "contacts": ["conformance@conformance.invalid"],
        "grant_types": grants,
        "response_types": [rp.run.variant.response_type],
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": method.name(),
        "jwks": {"keys": [Key::nameless().public()]},
    })
}

impl RelyingParty {
    pub async fn send_registration(&mut self, metadata: &Value) -> Step<Answer> {
        let Some(endpoint) = self.run.provider.endpoint("registration_endpoint") else {
            return Err(Stop::Skipped("the provider registers no clients".into()));
        };
        let token = self.run.config.registration.initial_access_token.as_ref();
        let bearer = token.map(|it| format!("Bearer {it}"));
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json"),
        ];
        headers.extend(bearer.as_deref().map(|it| ("authorization", it)));
        let body = metadata.to_string().into_bytes();
        Ok(self
            .run
            .http
            .send(Method::POST, endpoint, &headers, Some(body))
            .await?)
    }

    /// Registers a client and goes on as that client. Returns the client information of the answer.
    pub async fn register(&mut self, metadata: &Value, method: AuthMethod) -> Step<Value> {
        let answer = self.send_registration(metadata).await?;
        let information = self.client_information(&answer)?;
        crate::checks::discovery::auth_method(
            &self.run.provider.clone().metadata,
            method.name(),
            &mut self.run.report,
        );
        let text = |name: &str| information[name].as_str().unwrap_or_default().to_owned();
        let redirect_uri = metadata["redirect_uris"][0].as_str().unwrap_or(REDIRECT_URI);
        let settings = config::Client {
            client_id: text("client_id"),
            client_secret: text("client_secret"),
            redirect_uri: redirect_uri.to_owned(),
            post_logout_redirect_uri: None,
        };
        if let Ok(url) = url::Url::parse(redirect_uri) {
            self.run.browser.add_client_address(&url);
        }
        self.client = Client::new(&settings, method);
        Ok(information)
    }

    /// Reads the client information response (RFC 7591 §3.2.1).
    fn client_information(&mut self, answer: &Answer) -> Step<Value> {
        if answer.status != 201 {
            let detail = format!("HTTP 201 was expected: {}", answer.brief());
            return Err(self.run.report.stop(RULE, detail));
        }
        self.run
            .report
            .require(answer.media_type() == "application/json", RULE, || {
                format!("the answer is {:?}, not application/json", answer.media_type())
            });
        let Some(information) = answer.json().filter(Value::is_object) else {
            return Err(self.run.report.stop(RULE, "the answer is not a JSON object"));
        };
        let has = |name: &str| information.get(name).is_some();
        let is_text = |name: &str| information[name].as_str().is_some_and(|it| !it.is_empty());
        // Keeps it for removal, whatever else is wrong with it.
        if let (Some(address), Some(token)) = (
            information["registration_client_uri"].as_str(),
            information["registration_access_token"].as_str(),
        ) {
            self.registered.push(Registered {
                address: address.to_owned(),
                token: token.to_owned(),
            });
        }
        self.run
            .report
            .require(!has("error"), RULE, || "the answer holds an error".into());
        self.run.report.require(
            !has("client_secret") || has("client_secret_expires_at"),
            RULE,
            || "there is a client_secret without client_secret_expires_at".into(),
        );
        let both = has("registration_client_uri") == has("registration_access_token");
        self.run.report.require(both, RULE, || {
            "registration_client_uri and registration_access_token come together or not at all".into()
        });
        if let Some(address) = information["registration_client_uri"].as_str() {
            let secure = address.starts_with("https://") || self.run.provider.allow_http;
            self.run.report.require(secure, RULE, || {
                format!("registration_client_uri is {address}, not https")
            });
        }
        if is_text("client_id") {
            Ok(information)
        } else {
            Err(self.run.report.stop(RULE, "the answer has no client_id"))
        }
    }

    /// Reads the registration of the current client (RFC 7592 §2.1).
    pub async fn read_registration(&mut self) -> Step<Answer> {
        let Some(registered) = self.registered.last() else {
            return Err(self.run.report.stop(RULE, "there is no registration_client_uri"));
        };
        let bearer = format!("Bearer {}", registered.token);
        let headers = [("authorization", bearer.as_str()), ("accept", "application/json")];
        Ok(self.run.http.get(&registered.address, &headers).await?)
    }

    /// Sends a registration that must be refused. Returns the error code. A client that is registered all the same is
    /// removed like any other.
    pub async fn expect_refusal(&mut self, metadata: &Value, rule: &'static str) -> Step<String> {
        let answer = self.send_registration(metadata).await?;
        if answer.status == 201 {
            self.client_information(&answer).ok();
            return Err(self.run.report.stop(rule, "the registration was accepted"));
        }
        let error = answer.json().map(|it| it["error"].clone()).unwrap_or_default();
        let named = error.as_str().unwrap_or_default().to_owned();
        json_error(&answer, &[400], &[&named], rule, &mut self.run.report);
        self.run
            .report
            .require(!named.is_empty(), rule, || "there is no error code".into());
        Ok(named)
    }

    /// Deletes the clients that the module registered (RFC 7592 §2.3).
    pub async fn remove_registrations(&mut self) {
        for registered in std::mem::take(&mut self.registered) {
            let bearer = format!("Bearer {}", registered.token);
            let headers = [("authorization", bearer.as_str())];
            let answer = self
                .run
                .http
                .send(Method::DELETE, &registered.address, &headers, None)
                .await;
            let outcome = match &answer {
                Ok(answer) => answer.brief(),
                Err(error) => format!("{error:#}"),
            };
            let done = answer.is_ok_and(|it| it.status == 204);
            self.run.report.advise(done, "removal (RFC 7592 §2.3)", || {
                format!("HTTP 204 was expected: {outcome}")
            });
        }
    }
}
