//! Tests FAPI 2.0, Security Profile and Message Signing, through the front door: a service of each profile beside
//! ordinary ones of the same provider, and the attempts that must fail.

mod message_signing;
mod par;
mod token;
mod userinfo;

use openidconnect::HttpResponse;
use serde_json::{Value, json};

use crate::support::{ISSUER, Page, Person, Prover, RelyingParty, Signer, TestOp};
use itu_account::oidc::client_authentication::ASSERTION_TYPE;
use itu_account::oidc::endpoints::{PUSHED_AUTHORIZATION_REQUEST as PAR, TOKEN, USERINFO};

/// RFC 7636, appendix B
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

type Pairs = Vec<(String, String)>;

/// A service that authenticates by one key and binds its tokens to another.
struct Service<'a> {
    op: &'a TestOp,
    rp: RelyingParty,
    key: Signer,
    proofs: Prover<'a>,
}

impl TestOp {
    async fn service(&self, name: &str, profile: &str) -> Service<'_> {
        let key = Signer::new("PS256");
        let metadata = json!({"profile": profile, "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key.public()]}, "dpop_bound_access_tokens": true});
        Service {
            op: self,
            rp: self.client_with(name, metadata).await,
            key,
            proofs: Prover::new(self),
        }
    }

    async fn somebody(&self) -> Person {
        let mut alice = self.person("alice@example.org").await;
        alice.logs_in().await;
        alice
    }
}

impl<'a> Service<'a> {
    fn now(&self) -> i64 {
        self.op.clock.now().timestamp()
    }

    /// Returns a good assertion with `changes` in place of its claims; null leaves a claim out.
    fn assertion(&self, changes: Value) -> Pairs {
        self.assertion_by(&self.key, "PS256", changes)
    }

    fn assertion_by(&self, key: &Signer, alg: &str, changes: Value) -> Pairs {
        let now = self.now();
        let mut claims = json!({"iss": self.rp.id, "sub": self.rp.id, "aud": ISSUER, "iat": now,
            "exp": now + 60, "jti": itu_account::random::token()});
        merge(&mut claims, changes);
        let jwt = key.signs_as(&json!({"alg": alg}), &claims);
        pairs(&[
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &jwt),
        ])
    }

    /// Sends a request with the client authentication and the proof of the key.
    async fn calls(
        &self,
        path: &str,
        fields: &Pairs,
        assertion: &Pairs,
        proof: Option<&str>,
    ) -> HttpResponse {
        let all: Vec<(&str, &str)> = fields
            .iter()
            .chain(assertion)
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let proof: Vec<(&str, &str)> = proof.into_iter().map(|it| ("dpop", it)).collect();
        self.rp.posts_with(path, &all, &proof).await
    }

    /// Returns the fields that it pushes, with `more` in their place; an empty value leaves a name out.
    fn request(&self, more: &[(&str, &str)]) -> Pairs {
        let mut fields = pairs(&[
            ("redirect_uri", &self.rp.redirect_uri),
            ("response_type", "code"),
            ("scope", "openid email offline_access"),
            ("state", "the pushed state"),
            ("nonce", "the pushed nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        fields.retain(|it| more.iter().all(|other| other.0 != it.0));
        fields.extend(pairs(more).into_iter().filter(|it| !it.1.is_empty()));
        fields
    }

    async fn pushes(&self, fields: &Pairs) -> HttpResponse {
        self.calls(PAR, fields, &self.assertion(json!({})), None).await
    }

    async fn reference(&self, fields: &Pairs) -> String {
        let answer = self.pushes(fields).await;
        assert_eq!(answer.status(), 201, "{}", body(&answer));
        let returned = body(&answer);
        returned["request_uri"].as_str().expect("a reference").to_owned()
    }

    /// Returns the address by which the browser brings a reference.
    fn opens(&self, request_uri: &str, more: &[(&str, &str)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("client_id", self.rp.id.as_str()), ("request_uri", request_uri)])
            .extend_pairs(more)
            .finish();
        format!("/authorize?{query}")
    }

    /// Pushes the request and returns the page that answers it.
    async fn sends(&self, person: &mut Person, fields: &Pairs) -> Page {
        let url = self.opens(&self.reference(fields).await, &[]);
        person.goes_through(&url).await
    }

    async fn code(&self, person: &mut Person) -> String {
        let back = self.sends(person, &self.request(&[])).await;
        back.query("code")
            .unwrap_or_else(|| panic!("no code: {}", back.url))
    }

    fn redemption(&self, code: &str, more: &[(&str, &str)]) -> Pairs {
        let mut fields = pairs(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.rp.redirect_uri),
            ("code_verifier", VERIFIER),
        ]);
        fields.retain(|it| more.iter().all(|other| other.0 != it.0));
        fields.extend(pairs(more).into_iter().filter(|it| !it.1.is_empty()));
        fields
    }

    /// Sends a correct token request.
    async fn asks(&self, fields: &Pairs) -> HttpResponse {
        let proof = self.proofs.proves("POST", TOKEN, None);
        self.calls(TOKEN, fields, &self.assertion(json!({})), Some(&proof))
            .await
    }

    async fn tokens(&self, person: &mut Person) -> Value {
        let code = self.code(person).await;
        let answer = self.asks(&self.redemption(&code, &[])).await;
        assert_eq!(answer.status(), 200, "{}", body(&answer));
        body(&answer)
    }
}

fn pairs(these: &[(&str, &str)]) -> Pairs {
    let owned = these
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

fn merge(claims: &mut Value, changes: Value) {
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .expect("an object")
        .retain(|_, value| !value.is_null());
}

fn body(answer: &HttpResponse) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

fn error_of(answer: &HttpResponse) -> (u16, String) {
    let error = body(answer)["error"].as_str().unwrap_or_default().to_owned();
    (answer.status().as_u16(), error)
}

fn refused(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}
