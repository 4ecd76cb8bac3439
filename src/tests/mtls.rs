//! Tests mutual TLS (RFC 8705): clients that authenticate by certificates, and tokens bound to them, forwarded by a
//! proxy or presented in the handshake of a listener of our own.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use proptest::prelude::*;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::support::{ISSUER, Identity, Kind, RelyingParty, Signer, TestOp};
use itu_account::config::{Config, Issuer, Mtls, Network};
use itu_account::http::network::Peer;
use itu_account::http::server;
use itu_account::oidc::client_authentication::ASSERTION_TYPE;
use itu_account::oidc::endpoints::{AUTHORIZATION, INTROSPECTION, TOKEN, USERINFO};

const MUTUAL: &str = "https://mtls.example.test";
const HEADER: &str = "client-cert";
const SUBJECT: &str = "CN=events,O=Events\\, Ltd,C=CH";
const ENTRIES: [(&str, &str); 3] = [("C", "CH"), ("O", "Events, Ltd"), ("CN", "events")];
const OFFLINE: &str = "openid email offline_access";

/// A provider that trusts one authority, with a proxy on loopback that forwards certificates.
struct MtlsOp {
    op: TestOp,
    authority: Identity,
    _folder: TempDir,
}

impl MtlsOp {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Identity::authority("The authority");
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, authority.pem()).expect("written");
        let op = TestOp::with(|config| {
            config.trusted_proxies = Network::LOOPBACK.to_vec();
            config.mtls = Mtls {
                listen: None,
                public_url: Issuer::parse(MUTUAL).ok(),
                client_ca: Some(path),
                proxy_header: Some(HEADER.into()),
            };
            change(config);
        })
        .await;
        Self {
            op,
            authority,
            _folder: folder,
        }
    }

    /// Registers a client that acts on its own behalf.
    async fn robot(&self, id: &str, metadata: Value) -> RelyingParty {
        let mut all = json!({"grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [],
            "scope": "catalogue"});
        for (name, value) in metadata.as_object().expect("an object") {
            all[name] = value.clone();
        }
        self.op.client_with(id, all).await
    }
}

const ROBOT: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "catalogue")];

/// Sends a token request through the proxy, which forwards a certificate, or none.
async fn asks(rp: &RelyingParty, fields: &[(&str, &str)], identity: Option<&Identity>) -> (u16, Value) {
    let header = identity.map(Identity::header);
    let headers: Vec<(&str, &str)> = header.iter().map(|it| (HEADER, it.as_str())).collect();
    let answer = rp.posts_with(TOKEN, fields, &headers).await;
    (
        answer.status().as_u16(),
        serde_json::from_slice(answer.body()).expect("JSON"),
    )
}

async fn userinfo(rp: &RelyingParty, scheme: &str, token: &str, identity: Option<&Identity>) -> u16 {
    let authorization = format!("{scheme} {token}");
    let header = identity.map(Identity::header);
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(header.iter().map(|it| (HEADER, it.as_str())));
    rp.gets(USERINFO, &headers).await.status().as_u16()
}

fn refused(status: u16, error: &str) -> (u16, Option<String>) {
    (status, Some(error.to_owned()))
}

