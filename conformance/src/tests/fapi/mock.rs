//! A provider of FAPI 2.0 in one file, just good enough to pass, with a switch for each fault. It speaks plain http, so
//! that nobody can present a certificate to it.

use super::proofs::{self, Judge};
use crate::checks::common::now;
use crate::client::random_text;
use crate::fapi::{Jwt, Key};
use crate::tests::mock::{json_reply, page, redirect};
use crate::tests::wire::{Reply, Request, serve};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub enum Fault {
    None, NoIss, WeakReferences, Answers200, LosesState, CutsValues, OutsideCounts, ChattyIdToken, IdTokenForAll,
    AnyAlg, AnyAudience, AnyTime, NoSub, NoAssertion, AnySigner, StrictClock, NoPkce, PlainPkce, CodesLast,
    CodesForAnyone, NoProofs, AnyThumbprint, AnyProof, StrictProofs, StrictScheme, TokenInQuery, UnboundTokens,
    BurnsReferences, KeepsReferences, ReferencesForAll, TakesUnpushed, AnyResponseType, NoCancel, AnyMethod,
    ReferenceInForm, RefreshNeedsKey, RefreshForAnyone, RotatesAtOnce, ForgetsClaims, KeepsTokens, AnyObject,
    TakesUnsigned, PlainResponses, OtherAudience, OldResponses,
}

pub type Params = HashMap<String, String>;

#[derive(Clone)]
struct Pushed {
    client: String,
    params: Params,
    thumbprint: Option<String>,
    answered: bool,
}

#[derive(Clone)]
struct Bought {
    client: String,
    params: Params,
    thumbprint: Option<String>,
}

#[derive(Default)]
struct Memory {
    pushed: HashMap<String, Pushed>,
    pending: HashMap<String, String>,
    sessions: HashMap<String, i64>,
    codes: HashMap<String, (Bought, bool)>,
    access: HashMap<String, Bought>,
    refresh: HashMap<String, Bought>,
    /// The access tokens that each code bought.
    of_codes: HashMap<String, String>,
    used_proofs: Vec<String>,
}

pub struct Client {
    pub id: String,
    pub key: Key,
    pub redirect_uri: String,
}

pub struct Mock {
    fault: Fault,
    pub issuer: String,
    key: Key,
    clients: Vec<Client>,
    signed: bool,
    memory: Mutex<Memory>,
}

impl Mock {
    pub async fn start(fault: Fault, clients: Vec<Client>, signed: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let mut key = Key::generate().unwrap().private();
        key["kid"] = json!("k1");
        let mock = Self {
            fault,
            issuer: issuer.clone(),
            key: Key::read(&key.to_string()).unwrap(),
            clients,
            signed,
            memory: Mutex::default(),
        };
        tokio::spawn(serve(listener, Arc::new(move |request| mock.answer(request))));
        issuer
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    fn answer(&self, request: &Request) -> Reply {
        let mut reply = match request.path.as_str() {
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
                self.metadata()
            }
            "/jwks" => json_reply(200, &json!({"keys": [self.key.public()]})),
            "/par" => self.push(request).unwrap_or_else(|error| error),
            "/authorize" => self.authorize(request),
            "/login" => self.login(request),
            "/token" => self.token(request).unwrap_or_else(|error| error),
            "/userinfo" => self.userinfo(request).unwrap_or_else(|error| error),
            _ => page(404, "nothing here"),
        };
        reply
            .headers
            .push(("Date", "Sun, 06 Nov 1994 08:49:37 GMT".into()));
        reply
    }

