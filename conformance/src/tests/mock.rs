//! A provider in one file, just good enough to pass, with a switch for each fault.

use super::logout::{BROWSER_STATE, SID};
use super::registry;
use super::wire::{Reply, Request, serve};
use crate::checks::common::now;
use crate::client::random_text;
use crate::config::{Client, Config};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{self, JwsHeader, RS256};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub enum Fault {
    None, LosesState, InventsState, ForgetsNonce, ForeignIss, ForeignIssuer, BadSignature, WrongAudience, WeakCodes,
    ChattyIdToken, OtherSubAtUserinfo, NoPostAtUserinfo, StringBooleans, NoProfileClaims, DemandsNonce,
    RefusesUnknown, IgnoresResponseType, QuotesInDescription, IgnoresPrompt, AlwaysAsks, IgnoresMaxAge,
    MovingAuthTime, NoAcr, CodesLast, WrongErrorCode, AnyRedirectUri, GetOnly, OverlooksRequestObject,
    CachesRefresh, ForeignRefresh, NoPkce, NoSecretPost, KeepsSession, AnyHint, PrivateKeyPublished,
    AcceptsFragments, AcceptsHttpLogin, Answers200, EndpointAudience, ForgetsLogin, HidesClients, KeepsClients,
    NoImplicit, NonceInUserinfo, SecretWithoutEnd, AnySector, AnySigner, KeepsKeys, OverlooksRequestUri,
    NoHashes, WrongHashes, AnswersInQuery, RefreshInFront, NeedsNoNonce, OtherSubInFront,
    NoSessionState, ForeignSessionState, KeepsBrowserState, CannotBeFramed, FrameWithoutScript, SilentFrontChannel,
    OtherSidInFrame, ChattyFrame, NoSid, SilentBackChannel, OtherSidInLogoutToken, NonceInLogoutToken,
    NoLogoutSessions,
}

pub static KEYS: LazyLock<[RsaKeyPair; 2]> = LazyLock::new(|| {
    [
        RS256.generate_key_pair(2048).unwrap(),
        RS256.generate_key_pair(2048).unwrap(),
    ]
});

pub type Params = HashMap<String, String>;

#[derive(Default)]
pub struct Memory {
    pub sessions: HashMap<String, i64>,
    pending: HashMap<String, Params>,
    codes: HashMap<String, (Params, i64)>,
    pub access: HashMap<String, Params>,
    refresh: HashMap<String, (Params, i64)>,
    pub registered: HashMap<String, Value>,
    pub kept: HashMap<String, Value>,
}

pub struct Mock {
    fault: Fault,
    pub issuer: String,
    pub clients: Vec<Client>,
    pub memory: Mutex<Memory>,
}

/// Returns `true` if the response type has this word.
fn has_word(params: &Params, word: &str) -> bool {
    let asked = params.get("response_type");
    asked.is_some_and(|it| it.split(' ').any(|it| it == word))
}

pub fn page(status: u16, body: &str) -> Reply {
    let headers = vec![("Content-Type", "text/html; charset=utf-8".into())];
    Reply {
        status,
        headers,
        body: format!("<!doctype html><title>mock</title><main>{body}</main>"),
    }
}

pub fn json_reply(status: u16, body: &Value) -> Reply {
    let headers = vec![
        ("Content-Type", "application/json".into()),
        ("Cache-Control", "no-store".into()),
    ];
    Reply {
        status,
        headers,
        body: body.to_string(),
    }
}

pub fn redirect(url: &Url) -> Reply {
    Reply {
        status: 303,
        headers: vec![("Location", url.to_string())],
        body: String::new(),
    }
}

