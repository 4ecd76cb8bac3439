//! The mock's clients: those that its settings name, and those that register themselves.

use super::mock::{Fault, Mock, json_reply, page};
use super::wire::{Reply, Request};
use crate::client::random_text;
use crate::config::Client;
use josekit::jwk::Jwk;
use josekit::jws::{self, RS256};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Returns the metadata of a provider that registers clients.
pub fn metadata(fault: Fault) -> Value {
    let mut metadata = json!({
        "response_types_supported": crate::module::ALL,
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token"],
        "userinfo_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public", "pairwise"],
        "request_object_signing_alg_values_supported": ["RS256", "none"],
    });
    if fault == Fault::NoImplicit {
        metadata["response_types_supported"] = json!(["code"]);
    }
    metadata
}

impl Mock {
    pub fn client(&self, id: &str) -> Option<Client> {
        if let Some(client) = self.clients.iter().find(|it| it.client_id == id) {
            return Some(client.clone());
        }
        let metadata = self.registration(id)?;
        Some(Client {
            client_id: id.to_owned(),
            client_secret: metadata["client_secret"].as_str().unwrap_or_default().to_owned(),
            redirect_uri: metadata["redirect_uris"][0].as_str()?.to_owned(),
            post_logout_redirect_uri: None,
        })
    }

    pub fn registration(&self, id: &str) -> Option<Value> {
        self.memory.lock().unwrap().registered.get(id).cloned()
    }

    pub fn register(&self, request: &Request) -> Reply {
        let mut metadata: Value = serde_json::from_str(&request.body).unwrap();
        let has = |name: &str, part: &str| metadata[name].to_string().contains(part);
        if has("redirect_uris", "#") && !self.is(Fault::AcceptsFragments) {
            return json_reply(400, &json!({"error": "invalid_redirect_uri"}));
        }
        if has("initiate_login_uri", "http:") && !self.is(Fault::AcceptsHttpLogin) {
            return json_reply(400, &json!({"error": "invalid_client_metadata"}));
        }
        let id = random_text(20);
        let by_secret = has("token_endpoint_auth_method", "secret");
        if let Some(address) = metadata["sector_identifier_uri"].as_str() {
            let listed = fetched(address).unwrap_or_default();
            let listed: Value = serde_json::from_str(&listed).unwrap_or_default();
            let fits = listed[0] == metadata["redirect_uris"][0];
            if !fits && !self.is(Fault::AnySector) {
                return json_reply(400, &json!({"error": "invalid_client_metadata"}));
            }
        }
        metadata["client_id"] = json!(id);
        if by_secret {
            metadata["client_secret"] = json!(random_text(40));
            if !self.is(Fault::SecretWithoutEnd) {
                metadata["client_secret_expires_at"] = json!(0);
            }
        }
        metadata["registration_client_uri"] = json!(format!("{}/register/{id}", self.issuer));
        metadata["registration_access_token"] = json!(random_text(40));
        self.memory
            .lock()
            .unwrap()
            .registered
            .insert(id, metadata.clone());
        json_reply(if self.is(Fault::Answers200) { 200 } else { 201 }, &metadata)
    }

    pub fn manage(&self, request: &Request) -> Reply {
        let id = request.path.trim_start_matches("/register/");
        let metadata = self.registration(id).unwrap_or_default();
        let bearer = request.headers.get("authorization").cloned().unwrap_or_default();
        if metadata["registration_access_token"].as_str() != bearer.strip_prefix("Bearer ") {
            return json_reply(401, &json!({"error": "invalid_token"}));
        }
        match request.method.as_str() {
            "GET" if self.is(Fault::ForgetsLogin) => json_reply(200, &json!({ "client_id": id })),
            "GET" => json_reply(200, &metadata),
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

    /// Returns what the login page shows of a client.
    pub fn introduction(&self, id: &str) -> String {
        let metadata = self.registration(id).unwrap_or_default();
        if self.is(Fault::HidesClients) {
            return String::new();
        }
        let link = |name: &str| {
            metadata[name]
                .as_str()
                .map(|it| format!("<a href=\"{it}\">{name}</a>"))
        };
        let logo = metadata["logo_uri"]
            .as_str()
            .map(|it| format!("<img src=\"{it}\">"));
        let parts = [logo, link("policy_uri"), link("tos_uri")];
        parts.into_iter().flatten().collect()
    }

    /// Returns the client that signed the assertion.
    pub fn client_by_assertion(&self, request: &Request) -> Option<Client> {
        let assertion = request.get("client_assertion")?;
        let claimed = crate::checks::id_token::apart(assertion)?.claims;
        let id = claimed["sub"].as_str()?;
        let signed = self.has_signed(id, assertion) || self.is(Fault::AnySigner);
        let endpoint = format!("{}/token", self.issuer);
        let meant =
            claimed["aud"] == endpoint || claimed["aud"] == self.issuer && !self.is(Fault::EndpointAudience);
        (meant && signed).then(|| self.client(id)).flatten()
    }

    fn has_signed(&self, id: &str, jws: &str) -> bool {
        let metadata = self.registration(id).unwrap_or_default();
        let keys = match metadata["jwks_uri"].as_str() {
            Some(address) => self.keys_at(address),
            None => metadata["jwks"].clone(),
        };
        let key = keys["keys"][0].as_object().cloned().unwrap_or_default();
        let verifier = Jwk::from_map(key).and_then(|it| RS256.verifier_from_jwk(&it));
        verifier.is_ok_and(|it| jws::deserialize_compact(jws, &it).is_ok())
    }

    fn keys_at(&self, address: &str) -> Value {
        let kept = self.memory.lock().unwrap().kept.get(address).cloned();
        if let Some(kept) = kept.filter(|_| self.is(Fault::KeepsKeys)) {
            return kept;
        }
        let keys = fetched(address).and_then(|it| serde_json::from_str::<Value>(&it).ok());
        let keys = keys.unwrap_or_default();
        let mut memory = self.memory.lock().unwrap();
        memory.kept.insert(address.to_owned(), keys.clone());
        keys
    }

    /// Fetches the request object at the address, as the parameter `request` would bring it.
    pub fn object_at(&self, id: &str, address: &str) -> Option<String> {
        let registered = self.registration(id)?["request_uris"][0] == address;
        let object = fetched(address.split('#').next()?)?;
        let header = crate::checks::id_token::apart(&object)?.header;
        let sound = header["alg"] == "none" || self.has_signed(id, &object);
        (registered && sound).then_some(object)
    }
}

/// Fetches a document from the checker's site, which speaks plain http here.
fn fetched(address: &str) -> Option<String> {
    asked(address, "GET", "")
}

pub fn posted(address: &str, form: &str) -> Option<String> {
    asked(address, "POST", form)
}

fn asked(address: &str, method: &str, body: &str) -> Option<String> {
    let rest = address.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/')?;
    tokio::task::block_in_place(|| {
        let mut stream = TcpStream::connect(host).ok()?;
        let kind = "application/x-www-form-urlencoded";
        let length = body.len();
        write!(
            stream,
            "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
    })
}
