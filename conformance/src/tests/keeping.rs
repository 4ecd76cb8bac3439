//! A provider that keeps what it told, with a switch for each way not to: `load --record` and `verify` must find it.

use super::mock::{json_reply, page, redirect};
use super::wire::{Reply, Request, serve};
use crate::client::random_text;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// A code is redeemed as often as it is shown.
    CodesLast,
    /// A refresh token is, too.
    RefreshTokensLast,
    /// What a code bought outlives its second use.
    ReplayEndsNothing,
    /// A revocation is acknowledged and forgotten.
    ForgetsRevocation,
    /// A rotation is acknowledged and forgotten.
    ForgetsRotation,
    /// A refresh tells of another person.
    OtherPerson,
}

#[derive(Default)]
struct Grant {
    challenge: String,
    nonce: String,
    is_redeemed: bool,
    is_over: bool,
    refresh_token: String,
    access_tokens: Vec<String>,
}

#[derive(Default)]
struct Memory {
    sessions: HashSet<String>,
    /// The requests that wait for a login.
    waiting: HashMap<String, HashMap<String, String>>,
    /// By their codes.
    grants: HashMap<String, Grant>,
    sign_ups: HashSet<String>,
}

pub struct Keeping {
    pub issuer: String,
    fault: Fault,
    memory: Mutex<Memory>,
}

