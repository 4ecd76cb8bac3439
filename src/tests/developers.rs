//! Tests the pages for service owners: what they say is what the provider does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{ISSUER, TestOp};
use itu_account::domain::claim;
use itu_account::i18n::{self, Locale};
use itu_account::oidc::{Code, discovery};

const PAGES: [&str; 5] = [
    "/developers",
    "/developers/code",
    "/developers/claims",
    "/developers/errors",
    "/developers/logout",
];

#[tokio::test]
async fn the_values_are_those_of_the_discovery_document() {
    let op = TestOp::start().await;
    let page = op.browser().get("/developers").await;
    let document: Value = serde_json::from_slice(&discovery::document(&op.app.config).body).expect("JSON");
    assert_eq!(page.text_of("#issuer"), ISSUER);
    assert_eq!(
        page.text_of("#discovery"),
        format!("{ISSUER}/.well-known/openid-configuration")
    );
    let mut shown = 0;
    for (name, value) in document.as_object().expect("an object") {
        let expected = match value {
            Value::String(text) if name != "issuer" => text.clone(),
            Value::Array(values) => {
                let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                values.join(" ")
            }
            _ => continue,
        };
        assert_eq!(
            page.text_of(&format!("[data-metadata={name}]")),
            expected,
            "{name}"
        );
        shown += 1;
    }
    assert_eq!(page.count_of("[data-metadata]"), shown);
    assert!(shown > 30, "{shown}");
    let keys = op.app.keys.jwks();
    let keys = keys["keys"].as_array().expect("keys");
    assert_eq!(page.count_of("#keys > li"), keys.len());
    assert!(
        page.text_of("#keys")
            .contains(keys[0]["kid"].as_str().expect("a kid"))
    );
    let logout = op.browser().get("/developers/logout").await;
    assert!(
        logout
            .text()
            .contains(document["end_session_endpoint"].as_str().expect("an address"))
    );
}

#[tokio::test]
async fn every_code_of_the_product_is_explained_in_each_language() {
    let op = TestOp::start().await;
    let page = op.browser().get("/developers/errors").await;
    for code in Code::ALL {
        let text = page.text_of(&format!("#{}", code.as_str()));
        assert!(
            text.contains(code.as_str()) && text.contains(&code.status().to_string()),
            "{text}"
        );
        let key = format!("developers.error.{}", code.as_str());
        let texts: BTreeSet<String> = Locale::ALL
            .iter()
            .filter_map(|it| i18n::text(*it, &key, &()))
            .collect();
        assert_eq!(texts.len(), 6, "{key}");
        assert!(
            text.contains(&i18n::text(Locale::En, &key, &()).expect("a text")),
            "{text}"
        );
    }
    assert_eq!(page.count_of("#codes > li"), Code::ALL.len());
    // The page of an error leads there.
    let mut browser = op.browser();
    let error = browser
        .get("/authorize?client_id=nobody&response_type=code")
        .await;
    let code = error.text_of("#error");
    assert_eq!(error.link_of("#explained"), format!("/developers/errors#{code}"));
    assert!(page.has(&format!("#{code}")), "{code}");
}

#[tokio::test]
async fn the_claims_are_those_that_there_are() {
    let op = TestOp::start().await;
    let page = op.browser().get("/developers/claims").await;
    let sample: Value = serde_json::from_str(&page.text_of("#sample")).expect("JSON");
    let mut there: Vec<&str> = sample
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = vec!["sub"];
    expected.extend(
        claim::BY_SCOPE
            .iter()
            .flat_map(|(_, claims)| claims.iter().copied()),
    );
    for name in &expected {
        assert!(page.has(&format!("dt[id={name}]")), "{name}");
    }
    for (scope, _) in claim::BY_SCOPE {
        assert!(page.has(&format!("section[id=scope-{scope}]")), "{scope}");
    }
    there.sort_unstable();
    expected.sort_unstable();
    assert_eq!(there, expected);
}

#[tokio::test]
async fn sample_code_has_the_issuer_and_no_secret() {
    let op = TestOp::start().await;
    let page = op.browser().get("/developers/code").await;
    assert_eq!(page.count_of("pre[id^=code-]"), 6);
    for stack in ["python", "node", "java", "php", "dotnet", "go"] {
        let code = page.text_of(&format!("#code-{stack}"));
        assert!(
            code.contains(ISSUER) && code.contains("CLIENT_ID") && code.contains("CLIENT_SECRET"),
            "{code}"
        );
        assert!(
            code.contains("itu_membership") && !code.contains("SCOPES") && !code.contains("ISSUER"),
            "{code}"
        );
    }
}

#[tokio::test]
async fn anybody_reads_them_in_each_language() {
    let op = TestOp::start().await;
    for path in PAGES {
        let mut titles = BTreeSet::new();
        for locale in Locale::ALL {
            let page = op
                .browser()
                .get(&format!("{path}?ui_locales={}", locale.as_str()))
                .await;
            assert_eq!(page.status, 200, "{path}");
            titles.insert(page.text_of("main > h1"));
            let places: Vec<_> = PAGES.iter().filter(|it| page.find_link(it).is_some()).collect();
            assert_eq!(places.len(), PAGES.len(), "{path}: {places:?}");
        }
        assert_eq!(titles.len(), 6, "{path}: {titles:?}");
    }
    assert!(op.browser().get("/").await.find_link("/developers").is_some());
}