impl Mock {
    pub async fn start(fault: Fault, config: &Config) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let clients = [&config.client, &config.client2, &config.client_secret_post];
        let clients = clients.into_iter().flatten().cloned().collect();
        let mock = Mock {
            fault,
            issuer: issuer.clone(),
            clients,
            memory: Mutex::default(),
        };
        tokio::spawn(serve(listener, Arc::new(move |request| mock.answer(request))));
        issuer
    }

    pub fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn answer(&self, request: &Request) -> Reply {
        match request.path.as_str() {
            "/.well-known/openid-configuration" => self.metadata(),
            "/jwks" => self.jwks(),
            "/authorize" if request.method == "POST" && self.is(Fault::GetOnly) => page(405, "GET only"),
            "/authorize" => self.authorize(request),
            "/login" => self.login(request),
            "/token" => self.token(request),
            "/userinfo" => self.userinfo(request),
            "/logout" => self.logout(request),
            "/session" => self.session_page(),
            "/register" => self.register(request),
            path if path.starts_with("/register/") => self.manage(request),
            _ => page(404, "nothing here"),
        }
    }

    fn metadata(&self) -> Reply {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut methods = vec!["client_secret_basic", "private_key_jwt", "client_secret_post"];
        if self.is(Fault::NoSecretPost) {
            methods.pop();
        }
        let issuer = if self.is(Fault::ForeignIssuer) {
            at("/other")
        } else {
            self.issuer.clone()
        };
        let mut all = registry::metadata(self.fault);
        let more = json!({
                "issuer": issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
                "userinfo_endpoint": at("/userinfo"), "jwks_uri": at("/jwks"), "end_session_endpoint": at("/logout"),
                "scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"],
                "acr_values_supported": ["pwd"],
                "registration_endpoint": at("/register"),
                "id_token_signing_alg_values_supported": ["RS256"], "claims_supported": ["sub"],
                "token_endpoint_auth_methods_supported": methods, "request_parameter_supported": true,
                "authorization_response_iss_parameter_supported": true,
        });
        for more in [more, self.logout_metadata()] {
            let all = all.as_object_mut().unwrap();
            all.extend(more.as_object().unwrap().clone());
        }
        json_reply(200, &all)
    }

    fn jwks(&self) -> Reply {
        let pair = &KEYS[0];
        let private = pair.to_jwk_key_pair();
        let public = pair.to_jwk_public_key();
        let mut key = serde_json::to_value(
            if self.is(Fault::PrivateKeyPublished) {
                &private
            } else {
                &public
            }
            .as_ref(),
        )
        .unwrap();
        key["kid"] = json!("k1");
        json_reply(200, &json!({ "keys": [key] }))
    }

    fn authorize(&self, request: &Request) -> Reply {
        let mut params: Params = request.params.iter().cloned().collect();
        if let Some(address) = params
            .remove("request_uri")
            .filter(|_| !self.is(Fault::OverlooksRequestUri))
        {
            let id = params.get("client_id").cloned().unwrap_or_default();
            match self.object_at(&id, &address) {
                Some(object) => params.insert("request".into(), object),
                None => return page(400, "no such request"),
            };
        }
        if let Some(object) = params
            .remove("request")
            .filter(|_| !self.is(Fault::OverlooksRequestObject))
        {
            let claims = URL_SAFE_NO_PAD.decode(object.split('.').nth(1).unwrap()).unwrap();
            let claims: Map<String, Value> = serde_json::from_slice(&claims).unwrap();
            params.extend(
                claims
                    .iter()
                    .filter_map(|(name, it)| Some((name.clone(), it.as_str()?.to_owned()))),
            );
        }
        let id = params.get("client_id").cloned().unwrap_or_default();
        let client = self.client(&id);
        let uri = params.get("redirect_uri").cloned().unwrap_or_default();
        let registered = client.is_some_and(|it| it.redirect_uri == uri) || self.is(Fault::AnyRedirectUri);
        if !registered {
            return page(400, "redirect_uri is not registered");
        }
        let has = |name: &str| params.contains_key(name);
        if !has("response_type") && !self.is(Fault::IgnoresResponseType) {
            return self.refuse(&params, "invalid_request");
        }
        let needs_nonce = has_word(&params, "id_token") && !self.is(Fault::NeedsNoNonce);
        if !has("nonce") && (needs_nonce || self.is(Fault::DemandsNonce))
            || (has("extra") || has("display")) && self.is(Fault::RefusesUnknown)
        {
            return self.refuse(&params, "invalid_request");
        }
        let since = self.session(request);
        let prompt = params.get("prompt").map_or("", String::as_str);
        let mut ask = since.is_none() || prompt == "login" && !self.is(Fault::IgnoresPrompt);
        if let (Some(since), Some(max)) = (since, params.get("max_age").and_then(|it| it.parse::<i64>().ok()))
        {
            ask |= now() - since > max && !self.is(Fault::IgnoresMaxAge);
        }
        ask |= self.is(Fault::AlwaysAsks);
        if !ask {
            return self.grant(params, since.unwrap());
        }
        if prompt == "none" && !self.is(Fault::IgnoresPrompt) {
            return self.refuse(&params, "login_required");
        }
        let id = random_text(20);
        self.memory
            .lock()
            .unwrap()
            .pending
            .insert(id.clone(), params.clone());
        let form = format!(
            "{}<form method=post action=/login><input type=hidden name=pending value={id}><input name=user>\
             <input type=password name=password><button name=decision value=cancel>Cancel</button>\
             <button>Log in</button></form>",
            self.introduction(&params["client_id"])
        );
        page(200, &form)
    }

    fn session(&self, request: &Request) -> Option<i64> {
        let cookie = request
            .headers
            .get("cookie")?
            .split("; ")
            .find_map(|it| it.strip_prefix("sid="))?;
        self.memory.lock().unwrap().sessions.get(cookie).copied()
    }

    fn login(&self, request: &Request) -> Reply {
        let params = self
            .memory
            .lock()
            .unwrap()
            .pending
            .remove(request.get("pending").unwrap_or_default());
        let Some(params) = params else {
            return page(400, "start again");
        };
        if (
            request.get("user"),
            request.get("password"),
            request.get("decision"),
        ) != (Some("alice"), Some("secret"), None)
        {
            return page(401, "wrong");
        }
        let (cookie, since) = (random_text(30), now());
        self.memory.lock().unwrap().sessions.insert(cookie.clone(), since);
        let mut reply = self.grant(params, since);
        reply
            .headers
            .push(("Set-Cookie", format!("sid={cookie}; Path=/; HttpOnly; Secure")));
        reply.headers.push(("Set-Cookie", BROWSER_STATE.into()));
        reply
    }

    fn grant(&self, params: Params, since: i64) -> Reply {
        let code = if self.is(Fault::WeakCodes) {
            random_text(12)
        } else {
            random_text(43)
        };
        let mut answer = Vec::new();
        if has_word(&params, "code") {
            let mut memory = self.memory.lock().unwrap();
            memory.codes.insert(code.clone(), (params.clone(), since));
            answer.push(("code", code.clone()));
        }
        let mut more = json!({});
        let half = |text: &str| URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16]);
        if has_word(&params, "token") {
            let access = random_text(43);
            more["at_hash"] = json!(half(&access));
            let mut memory = self.memory.lock().unwrap();
            memory.access.insert(access.clone(), params.clone());
            answer.push(("access_token", access));
            answer.push(("token_type", "Bearer".into()));
            answer.push(("expires_in", "600".into()));
            if self.is(Fault::RefreshInFront) {
                answer.push(("refresh_token", random_text(43)));
            }
        }
        if has_word(&params, "id_token") {
            if has_word(&params, "code") {
                more["c_hash"] = json!(half(&code));
            }
            match self.fault {
                Fault::NoHashes => more = json!({}),
                Fault::WrongHashes => more = json!({"at_hash": "wrong", "c_hash": "wrong"}),
                Fault::OtherSubInFront => more["sub"] = json!("bob"),
                _ => {}
            }
            if !has_word(&params, "code") && !has_word(&params, "token") {
                let claims = self.claims_of(&params);
                more.as_object_mut()
                    .unwrap()
                    .extend(claims.as_object().unwrap().clone());
            }
            answer.push(("id_token", self.id_token(&params, since, &more)));
        }
        answer.extend(self.session_state(&params));
        self.send(&params, answer)
    }

    fn refuse(&self, params: &Params, error: &str) -> Reply {
        let text = if self.is(Fault::QuotesInDescription) {
            "not \"so\""
        } else {
            "not so"
        };
        self.send(
            params,
            vec![("error", error.into()), ("error_description", text.into())],
        )
    }

    fn send(&self, params: &Params, mut answer: Vec<(&str, String)>) -> Reply {
        if let Some(state) = params.get("state").filter(|_| !self.is(Fault::LosesState)) {
            answer.push(("state", state.clone()));
        }
        let iss = if self.is(Fault::ForeignIss) {
            "https://elsewhere.example"
        } else {
            &self.issuer
        };
        answer.push(("iss", iss.into()));
        let mut url = Url::parse(&params["redirect_uri"]).unwrap();
        if params.get("response_mode").map(String::as_str) == Some("form_post") {
            let fields: String = answer
                .iter()
                .map(|(name, value)| format!("<input type=hidden name={name} value=\"{value}\">"))
                .collect();
            return page(
                200,
                &format!("<form method=post action=\"{url}\">{fields}<button>Go on</button></form>"),
            );
        }
        let in_front = has_word(params, "id_token") || has_word(params, "token");
        if in_front && !self.is(Fault::AnswersInQuery) {
            let pairs = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(answer)
                .finish();
            url.set_fragment(Some(&pairs));
        } else {
            url.query_pairs_mut().extend_pairs(answer);
        }
        redirect(&url)
    }

    fn client_of(&self, request: &Request) -> Option<Client> {
        if request.get("client_assertion").is_some() {
            return self.client_by_assertion(request);
        }
        let decoded = |text: &str| {
            form_urlencoded::parse(format!("x={text}").as_bytes())
                .next()
                .unwrap()
                .1
                .into_owned()
        };
        let (id, secret) = match request.headers.get("authorization") {
            Some(value) => {
                let pair = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
                let (id, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
                (decoded(id), decoded(secret))
            }
            None => (
                request.get("client_id")?.to_owned(),
                request.get("client_secret")?.to_owned(),
            ),
        };
        self.client(&id).filter(|it| it.client_secret == secret)
    }

    fn token(&self, request: &Request) -> Reply {
        let Some(client) = self.client_of(request) else {
            return json_reply(401, &json!({"error": "invalid_client"}));
        };
        let wrong = if self.is(Fault::WrongErrorCode) {
            "invalid_request"
        } else {
            "invalid_grant"
        };
        let spent = json_reply(400, &json!({"error": wrong, "error_description": "spent"}));
        let given = |name: &str| request.get(name).unwrap_or_default().to_owned();
        let mut memory = self.memory.lock().unwrap();
        let refreshing = given("grant_type") == "refresh_token";
        let found = if refreshing {
            memory.refresh.get(&given("refresh_token")).cloned()
        } else if self.is(Fault::CodesLast) {
            memory.codes.get(&given("code")).cloned()
        } else {
            memory.codes.remove(&given("code"))
        };
        let Some((params, since)) = found else {
            return spent;
        };
        let foreign = params["client_id"] != client.client_id && !self.is(Fault::ForeignRefresh);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(given("code_verifier")));
        let unverified = !refreshing
            && params.get("code_challenge").is_some_and(|it| *it != challenge)
            && !self.is(Fault::NoPkce);
        if foreign || unverified {
            return spent;
        }
        let (access, refresh) = (random_text(43), random_text(43));
        memory.access.insert(access.clone(), params.clone());
        memory.refresh.insert(refresh.clone(), (params.clone(), since));
        let moved = refreshing && self.is(Fault::MovingAuthTime);
        let since = if moved { now() } else { since };
        let mut reply = json_reply(
            200,
            &json!({"access_token": access, "token_type": "Bearer", "expires_in": 600, "refresh_token": refresh,
                    "id_token": self.id_token(&params, since, &json!({}))}),
        );
        if self.is(Fault::CachesRefresh) {
            reply.headers.pop();
        }
        reply
    }

    fn id_token(&self, params: &Params, since: i64, more: &Value) -> String {
        let mut claims = json!({
            "iss": self.issuer, "sub": "alice-1", "aud": params["client_id"], "iat": now(), "exp": now() + 600,
            "auth_time": if self.is(Fault::MovingAuthTime) { now() } else { since }, "acr": "pwd", "sid": SID,
        });
        if let Some(nonce) = params.get("nonce").filter(|_| !self.is(Fault::ForgetsNonce)) {
            claims["nonce"] = json!(nonce);
        }
        match self.fault {
            Fault::WrongAudience => claims["aud"] = json!("somebody"),
            Fault::ChattyIdToken => claims["name"] = json!("Alice"),
            Fault::NoSid => drop(claims.as_object_mut().unwrap().remove("sid")),
            Fault::NoAcr => drop(claims.as_object_mut().unwrap().remove("acr")),
            _ => {}
        }
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.sign(&claims)
    }

    pub fn sign(&self, claims: &Value) -> String {
        let mut header = JwsHeader::new();
        header.set_key_id("k1");
        let pair = &KEYS[usize::from(self.is(Fault::BadSignature))];
        let signer = RS256.signer_from_der(pair.to_der_private_key()).unwrap();
        jws::serialize_compact(claims.to_string().as_bytes(), &header, &signer).unwrap()
    }
}
