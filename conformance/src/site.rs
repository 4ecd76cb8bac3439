//! The checker's own address: documents that a provider fetches, as keys, sector lists and request objects.

use crate::config;
use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

#[derive(Clone)]
struct Document {
    media_type: &'static str,
    body: String,
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

    /// What the path shows from now on.
    pub fn show(&self, path: &str, media_type: &'static str, body: String) {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.insert(path.to_owned(), Document { media_type, body });
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, documents: Documents) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, documents) = (tls.clone(), documents.clone());
        tokio::spawn(async move {
            let answered = async {
                match tls {
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => answer(stream, &documents).await,
                        Err(_) => None,
                    },
                    None => answer(stream, &documents).await,
                }
            };
            let _ = tokio::time::timeout(Duration::from_secs(10), answered).await;
        });
    }
}

/// One request for each connection.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, documents: &Documents) -> Option<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|it| it == b"\r\n\r\n") && head.len() < 16 * 1024 {
        match stream.read_buf(&mut head).await.ok()? {
            0 => return None,
            _ => continue,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1)?.split('?').next()?;
    let found = documents
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(path)
        .cloned();
    let text = match found {
        Some(it) => format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
            it.media_type,
            it.body.len(),
            it.body
        ),
        None => "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned(),
    };
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}
