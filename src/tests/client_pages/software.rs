//! Tests the templates for common software: the addresses that are registered, and the settings that are copied.

use super::administrator;
use crate::support::{ISSUER, TestOp};
use itu_account::oidc::clients::{SECRET, Software};

#[tokio::test]
async fn a_service_is_registered_by_its_software_and_address() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    for software in Software::ALL {
        let form = admin.browser.get("/admin/clients/new").await.form(&["software"]);
        let name = software.as_str();
        let values = [
            ("kind", "web"),
            ("software", name),
            ("client_id", name),
            ("client_name", "ITU Events"),
            ("client_uri", software.example()),
        ];
        let page = admin.browser.submit(form, &values).await;
        assert_eq!(
            page.url.path(),
            format!("/admin/clients/{name}/secret"),
            "{}",
            page.text()
        );
        let client = op.app.registry.find(name).expect("a client");
        assert_eq!(
            client.metadata.redirect_uris,
            software.redirect_uris(software.example())
        );
        // IO-3: who may not send PKCE is not locked out.
        assert_eq!(client.requires_pkce(), software.sends_pkce(), "{name}");

        // All that is to be entered there is on the page, with the secret in its place.
        let secret = page.text_of("#new-secret code");
        let shown = |page: &crate::support::Page| {
            format!(
                "{}{}",
                page.text_of("#settings-file"),
                page.text_of("#settings-fields")
            )
        };
        let settings = shown(&page);
        for value in [name, &secret, ISSUER] {
            assert!(settings.contains(value), "{name}: {value}: {settings}");
        }
        assert!(!settings.contains(SECRET), "{name}");
        assert!(!page.text_of("#settings-place").is_empty(), "{name}");

        // Later the software is recognized by its address, and a word stands for the secret (AD-2).
        let page = admin.browser.get(&format!("/admin/clients/{name}")).await;
        let later = shown(&page);
        assert_eq!(later, settings.replace(&secret, SECRET), "{name}");
        assert!(
            page.text().contains("which was shown once") || page.text().contains("It was shown once"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_settings_of_another_software_are_a_choice_away() {
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    assert!(page.text_of("#settings-fields").contains("token_endpoint"));
    let form = page.form(&["software"]);
    let page = admin.browser.submit(form, &[("software", "grafana")]).await;
    assert_eq!(page.text_of("#settings-place"), "grafana.ini");
    assert!(page.text_of("#settings-file").contains("client_id = shop"));
    let page = admin.browser.get("/admin/clients/shop?software=unknown").await;
    assert!(page.has("#settings-fields"));
}

#[tokio::test]
async fn a_software_wants_an_address_and_a_server() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    for (kind, address, field) in [
        ("web", "", "client_uri"),
        ("web", "indico", "redirect_uris"),
        ("machine", "https://a.example", "kind"),
    ] {
        let form = admin.browser.get("/admin/clients/new").await.form(&["software"]);
        let values = [
            ("kind", kind),
            ("software", "indico"),
            ("client_name", "Events"),
            ("client_uri", address),
        ];
        let page = admin.browser.submit(form, &values).await;
        assert!(
            page.has(&format!("#{field}-error")),
            "{kind} {address}: {}",
            page.text()
        );
    }
}
