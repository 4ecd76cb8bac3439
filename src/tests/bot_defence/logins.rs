use crate::support::{Page, Person, TestOp};
use itu_account::config::Rate;

impl Person {
    async fn tries(&mut self, password: &str, with_work: bool) -> Page {
        let page = self.browser.get("/login").await;
        let form = page.form(&["email", "password"]);
        let form = if with_work { form.with_work(&page) } else { form };
        let form = form.with("email", &self.email).with("password", password);
        self.browser.send(form).await
    }
}

#[tokio::test]
async fn a_network_that_fails_often_logs_in_with_work() {
    // DS-5, PW-4
    let op = TestOp::with(|config| {
        config.limits.sign_in_failures_without_work = vec![Rate::new(12, 600)];
    })
    .await;
    let mut alice = op.person("alice@example.org").await;
    let mut known = alice.elsewhere(&op);
    assert_eq!(known.logs_in().await.url.path(), "/account");
    known.browser.get("/login").await;
    for at in 0..12 {
        let mut guesser = op.visitor(&format!("{at}@example.org"));
        // The page asks for work from the tenth failure on.
        let login = guesser.browser.get("/login").await;
        assert_eq!(login.has("input[name=work]"), at >= 10, "{at}");
        assert_eq!(
            login.header("content-security-policy").contains("worker-src"),
            at >= 10
        );
        let failed = guesser.tries("wrong", false).await;
        assert_eq!(failed.status, 422, "{}", failed.text());
    }
    let password = alice.password.clone();
    let refused = alice.tries(&password, false).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(!refused.header("retry-after").is_empty() && refused.has("#throttled"));
    // With the work others of the network go on, and so does a browser that the person has logged in with.
    let done = alice.tries(&password, true).await;
    assert_eq!(done.url.path(), "/account", "{}", done.text());
    let form = known.browser.get("/account").await.form(&["decision=logout"]);
    known.browser.send(form.press("decision", "logout")).await;
    let done = known.tries(&password, false).await;
    assert_eq!(done.url.path(), "/account", "{}", done.text());
    // Nobody else's network is touched.
    let mut elsewhere = alice.elsewhere(&op);
    elsewhere.browser.peer = [198, 51, 100, 7].into();
    assert_eq!(elsewhere.tries(&password, false).await.url.path(), "/account");
}
