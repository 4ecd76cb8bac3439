//! Tests the listener itself, over real connections: its limits, TLS and its end (security.md DS-1, TL-1).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rustls::CipherSuite;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::{ISSUER, Identity, Kind, TestOp};
use itu_account::http::server;

async fn serving(
    router: Router,
) -> (
    std::net::SocketAddr,
    oneshot::Sender<()>,
    tokio::task::JoinHandle<()>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move {
        let _ = stopped.await;
    };
    (
        address,
        stop,
        tokio::spawn(server::serve(listener, None, router, until)),
    )
}

async fn asks(address: std::net::SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(5), reading).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

/// Returns `true` if a client that has only these suites comes through the handshake.
async fn is_let_in(address: std::net::SocketAddr, authority: &Identity, suites: &[CipherSuite]) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from(authority.der()))
        .expect("an authority");
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.retain(|it| suites.contains(&it.suite()));
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("a version of one of the suites")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.is_ok()
}

#[tokio::test]
async fn tls_1_2_is_spoken_with_aes_alone() {
    use CipherSuite as It;
    let authority = Identity::authority("Authority");
    let identity = authority.signs(&[("CN", "localhost")], Kind::Server);
    let tls = identity.acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(server::serve(
        listener,
        Some(tls),
        hello(),
        std::future::pending(),
    ));

    let aes = [
        It::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        It::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];
    let chacha = [
        It::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        It::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    assert!(is_let_in(address, &authority, &aes).await);
    assert!(is_let_in(address, &authority, &[It::TLS13_CHACHA20_POLY1305_SHA256]).await);
    assert!(!is_let_in(address, &authority, &chacha).await); // RFC 9325 §4.2
}

/// Opens a connection by HTTP/2 to a provider that serves TLS.
async fn over_http_2(op: &TestOp) -> hyper::client::conn::http2::SendRequest<axum::body::Body> {
    let authority = Identity::authority("Authority");
    let identity = authority.signs(&[("CN", "localhost")], Kind::Server);
    let tls = identity.acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = server::serve(listener, Some(tls), op.router.clone(), std::future::pending());
    tokio::spawn(serving);

    let mut roots = rustls::RootCertStore::empty();
    let trusted = roots.add(CertificateDer::from(authority.der()));
    trusted.expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.expect("TLS");
    let executor = hyper_util::rt::TokioExecutor::new();
    let io = hyper_util::rt::TokioIo::new(stream);
    let handshake = hyper::client::conn::http2::handshake(executor, io).await;
    let (sender, connection) = handshake.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn cookies_that_http_2_sends_apart_are_one_field() {
    // RFC 9113 §8.2.3; DS-1
    let op = TestOp::start().await;
    let mut sender = over_http_2(&op).await;
    let mut answers = async |cookies: &[String], others: usize| {
        let mut request = hyper::Request::get(format!("{ISSUER}/no-such-page"));
        for cookie in cookies {
            request = request.header("cookie", cookie);
        }
        for number in 0..others {
            request = request.header(format!("x-{number}"), "y");
        }
        let request = request.body(axum::body::Body::empty()).expect("a request");
        let answer = sender.send_request(request).await.expect("an answer");
        let body = http_body_util::BodyExt::collect(answer.into_body()).await;
        String::from_utf8_lossy(&body.expect("a body").to_bytes()).into_owned()
    };
    let crumbs = |long: usize| -> Vec<String> {
        (0..120)
            .map(|it| format!("other_{it}={}", "z".repeat(long)))
            .collect()
    };
    let mut cookies = crumbs(40);
    cookies.insert(60, "__Host-itu_language=fr".to_owned());
    let page = answers(&cookies, 0).await;
    assert!(page.contains("<html lang=\"fr\""), "{page}");
    cookies.push("__Host-itu_language=es".to_owned());
    assert!(answers(&cookies, 0).await.contains("<html lang=\"en\"")); // SE-1
    assert!(
        answers(&cookies[..1], 70)
            .await
            .contains("Too many header fields")
    );
    assert!(answers(&crumbs(150), 0).await.contains("Too many header fields"));
}

#[tokio::test]
async fn too_many_or_too_long_headers_are_refused() {
    let (address, _stop, _) = serving(hello()).await;
    let request = |headers: &str| format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    assert!(
        asks(address, request("").as_bytes())
            .await
            .starts_with("HTTP/1.1 200")
    );
    let many: String = (0..70).map(|it| format!("x-{it}: y\r\n")).collect();
    assert!(
        asks(address, request(&many).as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    ); // DS-1
    let long = format!("x: {}\r\n", "y".repeat(20_000));
    assert!(
        asks(address, request(&long).as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    ); // DS-1
}

#[tokio::test]
async fn a_refusal_leaves_a_connection_that_can_be_used_or_says_that_it_ends() {
    // TL-2: a proxy sends them so, one after the other on a connection that it keeps.
    let op = TestOp::start().await;
    let (address, _stop, _) = serving(op.router.clone()).await;
    let post = |path: &str, headers: &str, length: usize| {
        format!("POST {path} HTTP/1.1\r\nhost: id.example.test\r\n{headers}content-length: {length}\r\n\r\n")
    };
    let next = "GET /faq HTTP/1.1\r\nhost: id.example.test\r\nconnection: close\r\n\r\n";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (request, status) in [
        (
            post("/token", "content-type: application/json\r\n", 40_000),
            "400",
        ),
        (post("/token", "content-encoding: gzip\r\n", 40_000), "415"),
        (
            post("/login", &format!("{form}sec-fetch-site: cross-site\r\n"), 40_000),
            "403",
        ),
        (post("/faq", form, 40_000), "405"),
        (post("/token", form, 40_000), "400"),
    ] {
        let sent = format!("{request}{}{next}", "a".repeat(40_000));
        let answer = asks(address, sent.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{request}{answer}");
        assert!(answer.contains("HTTP/1.1 200"), "{request}{answer}");
    }
    // A request that is too long to read, or was not sent yet, ends the connection, and the answer says so.
    for request in [
        post("/login", "", 50_000_000),
        post("/login", "expect: 100-continue\r\n", 5),
    ] {
        let answer = asks(address, request.as_bytes()).await.to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 415"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_under_way_is_answered_before_the_end() {
    let (begun, waits) = (
        std::sync::Arc::new(tokio::sync::Notify::new()),
        std::sync::Arc::new(tokio::sync::Notify::new()),
    );
    let (began, go) = (begun.clone(), waits.clone());
    let slow = get(async move || {
        began.notify_one();
        go.notified().await;
        "done"
    });
    let (address, stop, served) = serving(Router::new().route("/", slow)).await;
    let answer = tokio::spawn(async move { asks(address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await });
    begun.notified().await;
    stop.send(()).expect("asked to stop");
    waits.notify_one();
    assert!(answer.await.expect("an answer").ends_with("done"));
    served.await.expect("the end");
    assert!(TcpStream::connect(address).await.is_err());
}