    fn metadata(&self) -> Reply {
        let algs = json!(["PS256", "ES256"]);
        json_reply(
            200,
            &json!({
                "issuer": self.issuer, "authorization_endpoint": self.at("/authorize"), "token_endpoint": self.at("/token"),
                "userinfo_endpoint": self.at("/userinfo"), "jwks_uri": self.at("/jwks"),
                "pushed_authorization_request_endpoint": self.at("/par"), "response_types_supported": ["code"],
                "response_modes_supported": ["query", "jwt"], "subject_types_supported": ["public"],
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "scopes_supported": ["openid", "profile", "offline_access"], "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": algs, "dpop_signing_alg_values_supported": algs,
                "token_endpoint_auth_methods_supported": ["private_key_jwt"], "claims_supported": ["name", "email"],
                "token_endpoint_auth_signing_alg_values_supported": algs, "claims_parameter_supported": true,
                "request_object_signing_alg_values_supported": algs, "authorization_signing_alg_values_supported": algs,
                "authorization_response_iss_parameter_supported": true,
            }),
        )
    }

    fn judge(&self) -> Judge<'_> {
        Judge {
            issuer: &self.issuer,
            any_alg: self.is(Fault::AnyAlg),
            any_audience: self.is(Fault::AnyAudience),
            any_time: self.is(Fault::AnyTime),
            any_signer: self.is(Fault::AnySigner),
            no_sub: self.is(Fault::NoSub),
            clock: if self.is(Fault::StrictClock) { 0 } else { 10 },
        }
    }

    /// Returns the client that authenticated.
    fn client(&self, request: &Request) -> Result<&Client, Reply> {
        let unknown = || json_reply(401, &json!({"error": "invalid_client"}));
        let named = |id: &str| self.clients.iter().find(|it| it.id == id);
        let Some(assertion) = request.get("client_assertion") else {
            let id = request.get("client_id").filter(|_| self.is(Fault::NoAssertion));
            return id.and_then(named).ok_or_else(unknown);
        };
        let claimed = crate::checks::id_token::apart(assertion)
            .ok_or_else(unknown)?
            .claims;
        let client = claimed["iss"].as_str().and_then(named).ok_or_else(unknown)?;
        let sound = self.judge().assertion(assertion, client);
        sound.then_some(client).ok_or_else(unknown)
    }

    fn proof(&self, request: &Request, token: Option<&str>) -> Result<Option<String>, Reply> {
        let Some(proof) = request.headers.get("dpop") else {
            return Ok(None);
        };
        let target = (request.method.as_str(), self.at(&request.path));
        let slack = if self.is(Fault::StrictProofs) { 2 } else { 60 };
        let found = if self.is(Fault::AnyProof) {
            proofs::thumbprint_of(proof)
        } else {
            proofs::check(proof, &target, token, slack)
        };
        let (thumbprint, jti) = found.ok_or_else(|| {
            let status = if token.is_some() { 401 } else { 400 };
            json_reply(status, &json!({"error": "invalid_dpop_proof"}))
        })?;
        let mut memory = self.memory.lock().unwrap();
        if memory.used_proofs.contains(&jti) && !self.is(Fault::AnyProof) {
            return Err(json_reply(401, &json!({"error": "invalid_dpop_proof"})));
        }
        memory.used_proofs.push(jti);
        Ok(Some(thumbprint))
    }

    fn push(&self, request: &Request) -> Result<Reply, Reply> {
        let refuse = |error: &str| Err(json_reply(400, &json!({"error": error})));
        if request.method != "POST" && !self.is(Fault::AnyMethod) {
            return Err(json_reply(405, &Value::Null));
        }
        let client = self.client(request)?;
        let thumbprint = self.proof(request, None)?;
        if request.get("request_uri").is_some() && !self.is(Fault::ReferenceInForm) {
            return refuse("invalid_request");
        }
        let params: Params = match request.get("request") {
            Some(object) => match self.judge().object(object, client) {
                Some(params) => params,
                None if self.is(Fault::AnyObject) => proofs::params_of(object),
                None => return refuse("invalid_request_object"),
            },
            None if self.signed && !self.is(Fault::TakesUnsigned) => return refuse("invalid_request"),
            None => request.params.iter().cloned().collect(),
        };
        let has = |name: &str, value: &str| params.get(name).is_some_and(|it| it == value);
        if !has("response_type", "code") && !self.is(Fault::AnyResponseType) {
            return refuse("unsupported_response_type");
        }
        let plain = has("code_challenge_method", "plain") && self.is(Fault::PlainPkce);
        let challenged = params.contains_key("code_challenge") && has("code_challenge_method", "S256");
        if !challenged && !plain && !self.is(Fault::NoPkce) || !has("redirect_uri", &client.redirect_uri) {
            return refuse("invalid_request");
        }
        let named = params.get("dpop_jkt").cloned();
        let differ = named.is_some() && thumbprint.is_some() && named != thumbprint;
        if differ && !self.is(Fault::AnyThumbprint) {
            return refuse("invalid_dpop_proof");
        }
        let secret = random_text(if self.is(Fault::WeakReferences) { 4 } else { 43 });
        let uri = format!("urn:ietf:params:oauth:request_uri:{secret}");
        let uri = if self.is(Fault::WeakReferences) {
            secret
        } else {
            uri
        };
        let pushed = Pushed {
            client: client.id.clone(),
            params,
            thumbprint: named.or(thumbprint),
            answered: false,
        };
        self.memory.lock().unwrap().pushed.insert(uri.clone(), pushed);
        let status = if self.is(Fault::Answers200) { 200 } else { 201 };
        Ok(json_reply(status, &json!({"request_uri": uri, "expires_in": 60})))
    }

    fn authorize(&self, request: &Request) -> Reply {
        let mut uri = request.get("request_uri").unwrap_or_default().to_owned();
        let id = request.get("client_id").unwrap_or_default();
        let mut memory = self.memory.lock().unwrap();
        if uri.is_empty() && self.is(Fault::TakesUnpushed) {
            uri = random_text(43);
            let pushed = Pushed {
                client: id.to_owned(),
                params: request.params.iter().cloned().collect(),
                thumbprint: None,
                answered: false,
            };
            memory.pushed.insert(uri.clone(), pushed);
        }
        let found = memory.pushed.get_mut(&uri);
        let Some(found) =
            found.filter(|it| !it.answered && (it.client == id || self.is(Fault::ReferencesForAll)))
        else {
            return page(400, "no such request");
        };
        if self.is(Fault::OutsideCounts) {
            found.params.extend(request.params.iter().cloned());
        }
        found.answered = self.is(Fault::BurnsReferences);
        let cookie = request.headers.get("cookie").cloned().unwrap_or_default();
        let session = cookie.split("; ").find_map(|it| it.strip_prefix("sid="));
        let since = session.and_then(|it| memory.sessions.get(it)).copied();
        if let Some(since) = since.filter(|_| !memory.pushed[&uri].params.contains_key("prompt")) {
            return self.grant(&mut memory, &uri, since);
        }
        let pending = random_text(20);
        memory.pending.insert(pending.clone(), uri);
        let cancel = if self.is(Fault::NoCancel) {
            ""
        } else {
            "<button name=decision value=cancel>Cancel</button>"
        };
        page(
            200,
            &format!(
                "<form method=post action=/login><input type=hidden name=pending value={pending}><input name=user>\
                 <input type=password name=password>{cancel}<button>Log in</button></form>"
            ),
        )
    }

    fn login(&self, request: &Request) -> Reply {
        let mut memory = self.memory.lock().unwrap();
        let Some(uri) = memory.pending.remove(request.get("pending").unwrap_or_default()) else {
            return page(400, "start again");
        };
        if request.get("decision").is_some() {
            let pushed = memory.pushed[&uri].clone();
            return self.send(&pushed, vec![("error", "access_denied".into())]);
        }
        let cookie = random_text(30);
        memory.sessions.insert(cookie.clone(), now());
        let mut reply = self.grant(&mut memory, &uri, now());
        let cookie = format!("sid={cookie}; Path=/; HttpOnly; Secure");
        reply.headers.push(("Set-Cookie", cookie));
        reply
    }

    fn grant(&self, memory: &mut Memory, uri: &str, since: i64) -> Reply {
        let mut pushed = memory.pushed[uri].clone();
        pushed.params.insert("auth_time".into(), since.to_string());
        if let Some(pushed) = memory.pushed.get_mut(uri) {
            pushed.answered = !self.is(Fault::KeepsReferences);
        }
        let code = random_text(43);
        let bought = Bought {
            client: pushed.client.clone(),
            params: pushed.params.clone(),
            thumbprint: pushed.thumbprint.clone(),
        };
        memory.codes.insert(code.clone(), (bought, false));
        self.send(&pushed, vec![("code", code)])
    }

    fn send(&self, pushed: &Pushed, mut answer: Vec<(&str, String)>) -> Reply {
        let cut = |value: &String| {
            if self.is(Fault::CutsValues) {
                value.chars().take(100).collect()
            } else {
                value.clone()
            }
        };
        if let Some(state) = pushed.params.get("state").filter(|_| !self.is(Fault::LosesState)) {
            answer.push(("state", cut(state)));
        }
        if !self.is(Fault::NoIss) {
            answer.push(("iss", self.issuer.clone()));
        }
        let mut url = Url::parse(&pushed.params["redirect_uri"]).unwrap();
        let signed = pushed.params.get("response_mode").is_some_and(|it| it == "jwt");
        if signed && !self.is(Fault::PlainResponses) {
            let mut claims: Value = json!({"aud": pushed.client, "exp": now() + 300});
            match self.fault {
                Fault::OtherAudience => claims["aud"] = json!("somebody"),
                Fault::OldResponses => claims["exp"] = json!(now() - 3600),
                _ => {}
            }
            answer.iter().for_each(|(name, it)| claims[*name] = json!(it));
            let response = Jwt::new(&self.key, claims).compact().unwrap();
            answer = vec![("response", response)];
        }
        url.query_pairs_mut().extend_pairs(answer);
        redirect(&url)
    }

    fn token(&self, request: &Request) -> Result<Reply, Reply> {
        let refuse = |error: &str| Err(json_reply(400, &json!({"error": error})));
        let client = self.client(request)?;
        let thumbprint = self.proof(request, None)?;
        if thumbprint.is_none() && !self.is(Fault::NoProofs) {
            return refuse("invalid_dpop_proof");
        }
        let given = |name: &str| request.get(name).unwrap_or_default().to_owned();
        let mut memory = self.memory.lock().unwrap();
        let kind = given("grant_type");
        let bought = match kind.as_str() {
            "client_credentials" => Bought {
                client: client.id.clone(),
                params: Params::new(),
                thumbprint: None,
            },
            "refresh_token" => {
                let found = memory.refresh.get(&given("refresh_token")).cloned();
                let found = found.filter(|it| it.client == client.id || self.is(Fault::RefreshForAnyone));
                let Some(mut found) = found else {
                    return refuse("invalid_grant");
                };
                if self.is(Fault::RefreshNeedsKey) && found.thumbprint != thumbprint {
                    return refuse("invalid_grant");
                }
                found.thumbprint = None;
                if self.is(Fault::RotatesAtOnce) {
                    memory.refresh.remove(&given("refresh_token"));
                }
                found
            }
            _ => {
                let code = given("code");
                let Some((found, spent)) = memory.codes.get_mut(&code) else {
                    return refuse("invalid_grant");
                };
                let (found, was_spent) = (found.clone(), std::mem::replace(spent, true));
                if was_spent && !self.is(Fault::CodesLast) {
                    let bought = memory.of_codes.get(&code).cloned().unwrap_or_default();
                    if !self.is(Fault::KeepsTokens) {
                        memory.access.remove(&bought);
                    }
                    return refuse("invalid_grant");
                }
                let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(given("code_verifier")));
                let unverified = found.params.get("code_challenge") != Some(&challenge);
                let foreign = found.client != client.id;
                let named = found.thumbprint.is_some() && found.thumbprint != thumbprint;
                if unverified && !self.is(Fault::NoPkce)
                    || foreign && !self.is(Fault::CodesForAnyone) && !self.is(Fault::AnySigner)
                    || named && !self.is(Fault::AnyThumbprint)
                {
                    return refuse("invalid_grant");
                }
                found
            }
        };
        let thumbprint = bought.thumbprint.clone().or(thumbprint);
        Ok(self.issue(&mut memory, request, Bought { thumbprint, ..bought }))
    }

    fn issue(&self, memory: &mut Memory, request: &Request, bought: Bought) -> Reply {
        let (access, refresh) = (random_text(43), random_text(43));
        memory.access.insert(access.clone(), bought.clone());
        if let Some(code) = request.get("code") {
            memory.of_codes.insert(code.to_owned(), access.clone());
        }
        let mut body = json!({"access_token": access, "token_type": "DPoP", "expires_in": 600});
        let person = request.get("grant_type") != Some("client_credentials");
        if person {
            memory.refresh.insert(refresh.clone(), bought.clone());
            body["refresh_token"] = json!(refresh);
            if request.get("grant_type") == Some("refresh_token") && !self.is(Fault::RotatesAtOnce) {
                body["refresh_token"] = json!(request.get("refresh_token"));
            }
        }
        let scope = bought.params.get("scope").cloned().unwrap_or_default();
        if person && scope.contains("openid") || self.is(Fault::IdTokenForAll) {
            body["id_token"] = json!(self.id_token(&bought));
        }
        json_reply(200, &body)
    }

    fn id_token(&self, bought: &Bought) -> String {
        let since: i64 = bought.params.get("auth_time").map_or(0, |it| it.parse().unwrap());
        let mut claims = json!({"iss": self.issuer, "sub": "alice-1", "aud": bought.client, "iat": now(),
            "exp": now() + 600, "auth_time": since});
        if let Some(nonce) = bought.params.get("nonce") {
            let cut = if self.is(Fault::CutsValues) { 100 } else { 1000 };
            claims["nonce"] = json!(nonce.chars().take(cut).collect::<String>());
        }
        if self.is(Fault::ChattyIdToken) {
            claims["name"] = json!("Alice");
        }
        Jwt::new(&self.key, claims).compact().unwrap()
    }

    fn userinfo(&self, request: &Request) -> Result<Reply, Reply> {
        let refuse = |status| Err(json_reply(status, &json!({"error": "invalid_token"})));
        let header = request.headers.get("authorization").cloned().unwrap_or_default();
        let (scheme, token) = header.split_once(' ').unwrap_or_default();
        let in_query = request
            .get("access_token")
            .filter(|_| self.is(Fault::TokenInQuery));
        let token = in_query.unwrap_or(token);
        let exact = !self.is(Fault::StrictScheme) || scheme == "DPoP";
        if in_query.is_none() && !(scheme.eq_ignore_ascii_case("dpop") && exact) {
            return refuse(401);
        }
        let found = self.memory.lock().unwrap().access.get(token).cloned();
        let Some(found) = found else { return refuse(401) };
        let presented = self.proof(request, Some(token))?;
        let unbound = self.is(Fault::UnboundTokens) || in_query.is_some() || self.is(Fault::NoProofs);
        if presented != found.thumbprint && !unbound {
            return refuse(401);
        }
        if !found.params.get("scope").is_some_and(|it| it.contains("openid")) {
            let mut reply = json_reply(403, &json!({"error": "insufficient_scope"}));
            let challenge = "DPoP error=\"insufficient_scope\"".to_owned();
            reply.headers.push(("WWW-Authenticate", challenge));
            return Ok(reply);
        }
        let mut claims = json!({"sub": "alice-1"});
        if !self.is(Fault::ForgetsClaims) {
            claims["name"] = json!("Alice");
            claims["email"] = json!("alice@op.example");
        }
        Ok(json_reply(200, &claims))
    }
}
