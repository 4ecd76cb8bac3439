//! Tests of which addresses are reached, and which not.

use super::*;

fn fetch(allow: &[&str]) -> Fetch {
    let allow = allow
        .iter()
        .map(|it| config::Authority::parse(it).expect("host:port"));
    let config = config::Fetch {
        allow: allow.collect(),
        extra_ca: None,
    };
    Fetch::new(&config).expect("settings")
}

#[test]
fn only_addresses_of_the_internet_are_public() {
    for public in [
        "9.9.9.9",
        "193.5.93.80",
        "172.32.0.1",
        "100.128.0.1",
        "2a00:1450::1",
    ] {
        assert!(is_public(public.parse().expect("an address")), "{public}");
    }
    // DR-3
    for inside in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
    ] {
        let address: IpAddr = inside.parse().expect("an address");
        assert!(!Reach::Public.reaches(address), "{inside}");
    }
}

#[test]
fn what_is_allowed_is_inside_but_never_link_local() {
    for good in ["127.0.0.1", "::1", "10.0.0.1", "fd00::1", "9.9.9.9"] {
        assert!(
            Reach::Allowed.reaches(good.parse().expect("an address")),
            "{good}"
        );
    }
    for bad in [
        "169.254.169.254",
        "fe80::1",
        "0.0.0.0",
        "224.0.0.1",
        "::ffff:169.254.1.1",
    ] {
        assert!(!Reach::Allowed.reaches(bad.parse().expect("an address")), "{bad}");
    }
}

#[test]
fn the_address_is_looked_at_before_anything_is_sent() {
    let fetcher = fetch(&["127.0.0.1:8443", "Service.Example:444"]);
    let reach = |address: &str| {
        fetcher
            .target(address)
            .map(|it| it.1)
            .map_err(|it| it.to_string())
    };
    assert_eq!(reach("https://rp.example/jwks"), Ok(Reach::Public));
    assert_eq!(reach("https://rp.example:443/jwks"), Ok(Reach::Public));
    assert_eq!(reach("https://service.example:444/"), Ok(Reach::Allowed));
    assert_eq!(reach("https://127.0.0.1:8443/"), Ok(Reach::Allowed));
    for (address, expected) in [
        ("http://rp.example/", Error::NotHttps),
        ("https://user@rp.example/", Error::NotHttps),
        ("file:///etc/passwd", Error::NotHttps),
        ("rp.example", Error::NotHttps),
        ("https://rp.example:8443/", Error::Port),
        ("https://127.0.0.1:8444/", Error::Port),
        ("https://127.0.0.1/", Error::NotPublic),
        // RFC 3986 §7.4: these spell the same address in other ways.
        ("https://0x7f.1/", Error::NotPublic),
        ("https://2130706433/", Error::NotPublic),
        ("https://[::ffff:127.0.0.1]/", Error::NotPublic),
        ("https://169.254.169.254/latest/meta-data", Error::NotPublic),
    ] {
        assert_eq!(reach(address), Err(expected.to_string()), "{address}"); // DR-3
    }
    let (url, _) = fetcher.target("https://rp.example/object#hash").expect("good");
    assert_eq!(url.as_str(), "https://rp.example/object");
}

#[tokio::test]
async fn a_name_is_as_good_as_its_addresses() {
    let local = || "localhost".parse::<Name>().expect("a name");
    let refused = Reach::Public.resolve(local()).await.err().expect("refused");
    assert!(matches!(refused.downcast_ref::<Error>(), Some(Error::NotPublic))); // DR-3
    assert!(Reach::Allowed.resolve(local()).await.is_ok());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = fetch(&[]).get("https://localhost/jwks", "application/json").await;
    assert!(matches!(answer, Err(Error::NotPublic)), "{answer:?}");
}