impl Keeping {
    pub async fn start(fault: Fault) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Arc::new(Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            fault,
            memory: Mutex::default(),
        });
        let answering = Arc::clone(&provider);
        tokio::spawn(serve(listener, Arc::new(move |it| answering.answer(it))));
        provider
    }

    /// Loses the rotations, as if what was told had never been stored.
    pub fn loses_refresh_tokens(&self) {
        for grant in self.memory.lock().unwrap().grants.values_mut() {
            grant.refresh_token = random_text(20);
        }
    }

    pub fn loses_sign_ups(&self) {
        self.memory.lock().unwrap().sign_ups.clear();
    }

    /// Forgets that codes were redeemed.
    pub fn forgets_redemptions(&self) {
        for grant in self.memory.lock().unwrap().grants.values_mut() {
            grant.is_redeemed = false;
        }
    }

    fn answer(&self, request: &Request) -> Reply {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/.well-known/openid-configuration") => self.metadata(),
            ("GET", "/jwks") => json_reply(200, &json!({"keys": [{"kty": "oct"}]})),
            ("GET", "/authorize") => self.authorize(request),
            ("POST", "/login") => self.login(request),
            ("POST", "/token") => self.token(request),
            ("POST", "/introspect") => self.introspect(request),
            ("POST", "/revoke") => self.revoke(request),
            ("GET", "/userinfo") => json_reply(200, &json!({"sub": "alice-1"})),
            ("GET", "/signup" | "/signup/organization") => form(&request.path),
            ("POST", "/signup") => self.goes_on("/signup/organization"),
            ("POST", "/signup/organization") => self.sign_up(),
            ("GET", "/signup/verify") => self.waits(request),
            _ => page(404, "nothing here"),
        }
    }

    fn metadata(&self) -> Reply {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let metadata = json!({
            "issuer": self.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
            "introspection_endpoint": at("/introspect"), "revocation_endpoint": at("/revoke"),
            "userinfo_endpoint": at("/userinfo"), "jwks_uri": at("/jwks"),
        });
        json_reply(200, &metadata)
    }

    fn authorize(&self, request: &Request) -> Reply {
        let params: HashMap<String, String> = request.params.iter().cloned().collect();
        let mut memory = self.memory.lock().unwrap();
        let session = cookie(request, "sid");
        if session.is_some_and(|it| memory.sessions.contains(it)) {
            return grant(&mut memory, &params);
        }
        let id = random_text(20);
        memory.waiting.insert(id.clone(), params);
        page(
            200,
            &format!(
                "<form method=post action=/login><input type=hidden name=waiting value={id}><input name=user>\
                 <input type=password name=password><button>Log in</button></form>"
            ),
        )
    }

    fn login(&self, request: &Request) -> Reply {
        let mut memory = self.memory.lock().unwrap();
        let waiting = memory.waiting.remove(request.get("waiting").unwrap_or_default());
        let Some(params) = waiting.filter(|_| request.get("password") == Some("secret")) else {
            return page(401, "wrong");
        };
        let session = random_text(20);
        let mut reply = grant(&mut memory, &params);
        let set = format!("sid={session}; Path=/; HttpOnly");
        reply.headers.push(("Set-Cookie", set));
        memory.sessions.insert(session);
        reply
    }

    fn token(&self, request: &Request) -> Reply {
        let given = |name: &str| request.get(name).unwrap_or_default();
        let mut memory = self.memory.lock().unwrap();
        let refused = json_reply(400, &json!({"error": "invalid_grant"}));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(given("code_verifier")));
        let is_code = given("grant_type") == "authorization_code";
        let shown = given("refresh_token");
        // The family is in the token, as its first part.
        let code = if is_code {
            given("code")
        } else {
            shown.split('.').next().unwrap_or_default()
        };
        let Some(grant) = memory.grants.get_mut(code) else {
            return refused;
        };
        if is_code {
            if grant.is_redeemed && self.fault != Fault::CodesLast {
                grant.is_over |= self.fault != Fault::ReplayEndsNothing;
                return refused;
            }
            if grant.challenge != challenge {
                return refused;
            }
            grant.is_redeemed = true;
        } else if grant.is_over || grant.refresh_token != shown && self.fault != Fault::RefreshTokensLast {
            return refused;
        }
        let (access, refresh) = (random_text(30), format!("{code}.{}", random_text(20)));
        grant.access_tokens.push(access.clone());
        if is_code || self.fault != Fault::ForgetsRotation {
            grant.refresh_token.clone_from(&refresh);
        }
        let other = !is_code && self.fault == Fault::OtherPerson;
        let claims = json!({"sub": if other { "bob-1" } else { "alice-1" }, "nonce": grant.nonce});
        let id_token = format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()));
        json_reply(
            200,
            &json!({"access_token": access, "refresh_token": refresh, "id_token": id_token,
                    "token_type": "Bearer", "expires_in": 600}),
        )
    }

    fn introspect(&self, request: &Request) -> Reply {
        let token = request.get("token").unwrap_or_default();
        let memory = self.memory.lock().unwrap();
        let mut alive = memory.grants.values().filter(|it| !it.is_over);
        let active = alive.any(|it| it.access_tokens.iter().any(|it| it == token));
        json_reply(200, &json!({"active": active, "sub": "alice-1"}))
    }

    fn revoke(&self, request: &Request) -> Reply {
        let code = request.get("token").unwrap_or_default().split('.').next();
        let mut memory = self.memory.lock().unwrap();
        if let Some(grant) = memory.grants.get_mut(code.unwrap_or_default()) {
            grant.is_over |= self.fault != Fault::ForgetsRevocation;
        }
        json_reply(200, &json!({}))
    }

    fn goes_on(&self, path: &str) -> Reply {
        redirect(&Url::parse(&self.issuer).unwrap().join(path).unwrap())
    }

    fn sign_up(&self) -> Reply {
        let id = random_text(20);
        let mut reply = self.goes_on("/signup/verify");
        let set = format!("signup={id}; Path=/; HttpOnly");
        reply.headers.push(("Set-Cookie", set));
        self.memory.lock().unwrap().sign_ups.insert(id);
        reply
    }

    fn waits(&self, request: &Request) -> Reply {
        let memory = self.memory.lock().unwrap();
        match cookie(request, "signup").filter(|it| memory.sign_ups.contains(*it)) {
            Some(_) => form("/signup/verify"),
            None => page(404, "start again"),
        }
    }
}

fn cookie<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let mut cookies = request.headers.get("cookie")?.split("; ");
    cookies.find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
}

fn form(path: &str) -> Reply {
    page(
        200,
        &format!(
            "<form method=post action={path}><input name=email type=email><button>Continue</button></form>"
        ),
    )
}

fn grant(memory: &mut Memory, params: &HashMap<String, String>) -> Reply {
    let code = random_text(20);
    let grant = Grant {
        challenge: params["code_challenge"].clone(),
        nonce: params["nonce"].clone(),
        ..Grant::default()
    };
    memory.grants.insert(code.clone(), grant);
    let mut url = Url::parse(&params["redirect_uri"]).unwrap();
    url.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &params["state"]);
    redirect(&url)
}
