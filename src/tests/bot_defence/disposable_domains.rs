use crate::support::TestOp;

/// Starts with a list of one domain.
async fn op() -> TestOp {
    let file = tempfile::tempdir().unwrap().keep().join("domains.txt");
    std::fs::write(&file, "# a list\nmailinator.example\n").unwrap();
    TestOp::with(|config| config.accounts.disposable_domains_file = Some(file)).await
}

#[tokio::test]
async fn no_account_is_made_for_an_address_of_a_few_minutes() {
    // DS-6
    let op = op().await;
    for email in ["zoe@mailinator.example", "zoe@inbox.MAILINATOR.example"] {
        let mut zoe = op.visitor(email);
        let (page, form) = zoe.fills_in_details().await;
        let refused = zoe.browser.send(form.with_work(&page)).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.field_errors(), ["email"]);
        assert!(
            refused
                .text()
                .contains("Temporary email addresses cannot be used")
        );
        // The form is kept, and so is the way on.
        let form = refused.form(&["email", "first_name"]);
        let first_name = form.fields.iter().find(|(name, _)| name == "first_name");
        assert_eq!(first_name.unwrap().1, "Zoë");
        let form = form
            .with_work(&refused)
            .with("email", "zoe@notmailinator.example")
            .with("password", &zoe.password)
            .with("password_confirmation", &zoe.password);
        let page = zoe.browser.send(form).await;
        assert_eq!(page.url.path(), "/signup/organization");
    }
}

#[tokio::test]
async fn no_account_moves_to_such_an_address() {
    // DS-6, SU-7
    let op = op().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get("/account/email").await;
    let form = page.form(&["email"]).press("action", "request");
    let refused = alice
        .browser
        .submit(form, &[("email", "alice@mailinator.example")])
        .await;
    assert_eq!(refused.field_errors(), ["email"], "{}", refused.text());
    assert!(op.outbox().to("alice@mailinator.example").await.is_empty());
}
