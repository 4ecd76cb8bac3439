//! The listener: HTTP/1.1 and HTTP/2, with or without TLS, with time and size limits on everything a
//! stranger can send (security.md DS-1, TL-1), and a shutdown that lets answers under way finish.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::client_certificates::AnyCertificate;
use super::network::Peer;
use super::unread_body;
use crate::certificates::Certificate;

const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The time that answers have to finish. A process that is asked to end is killed some seconds later; an answer that
/// takes longer is not one for a person.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(4);
const MAX_CONNECTIONS: usize = 1024;
const MAX_STREAMS: u32 = 100;
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// The largest header list. HTTP/2 counts 32 bytes more for each field (RFC 9113 §6.5.2), and cookies may come in a
/// field each (§8.2.3): `layers` counts what is left as HTTP/1.1 writes it.
const MAX_HEADER_LIST: u32 = 32 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the TLS certificate or key cannot be read: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("the TLS certificate and key do not fit: {0}")]
    Tls(#[from] rustls::Error),
}

/// Returns the acceptor for TLS 1.2 and 1.3, which is all that rustls speaks (TL-1).
pub fn tls(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    acceptor(certificate, key, false)
}

/// Returns the settings that also request a certificate, which need not come (RFC 8705 §2).
pub fn mutual_tls(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    acceptor(certificate, key, true)
}

fn acceptor(certificate: &Path, key: &Path, asks: bool) -> Result<TlsAcceptor, TlsError> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let provider = Arc::new(suites());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = if asks {
        builder.with_client_cert_verifier(Arc::new(AnyCertificate::new(&provider)))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Returns the cipher suites: on TLS 1.2 AES-GCM alone, as RFC 9325 §4.2 recommends; the profiles that CIBA is built on
/// allow no other (FAPI 1.0 Advanced §8.5). A client that speaks ChaCha20 speaks TLS 1.3.
fn suites() -> rustls::crypto::CryptoProvider {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.retain(|suite| {
        let is_chacha = suite.suite().as_str().is_some_and(|it| it.contains("CHACHA20"));
        suite.tls13().is_some() || !is_chacha
    });
    provider
}

/// Has each connection end with its next answer once the process is leaving (RFC 9112 §9.6), so that none of them is in use
/// when the listener closes.
pub fn until_leaving(router: Router, leaving: CancellationToken) -> Router {
    let middleware = move |request: Request, next: Next| {
        let leaving = leaving.clone();
        async move {
            // RFC 9113 §8.2.2: HTTP/2 has no such field; a connection of it is told at the end.
            let is_http_1 = request.version() <= Version::HTTP_11;
            let mut response = next.run(request).await;
            if is_http_1 && leaving.is_cancelled() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            response
        }
    };
    router.layer(axum::middleware::from_fn(middleware))
}

/// Serves until `stop` resolves, then until the answers under way are out, but not for ever.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = Arc::new(GracefulShutdown::new());
    let mut stop = std::pin::pin!(stop);
    loop {
        let permit = tokio::select! {
            () = &mut stop => break,
            permit = Arc::clone(&permits).acquire_owned() => permit,
        };
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    // The process is out of descriptors, most likely: waiting is all that helps.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _permit = permit;
            connection(stream, peer, tls, router, watcher).await;
        });
    }
    drop(listener);
    if let Some(graceful) = Arc::into_inner(graceful) {
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, graceful.shutdown()).await;
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => protocol(stream, (peer, None), router, watcher, false).await,
        Some(tls) => {
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await else {
                return;
            };
            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let certificate = peer_certificate(&stream);
            protocol(stream, (peer, certificate), router, watcher, h2).await;
        }
    }
}

/// Returns the certificate that the handshake brought and verified.
fn peer_certificate(stream: &tokio_rustls::server::TlsStream<TcpStream>) -> Option<Certificate> {
    let (leaf, chain) = stream.get_ref().1.peer_certificates()?.split_first()?;
    Certificate::from_der(leaf, chain.iter().map(AsRef::as_ref))
}

async fn protocol<S>(
    stream: S,
    (peer, certificate): (SocketAddr, Option<Certificate>),
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
    h2: bool,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(move |mut request: Request| {
        request.extensions_mut().insert(Peer(peer.ip()));
        if let Some(certificate) = &certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        request
    });
    let service = tower::service_fn(move |request| unread_body::answer(service.clone(), request));
    let builder = builder(h2);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(%error, "a connection ended badly");
    }
}

/// Returns the builder for one version, which is settled beforehand: one that is guessed from the first bytes waits for
/// them without a timer.
fn builder(h2: bool) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder = if h2 {
        builder.http2_only()
    } else {
        builder.http1_only()
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST)
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

/// Resolves when the process is asked to end.
pub async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
