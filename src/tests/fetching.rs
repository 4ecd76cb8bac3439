//! Tests outgoing requests over real connections: which answers come back, and which are never followed, waited for or
//! believed (security.md DR-3).

use crate::support::Site;
use itu_account::config;
use itu_account::fetch::{Bounds, Error, Fetch};

fn fetch(site: &Site) -> Fetch {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Fetch::new(&config::Fetch {
        allow: vec![site.authority()],
        extra_ca: Some(site.certificate()),
    })
    .expect("settings")
}

async fn gets(fetch: &Fetch, site: &Site, path: &str) -> Result<Vec<u8>, String> {
    let answer = fetch.get(&site.at(path), "application/json").await;
    answer.map(|it| it.body).map_err(|it| it.to_string())
}

#[tokio::test]
async fn what_is_there_is_fetched_and_nothing_else_followed() {
    let site = Site::start().await;
    let fetch = fetch(&site);
    site.answers("/a", 200, &[("content-type", "Application/JWT; x=y")], "body");
    let fetched = fetch
        .get(&site.at("/a#part"), "application/jwt")
        .await
        .expect("fetched");
    assert_eq!(
        (fetched.body.as_slice(), fetched.content_type.as_str()),
        (&b"body"[..], "application/jwt")
    ); // IO-7: the site is on loopback, and allowed

    site.answers("/moved", 302, &[("location", "/a")], "");
    site.answers("/packed", 200, &[("content-encoding", "gzip")], "x");
    site.answers("/full", 200, &[], vec![b'x'; 64 * 1024]);
    site.answers("/large", 200, &[], vec![b'x'; 64 * 1024 + 1]);
    let asked = site.asked("/a");
    assert_eq!(
        gets(&fetch, &site, "/moved").await,
        Err(Error::Status(302).to_string())
    );
    assert_eq!(site.asked("/a"), asked); // no redirects
    assert_eq!(
        gets(&fetch, &site, "/none").await,
        Err(Error::Status(404).to_string())
    );
    assert_eq!(
        gets(&fetch, &site, "/packed").await,
        Err(Error::Compressed.to_string())
    );
    assert!(gets(&fetch, &site, "/full").await.is_ok());
    assert_eq!(
        gets(&fetch, &site, "/large").await,
        Err(Error::TooLarge(64 * 1024).to_string())
    );
}

#[tokio::test]
async fn a_certificate_is_checked() {
    let (site, other) = (Site::start().await, Site::start().await);
    site.answers("/", 200, &[], "body");
    let trusting_another = Fetch::new(&config::Fetch {
        allow: vec![site.authority()],
        extra_ca: Some(other.certificate()),
    });
    let refused = gets(&trusting_another.expect("settings"), &site, "/")
        .await
        .expect_err("refused");
    assert!(refused.contains("certificate"), "{refused}");
    assert_eq!(site.asked("/"), 0);
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let site = Site::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let authority = format!("localhost:{port}");
    let fetch = Fetch::new(&config::Fetch {
        allow: vec![config::Authority::parse(&authority).expect("host:port")],
        extra_ca: Some(site.certificate()),
    });
    let answer = fetch
        .expect("settings")
        .get(&format!("https://{authority}/"), "*/*")
        .await;
    assert!(matches!(answer, Err(Error::TooSlow)), "{answer:?}");
}

#[test]
fn settings_that_cannot_work_stop_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    for content in ["", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&file, content).expect("written");
        let made = Fetch::new(&config::Fetch {
            allow: Vec::new(),
            extra_ca: Some(file.clone()),
        });
        assert!(matches!(made, Err(Error::Certificates(_))), "{content}");
    }
}

#[tokio::test]
async fn a_caller_sets_bounds_of_its_own() {
    let site = Site::start().await;
    let fetch = fetch(&site);
    let bounds = Bounds {
        time: std::time::Duration::from_millis(200),
        bytes: 8,
    };
    // It answers once three have asked: nobody else ever does.
    site.answers("/slow", 200, &[], "body");
    site.has_meet("/slow", 3);
    let slow = site.at("/slow");
    tokio::select! {
        answer = fetch.get_within(&slow, &[], bounds) => assert!(matches!(answer, Err(Error::TooSlow)), "{answer:?}"),
        answer = fetch.get(&slow, "text/plain") => panic!("the longer time is over first: {answer:?}"),
    }
    site.answers("/large", 200, &[], "123456789");
    let answer = fetch.get_within(&site.at("/large"), &[], bounds).await;
    assert!(matches!(answer, Err(Error::TooLarge(8))), "{answer:?}");
}
