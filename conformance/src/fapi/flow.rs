//! One authorization of FAPI 2.0 as it should be, with everything that a module may change as a field.

use super::{Actor, Constraint, FapiVariant, Jwt, Key, endpoint};
use crate::checks::common::now;
use crate::client::{Request, random_text};
use crate::provider::Provider;
use crate::report::{Step, Stop};
use crate::run::Run;
use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The values that a mutation may read.
pub struct Context {
    pub now: i64,
    pub issuer: String,
    pub par: String,
    pub token: String,
    /// The address of this call.
    pub url: String,
    pub other: Actor,
    /// A text that all calls of a flow share.
    pub once: String,
}

pub type Mutation = fn(&mut Jwt, &Context);

fn unmodified(_: &mut Jwt, _: &Context) {}

/// The client authentication and the proof of possession of one request.
#[derive(Clone)]
pub struct Call {
    pub authenticates: bool,
    pub assertion: Mutation,
    /// Claims to be the other client, by `client_id` and in the assertion, with its own key or certificate.
    pub claims_to_be_other: bool,
    pub proves: bool,
    pub proof: Mutation,
    /// Signs the proof in place of the client's own key.
    pub proof_key: Option<Key>,
    /// Returns the headers that carry the proof.
    pub wrapped: fn(String) -> Vec<(&'static str, String)>,
    pub presents_certificate: bool,
}

impl Call {
    fn new(proves: bool) -> Self {
        Self {
            authenticates: true,
            assertion: unmodified,
            claims_to_be_other: false,
            proves,
            proof: unmodified,
            proof_key: None,
            wrapped: |proof| vec![("dpop", proof)],
            presents_certificate: true,
        }
    }
}

#[derive(Clone)]
pub struct Flow {
    pub fapi: FapiVariant,
    pub own: Actor,
    pub other: Actor,
    /// The parameters that are pushed.
    pub request: Request,
    /// Mutates the request object, where there is one.
    pub object: Mutation,
    pub signs: bool,
    /// The object says what it is (RFC 9101 §10.8).
    pub typed: bool,
    /// Parameters beside the object at the pushed authorization request endpoint.
    pub beside_object: Vec<(String, String)>,
    pub pushes: bool,
    pub method: &'static str,
    /// The parameters that the browser carries beside the reference.
    pub opened: Request,
    /// The browser opens it once more before anybody logs in.
    pub opens_twice: bool,
    /// The provider may have forgotten the request: an error may lack the state and the signature.
    pub forgotten: bool,
    pub redemption: Request,
    pub redeemed_by_other: bool,
    pub par: Call,
    pub token: Call,
    pub resource: Call,
    /// Writes the scheme of the `Authorization` header at the resource.
    pub scheme: fn(&str) -> String,
    pub accept: &'static str,
    /// A text that the calls of this flow share.
    pub once: String,
}

/// Returns the flow of the first client. As in the suite, the browser repeats parameters beside the reference, and the
/// client proves its key at the token endpoint and the resource.
pub fn flow(run: &mut Run) -> Step<Flow> {
    let fapi = run.variant.fapi.context("not a variant of FAPI")?;
    let (own, other) = Actor::two(run, fapi)?;
    Ok(of(*fapi, own, other))
}

fn of(fapi: FapiVariant, own: Actor, other: Actor) -> Flow {
    let verifier = random_text(43);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let mut request = Request { params: Vec::new() }
        .with("client_id", own.id.as_str())
        .with("redirect_uri", own.redirect_uri.as_str())
        .with("scope", fapi.scope())
        .with("state", random_text(10))
        .with("response_type", "code")
        .with("code_challenge", challenge)
        .with("code_challenge_method", "S256");
    if fapi.openid {
        request.set("nonce", random_text(10));
    }
    if fapi.signed {
        request.set("response_mode", "jwt");
    }
    let mut opened = Request { params: Vec::new() };
    for name in ["client_id", "redirect_uri", "scope", "response_type"] {
        opened.set(name, request.get(name).unwrap_or_default());
    }
    let redemption = Request { params: Vec::new() }
        .with("grant_type", "authorization_code")
        .with("redirect_uri", own.redirect_uri.as_str())
        .with("code_verifier", verifier);
    Flow {
        fapi,
        own,
        other,
        request,
        object: unmodified,
        signs: fapi.signed,
        typed: true,
        beside_object: Vec::new(),
        pushes: true,
        method: "POST",
        opened,
        opens_twice: false,
        forgotten: false,
        redemption,
        redeemed_by_other: false,
        par: Call::new(false),
        token: Call::new(true),
        resource: Call::new(true),
        scheme: str::to_owned,
        accept: "application/json",
        once: random_text(10),
    }
}

impl Flow {
    /// Returns the flow of the second client. As in the suite, it sends `dpop_jkt` and a longer nonce.
    pub fn for_second_client(&self) -> Self {
        let mut flow = of(self.fapi, self.other.clone(), self.own.clone());
        if flow.fapi.openid {
            flow.request.set("nonce", random_text(43));
        }
        if flow.fapi.constraint == Constraint::Dpop {
            let thumbprint = flow.own.proofs.thumbprint();
            flow.request.set("dpop_jkt", thumbprint);
        }
        flow.opened = Request { params: Vec::new() }.with("client_id", flow.own.id.as_str());
        flow
    }