fn error_of((status, answer): (u16, Value)) -> (u16, Option<String>) {
    (status, answer["error"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn a_client_is_known_by_the_one_name_that_an_authority_vouches_for() {
    let mtls = MtlsOp::start().await;
    let good = mtls.authority.signs(&ENTRIES, Kind::Client);
    let between = mtls
        .authority
        .signs(&[("CN", "One below, not sent along")], Kind::Authority);
    for (n, (member, right, wrong)) in [
        ("tls_client_auth_subject_dn", SUBJECT, "CN=events,C=CH"),
        ("tls_client_auth_san_dns", "events.example", "example"),
        (
            "tls_client_auth_san_uri",
            "https://events.example/client",
            "https://events.example/",
        ),
        ("tls_client_auth_san_ip", "192.0.2.7", "192.0.2.8"),
        (
            "tls_client_auth_san_email",
            "ops@events.example",
            "dev@events.example",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let known = |value| json!({"token_endpoint_auth_method": "tls_client_auth", member: value});
        let rp = mtls.robot(&format!("right{n}"), known(right)).await;
        let other = mtls.robot(&format!("wrong{n}"), known(wrong)).await;

        let (status, answer) = asks(&rp, &ROBOT, Some(&good)).await;
        assert_eq!(status, 200, "{member}: {answer}");
        assert_eq!(
            error_of(asks(&other, &ROBOT, Some(&good)).await),
            refused(401, "invalid_client")
        );
        for bad in [
            None,
            Some(mtls.authority.signs(&ENTRIES, Kind::Expired)),
            Some(mtls.authority.signs(&ENTRIES, Kind::Server)),
            Some(between.signs(&ENTRIES, Kind::Client)),
            Some(Identity::authority("The authority").signs(&ENTRIES, Kind::Client)),
            Some(Identity::by_itself("events")),
        ] {
            let answer = asks(&rp, &ROBOT, bad.as_ref()).await;
            assert_eq!(error_of(answer), refused(401, "invalid_client"), "{member}"); // RFC 8705 §2.1
        }
    }
}

#[tokio::test]
async fn a_client_is_known_by_the_certificate_that_it_registered() {
    let mtls = MtlsOp::start().await;
    let own = Identity::by_itself("anything");
    let method = "self_signed_tls_client_auth";
    let registered = |jwks| json!({"token_endpoint_auth_method": method, "jwks": jwks});
    let by_certificate = mtls.robot("certificate", registered(own.jwks(true))).await;
    let by_key = mtls.robot("key", registered(own.jwks(false))).await;

    for rp in [&by_certificate, &by_key] {
        assert_eq!(asks(rp, &ROBOT, Some(&own)).await.0, 200);
        for bad in [None, Some(&Identity::by_itself("anything"))] {
            let answer = asks(rp, &ROBOT, bad).await;
            assert_eq!(error_of(answer), refused(401, "invalid_client")); // RFC 8705 §2.2
        }
    }
    let renewed = own.again();
    assert_eq!(asks(&by_key, &ROBOT, Some(&renewed)).await.0, 200);
    assert_eq!(asks(&by_certificate, &ROBOT, Some(&renewed)).await.0, 401);
}

#[tokio::test]
async fn a_bound_token_is_worth_nothing_without_its_certificate() {
    let mtls = MtlsOp::start().await;
    let bound = json!({"tls_client_certificate_bound_access_tokens": true});
    let mut rp = mtls.op.client_with("web", bound).await;
    let mut alice = mtls.op.person("alice@example.org").await;
    alice.logs_in().await;
    let (own, other) = (Identity::by_itself("web"), Identity::by_itself("web"));
    let code = alice.logs_in_at(&mut rp, OFFLINE).await;

    let without = asks(&rp, &rp.redemption(&code), None).await;
    assert_eq!(error_of(without), refused(400, "invalid_request"));
    // The code is as good as before.
    let (status, tokens) = asks(&rp, &rp.redemption(&code), Some(&own)).await;
    assert_eq!((status, tokens["token_type"].as_str()), (200, Some("Bearer")));
    let access = tokens["access_token"].as_str().expect("one");

    let (_, returned) = rp.posts(INTROSPECTION, &[("token", access)]).await;
    assert_eq!(returned["cnf"], json!({"x5t#S256": own.thumbprint()})); // RFC 8705 §3.2
    assert_eq!(userinfo(&rp, "Bearer", access, Some(&own)).await, 200);
    for (scheme, identity) in [("Bearer", None), ("Bearer", Some(&other)), ("DPoP", Some(&own))] {
        assert_eq!(userinfo(&rp, scheme, access, identity).await, 401, "{scheme}"); // RFC 8705 §3
    }
    // A confidential client authenticates, and may change its certificate (RFC 8705 §6.2).
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().expect("one")),
    ];
    assert_eq!(
        error_of(asks(&rp, &refresh, None).await),
        refused(400, "invalid_request")
    );
    let (_, renewed) = asks(&rp, &refresh, Some(&other)).await;
    let access = renewed["access_token"].as_str().expect("one");
    assert_eq!(userinfo(&rp, "Bearer", access, Some(&other)).await, 200);
    assert_eq!(userinfo(&rp, "Bearer", access, Some(&own)).await, 401);
}

#[tokio::test]
async fn a_public_clients_refresh_token_keeps_to_its_certificate() {
    let mtls = MtlsOp::start().await;
    let public =
        json!({"token_endpoint_auth_method": "none", "tls_client_certificate_bound_access_tokens": true});
    let mut rp = mtls.op.client_with("native", public).await;
    let mut alice = mtls.op.person("alice@example.org").await;
    alice.logs_in().await;
    let (own, other) = (Identity::by_itself("a"), Identity::by_itself("a"));
    let code = alice.logs_in_at(&mut rp, OFFLINE).await;
    let (_, tokens) = asks(&rp, &rp.redemption(&code), Some(&own)).await;
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().expect("one")),
    ];
    let stolen = asks(&rp, &refresh, Some(&other)).await;
    assert_eq!(error_of(stolen), refused(400, "invalid_grant")); // RFC 8705 §4
    assert_eq!(asks(&rp, &refresh, Some(&own)).await.0, 200);
}

