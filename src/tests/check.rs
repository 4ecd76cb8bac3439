//! Tests `itu-account check` as an operator types it (contract.md): each examination finds what is wrong with a real part,
//! says what mends it, and says nothing once it is mended.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::routing::get;
use itu_account::clock::from_unix;
use itu_account::config::Config;
use itu_account::domain::signing_key::{Family, SigningKey};
use itu_account::http::server;
use itu_account::storage::{schema, signing_keys};
use sea_orm::{ConnectOptions, ConnectionTrait};
use serde_json::Value;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Packet, PacketFlag, RCODE, ResourceRecord};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use crate::support::product::program;
use crate::support::{Identity, Kind, TestOp};

/// The settings of a deployment whose issuer is elsewhere than the one of the tests.
struct Deployment {
    settings: tempfile::NamedTempFile,
}

impl Deployment {
    fn new(issuer: &str, config: &Config, more: &str) -> Self {
        let mut settings = tempfile::NamedTempFile::new().expect("a file");
        write!(
            settings,
            "issuer = \"{issuer}\"\ntrusted_proxies = [\"127.0.0.1\"]\n[database]\nurl = \"{}\"\n\
             [keys]\ndirectory = \"{}\"\n{more}",
            config.database.url(),
            config.keys.directory.display()
        )
        .expect("written");
        Self { settings }
    }

    /// Types the command and returns what it printed, line by line, and its status.
    async fn is_checked(&self, words: &[&str]) -> (Vec<Value>, Option<i32>) {
        let mut command = Command::new(program());
        command.arg("--config").arg(self.settings.path());
        command.args(["--format", "json", "check"]).args(words);
        let output = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
        let output = output.await.expect("it ends");
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let lines = printed.lines().map(|it| serde_json::from_str(it).expect("JSON"));
        (lines.collect(), output.status.code())
    }
}

/// Returns the mends of the findings of this kind that say so.
fn said<'a>(printed: &'a [Value], kind: &str, text: &str) -> Vec<&'a str> {
    let fitting = printed
        .iter()
        .filter(|it| it[kind].as_str().is_some_and(|it| it.contains(text)));
    fitting
        .map(|it| it["mend"].as_str().unwrap_or_default())
        .collect()
}

/// Returns a port at which nobody listens.
async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").port()
}

fn discovery(issuer: &str) -> Router {
    let document = serde_json::json!({ "issuer": issuer }).to_string();
    let page = get(async move || document);
    Router::new().route("/.well-known/openid-configuration", page)
}

/// Serves a document of the issuer over TLS, with this certificate, at the host.
async fn presenting(identity: &Identity, host: &str) -> String {
    let tls = identity.acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let issuer = format!("https://{host}:{}", listener.local_addr().expect("bound").port());
    let router = discovery(&issuer);
    tokio::spawn(server::serve(listener, Some(tls), router, std::future::pending()));
    issuer
}

