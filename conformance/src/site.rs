//! The checker's own site. The provider fetches documents from it, as keys, sector lists and request objects, and sends
//! notifications to it, as of a logout.

use crate::config;
use anyhow::{Context, Result};
use rustls::ProtocolVersion;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Limits how much of a request is read.
const LONGEST: usize = 64 * 1024;

#[derive(Clone)]
struct Document {
    status: u16,
    headers: String,
    body: String,
    /// The requests that came, where the site listens.
    received: Option<Vec<ReceivedRequest>>,
}

/// A request that the provider sent.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// `None` without TLS, as the settings allow.
    pub tls: Option<ProtocolVersion>,
}

impl ReceivedRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

type Documents = Arc<Mutex<HashMap<String, Document>>>;

pub struct Site {
    url: String,
    documents: Documents,
}

impl Site {
    /// Listens until the program ends.
    pub async fn open(settings: &config::Site) -> Result<Self> {
        let listener = TcpListener::bind(&settings.listen)
            .await
            .with_context(|| format!("[site] cannot listen at {}", settings.listen))?;
        Self::on(listener, settings)
    }

    /// Listens at a port that is held already.
    pub fn on(listener: TcpListener, settings: &config::Site) -> Result<Self> {
        let tls = match (&settings.certificate, &settings.key) {
            (Some(certificate), Some(key)) => {
                let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
                    .context("[site] certificate")?
                    .collect::<Result<_, _>>()
                    .context("[site] certificate")?;
                let key = PrivateKeyDer::from_pem_file(key).context("[site] key")?;
                let config = rustls::ServerConfig::builder()
                    .with_no_client_auth()
                    .with_single_cert(chain, key)
                    .context("[site] certificate and key do not fit")?;
                Some(TlsAcceptor::from(Arc::new(config)))
            }
            _ => None,
        };
        let documents = Documents::default();
        tokio::spawn(serve(listener, tls, documents.clone()));
        Ok(Self {
            url: settings.url.trim_end_matches('/').to_owned(),
            documents,
        })
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Shows a document at the path from now on.
    pub fn show(&self, path: &str, media_type: &'static str, body: String) {
        let document = Document {
            status: 200,
            headers: format!("Content-Type: {media_type}\r\n"),
            body,
            received: None,
        };
        self.put(path, document);
    }

    /// Answers so at the path from now on, and keeps the requests that come.
    pub fn listen(&self, path: &str, status: u16, headers: &str, body: &str) {
        let document = Document {
            status,
            headers: headers.to_owned(),
            body: body.to_owned(),
            received: Some(Vec::new()),
        };
        self.put(path, document);
    }

    /// Answers so to whoever comes with this bearer token, wherever on the site, and keeps the requests.
    pub fn listen_to(&self, token: &str, status: u16, headers: &str, body: &str) {
        self.listen(token, status, headers, body);
    }

    fn put(&self, key: &str, document: Document) {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.insert(key.to_owned(), document);
    }

    pub fn received(&self, path: &str) -> Vec<ReceivedRequest> {
        let documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let found = documents.get(path).and_then(|it| it.received.clone());
        found.unwrap_or_default()
    }

    /// Waits for the first request at the path.
    pub async fn wait_for(&self, path: &str, patience: Duration) -> Option<ReceivedRequest> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            if let Some(request) = self.received(path).into_iter().next() {
                return Some(request);
            }
            if tokio::time::Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, documents: Documents) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, documents) = (tls.clone(), documents.clone());
        tokio::spawn(async move {
            let answered = async {
                match tls {
                    Some(tls) => {
                        let stream = tls.accept(stream).await.ok()?;
                        let version = stream.get_ref().1.protocol_version();
                        answer(stream, version, &documents).await
                    }
                    None => answer(stream, None, &documents).await,
                }
            };
            let _ = tokio::time::timeout(Duration::from_secs(10), answered).await;
        });
    }
}

/// Answers one request for each connection.
async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    tls: Option<ProtocolVersion>,
    documents: &Documents,
) -> Option<()> {
    let mut bytes = Vec::new();
    let (head, length, begin) = loop {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = header_of(&head, "content-length").and_then(|it| it.parse::<usize>().ok());
            break (head, length.unwrap_or(0).min(LONGEST), end + 4);
        }
        if bytes.len() > LONGEST || stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    while bytes.len() < begin + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let received = ReceivedRequest {
        method: method.to_owned(),
        headers: headers_of(&head).collect(),
        body: String::from_utf8_lossy(&bytes[begin..begin + length]).into_owned(),
        tls,
    };
    let text = {
        let mut documents = documents.lock().unwrap_or_else(PoisonError::into_inner);
        let bearer = received
            .header("authorization")
            .and_then(|it| it.strip_prefix("Bearer "));
        let place = match bearer.filter(|it| documents.contains_key(*it)) {
            Some(token) => token.to_owned(),
            None => target.split('?').next()?.to_owned(),
        };
        match documents.get_mut(&place) {
            Some(document) => {
                if let Some(kept) = &mut document.received {
                    kept.push(received);
                }
                let (status, length) = (document.status, document.body.len());
                format!(
                    "HTTP/1.1 {status} X\r\nConnection: close\r\n{}Content-Length: {length}\r\n\r\n{}",
                    document.headers, document.body
                )
            }
            None => "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned(),
        }
    };
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

fn headers_of(head: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = head.lines().skip(1).filter_map(|it| it.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn header_of(head: &str, name: &str) -> Option<String> {
    headers_of(head)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}
