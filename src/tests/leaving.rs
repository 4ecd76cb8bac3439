//! Tests how a process ends behind a load balancer (contract.md, `[observability]`): it says that it is ready, and at once that it
//! is not when it is asked to end; it goes on answering, and no connection stays in use.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use itu_account::testing;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixDatagram};

use crate::support::product::program;

/// A process, which ends with the value.
struct Process(Child);

impl Process {
    fn is_asked_to_end(&self) {
        let kill = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status();
        assert!(kill.expect("it runs").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").port()
}

async fn hears(socket: &UnixDatagram) -> String {
    let mut state = [0; 64];
    let heard = tokio::time::timeout(Duration::from_secs(120), socket.recv(&mut state)).await;
    let length = heard.expect("it says how it is").expect("a datagram");
    String::from_utf8_lossy(&state[..length]).into_owned()
}

/// Sends a request on a connection that stays, and returns the head of the answer.
async fn asks(stream: &mut BufReader<TcpStream>, path: &str, port: u16) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(
            stream.read_line(&mut head).await.expect("an answer") > 0,
            "{head}"
        );
    }
    head.make_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|it| it.split("\r\n").next());
    let length = length.expect("a length").parse().expect("a number");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a body");
    head + &String::from_utf8_lossy(&body)
}

async fn connection(port: u16) -> BufReader<TcpStream> {
    BufReader::new(
        TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("a connection"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_end_leaves_first() {
    let config = testing::empty_config().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (port, health) = (free_port().await, free_port().await);
    let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
    let mut settings = tempfile::NamedTempFile::new_in(folder.path()).expect("a file");
    write!(
        settings,
        "issuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n[database]\nurl = \"{}\"\n\
         [keys]\ndirectory = \"{}\"\n[mail]\ndirectory = \"{}\"\n\
         [observability]\nlisten = \"127.0.0.1:{health}\"\nlevel = \"error\"\ndrain = \"5m\"\n",
        config.database.url(),
        folder.path().join("keys").display(),
        folder.path().join("mails").display(),
    )
    .expect("written");
    let process = Command::new(program())
        .arg("--config")
        .arg(settings.path())
        .arg("serve")
        .env("NOTIFY_SOCKET", folder.path().join("notify"))
        .stdout(Stdio::null())
        .spawn();
    let mut process = Process(process.expect("it starts"));
    assert_eq!(hears(&socket).await, "READY=1");
    let mut probe = connection(health).await;
    let ready = asks(&mut probe, "/health/ready", health).await;
    assert!(
        ready.starts_with("http/1.1 200") && ready.ends_with("\r\n\r\nready\n"),
        "{ready}"
    );
    let mut kept = connection(port).await;
    let page = asks(&mut kept, "/jwks.json", port).await;
    assert!(!page.contains("connection: close"), "{page}");

    process.is_asked_to_end();
    assert_eq!(hears(&socket).await, "STOPPING=1");
    let ready = asks(&mut probe, "/health/ready", health).await;
    assert!(
        ready.starts_with("http/1.1 503") && ready.ends_with("leaving\n"),
        "{ready}"
    );
    let live = asks(&mut probe, "/health/live", health).await;
    assert!(live.starts_with("http/1.1 200"), "{live}");
    // It answers, on a connection that was there and on a new one, and each ends with the answer.
    for mut stream in [kept, connection(port).await] {
        let page = asks(&mut stream, "/jwks.json", port).await;
        assert!(page.contains("\r\nconnection: close\r\n"), "{page}");
        assert_eq!(stream.read(&mut [0]).await.expect("the end"), 0);
    }
    assert!(process.0.try_wait().expect("a state").is_none());
    // Whoever asks again does not want to wait for the rest.
    let ended = loop {
        process.is_asked_to_end();
        if let Some(ended) = process.0.try_wait().expect("a state") {
            break ended;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(ended.success(), "{ended}");
}
