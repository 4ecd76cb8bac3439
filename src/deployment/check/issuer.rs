//! Examines the host of the issuer as a service meets it: its name, the certificate that it presents, the document that it
//! serves, its clock.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header;
use hyper_util::rt::TokioIo;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::certificates::SOON;
use super::finding::Finding;
use super::skew;
use crate::certificates::{Validity, validity};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Time;

/// The time to find the name and to connect.
const TO_CONNECT: Duration = Duration::from_secs(2);
/// The time for the handshake and for the answer, each.
const TO_ANSWER: Duration = Duration::from_secs(1);

const DISCOVERY: &str = "/.well-known/openid-configuration";
const MOST_BYTES: usize = 256 * 1024;

pub(super) async fn examine(config: &Config, clock: &Clock) -> Vec<Finding> {
    let host = config.issuer.host();
    let (bare, port) = (
        host.trim_matches(['[', ']']),
        config.issuer.url().port_or_known_default().unwrap_or(443),
    );
    let stream = match timeout(TO_CONNECT, connect(bare, port)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(Unreached::Name(error))) => {
            return vec![Finding::hint(
                format!(
                    "this machine finds no address of {host}: {error}; its certificate and clock were not examined"
                ),
                format!("Add an A or AAAA record for {host} to the DNS, or correct issuer"),
            )];
        }
        Ok(Err(Unreached::Connection(error))) => return vec![silent(host, port, &error.to_string())],
        Err(_) => return vec![silent(host, port, "no connection in time")],
    };
    if !config.issuer.is_https() {
        return served(stream, config, clock).await;
    }
    let verifier = match Recording::new(config) {
        Ok(verifier) => Arc::new(verifier),
        Err(why) => {
            return vec![Finding::hint(
                format!("the certificate of {host} was not examined: {why}"),
                "Install the authorities of the system (the package ca-certificates), or set [fetch] extra_ca",
            )];
        }
    };
    let handshake = timeout(TO_ANSWER, handshake(stream, bare, Arc::clone(&verifier))).await;
    let mut found = verifier.judge(host, clock.now());
    match handshake {
        Ok(Ok(stream)) => found.extend(served(stream, config, clock).await),
        // What is wrong with the certificate has been said.
        Ok(Err(_)) if !found.is_empty() => {}
        Ok(Err(error)) => found.push(Finding::problem(
            format!("{host}:{port} answers, but TLS with it fails: {error}"),
            "Look at the proxy, or at [tls]: services need TLS 1.2 or 1.3 with a certificate",
        )),
        Err(_) => found.push(silent(host, port, "no TLS in time")),
    }
    found
}

fn silent(host: &str, port: u16, why: &str) -> Finding {
    Finding::hint(
        format!(
            "nobody answers at {host}:{port} ({why}); the certificate and the clock of the issuer were not examined"
        ),
        "Start serve and its proxy, have this machine reach them, and check again",
    )
}

enum Unreached {
    Name(io::Error),
    Connection(io::Error),
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, Unreached> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(Unreached::Name)?.collect();
    TcpStream::connect(&*addresses)
        .await
        .map_err(Unreached::Connection)
}

async fn handshake(
    stream: TcpStream,
    host: &str,
    verifier: Arc<Recording>,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Judges a certificate as every client does, and goes on whatever it finds: nothing secret is sent, and what is read is
/// compared only.
#[derive(Debug)]
struct Recording {
    verifier: Arc<WebPkiServerVerifier>,
    presented: Mutex<Option<Presented>>,
}

#[derive(Debug)]
struct Presented {
    chain: Vec<Validity>,
    verdict: Result<(), rustls::Error>,
}

impl Recording {
    fn new(config: &Config) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(extra) = &config.fetch.extra_ca {
            let read = CertificateDer::pem_file_iter(extra).map_err(|it| it.to_string())?;
            roots.add_parsable_certificates(read.flatten());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        Ok(Self {
            verifier: verifier.build().map_err(|it| it.to_string())?,
            presented: Mutex::default(),
        })
    }

    fn judge(&self, host: &str, now: Time) -> Vec<Finding> {
        let presented = self.presented.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Presented { chain, verdict }) = presented.as_ref() else {
            return Vec::new();
        };
        let what = match verdict {
            Ok(()) => return soon(host, chain, now).into_iter().collect(),
            Err(rustls::Error::InvalidCertificate(why)) => why,
            Err(other) => {
                return vec![Finding::problem(
                    format!("the certificate that {host} presents is refused: {other}"),
                    "Replace it",
                )];
            }
        };
        let first = |fits: fn(&Validity, Time) -> bool| chain.iter().find(|it| fits(it, now));
        vec![match what {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                let expired = first(|it, now| it.not_after < now);
                let when = expired.map(|it| format!(" on {}", it.not_after.format("%F %R UTC")));
                Finding::problem(
                    format!(
                        "a certificate that {host} presents expired{}",
                        when.unwrap_or_default()
                    ),
                    "Renew it, and have the proxy or serve load it",
                )
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Finding::problem(
                format!("a certificate that {host} presents is not valid yet"),
                "Look at the clock of this machine, or put back the certificate before it",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                let names = chain.first().map(|it| it.names.join(", ")).unwrap_or_default();
                Finding::problem(
                    format!("the certificate that {host} presents is for other names: {names}"),
                    format!("Get one that names {host}"),
                )
            }
            CertificateError::UnknownIssuer => Finding::problem(
                format!(
                    "the certificate that {host} presents leads to no authority that this machine trusts"
                ),
                "Send the certificates between it and its authority along; name an authority of your own in [fetch] extra_ca",
            ),
            other => Finding::problem(
                format!("the certificate that {host} presents is refused: {other}"),
                "Replace it",
            ),
        }]
    }
}