#[tokio::test]
async fn a_signed_token_of_the_client_itself_names_its_certificate() {
    let mtls = MtlsOp::start().await;
    let own = mtls.authority.signs(&ENTRIES, Kind::Client);
    let metadata = json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": SUBJECT,
        "tls_client_certificate_bound_access_tokens": true, "access_token_format": "jwt"});
    let rp = mtls.robot("robot", metadata).await;
    let (_, tokens) = asks(&rp, &ROBOT, Some(&own)).await;
    let token = tokens["access_token"].as_str().expect("one");
    let claims = mtls
        .op
        .app
        .keys
        .verify_own(token, "at+jwt")
        .expect("our signature");
    assert_eq!(claims["cnf"]["x5t#S256"], own.thumbprint()); // RFC 8705 §3.1
}

async fn calls(router: &Router, request: axum::http::Request<Body>) -> (u16, Value) {
    let answer = router.clone().oneshot(request).await.expect("infallible");
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn post(host: &str, path: &str) -> axum::http::request::Builder {
    axum::http::Request::post(path)
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded")
}

fn form(fields: &[(&str, &str)]) -> Body {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    Body::from(body.finish())
}

#[tokio::test]
async fn the_endpoints_have_a_second_address_and_the_pages_have_none() {
    let mtls = MtlsOp::start().await;
    let signer = Signer::new("ES256");
    let metadata =
        json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [signer.public()]}});
    mtls.robot("robot", metadata).await;
    let host = "mtls.example.test";
    let now = mtls.op.clock.now().timestamp();
    let token = format!("{MUTUAL}{TOKEN}");
    let asked = async |audience: &str, htu: &str| {
        let assertion = signer.signs(&json!({"iss": "robot", "sub": "robot", "aud": audience,
            "jti": itu_account::random::token(), "iat": now, "exp": now + 60}));
        let proof = signer.signs_as(
            &json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": signer.public()}),
            &json!({"htm": "POST", "htu": htu, "jti": itu_account::random::token(), "iat": now}),
        );
        let mut fields = ROBOT.to_vec();
        fields.push(("client_assertion_type", ASSERTION_TYPE));
        fields.push(("client_assertion", &assertion));
        let request = post(host, TOKEN).header("dpop", proof);
        calls(&mtls.op.router, request.body(form(&fields)).expect("good")).await
    };
    for audience in [ISSUER, &format!("{ISSUER}{TOKEN}"), &token] {
        let (status, answer) = asked(audience, &token).await;
        assert_eq!(status, 200, "{answer}"); // TK-7
    }
    let elsewhere = asked(&format!("{MUTUAL}{USERINFO}"), &token).await;
    assert_eq!(error_of(elsewhere), refused(401, "invalid_client"));
    let unproved = asked(ISSUER, &format!("{ISSUER}{TOKEN}")).await;
    assert_eq!(error_of(unproved), refused(400, "invalid_dpop_proof")); // RFC 9449 §4.3
    for path in ["/", "/login", AUTHORIZATION, "/.well-known/openid-configuration"] {
        let request = axum::http::Request::get(path).header("host", host);
        let request = request.body(Body::empty()).expect("good");
        assert_eq!(calls(&mtls.op.router, request).await.0, 421, "{path}"); // TL-2
    }
}

