//! `Site`: a service's own web site, over TLS on loopback, from which the provider fetches documents at the addresses
//! that the service registered.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509Builder, X509NameBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use itu_account::config::{Authority, Config};
use itu_account::http::server;

#[derive(Clone)]
struct Page {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Requests wait here until all have come.
    meeting: Option<Arc<Barrier>>,
}

#[derive(Default)]
struct Pages {
    by_path: BTreeMap<String, Page>,
    /// Texts: a body that has one is answered by a failure.
    failing: Vec<String>,
    asked: HashMap<String, usize>,
    received: Vec<(String, HeaderMap, String)>,
}

pub struct Site {
    address: SocketAddr,
    pages: Arc<Mutex<Pages>>,
    folder: TempDir,
}

impl Site {
    /// Starts a site of pages, none at first.
    pub async fn start() -> Self {
        let pages = Arc::new(Mutex::new(Pages::default()));
        let router = Router::new().fallback(page).with_state(pages.clone());
        Self::serve(router, pages).await
    }

    /// Starts a site that answers by itself.
    pub async fn with(router: Router) -> Self {
        Self::serve(router, Arc::default()).await
    }

    async fn serve(router: Router, pages: Arc<Mutex<Pages>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = certificate();
        std::fs::write(folder.path().join("cert.pem"), certificate).expect("written");
        std::fs::write(folder.path().join("key.pem"), key).expect("written");
        let tls = server::tls(&folder.path().join("cert.pem"), &folder.path().join("key.pem")).expect("TLS");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(server::serve(listener, Some(tls), router, std::future::pending()));
        Self {
            address,
            pages,
            folder,
        }
    }

    /// Returns certificate and key for `localhost`, in PEM.
    pub fn certificate_and_key() -> (Vec<u8>, Vec<u8>) {
        certificate()
    }

    /// Changes the settings so that the provider may connect to the site.
    pub fn is_allowed(&self, config: &mut Config) {
        config.fetch.allow.push(self.authority());
        config.fetch.extra_ca = Some(self.certificate());
    }

    pub fn authority(&self) -> Authority {
        Authority::parse(&format!("localhost:{}", self.address.port())).expect("host:port")
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    pub fn at(&self, path: &str) -> String {
        format!("https://{}{path}", self.authority())
    }

    pub fn shows(&self, path: &str, body: &serde_json::Value) {
        self.answers(
            path,
            200,
            &[("content-type", "application/json")],
            body.to_string(),
        );
    }

    pub fn answers(
        &self,
        path: &str,
        status: u16,
        headers: &[(&'static str, &str)],
        body: impl Into<Vec<u8>>,
    ) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let page = Page {
            status,
            headers: headers.collect(),
            body: body.into(),
            meeting: None,
        };
        self.lock().by_path.insert(path.to_owned(), page);
    }

    /// Answers what has one of these texts in its body by 503.
    pub fn fails_about(&self, texts: Vec<String>) {
        self.lock().failing = texts;
    }

    /// Answers the next requests to the path together, once so many have come: all their senders are at the same point
    /// then.
    pub fn has_meet(&self, path: &str, requests: usize) {
        let mut pages = self.lock();
        let page = pages.by_path.get_mut(path).expect("a page");
        page.meeting = Some(Arc::new(Barrier::new(requests)));
    }

    /// Returns how often the path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.lock().asked.get(path).copied().unwrap_or_default()
    }

    /// Returns the bodies that came to the path, in their order.
    pub fn received(&self, path: &str) -> Vec<String> {
        let pages = self.lock();
        let there = pages.received.iter().filter(|it| it.0 == path);
        there.map(|it| it.2.clone()).collect()
    }

    /// Returns the headers that came with them.
    pub fn headers(&self, path: &str) -> Vec<HeaderMap> {
        let pages = self.lock();
        let there = pages.received.iter().filter(|it| it.0 == path);
        there.map(|it| it.1.clone()).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn page(State(pages): State<Arc<Mutex<Pages>>>, request: Request) -> Response {
    let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
    let body = axum::body::to_bytes(request.into_body(), 64 * 1024).await;
    let body = String::from_utf8_lossy(&body.expect("a body")).into_owned();
    let found = {
        let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
        *pages.asked.entry(path.clone()).or_default() += 1;
        let fails = pages.failing.iter().any(|it| body.contains(it.as_str()));
        pages.received.push((path.clone(), headers, body));
        if fails {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        pages.by_path.get(&path).cloned()
    };
    let Some(page) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if let Some(meeting) = page.meeting {
        meeting.wait().await;
    }
    let mut response = Response::builder().status(page.status);
    for (name, value) in page.headers {
        response = response.header(name, value);
    }
    response.body(page.body.into()).expect("a response")
}

/// Makes a self-signed certificate for `localhost`.
fn certificate() -> (Vec<u8>, Vec<u8>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
    let mut name = X509NameBuilder::new().expect("a name");
    name.append_entry_by_text("CN", "localhost").expect("a name");
    let name = name.build();
    let mut builder = X509Builder::new().expect("a certificate");
    builder.set_version(2).expect("a version");
    let serial = BigNum::from_u32(1).expect("a number").to_asn1_integer();
    builder
        .set_serial_number(&serial.expect("a number"))
        .expect("a number");
    builder.set_subject_name(&name).expect("a name");
    builder.set_issuer_name(&name).expect("a name");
    builder.set_pubkey(&key).expect("a key");
    builder
        .set_not_before(&Asn1Time::days_from_now(0).expect("a time"))
        .expect("a time");
    builder
        .set_not_after(&Asn1Time::days_from_now(2).expect("a time"))
        .expect("a time");
    let names = SubjectAlternativeName::new()
        .dns("localhost")
        .build(&builder.x509v3_context(None, None));
    builder.append_extension(names.expect("a name")).expect("a name");
    builder.sign(&key, MessageDigest::sha256()).expect("signed");
    let certificate = builder.build().to_pem().expect("PEM");
    (certificate, key.private_key_to_pem_pkcs8().expect("PEM"))
}
