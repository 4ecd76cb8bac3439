//! The line between a browser and the server: it counts what the browser sends, and holds answers back until a test
//! lets them go, as a slow network does.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use itu_account::http::server;

#[derive(Clone)]
pub struct Line {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    http: reqwest::Client,
    server: Mutex<Option<SocketAddr>>,
    /// The POSTs that came, by path; `true` once the server has answered.
    posts: Mutex<Vec<(String, bool)>>,
    /// The path whose answers are held.
    held: watch::Sender<Option<String>>,
}

impl Line {
    /// Listens on a port of its own; over TLS if there is an acceptor.
    pub async fn opens(tls: Option<TlsAcceptor>) -> Self {
        // The HTTP clients of the tests require a provider; none of them meets TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        let shared = Arc::new(Shared {
            http,
            server: Mutex::default(),
            posts: Mutex::default(),
            held: watch::Sender::new(None),
        });
        let router = Router::new().fallback(carry).with_state(shared.clone());
        tokio::spawn(server::serve(listener, tls, router, std::future::pending()));
        Self { port, shared }
    }

    pub fn leads_to(&self, server: SocketAddr) {
        *lock(&self.shared.server) = Some(server);
    }

    /// Returns how many POSTs came to the path.
    pub fn posts(&self, path: &str) -> usize {
        let posts = lock(&self.shared.posts);
        posts.iter().filter(|it| it.0 == path).count()
    }

    /// Holds the answers to all further POSTs of this path, or an asset.
    pub fn holds(&self, path: &str) {
        self.shared.held.send_replace(Some(path.to_owned()));
    }

    pub fn lets_go(&self) {
        self.shared.held.send_replace(None);
    }

    /// Waits until the server has answered that many POSTs of the path, held or not.
    pub async fn has_answers(&self, path: &str, count: usize) {
        for _ in 0..300 {
            let answered = {
                let posts = lock(&self.shared.posts);
                posts.iter().filter(|it| it.0 == path && it.1).count()
            };
            if answered >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not {count} answers to POST {path}");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn carry(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let post = (parts.method == Method::POST).then(|| {
        let mut posts = lock(&shared.posts);
        posts.push((path.clone(), false));
        posts.len() - 1
    });
    let Ok(body) = axum::body::to_bytes(body, 1024 * 1024).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(answer) = send(&shared, parts, body).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    if let Some(post) = post {
        lock(&shared.posts)[post].1 = true;
    }
    if post.is_some() || path.starts_with("/assets/") {
        let mut held = shared.held.subscribe();
        let _ = held.wait_for(|it| it.as_deref() != Some(path.as_str())).await;
    }
    answer
}

async fn send(shared: &Shared, mut parts: axum::http::request::Parts, body: Bytes) -> Option<Response> {
    let server = (*lock(&shared.server))?;
    let target = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let url = format!("http://{server}{target}");
    parts.headers.remove(header::CONNECTION);
    if let Some(authority) = parts.uri.authority() {
        // HTTP/2 puts the host elsewhere.
        let host = authority.as_str().parse().ok()?;
        parts.headers.insert(header::HOST, host);
    }
    let request = shared.http.request(parts.method, url).headers(parts.headers);
    let answer = request.body(body).send().await.ok()?;
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != header::CONNECTION && name != header::TRANSFER_ENCODING && name != header::CONTENT_LENGTH {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(answer.bytes().await.ok()?)).ok()
}
