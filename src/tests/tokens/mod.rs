//! Tests tokens, from the code that buys them to the logout that ends them, by calls of the room itself:
//! `authorization_request` and `journeys` test the front door's own part.

mod access_token;
mod authorization_code;
mod client_authentication;
mod introspection;
mod jwks_uri;
mod pkce;
mod refresh_token;
mod revocation;
mod rp_initiated_logout;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::support::{parameters, rows};
use itu_account::app::App;
use itu_account::config::Config;
use itu_account::domain::account::Account;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::authentication::Proof;
use itu_account::domain::authorization::Grant;
use itu_account::domain::claim::ClaimsRequest;
use itu_account::domain::client::{Client, ClientSecret, Definition, Origin};
use itu_account::domain::profile::Profile;
use itu_account::domain::scope::Scope;
use itu_account::domain::secret::Digest;
use itu_account::domain::session::Session;
use itu_account::domain::{AuthorizationId, ClientId, Time};
use itu_account::oidc::client_authentication::Credentials;
use itu_account::oidc::sender_constraint::PresentedProof;
use itu_account::oidc::token::{self, TokenResponse};
use itu_account::oidc::userinfo::{PresentedToken, Userinfo};
use itu_account::oidc::{self, Code, Error, Parameters, codes, userinfo};
use itu_account::random;
use itu_account::storage::accounts::NewAccount;
use itu_account::storage::{accounts, clients};
use itu_account::testing;

pub const CALLBACK: &str = "https://rp.example/cb";
pub const SECRET: &str = "a-secret-of-the-client";

/// The provider without its front door.
pub struct Provider {
    pub app: App,
    pub context: Context,
}

/// Somebody with a live session.
pub struct Person {
    pub account: Account,
    pub session: Session,
}

/// Returns the credentials of a client that sends parameters alone.
fn in_parameters<'a>(parameters: &'a Parameters, endpoint: &'a str) -> Credentials<'a> {
    Credentials {
        authorization: None,
        parameters,
        certificate: None,
        endpoint,
    }
}

impl Provider {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts with settings other than the defaults.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self {
            app: testing::app_with("http://localhost:8080", change).await,
            context: Context::of(Actor::Visitor),
        }
    }

    pub fn now(&self) -> Time {
        self.app.clock.now()
    }

    pub fn wait(&self, seconds: i64) {
        self.app.clock.advance(chrono::Duration::seconds(seconds));
    }

    pub async fn client(&self, id: &str, metadata: Value) -> Arc<Client> {
        let mut metadata = metadata;
        metadata["redirect_uris"] = serde_json::json!([CALLBACK]);
        let it: Definition = serde_json::from_value(metadata).expect("a definition");
        let client = Client {
            id: ClientId::new(id),
            enabled: true,
            origin: Origin::Administrator,
            metadata: it.metadata,
            settings: it.settings,
            secrets: vec![ClientSecret {
                digest: Digest::of(SECRET.as_bytes()),
                created_at: self.now(),
                expires_at: None,
            }],
            created_at: self.now(),
            updated_at: self.now(),
        };
        let client = &client;
        self.app
            .db
            .write(async |tx| clients::insert(tx, client).await)
            .await
            .expect("inserted");
        self.app
            .registry
            .refresh(self.app.db.read())
            .await
            .expect("refreshed");
        self.app.registry.find(id).expect("registered")
    }

    /// Registers a first-party web client for all grants.
    pub async fn web(&self) -> Arc<Client> {
        let metadata = serde_json::json!({"first_party": true, "client_name": "Web",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "post_logout_redirect_uris": ["https://rp.example/out"],
            "scope": "openid profile email offline_access itu_membership catalogue"});
        self.client("web", metadata).await
    }

    pub async fn person(&self) -> Person {
        let name = random::id().to_lowercase().replace(['-', '_'], "x");
        let usual = rows::account(&format!("{name}@example.org"), self.now());
        let account = Account {
            profile: Profile {
                last_name: "Ames".into(),
                ..usual.profile
            },
            ..usual
        };
        let new = NewAccount {
            account: account.clone(),
            password_hash: None,
            terms_accepted_at: None,
        };
        let started = self
            .app
            .write(&self.context, async |tx| {
                accounts::insert(tx, new.clone()).await?;
                itu_account::accounts::sessions::start(tx, &account, Proof::password(tx.now()), false).await
            })
            .await
            .expect("signed in");
        Person {
            account,
            session: started.session,
        }
    }

    pub fn grant(&self, client: &Client, person: &Person, scope: &str) -> Grant {
        Grant {
            resources: Vec::new(),
            details: Default::default(),
            authorization_id: AuthorizationId::new(random::id()),
            client_id: client.id.clone(),
            account: person.account.id.clone(),
            session: person.session.id.clone(),
            sid: person.session.sid.clone(),
            redirect_uri: CALLBACK.into(),
            scope: Scope::parse(scope).expect("a scope"),
            claims: ClaimsRequest::default(),
            nonce: Some("n-0".into()),
            code_challenge: None,
            bound_to: None,
            authentication: person.session.authentication(),
            granted_at: self.now(),
        }
    }

    /// Returns a code as the authorization endpoint gives it.
    pub async fn code(&self, client: &Client, person: &Person, scope: &str) -> String {
        let grant = self.grant(client, person, scope);
        codes::issue(&self.app, client, &grant).await.expect("a code")
    }

    pub async fn redeems(&self, client: &Client, code: &str) -> Result<TokenResponse, Error> {
        let request = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        self.asks(client, parameters(request)).await
    }

    pub async fn refreshes(&self, client: &Client, token: &str) -> Result<TokenResponse, Error> {
        let request = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.asks(client, parameters(request)).await
    }

    pub async fn asks(&self, client: &Client, request: Parameters) -> Result<TokenResponse, Error> {
        token::exchange(
            &self.app,
            &self.context,
            client,
            &request,
            &PresentedProof::default(),
        )
        .await
    }

    pub async fn signs_in_at(&self, client: &Client, person: &Person, scope: &str) -> TokenResponse {
        let code = self.code(client, person, scope).await;
        self.redeems(client, &code).await.expect("tokens")
    }

    pub async fn userinfo(&self, token: &str) -> Result<Value, Error> {
        let header = format!("Bearer {token}");
        let presented = PresentedToken {
            authorization: Some(&header),
            ..PresentedToken::default()
        };
        match userinfo::answer(&self.app, presented).await? {
            Userinfo::Json(claims) => Ok(claims),
            Userinfo::Jwt(jwt) => Ok(self.app.keys.verify_own(&jwt, "JWT").expect("our signature")),
        }
    }

    pub async fn introspects(&self, client: &Client, token: &str) -> Value {
        let request = parameters([("token", token)]);
        oidc::introspection::answer(&self.app, client, &request)
            .await
            .expect("an answer")
    }

    /// Returns the claims of an ID token, its signature verified.
    pub fn id_token(&self, tokens: &TokenResponse) -> Value {
        let token = tokens.id_token.as_deref().expect("an ID token");
        self.app.keys.verify_own(token, "JWT").expect("our signature")
    }
}

/// Returns the header of a JWS.
pub fn header_of(jws: &str) -> Value {
    let header = jws.split('.').next().expect("a header");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64url")).expect("JSON")
}

pub fn code_of<T>(answer: Result<T, Error>) -> Code {
    answer.err().expect("a refusal").code()
}

pub fn refresh_token(tokens: &TokenResponse) -> String {
    tokens.refresh_token.clone().expect("a refresh token")
}