#[test]
fn a_certificate_is_forwarded_by_listed_proxies_only() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mtls = runtime.block_on(MtlsOp::start());
    let own = mtls.authority.signs(&ENTRIES, Kind::Client);
    let metadata =
        json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": SUBJECT});
    runtime.block_on(mtls.robot("robot", metadata));
    let mut fields = ROBOT.to_vec();
    fields.push(("client_id", "robot"));
    let asked = |peer: IpAddr, values: &[&[u8]]| {
        let mut request = post("id.example.test", TOKEN).extension(Peer(peer));
        for value in values {
            request = request.header(HEADER, *value);
        }
        let request = request.body(form(&fields)).ok()?;
        // Refusals are counted, and our limit is not under test here.
        mtls.op.advance(120);
        Some(runtime.block_on(calls(&mtls.op.router, request)).0)
    };
    let (proxy, stranger) = ([127, 0, 0, 1].into(), [198, 51, 100, 7].into());
    let header = own.header();
    let bare = header.trim_matches(':');
    let pem = String::from_utf8(own.pem()).expect("ASCII");
    let escaped = pem
        .replace('+', "%2B")
        .replace('\n', "%0A")
        .replace(' ', "%20")
        .replace('/', "%2F")
        .replace('=', "%3D");
    for good in [header.as_str(), bare, &escaped] {
        assert_eq!(asked(proxy, &[good.as_bytes()]), Some(200), "{good}");
        assert_eq!(asked(stranger, &[good.as_bytes()]), Some(401), "{good}"); // TL-2
    }
    let twice = [header.as_bytes(), header.as_bytes()];
    assert_eq!(asked(proxy, &twice), Some(401)); // G-1
    assert_eq!(
        asked(proxy, &[format!("{escaped}{escaped}").as_bytes()]),
        Some(401)
    );

    let cut = header.len();
    proptest!(ProptestConfig::with_cases(48), |(
        at in 0..cut, byte in any::<u8>(), text in prop::collection::vec(any::<u8>(), 0..80), from_proxy in any::<bool>()
    )| {
        let mut harmed = header.clone().into_bytes();
        harmed[at] = byte;
        let same = harmed == header.as_bytes();
        let peer = if from_proxy { proxy } else { stranger };
        for value in [&harmed, &text] {
            // `None` means that a header cannot hold the value at all.
            let status = asked(peer, &[value]).unwrap_or(401);
            prop_assert!(status == 401 || status == 200 && from_proxy && same, "{}", status);
        }
    });
}

