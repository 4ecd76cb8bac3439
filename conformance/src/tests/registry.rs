//! The mock's clients: those it knows by heart, and those that register themselves.

use super::mock::{Fault, Mock, json_reply, page};
use super::wire::{Reply, Request};
use crate::client::random_text;
use crate::config::Client;
use josekit::jwk::Jwk;
use josekit::jws::{self, RS256};
use serde_json::{Value, json};

/// What it says of itself as a provider that registers clients.
pub fn metadata(fault: Fault) -> Value {
    let mut it = json!({
        "response_types_supported": ["code", "id_token", "token id_token"],
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token"],
        "userinfo_signing_alg_values_supported": ["RS256"],
    });
    if fault == Fault::NoImplicit {
        it["response_types_supported"] = json!(["code"]);
    }
    it
}

impl Mock {
    pub fn client(&self, id: &str) -> Option<Client> {
        if let Some(it) = self.clients.iter().find(|it| it.client_id == id) {
            return Some(it.clone());
        }
        let told = self.registration(id)?;
        Some(Client {
            client_id: id.to_owned(),
            client_secret: told["client_secret"].as_str().unwrap_or_default().to_owned(),
            redirect_uri: told["redirect_uris"][0].as_str()?.to_owned(),
            post_logout_redirect_uri: None,
        })
    }

    pub fn registration(&self, id: &str) -> Option<Value> {
        self.memory.lock().unwrap().registered.get(id).cloned()
    }

    pub fn register(&self, request: &Request) -> Reply {
        let mut told: Value = serde_json::from_str(&request.body).unwrap();
        let has = |name: &str, part: &str| told[name].to_string().contains(part);
        if has("redirect_uris", "#") && !self.is(Fault::AcceptsFragments) {
            return json_reply(400, &json!({"error": "invalid_redirect_uri"}));
        }
        if has("initiate_login_uri", "http:") && !self.is(Fault::AcceptsHttpLogin) {
            return json_reply(400, &json!({"error": "invalid_client_metadata"}));
        }
        let id = random_text(20);
        let by_secret = has("token_endpoint_auth_method", "secret");
        told["client_id"] = json!(id);
        if by_secret {
            told["client_secret"] = json!(random_text(40));
            if !self.is(Fault::SecretWithoutEnd) {
                told["client_secret_expires_at"] = json!(0);
            }
        }
        told["registration_client_uri"] = json!(format!("{}/register/{id}", self.issuer));
        told["registration_access_token"] = json!(random_text(40));
        self.memory.lock().unwrap().registered.insert(id, told.clone());
        json_reply(if self.is(Fault::Answers200) { 200 } else { 201 }, &told)
    }

    pub fn manage(&self, request: &Request) -> Reply {
        let id = request.path.trim_start_matches("/register/");
        let told = self.registration(id).unwrap_or_default();
        let bearer = request.headers.get("authorization").cloned().unwrap_or_default();
        if told["registration_access_token"].as_str() != bearer.strip_prefix("Bearer ") {
            return json_reply(401, &json!({"error": "invalid_token"}));
        }
        match request.method.as_str() {
            "GET" if self.is(Fault::ForgetsLogin) => json_reply(200, &json!({ "client_id": id })),
            "GET" => json_reply(200, &told),
            "DELETE" if self.is(Fault::KeepsClients) => json_reply(200, &json!({})),
            "DELETE" => {
                self.memory.lock().unwrap().registered.remove(id);
                Reply {
                    status: 204,
                    ..Reply::default()
                }
            }
            _ => page(405, "not so"),
        }
    }

    /// What the login page tells of a client.
    pub fn introduction(&self, id: &str) -> String {
        let told = self.registration(id).unwrap_or_default();
        if self.is(Fault::HidesClients) {
            return String::new();
        }
        let link = |name: &str| {
            told[name]
                .as_str()
                .map(|it| format!("<a href=\"{it}\">{name}</a>"))
        };
        let logo = told["logo_uri"].as_str().map(|it| format!("<img src=\"{it}\">"));
        let parts = [logo, link("policy_uri"), link("tos_uri")];
        parts.into_iter().flatten().collect()
    }

    /// The client that signed the assertion.
    pub fn client_by_assertion(&self, request: &Request) -> Option<Client> {
        let assertion = request.get("client_assertion")?;
        let claimed = crate::checks::id_token::apart(assertion)?.claims;
        let id = claimed["sub"].as_str()?;
        let key = self.registration(id)?["jwks"]["keys"][0].as_object()?.clone();
        let verifier = RS256.verifier_from_jwk(&Jwk::from_map(key).ok()?).ok()?;
        jws::deserialize_compact(assertion, &verifier).ok()?;
        let endpoint = format!("{}/token", self.issuer);
        let meant =
            claimed["aud"] == endpoint || claimed["aud"] == self.issuer && !self.is(Fault::EndpointAudience);
        meant.then(|| self.client(id)).flatten()
    }
}