fn trusting(authority: &Identity, folder: &Path) -> String {
    let file = folder.join("ca.pem");
    std::fs::write(&file, authority.pem()).expect("written");
    format!("[fetch]\nextra_ca = \"{}\"\n", file.display())
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_hint_that_says_so() {
    let op = TestOp::start().await;
    let port = closed_port().await;
    let deployment = Deployment::new(&format!("http://localhost:{port}"), &op.app.config, "");
    let (printed, status) = deployment.is_checked(&[]).await;
    let mends = said(&printed, "hint", &format!("nobody answers at localhost:{port}"));
    assert_eq!(mends.len(), 1, "{printed:?}");
    assert!(mends[0].starts_with("Start serve"), "{mends:?}");
    let last = printed.last().expect("a line");
    assert_eq!(last["problems"], 0, "{printed:?}");
    assert_eq!(last["hints"], printed.len() - 1);
    assert_eq!(status, Some(0));
    // As before, nothing is missing of what cannot be asked.
    let unknown = Deployment::new("https://id.invalid", &op.app.config, "");
    let (printed, _) = unknown.is_checked(&[]).await;
    assert_eq!(said(&printed, "hint", "id.invalid").len(), 1, "{printed:?}");
}

#[tokio::test]
async fn the_certificate_of_the_issuer_is_judged_as_services_do() {
    let op = TestOp::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Identity::authority("Authority");
    let trusts = trusting(&authority, folder.path());
    let found = async |kind: Kind, host: &str, more: &str| {
        let identity = authority.signs(&[("CN", "the host")], kind);
        let issuer = presenting(&identity, host).await;
        let deployment = Deployment::new(&issuer, &op.app.config, more);
        deployment.is_checked(&[]).await
    };
    let (printed, status) = found(Kind::Server, "localhost", &trusts).await;
    assert_eq!(said(&printed, "problem", ""), [""; 0], "{printed:?}");
    assert_eq!(said(&printed, "hint", "localhost"), [""; 0], "{printed:?}");
    assert_eq!(status, Some(0));

    let (printed, status) = found(Kind::Expired, "localhost", &trusts).await;
    let expired = "a certificate that localhost presents expired on 2026-01-01";
    assert_eq!(
        said(&printed, "problem", expired),
        ["Renew it, and have the proxy or serve load it"],
        "{printed:?}"
    );
    assert_eq!(status, Some(1));

    let (printed, _) = found(Kind::Server, "127.0.0.1", &trusts).await;
    let other = "is for other names: events.example, localhost";
    assert_eq!(
        said(&printed, "problem", other),
        ["Get one that names 127.0.0.1"],
        "{printed:?}"
    );

    let stranger = trusting(&Identity::authority("Stranger"), folder.path());
    let (printed, _) = found(Kind::Server, "localhost", &stranger).await;
    assert_eq!(
        said(&printed, "problem", "leads to no authority").len(),
        1,
        "{printed:?}"
    );
}

#[tokio::test]
async fn the_clock_and_the_document_of_the_issuer_are_compared() {
    let op = TestOp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let issuer = format!(
        "http://localhost:{}",
        listener.local_addr().expect("bound").port()
    );
    let router = discovery("https://another.example").layer(axum::middleware::map_response(
        async |mut answer: axum::response::Response| {
            let date = axum::http::HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
            answer.headers_mut().insert("date", date);
            answer
        },
    ));
    tokio::spawn(server::serve(listener, None, router, std::future::pending()));
    let (printed, status) = Deployment::new(&issuer, &op.app.config, "").is_checked(&[]).await;
    let behind = "s behind the clock of this machine";
    assert_eq!(said(&printed, "problem", behind).len(), 1, "{printed:?}");
    let other = "says that it is the issuer https://another.example";
    assert_eq!(said(&printed, "problem", other).len(), 1, "{printed:?}");
    assert_eq!(status, Some(1));
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
}

#[tokio::test]
async fn files_that_others_read_or_write_are_found() {
    // ST-4
    let op = TestOp::start().await;
    let port = closed_port().await;
    let deployment = Deployment::new(&format!("http://localhost:{port}"), &op.app.config, "");
    let keys = &op.app.config.keys.directory;
    let key = std::fs::read_dir(keys)
        .expect("keys")
        .map(|it| it.expect("an entry").path());
    let key = key
        .into_iter()
        .find(|it| !it.ends_with("master.key"))
        .expect("a signing key");
    set_mode(&key, 0o644);
    set_mode(deployment.settings.path(), 0o666);
    set_mode(keys, 0o777);
    let (printed, status) = deployment.is_checked(&[]).await;
    let mend = format!("Run: chmod 600 {}", key.display());
    assert_eq!(
        said(&printed, "problem", "which holds secrets"),
        [mend],
        "{printed:?}"
    );
    let mend = format!("Run: chmod go-w {}", deployment.settings.path().display());
    assert_eq!(
        said(&printed, "problem", "decides what the service is"),
        [mend],
        "{printed:?}"
    );
    let mend = format!("Run: chmod 700 {}", keys.display());
    assert_eq!(
        said(&printed, "problem", "others may write into"),
        [mend],
        "{printed:?}"
    );
    assert_eq!(status, Some(1));
    set_mode(&key, 0o600);
    set_mode(deployment.settings.path(), 0o600);
    set_mode(keys, 0o700);
    let (printed, status) = deployment.is_checked(&[]).await;
    assert_eq!(said(&printed, "problem", ""), [""; 0], "{printed:?}");
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn an_index_that_is_missing_is_named_with_the_statement_that_makes_it() {
    let op = TestOp::start().await;
    let port = closed_port().await;
    let deployment = Deployment::new(&format!("http://localhost:{port}"), &op.app.config, "");
    // One connection: SQLite keeps the names of indexes for each.
    let mut options = ConnectOptions::new(op.app.config.database.url());
    options.max_connections(1);
    let db = sea_orm::Database::connect(options).await.expect("a connection");
    let missing = async || {
        let (printed, _) = deployment.is_checked(&[]).await;
        let mends = said(&printed, "problem", "index");
        mends.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(missing().await, [""; 0]);
    db.execute_unprepared("DROP INDEX login_throttles_by_time")
        .await
        .expect("dropped");
    let mends = missing().await;
    let [mend] = mends.as_slice() else {
        panic!("one index is missing: {mends:?}")
    };
    let statement = mend.strip_prefix("Run in the database: ").expect("a statement");
    assert_eq!(statement.contains("CONCURRENTLY"), op.app.db.is_postgres());
    db.execute_unprepared(statement).await.expect("made");
    assert_eq!(missing().await, [""; 0]);

    // Whichever is named, its statement makes it, on both databases.
    let expected = schema::expected_indexes().await.expect("indexes");
    assert!(expected.len() > 50, "{}", expected.len());
    let mut gone = Vec::new();
    for index in &expected {
        match db.execute_unprepared(&format!("DROP INDEX {}", index.name)).await {
            Ok(_) => gone.push(index),
            // A foreign key holds it: it is never missing.
            Err(error) if op.app.db.is_postgres() && error.to_string().contains("depend on it") => {}
            Err(error) => panic!("{}: {error}", index.name),
        }
    }
    assert!(gone.len() > 50, "{}", gone.len());
    let mends = missing().await;
    assert!(mends.len() < 30 && mends[20].starts_with("Restore"), "{mends:?}");
    for index in gone {
        let made = db.execute_unprepared(&index.statement).await;
        made.unwrap_or_else(|it| panic!("{}: {it}", index.statement));
    }
    assert_eq!(missing().await, [""; 0]);

    if op.app.db.is_postgres() {
        let broken =
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'login_throttles_by_time'::regclass";
        db.execute_unprepared(broken).await.expect("broken");
        let mend = "Run in the database: REINDEX INDEX CONCURRENTLY login_throttles_by_time";
        assert_eq!(missing().await, [mend]);
    }
}

#[tokio::test]
async fn a_key_that_signs_for_too_long_and_one_without_a_file_are_found() {
    // JW-6
    let op = TestOp::start().await;
    let port = closed_port().await;
    let deployment = Deployment::new(&format!("http://localhost:{port}"), &op.app.config, "");
    let rows = signing_keys::list(op.app.db.read()).await.expect("keys");
    for row in rows.iter().filter(|it| it.family == Family::P256) {
        let revoked = signing_keys::revoke(&op.app.db, &row.kid, op.now()).await;
        assert!(revoked.expect("revoked"));
    }
    let long_ago = from_unix(1_700_000_000).expect("a time");
    let old = SigningKey {
        kid: "p256-old".into(),
        family: Family::P256,
        created_at: long_ago,
        active_from: long_ago,
        revoked_at: None,
    };
    signing_keys::insert(&op.app.db, &old).await.expect("a key");
    let (printed, status) = deployment.is_checked(&[]).await;
    let mends = said(&printed, "hint", "longer than [keys] rotate_every = \"90d\"");
    assert_eq!(mends.len(), 1, "{printed:?}");
    assert!(
        mends[0].ends_with("itu-account key rotate --alg ES256"),
        "{mends:?}"
    );
    assert_eq!(said(&printed, "problem", "p256-old").len(), 1, "{printed:?}");
    assert_eq!(status, Some(1));
}

/// Answers about `well.example`, whose texts come by TCP alone, and says that nothing else exists.
async fn dns() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("bound");
    let listener = TcpListener::bind(address).await.expect("the same port");
    tokio::spawn(async move {
        let mut question = vec![0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question).await {
            let _ = socket.send_to(&answer(&question[..length], true), from).await;
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let length = stream.read_u16().await.expect("a length");
            let mut question = vec![0; length.into()];
            stream.read_exact(&mut question).await.expect("a question");
            let answer = answer(&question, false);
            stream.write_u16(answer.len() as u16).await.expect("sent");
            stream.write_all(&answer).await.expect("sent");
        }
    });
    address
}

fn answer(question: &[u8], by_udp: bool) -> Vec<u8> {
    let question = Packet::parse(question).expect("a question");
    let name = question.questions[0].qname.to_string();
    let texts: &[&str] = match name.as_str() {
        "mail.well.example" => &["google-site-verification=x", "v=spf1 mx -all"],
        "_dmarc.well.example" => &["v=DMARC1; p=reject"],
        "_domainkey.mail.well.example" => &[],
        "open.example" => &["v=spf1 +all"],
        _ => {
            let mut reply = question.clone().into_reply();
            *reply.rcode_mut() = RCODE::NameError;
            return reply.build_bytes_vec().expect("an answer");
        }
    };
    let mut reply = question.clone().into_reply();
    if by_udp && !texts.is_empty() {
        reply.set_flags(PacketFlag::TRUNCATION);
        return reply.build_bytes_vec().expect("an answer");
    }
    for text in texts {
        let data = RData::TXT((*text).try_into().expect("a text"));
        let name = question.questions[0].qname.clone();
        reply.answers.push(ResourceRecord::new(name, CLASS::IN, 60, data));
    }
    reply.build_bytes_vec().expect("an answer")
}

#[tokio::test]
async fn the_records_by_which_mail_is_believed_are_looked_up() {
    let op = TestOp::start().await;
    let (port, server) = (closed_port().await, dns().await.to_string());
    let found = async |from: &str, server: &str| {
        let mail = format!(
            "[mail]\ntransport = \"smtp\"\nurl = \"smtp://localhost:{port}\"\nfrom = \"Accounts <noreply@{from}>\"\n"
        );
        let deployment = Deployment::new(&format!("http://localhost:{port}"), &op.app.config, &mail);
        let (printed, _) = deployment.is_checked(&["--resolver", server]).await;
        let about = printed.iter().filter_map(|it| it["hint"].as_str());
        let about = about.filter(|it| ["SPF", "DKIM", "DMARC"].iter().any(|name| it.contains(name)));
        about.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("mail.well.example", &server).await, [""; 0]);
    let bare = found("bare.example", &server).await;
    assert_eq!(bare.len(), 3, "{bare:?}");
    for (text, name) in bare.iter().zip(["SPF", "DKIM", "DMARC"]) {
        assert!(text.contains(name) && text.contains("bare.example"), "{text}");
    }
    let open = found("open.example", &server).await;
    assert!(open[0].contains("lets every server of the world"), "{open:?}");
    // Somebody has the port, and says nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let silent = found("well.example", &silent.local_addr().expect("bound").to_string()).await;
    let [only] = silent.as_slice() else {
        panic!("one hint: {silent:?}")
    };
    assert!(only.contains("did not answer"), "{only}");
}