/// Sends one request over a connection of its own. Returns the listener's answer.
async fn over_tls(
    address: std::net::SocketAddr,
    authority: &Identity,
    identity: Option<&Identity>,
    version: &'static rustls::SupportedProtocolVersion,
    request: &str,
) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from(authority.der()))
        .expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let key = client.key.private_key_to_pkcs8().expect("a key");
            let key = PrivateKeyDer::try_from(key).expect("a key");
            let key = rustls::crypto::ring::sign::any_supported_type(&key).expect("a key");
            // The listener has to find out whether key and certificate fit.
            let identity = CertifiedKey::new(vec![CertificateDer::from(client.der())], key);
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
        }
    };
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, stream).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn the_listener_takes_certificates_from_the_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mutual = format!("https://localhost:{}", address.port());
    let mtls = MtlsOp::with(|config| {
        config.mtls.public_url = Issuer::parse(&mutual).ok();
        config.mtls.proxy_header = None;
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let own_certificate = mtls.authority.signs(&[("CN", "localhost")], Kind::Server);
    std::fs::write(&certificate, own_certificate.pem()).expect("written");
    std::fs::write(&key, own_certificate.key_pem()).expect("written");
    let tls = server::mutual_tls(&certificate, &key).expect("TLS");
    let router = mtls.op.router.clone();
    tokio::spawn(server::serve(listener, Some(tls), router, std::future::pending()));

    let own = Identity::by_itself("anything");
    let metadata =
        json!({"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": own.jwks(true)});
    mtls.robot("robot", metadata).await;
    let stolen = Identity {
        certificate: own.certificate.clone(),
        key: Identity::by_itself("thief").key,
    };
    let body = "grant_type=client_credentials&scope=catalogue&client_id=robot";
    let (host, length, certificate) = (address.port(), body.len(), own.header());
    let request = format!(
        "POST {TOKEN} HTTP/1.1\r\nhost: localhost:{host}\r\nconnection: close\r\n{HEADER}: {certificate}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let asked = async |identity| over_tls(address, &mtls.authority, identity, version, &request).await;
        let answer = asked(Some(&own)).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}"); // TL-1
        let without = asked(None).await.expect("an answer");
        assert!(without.starts_with("HTTP/1.1 401 "), "{without}");
        // The certificate is public; a client without its key does not come through the handshake.
        assert!(asked(Some(&stolen)).await.is_err());
    }
}

#[tokio::test]
async fn certificates_are_registered_where_they_are_taken() {
    let metadata = json!({"redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method":
        "self_signed_tls_client_auth", "jwks": Identity::by_itself("a").jwks(true)});
    let registers = async |op: &TestOp, metadata: &Value| {
        let request = axum::http::Request::post("/register")
            .header("host", "id.example.test")
            .header("content-type", "application/json")
            .body(Body::from(metadata.to_string()));
        calls(&op.router, request.expect("good")).await
    };
    let open = |config: &mut Config| config.registration.mode = itu_account::config::RegistrationMode::Open;
    let with = MtlsOp::with(open).await;
    let without = TestOp::with(open).await;
    let (status, answer) = registers(&with.op, &metadata).await;
    assert_eq!(
        (status, answer["client_secret"].as_str()),
        (201, None),
        "{answer}"
    );
    let answer = registers(&without, &metadata).await;
    assert_eq!(error_of(answer), refused(400, "invalid_client_metadata"));
    let nameless =
        json!({"redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "tls_client_auth"});
    for (member, value) in [
        ("tls_client_auth_subject_dn", json!(null)),
        ("tls_client_auth_subject_dn", json!("CN=a+O=b")),
        ("tls_client_auth_san_ip", json!("events.example")),
        ("tls_client_auth_san_dns", json!("")),
    ] {
        let mut metadata = nameless.clone();
        metadata[member] = value;
        assert_eq!(
            error_of(registers(&with.op, &metadata).await),
            refused(400, "invalid_client_metadata"),
            "{metadata}"
        ); // DR-2
    }
    let mut two = nameless.clone();
    two["tls_client_auth_san_dns"] = "a.example".into();
    assert_eq!(registers(&with.op, &two).await.0, 201);
    two["tls_client_auth_san_uri"] = "https://a.example".into();
    assert_eq!(registers(&with.op, &two).await.0, 400); // RFC 8705 §2.1.2
}
