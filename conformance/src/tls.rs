//! Offers a server old versions of TLS or weak suites. No library of today offers those, so the ClientHello is written
//! by hand (RFC 5246 §7.4.1.2, RFC 8446 §4.1.2), and only the first answer is read.

use anyhow::{Context, Result};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

impl Version {
    fn code(self) -> u16 {
        match self {
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    fn of(code: u16) -> Option<Self> {
        [Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13]
            .into_iter()
            .find(|it| it.code() == code)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Agreed(Version),
    /// An alert, by its description (RFC 8446 §6).
    Alert(u8),
    /// The connection was closed.
    Closed,
    Unreadable,
}

impl Answer {
    /// Returns `true` for handshake_failure, protocol_version, insufficient_security, and a closed connection.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Alert(40 | 70 | 71) | Self::Closed)
    }
}

/// ECDHE with AES-GCM or ChaCha20-Poly1305 (RFC 9325 §4.2, and what the registry recommends).
const PERMITTED: [u16; 6] = [0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];

/// Suites of TLS 1.3 (RFC 8446 §B.4).
const OF_TLS13: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// Returns other suites of TLS 1.2 and before: RSA and DHE with AES, CBC, 3DES, RC4, Camellia, ARIA, CCM, static ECDH,
/// and suites without encryption.
pub fn suites_not_permitted() -> Vec<u16> {
    let ranges: [std::ops::RangeInclusive<u16>; 9] = [
        0x0001..=0x001b,
        0x002f..=0x0046,
        0x0067..=0x006d,
        0x0084..=0x00a7,
        0x00ba..=0x00c5,
        0xc001..=0xc02a,
        0xc02d..=0xc02e,
        0xc031..=0xc03b,
        0xc09c..=0xc0af,
    ];
    let mut all: Vec<u16> = ranges.into_iter().flatten().collect();
    all.extend([0xccaa]);
    all.retain(|it| !PERMITTED.contains(it));
    all
}

pub fn every_suite() -> Vec<u16> {
    let mut all = OF_TLS13.to_vec();
    all.extend(PERMITTED);
    all.extend(suites_not_permitted());
    all
}

/// Returns the server's first answer to an offer of this version (and those before it) and these suites.
pub async fn offer(host: &str, port: u16, version: Version, suites: &[u16]) -> Result<Answer> {
    let hello = client_hello(host, version, suites);
    let asked = async {
        let mut stream = TcpStream::connect((host, port)).await?;
        stream.write_all(&hello).await?;
        let mut answer = Vec::new();
        while answer.len() < 5 || answer.len() < 5 + usize::from(u16_at(&answer, 3)) {
            match stream.read_buf(&mut answer).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        Ok::<_, std::io::Error>(read(&answer))
    };
    let answered = tokio::time::timeout(Duration::from_secs(10), asked).await;
    answered
        .with_context(|| format!("{host}:{port} does not answer a TLS handshake"))?
        .with_context(|| format!("{host}:{port} is not there"))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or_default());
    byte(at) << 8 | byte(at + 1)
}

fn read(record: &[u8]) -> Answer {
    match record.first() {
        None => Answer::Closed,
        Some(21) => record.get(6).map_or(Answer::Unreadable, |it| Answer::Alert(*it)),
        // ServerHello: version, random, session id, suite, compression, extensions.
        Some(22) if record.get(5) == Some(&2) => {
            let session = usize::from(record.get(43).copied().unwrap_or_default());
            let extensions = 44 + session + 3;
            let end = extensions + 2 + usize::from(u16_at(record, extensions));
            let mut at = extensions + 2;
            let mut version = u16_at(record, 9);
            while at + 4 <= end.min(record.len()) {
                if u16_at(record, at) == 43 {
                    version = u16_at(record, at + 4);
                }
                at += 4 + usize::from(u16_at(record, at + 2));
            }
            Version::of(version).map_or(Answer::Unreadable, Answer::Agreed)
        }
        Some(_) => Answer::Unreadable,
    }
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &with_length(body)].concat()
}

fn client_hello(host: &str, version: Version, suites: &[u16]) -> Vec<u8> {
    let listed = |them: &[u16]| with_length(&them.iter().flat_map(|it| it.to_be_bytes()).collect::<Vec<_>>());
    let name = [&[0][..], &with_length(host.as_bytes())].concat();
    let mut extensions = extension(0, &with_length(&name));
    // Groups, point formats, signatures: all that is usual.
    extensions.extend(extension(10, &listed(&[0x001d, 0x0017, 0x0018])));
    extensions.extend(extension(11, &[1, 0]));
    let schemes = [
        0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0807,
    ];
    extensions.extend(extension(13, &listed(&schemes)));
    extensions.extend(extension(23, &[]));
    if version == Version::Tls13 {
        extensions.extend(extension(43, &[4, 3, 4, 3, 3]));
        // A share of X25519: the base point itself is a sound one.
        let mut share = [0_u8; 32];
        share[0] = 9;
        let entry = [&0x001d_u16.to_be_bytes()[..], &with_length(&share)].concat();
        extensions.extend(extension(51, &with_length(&entry)));
    }
    let spoken = version.code().min(Version::Tls12.code());
    let mut body = spoken.to_be_bytes().to_vec();
    body.extend([0x5a; 32]);
    body.push(0);
    body.extend(listed(suites));
    body.extend([1, 0]);
    body.extend(with_length(&extensions));
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let handshake = [&[1][..], &length[1..], &body].concat();
    [&[22, 3, 1][..], &with_length(&handshake)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    async fn server(versions: &[&'static rustls::SupportedProtocolVersion]) -> u16 {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (chain, key) = crate::tests::certificate();
        let config = rustls::ServerConfig::builder_with_protocol_versions(versions)
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move { drop(acceptor.accept(stream).await) });
            }
        });
        port
    }

    #[tokio::test]
    async fn what_a_server_agrees_to_is_seen() {
        let both = server(rustls::ALL_VERSIONS).await;
        let every = every_suite();
        let said = |version, suites: Vec<u16>| async move {
            offer("localhost", both, version, &suites).await.unwrap()
        };
        assert_eq!(
            said(Version::Tls13, every.clone()).await,
            Answer::Agreed(Version::Tls13)
        );
        assert_eq!(
            said(Version::Tls12, every.clone()).await,
            Answer::Agreed(Version::Tls12)
        );
        for old in [Version::Tls10, Version::Tls11] {
            assert!(said(old, every.clone()).await.is_refusal());
        }
        assert!(said(Version::Tls12, suites_not_permitted()).await.is_refusal());
        let old = server(&[&rustls::version::TLS12]).await;
        let answer = offer("localhost", old, Version::Tls13, &every).await.unwrap();
        assert_eq!(answer, Answer::Agreed(Version::Tls12));
    }
}