    pub fn drop(&mut self, name: &str) {
        self.request.params.retain(|(key, _)| key != name);
        self.opened.params.retain(|(key, _)| key != name);
    }

    /// Sets a parameter of the request.
    pub fn ask(&mut self, name: &str, value: impl Into<String>) {
        self.request.set(name, value);
    }

    /// Sets a parameter that the browser carries.
    pub fn open_with(&mut self, name: &str, value: impl Into<String>) {
        self.opened.set(name, value);
    }

    /// Sets a parameter of the token request.
    pub fn redeem_with(&mut self, name: &str, value: impl Into<String>) {
        self.redemption.set(name, value);
    }

    /// Proves its key when it pushes, too.
    pub fn prove_at_par(&mut self) {
        self.par.proves = true;
    }

    /// Mutates the proofs of all calls.
    pub fn mutate_proofs(&mut self, mutation: Mutation) {
        for call in [&mut self.par, &mut self.token, &mut self.resource] {
            call.proof = mutation;
        }
    }

    pub fn context(&self, provider: &Provider, url: &str) -> Context {
        let at = |name: &str| endpoint(provider, &self.fapi, name).unwrap_or_default();
        Context {
            now: now(),
            issuer: provider.issuer.clone(),
            par: at("pushed_authorization_request_endpoint"),
            token: at("token_endpoint"),
            url: url.to_owned(),
            other: self.other.clone(),
            once: self.once.clone(),
        }
    }

    /// Signs a client assertion. RFC 7523 §3, FAPI 2.0 §5.3.3.4: its audience is the issuer alone.
    pub fn assertion(&self, actor: &Actor, call: &Call, context: &Context) -> anyhow::Result<String> {
        let id = if call.claims_to_be_other {
            &context.other.id
        } else {
            &actor.id
        };
        let claims = json!({"iss": id, "sub": id, "aud": context.issuer, "jti": random_text(20),
            "iat": context.now, "nbf": context.now, "exp": context.now + 60});
        let mut jwt = Jwt::new(&actor.key, claims);
        (call.assertion)(&mut jwt, context);
        jwt.compact()
    }

    /// Signs the request object (FAPI 2.0 Message Signing §5.3.1, RFC 9101 §4).
    pub fn request_object(&self, context: &Context) -> anyhow::Result<String> {
        let pairs = self.request.params.iter();
        let mut claims: Map<String, Value> = pairs
            .map(|(name, value)| {
                let json = (name == "claims")
                    .then(|| serde_json::from_str(value).ok())
                    .flatten();
                (name.clone(), json.unwrap_or_else(|| value.as_str().into()))
            })
            .collect();
        claims.insert("iss".into(), self.own.id.as_str().into());
        claims.insert("aud".into(), context.issuer.as_str().into());
        claims.insert("jti".into(), random_text(20).into());
        for (name, value) in [("iat", 0), ("nbf", 0), ("exp", 300)] {
            claims.insert(name.into(), (context.now + value).into());
        }
        let mut jwt = Jwt::new(&self.own.key, Value::Object(claims));
        if self.typed {
            jwt.header["typ"] = "oauth-authz-req+jwt".into();
        }
        (self.object)(&mut jwt, context);
        jwt.compact()
    }

    /// Signs a DPoP proof (RFC 9449 §4.2).
    pub fn proof(
        &self,
        actor: &Actor,
        call: &Call,
        context: &Context,
        (method, nonce, access_token): (&str, Option<&str>, Option<&str>),
    ) -> anyhow::Result<String> {
        let key = call.proof_key.as_ref().unwrap_or(&actor.proofs);
        let mut claims =
            json!({"jti": random_text(20), "htm": method, "htu": context.url, "iat": context.now});
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = access_token {
            claims["ath"] = URL_SAFE_NO_PAD.encode(Sha256::digest(token)).into();
        }
        let mut jwt = Jwt::new(key, claims);
        jwt.header = json!({"typ": "dpop+jwt", "alg": key.alg(), "jwk": bare(key)});
        (call.proof)(&mut jwt, context);
        jwt.compact()
    }
}

/// Returns the public key without `kid` and `alg`.
fn bare(key: &Key) -> Value {
    let mut public = key.public();
    if let Some(members) = public.as_object_mut() {
        members.retain(|name, _| name != "kid" && name != "alg");
    }
    public
}

/// Stops a module for which the metadata lacks an endpoint.
pub fn missing(name: &str) -> Stop {
    Stop::Broken(format!("the metadata has no {name}"))
}
