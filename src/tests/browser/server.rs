//! The product with a browser before it: the real listener behind a `Line`, and services of their own that people come
//! from.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{Html, Redirect};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::line::Line;
use crate::support::{Site, TestOp};
use itu_account::app::App;
use itu_account::config::{Config, Issuer};
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::http::{router, server};
use itu_account::oidc::clients::{self, NewClient, Registration};

pub struct Server {
    pub op: TestOp,
    /// The address without a slash at the end.
    pub url: String,
    pub line: Line,
}

impl Server {
    pub async fn starts() -> Self {
        Self::starts_with(|_| {}).await
    }

    /// Starts with settings other than the defaults.
    pub async fn starts_with(change: impl FnOnce(&mut Config)) -> Self {
        let line = Line::opens(None).await;
        let url = format!("http://localhost:{}", line.port);
        Self::behind(line, url, change).await
    }

    /// Starts the server over TLS, as in production: cookies are `Secure` then, and can be read in frames of other
    /// sites.
    pub async fn starts_with_tls() -> Self {
        let (certificate, key) = Site::certificate_and_key();
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate_file, key_file) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate_file, certificate).expect("written");
        std::fs::write(&key_file, key).expect("written");
        let tls = server::tls(&certificate_file, &key_file).expect("TLS");
        let line = Line::opens(Some(tls)).await;
        let url = format!("https://localhost:{}", line.port);
        Self::behind(line, url, |_| {}).await
    }

    async fn behind(line: Line, url: String, change: impl FnOnce(&mut Config)) -> Self {
        let issuer = Issuer::parse(&url).expect("an issuer");
        let op = TestOp::with(|config| {
            config.issuer = issuer;
            change(config);
        })
        .await;
        listens(&op.app, &line).await;
        Self { op, url, line }
    }

    /// Starts anew on the same database and keys: everything that waited in memory is forgotten.
    pub async fn restarts(&self) {
        let config = (*self.op.app.config).clone();
        let app = App::open(config, self.op.clock.clone()).await;
        listens(&app.expect("the service starts"), &self.line).await;
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub async fn mails_to(&self, address: &str) -> usize {
        self.op.outbox().to(address).await.len()
    }
}

async fn listens(app: &App, line: &Line) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    line.leads_to(listener.local_addr().expect("an address"));
    let pages = router::router(app);
    tokio::spawn(server::serve(listener, None, pages, std::future::pending()));
}

/// A service with a page of its own and one to which the login comes back.
pub struct Service {
    pub name: &'static str,
    answers: Arc<Mutex<Vec<Value>>>,
    authorization: String,
}

#[derive(Clone)]
struct Pages {
    authorization: String,
    check_session: String,
    client: &'static str,
    answers: Arc<Mutex<Vec<Value>>>,
}

impl Service {
    /// Opens the service on `127.0.0.1`, which is another site than `localhost` to a browser.
    pub async fn opens(server: &Server, name: &'static str, first_party: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!(
            "http://127.0.0.1:{}",
            listener.local_addr().expect("an address").port()
        );
        let metadata = json!({
            "client_name": name,
            "redirect_uris": [format!("{url}/callback")],
            "application_type": "native",
            "client_uri": url,
            "grant_types": ["authorization_code"],
            "scope": "openid profile email",
            "first_party": first_party,
        });
        let definition = serde_json::from_value(metadata).expect("a definition");
        let app = &server.op.app;
        let new = NewClient {
            id: Some(ClientId::new(name)),
            registration: Registration::ByAdministrator(definition),
            secret: None,
        };
        clients::add(app, &Context::operator(), new)
            .await
            .expect("a client");
        app.registry.refresh(app.db.read()).await.expect("a registry");
        let authorization = server.at(&format!(
            "/authorize?client_id={name}&response_type=code&scope=openid+profile+email&state=s&nonce=n&\
             code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&redirect_uri={url}/callback"
        ));
        let answers = Arc::default();
        let pages = Pages {
            authorization: authorization.clone(),
            check_session: server.at("/check-session"),
            client: name,
            answers: Arc::clone(&answers),
        };
        let router = Router::new()
            .route("/", get(home))
            .route("/login", get(login))
            .route("/callback", get(callback))
            .with_state(pages);
        tokio::spawn(server::serve(listener, None, router, std::future::pending()));
        Self {
            name,
            answers,
            authorization,
        }
    }

    /// Returns the address where a login begins, with more parameters.
    pub fn login(&self, more: &str) -> String {
        format!("{}{more}", self.authorization)
    }

    /// Returns how many different codes browsers brought.
    pub fn codes(&self) -> usize {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let codes = answers.iter().filter_map(|it| it["code"].as_str());
        codes.collect::<std::collections::BTreeSet<_>>().len()
    }
}

async fn home() -> Html<&'static str> {
    Html(
        "<!doctype html><title>Service</title><p id='home'>Service</p><a id='login' href='/login'>Log in</a>",
    )
}

async fn login(State(pages): State<Pages>) -> Redirect {
    Redirect::to(&pages.authorization)
}

/// Shows that the person is here, and watches the login as OpenID Connect Session Management 1.0 §3.1 describes.
async fn callback(State(pages): State<Pages>, Query(answer): Query<Value>) -> Html<String> {
    let state = answer["session_state"].as_str().unwrap_or_default().to_owned();
    let error = answer["error"].as_str().unwrap_or_default().to_owned();
    pages
        .answers
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(answer);
    let Pages {
        client,
        check_session,
        ..
    } = pages;
    Html(format!(
        "<!doctype html><title>Service</title><p id='landed'>{error}</p><p id='status'></p>\
         <iframe id='op' src='{check_session}'></iframe><script>\
         const frame = document.getElementById('op');\
         const ask = () => frame.contentWindow.postMessage('{client} {state}', new URL(frame.src).origin);\
         addEventListener('message', (message) => {{ document.getElementById('status').textContent = message.data; }});\
         frame.addEventListener('load', ask); setInterval(ask, 300);</script>"
    ))
}