fn soon(host: &str, chain: &[Validity], now: Time) -> Option<Finding> {
    let first = chain.iter().min_by_key(|it| it.not_after)?;
    (first.not_after - now < SOON).then(|| {
        Finding::hint(
            format!(
                "the certificate of {} that {host} presents expires on {}",
                first.subject,
                first.not_after.format("%F %R UTC")
            ),
            "Renew it, and have the proxy or serve load it",
        )
    })
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self
            .verifier
            .verify_server_cert(end_entity, intermediates, name, ocsp, now);
        let chain = std::iter::once(end_entity).chain(intermediates);
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) = Some(Presented {
            chain: chain.filter_map(|it| validity::of_der(it)).collect(),
            verdict: verdict.map(drop),
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Asks for the discovery document, and compares it and the time of the answer with ours.
async fn served<S>(stream: S, config: &Config, clock: &Clock) -> Vec<Finding>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let host = config.issuer.host();
    let before = clock.now();
    let answer = match timeout(TO_ANSWER, ask(stream, config.issuer.authority())).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            return vec![Finding::hint(
                format!("{host} does not answer as a provider: {error}; its clock was not examined"),
                "Start serve behind it, and check again",
            )];
        }
        Err(_) => {
            return vec![Finding::hint(
                format!("{host} does not answer {DISCOVERY} in time; its clock was not examined"),
                "Look at the proxy and at serve behind it, and check again",
            )];
        }
    };
    let mut found = Vec::new();
    match answer.date {
        Some(date) => found.extend(skew::judge(host, date, (before, clock.now()))),
        None => found.push(Finding::hint(
            format!("the answer of {host} has no Date; its clock was not examined"),
            "Have the proxy send the header Date (RFC 9110 §6.6.1)",
        )),
    }
    match answer.issuer {
        Some(issuer) if issuer == config.issuer.as_str() => {}
        Some(other) => found.push(Finding::problem(
            format!(
                "{host} says that it is the issuer {other}, and the settings say {}",
                config.issuer
            ),
            "Correct issuer, or have the proxy pass requests to the process with these settings",
        )),
        None => found.push(Finding::hint(
            format!(
                "{host} answers {} at {DISCOVERY}, and no document of a provider",
                answer.status
            ),
            "Start serve behind it, and check again",
        )),
    }
    found
}

struct Answer {
    status: u16,
    date: Option<Time>,
    /// The issuer of the document, if it is one.
    issuer: Option<String>,
}

async fn ask<S>(stream: S, authority: &str) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = hyper::Request::get(DISCOVERY)
        .header(header::HOST, authority)
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    let date = answer.headers().get(header::DATE).and_then(|it| it.to_str().ok());
    let date = date.and_then(|it| chrono::DateTime::parse_from_rfc2822(it).ok());
    let body = Limited::new(answer.into_body(), MOST_BYTES)
        .collect()
        .await?
        .to_bytes();
    let document: Option<Value> = serde_json::from_slice(&body).ok();
    let issuer = document.and_then(|it| Some(it.get("issuer")?.as_str()?.to_owned()));
    Ok(Answer {
        status,
        date: date.map(|it| it.to_utc()),
        issuer: issuer.filter(|_| status == 200),
    })
}
