//! Proof that the modules of CIBA can fail: a provider in one file, over plain http, so that it sees no certificates.

use super::mock::{Client, Params};
use super::proofs::{Judge, params_of};
use super::{KEYS, Target, config, run_plan};
use crate::checks::common::now;
use crate::checks::id_token::apart;
use crate::client::random_text;
use crate::config::{Ciba, Config};
use crate::fapi::{Jwt, Key};
use crate::report::Verdict;
use crate::tests::mock::{json_reply, page};
use crate::tests::site;
use crate::tests::wire::{Reply, Request, serve};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
enum Fault {
    None, AnyObject, AnySigner, AnyAlg, NoAssertion, TakesUnsigned, TwoHints, WeakIds, IdsForAll, IgnoresDenial,
    StrictExpiry, Overwhelmed, CachesTokens, NoInteractionId, RefreshForAnyone, Silent, ChattyPings, Retries,
    FollowsRedirects, TokensAtOnce, OtherErrors,
}

struct Asked {
    client: String,
    params: Params,
    decision: Option<bool>,
}

#[derive(Default)]
struct Memory {
    asked: HashMap<String, Asked>,
    polls: HashMap<String, usize>,
    access: HashMap<String, String>,
    refresh: HashMap<String, String>,
}

struct Mock {
    fault: Fault,
    issuer: String,
    site: String,
    key: Key,
    clients: Vec<Client>,
    memory: Mutex<Memory>,
}

type Answered = Result<Reply, Reply>;

fn refuse(error: &str) -> Answered {
    Err(json_reply(400, &json!({"error": error})))
}

