//! The claims that the mock provider returns about its person.

use super::mock::{Fault, Mock, Params, json_reply, page};
use super::wire::{Reply, Request};
use crate::checks::userinfo::PROFILE;
use serde_json::{Value, json};

impl Mock {
    pub fn userinfo(&self, request: &Request) -> Reply {
        if request.method == "POST" && self.is(Fault::NoPostAtUserinfo) {
            return page(405, "GET only");
        }
        let bearer = request
            .headers
            .get("authorization")
            .and_then(|it| it.strip_prefix("Bearer "));
        let token = bearer.or(request.get("access_token")).unwrap_or_default();
        let Some(params) = self.memory.lock().unwrap().access.get(token).cloned() else {
            return json_reply(401, &json!({"error": "invalid_token"}));
        };
        let mut claims = self.claims_of(&params);
        claims["sub"] = json!(if self.is(Fault::OtherSubAtUserinfo) {
            "bob"
        } else {
            "alice-1"
        });
        self.userinfo_reply(claims, &params)
    }

    /// Returns claims about the person, by scope and by name.
    pub fn claims_of(&self, params: &Params) -> Value {
        let mut claims = json!({});
        let asks = |name: &str| params["scope"].split(' ').any(|it| it == name);
        if asks("profile") && !self.is(Fault::NoProfileClaims) {
            PROFILE.iter().for_each(|it| claims[*it] = json!("text"));
            claims["updated_at"] = json!(1_600_000_000);
            claims["birthdate"] = json!("1980-05-17");
        }
        if asks("email") {
            claims["email"] = json!("alice@op.example");
            claims["email_verified"] = if self.is(Fault::StringBooleans) {
                json!("true")
            } else {
                json!(true)
            };
        }
        if asks("address") {
            claims["address"] = json!({"country": "CH"});
        }
        if asks("phone") {
            claims["phone_number"] = json!("+41 22 000 00 00");
            claims["phone_number_verified"] = json!(true);
        }
        if params.get("claims").is_some_and(|it| it.contains("name")) && !self.is(Fault::NoProfileClaims) {
            claims["name"] = json!("Alice");
        }
        claims
    }

    /// Answers in JSON, or signed for a client that registered so.
    fn userinfo_reply(&self, claims: Value, params: &Params) -> Reply {
        match self.registration(&params["client_id"]) {
            Some(registration) if registration.get("userinfo_signed_response_alg").is_some() => {
                self.signed(claims, params)
            }
            _ => json_reply(200, &claims),
        }
    }

    fn signed(&self, mut claims: Value, params: &Params) -> Reply {
        claims["iss"] = json!(self.issuer);
        claims["aud"] = json!(params["client_id"]);
        if self.is(Fault::NonceInUserinfo) {
            claims["nonce"] = json!(params["nonce"]);
        }
        let mut reply = json_reply(200, &Value::Null);
        reply.headers[0].1 = "application/jwt".into();
        reply.body = self.sign(&claims);
        reply
    }
}
