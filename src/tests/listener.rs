//! The listener itself, over real connections: its limits, TLS and its end (security.md DS-1, TL-1).

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::http::server;

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
async fn what_is_under_way_is_answered_before_the_end() {
    let (begun, waits) = (
        std::sync::Arc::new(tokio::sync::Notify::new()),
        std::sync::Arc::new(tokio::sync::Notify::new()),
    );
    let (told, go) = (begun.clone(), waits.clone());
    let slow = get(async move || {
        told.notify_one();
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