impl Mock {
    async fn start(fault: Fault, site: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let mut key = Key::generate().unwrap().private();
        key["kid"] = json!("k1");
        let client = |id: &str, at: usize| Client {
            id: id.into(),
            key: Key::read(&KEYS[at]).unwrap(),
            redirect_uri: String::new(),
        };
        let mock = Self {
            fault,
            issuer: issuer.clone(),
            site,
            key: Key::read(&key.to_string()).unwrap(),
            clients: vec![client("one", 0), client("two", 1)],
            memory: Mutex::default(),
        };
        tokio::spawn(serve(listener, Arc::new(move |request| mock.answer(request))));
        issuer
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn answer(&self, request: &Request) -> Reply {
        let mut reply = match request.path.as_str() {
            "/.well-known/openid-configuration" => self.metadata(),
            "/jwks" => json_reply(200, &json!({"keys": [self.key.public()]})),
            "/bc" => self.ask(request).unwrap_or_else(|error| error),
            "/token" => self.token(request).unwrap_or_else(|error| error),
            "/userinfo" => self.userinfo(request),
            "/requests" => self.decide(request),
            _ => page(404, "nothing here"),
        };
        reply
            .headers
            .push(("Date", "Sun, 06 Nov 1994 08:49:37 GMT".into()));
        let id = request.headers.get("x-fapi-interaction-id");
        if let Some(id) = id.filter(|_| !self.is(Fault::NoInteractionId)) {
            reply.headers.push(("x-fapi-interaction-id", id.clone()));
        }
        reply
    }

    fn metadata(&self) -> Reply {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let algs = json!(["PS256", "ES256"]);
        json_reply(
            200,
            &json!({
                "issuer": self.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
                "userinfo_endpoint": at("/userinfo"), "jwks_uri": at("/jwks"), "response_types_supported": ["code"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": algs,
                "backchannel_authentication_endpoint": at("/bc"),
                "backchannel_token_delivery_modes_supported": ["poll", "ping"],
                "backchannel_authentication_request_signing_alg_values_supported": algs,
                "grant_types_supported": ["urn:openid:params:grant-type:ciba", "refresh_token"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": algs,
                "tls_client_certificate_bound_access_tokens": true,
            }),
        )
    }

    fn judge(&self) -> Judge<'_> {
        Judge {
            issuer: &self.issuer,
            any_alg: self.is(Fault::AnyAlg),
            any_audience: false,
            any_time: false,
            any_signer: self.is(Fault::AnySigner),
            no_sub: false,
            clock: 10,
        }
    }

    fn client(&self, request: &Request) -> Result<&Client, Reply> {
        let unknown = || json_reply(401, &json!({"error": "invalid_client"}));
        let assertion = request.get("client_assertion");
        if assertion.is_none() && self.is(Fault::NoAssertion) {
            return self.clients.first().ok_or_else(unknown);
        }
        let claimed = assertion.and_then(apart).ok_or_else(unknown)?.claims;
        let found = self.clients.iter().find(|it| claimed["iss"] == it.id);
        let found = found.filter(|it| self.judge().assertion(assertion.unwrap_or_default(), it));
        found.ok_or_else(unknown)
    }

    fn ask(&self, request: &Request) -> Answered {
        let wrong = if self.is(Fault::OtherErrors) {
            "invalid_request_object"
        } else {
            "invalid_request"
        };
        let client = self.client(request)?;
        let params: Params = match request.get("request") {
            Some(object) => {
                let claims = apart(object).map(|it| it.claims).unwrap_or_default();
                let whole = claims["iss"] == client.id && claims["iat"].is_i64() && claims["jti"].is_string();
                let sound = whole && self.judge().object(object, client).is_some();
                let strict = claims["requested_expiry"].is_string() && self.is(Fault::StrictExpiry);
                if strict || !sound && !self.is(Fault::AnyObject) {
                    return refuse(wrong);
                }
                params_of(object)
            }
            None if self.is(Fault::TakesUnsigned) => request.params.iter().cloned().collect(),
            None => return refuse("invalid_request"),
        };
        if params.contains_key("id_token_hint") && !self.is(Fault::TwoHints) {
            return refuse("invalid_request");
        }
        let id = random_text(if self.is(Fault::WeakIds) { 12 } else { 43 });
        let asked = Asked {
            client: client.id.clone(),
            params,
            decision: None,
        };
        self.memory.lock().unwrap().asked.insert(id.clone(), asked);
        Ok(json_reply(200, &json!({"auth_req_id": id, "expires_in": 120})))
    }

    /// Answers at the page of the account, and decides what is posted there.
    fn decide(&self, request: &Request) -> Reply {
        if let Some(id) = request.get("id") {
            let allowed = request.get("decision") == Some("allow") || self.is(Fault::IgnoresDenial);
            let token = {
                let mut memory = self.memory.lock().unwrap();
                let asked = memory.asked.get_mut(id).unwrap();
                asked.decision = Some(allowed);
                asked.params.get("client_notification_token").cloned()
            };
            // Pings without the lock: whoever waits for it might have to answer.
            if let Some(token) = token {
                self.ping(id, &token);
            }
        }
        let memory = self.memory.lock().unwrap();
        let waiting = memory.asked.iter().filter(|(_, it)| it.decision.is_none());
        let sections = waiting.map(|(id, asked)| {
            let message = asked.params.get("binding_message").cloned().unwrap_or_default();
            format!(
                "<section>{message}<form method=post><input type=hidden name=id value={id}>\
                 <button name=decision value=allow>Allow</button><button name=decision value=deny>Deny</button></form>\
                 </section>"
            )
        });
        page(200, &sections.collect::<String>())
    }

    fn ping(&self, id: &str, token: &str) {
        if self.is(Fault::Silent) {
            return;
        }
        let mut body = json!({"auth_req_id": id});
        if self.is(Fault::ChattyPings) {
            body["scope"] = json!("openid");
        }
        let head = posted(&self.site, "/ping", Some(token), &body.to_string());
        if head.contains(" 401 ") && self.is(Fault::Retries) {
            posted(&self.site, "/ping", Some(token), &body.to_string());
        }
        let location = head.lines().find_map(|it| it.strip_prefix("Location: "));
        if let Some(target) = location.filter(|_| self.is(Fault::FollowsRedirects)) {
            posted(&self.site, Url::parse(target).unwrap().path(), None, "{}");
        }
    }

    fn token(&self, request: &Request) -> Answered {
        let client = self.client(request)?;
        let given = |name: &str| request.get(name).unwrap_or_default().to_owned();
        let mut memory = self.memory.lock().unwrap();
        let (access, refresh) = (random_text(43), random_text(43));
        let person = match given("grant_type").as_str() {
            "refresh_token" => {
                let found = memory.refresh.get(&given("refresh_token"));
                let own = found.is_some_and(|it| *it == client.id);
                if !own && !self.is(Fault::RefreshForAnyone) {
                    return refuse("invalid_grant");
                }
                None
            }
            _ => {
                let id = given("auth_req_id");
                let polls = memory.polls.entry(id.clone()).or_default();
                *polls += 1;
                if *polls > 5 && self.is(Fault::Overwhelmed) {
                    return Err(json_reply(500, &Value::Null));
                }
                let Some(asked) = memory.asked.get(&id) else {
                    return refuse("invalid_grant");
                };
                if asked.client != client.id && !self.is(Fault::IdsForAll) {
                    return refuse("invalid_grant");
                }
                match asked.decision {
                    None if !self.is(Fault::TokensAtOnce) => return refuse("authorization_pending"),
                    Some(false) => return refuse("access_denied"),
                    _ => drop(memory.asked.remove(&id)),
                }
                Some(client.id.clone())
            }
        };
        memory.access.insert(access.clone(), client.id.clone());
        memory.refresh.insert(refresh.clone(), client.id.clone());
        let mut body = json!({"access_token": access, "token_type": "Bearer", "expires_in": 600,
            "refresh_token": refresh});
        match person {
            None => body["refresh_token"] = json!(given("refresh_token")),
            Some(audience) => {
                let claims = json!({"iss": self.issuer, "sub": "alice-1", "aud": audience, "iat": now(),
                    "exp": now() + 600});
                body["id_token"] = json!(Jwt::new(&self.key, claims).compact().unwrap());
            }
        }
        let mut reply = json_reply(200, &body);
        if self.is(Fault::CachesTokens) {
            reply.headers.retain(|(name, _)| *name != "Cache-Control");
        }
        Ok(reply)
    }

    fn userinfo(&self, request: &Request) -> Reply {
        let header = request.headers.get("authorization").cloned().unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        if self.memory.lock().unwrap().access.contains_key(token) {
            json_reply(200, &json!({"sub": "alice-1"}))
        } else {
            json_reply(401, &json!({"error": "invalid_token"}))
        }
    }
}

/// Sends a request and returns the head of the answer.
fn posted(site: &str, path: &str, token: Option<&str>, body: &str) -> String {
    let host = site.strip_prefix("http://").unwrap();
    tokio::task::block_in_place(|| {
        let mut stream = TcpStream::connect(host).unwrap();
        let bearer = token
            .map(|it| format!("Authorization: Bearer {it}\r\n"))
            .unwrap_or_default();
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\n{bearer}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
}

const PLAN: &str = "fapi-ciba-id1-test-plan";
const POLL: &str = "private_key_jwt poll";
const PING: &str = "private_key_jwt ping";

/// Modules that only certificates would make fail, or that wait too long.
const LEFT_OUT: [&str; 3] = [
    "fapi-ciba-id1",
    "fapi-ciba-id1-ensure-mtls-holder-of-key-required",
    "fapi-ciba-id1-auth-req-id-expired",
];

async fn run(fault: Fault, name: Option<&str>, variant: &str) -> Vec<crate::report::Outcome> {
    let (site, settings) = site().await;
    let issuer = Mock::start(fault, settings.url.clone()).await;
    let ids = ["one".to_owned(), "two".to_owned()];
    let clients = [POLL, PING].map(|it| (it.to_owned(), ids.clone()));
    let config = Config {
        site: Some(settings),
        ciba: Some(Ciba {
            approval_page: Some(format!("{issuer}/requests")),
            clients: BTreeMap::from(clients),
        }),
        ..config()
    };
    let wanted = |it: &str| name.map_or(!LEFT_OUT.contains(&it), |name| name == it);
    let target = Target {
        issuer,
        config,
        site: Some(site),
    };
    run_plan(target, PLAN, variant, &wanted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_provider_passes_every_module_of_ciba() {
    for variant in [POLL, PING] {
        for outcome in run(Fault::None, None, variant).await {
            let good = matches!(outcome.verdict, Verdict::Passed | Verdict::Review);
            assert!(good, "{variant}: {outcome}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_ciba_is_found() {
    #[rustfmt::skip]
    let faults: &[(Fault, &str, &str)] = &[
        (Fault::None, "-auth-req-id-expired", POLL), // without the wait it has not expired
        (Fault::WeakIds, "-ensure-other-scope-order-succeeds", POLL),
        (Fault::CachesTokens, "-ensure-other-scope-order-succeeds", POLL),
        (Fault::NoInteractionId, "-ensure-other-scope-order-succeeds", POLL),
        (Fault::TokensAtOnce, "-ensure-other-scope-order-succeeds", POLL),
        (Fault::StrictExpiry, "-ensure-requested-expiry-as-string-succeeds", POLL),
        (Fault::IgnoresDenial, "-user-rejects-authentication", POLL),
        (Fault::Overwhelmed, "-multiple-call-to-token-endpoint", POLL),
        (Fault::AnyObject, "-ensure-request-object-missing-aud-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-bad-aud-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-missing-iss-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-bad-iss-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-missing-exp-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-expired-exp-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-exp-is-70-minutes-in-future-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-missing-iat-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-missing-nbf-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-nbf-is-10-minutes-in-future-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-nbf-is-70-minutes-in-past-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-missing-jti-fails", POLL),
        (Fault::OtherErrors, "-ensure-request-object-missing-jti-fails", POLL),
        (Fault::AnyObject, "-ensure-request-object-signature-algorithm-is-none-fails", POLL),
        (Fault::AnySigner, "-ensure-request-object-signature-algorithm-is-bad-fails", POLL),
        (Fault::AnyAlg, "-ensure-request-object-signature-algorithm-is-RS256-fails", POLL),
        (Fault::AnySigner, "-ensure-request-object-signed-by-other-client-fails", POLL),
        (Fault::TwoHints, "-ensure-authorization-request-with-multiple-hints-fails", POLL),
        (Fault::TakesUnsigned, "-ensure-unsigned-backchannel-authorization-request-fails", POLL),
        (Fault::IdsForAll, "-ensure-wrong-auth-req-id-in-token-endpoint-request", POLL),
        (Fault::NoAssertion, "-ensure-without-client-assertion-in-token-endpoint-request", POLL),
        (Fault::NoAssertion, "-ensure-without-client-assertion-in-backchannel-authorization-request", POLL),
        (Fault::AnyAlg, "-ensure-client-assertion-signature-algorithm-in-backchannel-authorization-request-is-RS256-fails", POLL),
        (Fault::AnyAlg, "-ensure-client-assertion-signature-algorithm-in-token-endpoint-request-is-RS256-fails", POLL),
        (Fault::RefreshForAnyone, "-refresh-token", POLL),
        (Fault::Silent, "-ensure-other-scope-order-succeeds", PING),
        (Fault::ChattyPings, "-ensure-other-scope-order-succeeds", PING),
        (Fault::Silent, "-ping-backchannel-notification-endpoint-response-has-body", PING),
        (Fault::Silent, "-ping-backchannel-notification-endpoint-response-403", PING),
        (Fault::Silent, "-ping-backchannel-notification-endpoint-response-401", PING),
        (Fault::Retries, "-ping-with-mtls-ciba-notification-endpoint-response-401-and-require-server-does-not-retry", PING),
        (Fault::FollowsRedirects, "-ping-backchannel-notification-endpoint-return-redirect-request", PING),
    ];
    for (fault, module, variant) in faults.iter().copied() {
        let name = format!("fapi-ciba-id1{module}");
        let outcomes = run(fault, Some(&name), variant).await;
        assert_eq!(outcomes.len(), 1, "{module}");
        assert_eq!(
            outcomes[0].verdict,
            Verdict::Failed,
            "{fault:?} at {}",
            outcomes[0]
        );
    }
}
