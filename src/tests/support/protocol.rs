//! Calls of the room `oidc` as its door makes them, for tests that begin where a client or a person has been found:
//! a code that was granted, its tokens, what they open. `authorization` and the files of the endpoints use it.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{TestOp, parameters, rows, visitor};
use itu_account::accounts::sessions;
use itu_account::domain::account::Account;
use itu_account::domain::authentication::Proof;
use itu_account::domain::authorization::Grant;
use itu_account::domain::claim::ClaimsRequest;
use itu_account::domain::client::{Client, ClientSecret, Definition, Origin};
use itu_account::domain::profile::Profile;
use itu_account::domain::scope::Scope;
use itu_account::domain::secret::Digest;
use itu_account::domain::session::Session;
use itu_account::domain::{AuthorizationId, ClientId};
use itu_account::oidc::client_authentication::Credentials;
use itu_account::oidc::resource::PresentedToken;
use itu_account::oidc::sender_constraint::PresentedProof;
use itu_account::oidc::token::{self, TokenResponse};
use itu_account::oidc::userinfo::Userinfo;
use itu_account::oidc::{self, Code, Error, Parameters, codes, userinfo};
use itu_account::random;
use itu_account::storage::clients;

pub const CALLBACK: &str = "https://rp.example/cb";
pub const SECRET: &str = "a-secret-of-the-client";

/// Somebody with a live session.
pub struct SignedIn {
    pub account: Account,
    pub session: Session,
}

/// Returns the credentials of a client that sends parameters alone.
pub fn in_parameters<'a>(parameters: &'a Parameters, endpoint: &'a str) -> Credentials<'a> {
    Credentials {
        authorization: None,
        parameters,
        certificate: None,
        endpoint,
    }
}

impl TestOp {
    /// Inserts a confidential client with [`SECRET`], whatever its metadata come to: no rule of registration is asked.
    pub async fn insert_client(&self, id: &str, metadata: Value) -> Arc<Client> {
        let mut metadata = metadata;
        metadata["redirect_uris"] = serde_json::json!([CALLBACK]);
        let definition: Definition = serde_json::from_value(metadata).expect("a definition");
        let client = Client {
            id: ClientId::new(id),
            enabled: true,
            origin: Origin::Administrator,
            metadata: definition.metadata,
            settings: definition.settings,
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

    /// Inserts a first-party web client for all grants.
    pub async fn insert_web_client(&self) -> Arc<Client> {
        let metadata = serde_json::json!({"first_party": true, "client_name": "Web",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "post_logout_redirect_uris": ["https://rp.example/out"],
            "scope": "openid profile email offline_access itu_membership catalogue"});
        self.insert_client("web", metadata).await
    }

    /// Inserts an account and starts its session, as after a login by password.
    pub async fn sign_in(&self) -> SignedIn {
        let name = random::id().to_lowercase().replace(['-', '_'], "x");
        let usual = rows::account(&format!("{name}@example.org"), self.now());
        let account = Account {
            profile: Profile {
                last_name: "Ames".into(),
                ..usual.profile
            },
            ..usual
        };
        self.insert_account(account.clone(), None).await;
        let started = self
            .app
            .write(&visitor(), async |tx| {
                sessions::start(tx, &account, Proof::password(tx.now())).await
            })
            .await
            .expect("signed in");
        SignedIn {
            account,
            session: started.session,
        }
    }

    pub fn grant(&self, client: &Client, person: &SignedIn, scope: &str) -> Grant {
        Grant {
            resources: Vec::new(),
            details: Default::default(),
            grant_id: None,
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
            is_test: false,
            authentication: person.session.authentication(),
            granted_at: self.now(),
        }
    }

    /// Returns a code as the authorization endpoint gives it.
    pub async fn issue_code(&self, client: &Client, person: &SignedIn, scope: &str) -> String {
        let grant = self.grant(client, person, scope);
        codes::issue(&self.app, client, &grant).await.expect("a code")
    }

    pub async fn redeem(&self, client: &Client, code: &str) -> Result<TokenResponse, Error> {
        let request = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        self.exchange(client, parameters(request)).await
    }

    pub async fn refresh(&self, client: &Client, token: &str) -> Result<TokenResponse, Error> {
        let request = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.exchange(client, parameters(request)).await
    }

    pub async fn exchange(&self, client: &Client, request: Parameters) -> Result<TokenResponse, Error> {
        token::exchange(
            &self.app,
            &visitor(),
            client,
            &request,
            &PresentedProof::default(),
        )
        .await
    }

    pub async fn issue_tokens(&self, client: &Client, person: &SignedIn, scope: &str) -> TokenResponse {
        let code = self.issue_code(client, person, scope).await;
        self.redeem(client, &code).await.expect("tokens")
    }

    pub async fn read_userinfo(&self, token: &str) -> Result<Value, Error> {
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

    pub async fn introspect(&self, client: &Client, token: &str) -> Value {
        let request = parameters([("token", token)]);
        oidc::introspection::answer(&self.app, client, &request)
            .await
            .expect("an answer")
    }

    /// Returns the claims of an ID token, its signature verified.
    pub fn id_token_claims(&self, tokens: &TokenResponse) -> Value {
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
