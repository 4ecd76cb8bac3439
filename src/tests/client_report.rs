//! Tests that administrators see what is weak about a service, and how to mend it.

use serde_json::json;

use crate::support::TestOp;
use itu_account::domain::role::Role;

#[tokio::test]
async fn an_administrator_reads_what_is_weak_about_a_service() {
    let op = TestOp::start().await;
    op.client("shop").await;
    let strict = json!({"token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true,
        "require_pushed_authorization_requests": true, "id_token_signed_response_alg": "ES256"});
    op.client_with("strict", strict).await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;

    let all = admin.browser.get("/admin/clients").await;
    assert!(all.text().contains("2 services"));
    let found = admin.browser.get("/admin/clients?q=SHO").await;
    assert!(found.text().contains("1 weakness") && !found.text().contains("strict"));
    let none = admin.browser.get("/admin/clients?q=nothing").await;
    assert!(none.text().contains("No service matches"));

    let page = admin.browser.get(&found.link("/admin/clients/shop")).await;
    assert!(page.text().contains("Set pkce to required") && page.text().contains("RFC 9700"));
    assert!(page.text().contains("dpop_bound_access_tokens"));
    let page = admin.browser.get("/admin/clients/strict").await;
    assert!(page.text().contains("No weaknesses found"));
    let page = admin.browser.get("/admin/clients/other").await;
    assert_eq!(page.status, 404);
}

#[tokio::test]
async fn nobody_else_finds_the_services() {
    let op = TestOp::start().await;
    op.client("shop").await;
    for role in [Role::User, Role::Support] {
        let mut person = op
            .person_with(&format!("{}@itu.example", role.as_str()), role)
            .await;
        person.logs_in().await;
        for path in ["/admin/clients", "/admin/clients/shop"] {
            assert_eq!(person.browser.get(path).await.status, 404, "{path}"); // G-4
        }
    }
}

#[tokio::test]
async fn a_list_of_many_services_has_pages() {
    let op = TestOp::start().await;
    for number in 0..27 {
        op.client(&format!("service-{number:02}")).await;
    }
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let first = admin.browser.get("/admin/clients?q=service").await;
    assert!(first.text().contains("service-24") && !first.text().contains("service-25"));
    let last = admin.browser.get("/admin/clients?q=service&page=2").await;
    assert!(last.text().contains("service-26") && !last.text().contains("service-24")); // AD-4
}

#[tokio::test]
async fn lists_have_fixed_pages_filters_and_columns() {
    // AD-4
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let lists = [
        "/admin/clients?q=",
        "/admin/organizations?q=",
        "/admin/proposals?q=",
        "/admin/requests?q=",
        "/members?q=",
    ];
    for list in lists {
        // A number beyond the last page shows the last. Parameters that a list does not have change nothing, and a size
        // changes nothing either.
        for good in [
            "page=1",
            "page=18446744073709551615",
            "size=100000&sort=password_hash&columns=all",
        ] {
            let page = admin.browser.get(&format!("{list}&{good}")).await;
            assert_eq!(page.status, 200, "{list}&{good}");
            let plain = admin.browser.get(list).await;
            assert_eq!(page.count_of("th"), plain.count_of("th"), "{list}&{good}");
        }
        for bad in ["page=-1", "page=1e3", "page=18446744073709551616"] {
            let page = admin.browser.get(&format!("{list}&{bad}")).await;
            assert_eq!(page.status, 404, "{list}&{bad}");
        }
    }
    for wrong in [
        "/admin/requests?status=password_hash",
        "/admin/organizations?status=x",
        "/admin/organizations?membership_type=x'--",
    ] {
        let status = admin.browser.get(wrong).await.status;
        assert!([404, 422].contains(&status.as_u16()), "{wrong}: {status}");
    }
}
