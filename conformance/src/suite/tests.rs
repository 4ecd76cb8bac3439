//! Tests the driver against a mock of the suite: as much of its API as a plan needs, with modules that end as the test
//! says.

use super::api::Api;
use super::drive::Driver;
use super::results::{Outcome, Results, Table, Verdict};
use super::settings::{Addresses, Settings};
use crate::tests::wire::{self, Reply, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

const SETTINGS: &str = r#"{"common": {"server": {"discoveryUrl": "{ISSUER}/.well-known/openid-configuration"}},
    "plans": [{"plan": "the-plan", "variant": {"response_type": "code"}}],
    "remarks": {"warning": "as agreed"}}"#;

#[derive(Default)]
struct Fake {
    /// Everything that was asked, in order.
    asked: Vec<String>,
    configuration: Value,
    /// Counts how often the state of each module was read.
    looks: BTreeMap<String, u32>,
    started: bool,
    cancelled: Vec<String>,
    /// Counts the requests that the front still refuses.
    away: u32,
}

impl Fake {
    /// Answers by the module's identifier, which is its name and says what it does.
    fn answer(&mut self, request: &Request) -> Reply {
        self.asked.push(format!("{} {}", request.method, request.path));
        if self.away > 0 {
            self.away -= 1;
            return reply(502, &json!({}));
        }
        let parts: Vec<&str> = request.path.trim_start_matches("/api/").split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["server"]) => reply(200, &json!({"version": "5.0", "revision": "abc"})),
            ("POST", ["plan"]) if request.get("planName") == Some("the-plan") => {
                assert_eq!(request.get("variant"), Some(r#"{"response_type":"code"}"#));
                self.configuration = serde_json::from_str(&request.body).unwrap();
                let names = [
                    "passed",
                    "warning",
                    "review",
                    "skipped",
                    "failed",
                    "stuck",
                    "oidcc-server-rotate-keys",
                ];
                let modules = names.map(|it| json!({"testModule": it, "variant": {"mode": "default"}}));
                reply(201, &json!({"id": "P", "modules": modules}))
            }
            ("POST", ["plan"]) => reply(404, &json!({"error": "No such plan"})),
            ("POST", ["runner"]) => {
                assert_eq!(request.get("plan"), Some("P"));
                assert_eq!(request.get("variant"), Some(r#"{"mode":"default"}"#));
                reply(201, &json!({"id": request.get("test")}))
            }
            ("POST", ["runner", _]) => {
                self.started = true;
                reply(200, &json!({}))
            }
            ("DELETE", ["runner", id]) => {
                self.cancelled.push((*id).to_owned());
                reply(200, &json!({}))
            }
            ("GET", ["runner", _]) => reply(
                200,
                &json!({"browser": {"urls": ["https://op.example/authorize"], "runners": []}}),
            ),
            ("GET", ["info", id]) => {
                let looks = self.looks.entry((*id).to_owned()).or_default();
                *looks += 1;
                let (status, result) = match (*id, *looks) {
                    (_, 1) => ("CONFIGURED", None),
                    ("stuck", _) if self.cancelled.is_empty() => ("WAITING", None),
                    ("stuck", _) => ("INTERRUPTED", Some("UNKNOWN")),
                    ("oidcc-server-rotate-keys", _) if !self.started => ("CONFIGURED", None),
                    ("oidcc-server-rotate-keys", _) => ("FINISHED", Some("PASSED")),
                    (_, 2) => ("WAITING", None),
                    _ => ("FINISHED", Some(*id)),
                };
                let result = result.map(str::to_uppercase);
                reply(200, &json!({"status": status, "result": result}))
            }
            ("GET", ["log", id]) => {
                let result = match *id {
                    "failed" => "FAILURE".to_owned(),
                    other => other.to_uppercase(),
                };
                let page = "<title>Log in</title><body>Welcome back";
                reply(
                    200,
                    &json!([
                        {"src": "Fine", "result": "SUCCESS", "msg": "in order"},
                        {"src": "Check", "result": result, "msg": format!("{id} | because")},
                        {"src": "Page", "page_source": if *id == "review" { json!(page) } else { Value::Null }},
                    ]),
                )
            }
            _ => reply(404, &json!({"error": "not found"})),
        }
    }
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply {
        status,
        headers: vec![("Content-Type", "application/json".to_owned())],
        body: body.to_string(),
    }
}

async fn fake(away: u32) -> (String, Arc<Mutex<Fake>>) {
    // Fails only if another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let fake = Arc::new(Mutex::new(Fake {
        away,
        ..Fake::default()
    }));
    let state = fake.clone();
    tokio::spawn(wire::serve(
        listener,
        Arc::new(move |request| state.lock().unwrap().answer(request)),
    ));
    (address, fake)
}

fn driver(server: &str, rotate_keys: Option<&str>) -> Arc<Driver> {
    let mut api = Api::new(server, false).unwrap();
    api.pause = Duration::ZERO;
    Arc::new(Driver {
        api,
        only: Vec::new(),
        rotate_keys: rotate_keys.map(str::to_owned),
        cause_events: None,
        patience: Duration::ZERO,
        pause: Duration::from_millis(1),
    })
}

fn settings(text: &str, server: &str) -> Settings {
    let addresses = Addresses {
        approval: "http://127.0.0.1:1",
        issuer: "https://op.example",
        mtls: "https://mtls.op.example",
        suite: server,
    };
    Settings::parse(text, addresses).unwrap()
}

/// Returns the first plan of the settings.
async fn outcomes(driver: &Arc<Driver>, settings: &Settings, jobs: usize) -> Vec<Outcome> {
    let rows = vec![(&settings.plans[0], settings.configuration(&settings.plans[0]))];
    let mut all = Vec::new();
    let on_plan_end = |_, outcomes| {
        all = outcomes;
        Ok(())
    };
    driver.plans(&rows, jobs, on_plan_end).await.unwrap();
    all
}

/// Makes a driver without patience, which cancels what does not end at once; only `stuck` should fall to it.
fn patient(server: &str, rotate_keys: Option<&str>, only: &[&str]) -> Arc<Driver> {
    let mut driver = driver(server, rotate_keys);
    let inner = Arc::get_mut(&mut driver).unwrap();
    inner.patience = Duration::from_secs(600);
    inner.only = only.iter().map(|it| (*it).to_owned()).collect();
    driver
}

#[tokio::test]
async fn a_plan_is_made_its_modules_run_and_their_verdicts_reported_with_reasons() {
    let (server, fake) = fake(0).await;
    let settings = settings(SETTINGS, &server);
    let only = ["passed", "warning", "review", "skipped", "failed"];
    let outcomes = outcomes(&patient(&server, None, &only), &settings, 2).await;

    let verdicts: Vec<Verdict> = outcomes.iter().map(|it| it.verdict).collect();
    assert_eq!(
        verdicts,
        [
            Verdict::Passed,
            Verdict::Warning,
            Verdict::Review,
            Verdict::Skipped,
            Verdict::Failed
        ]
    );
    assert_eq!(outcomes[4].reasons, ["Check: failed | because"]);
    assert!(
        outcomes[2].pages[0].contains("Welcome back"),
        "{:?}",
        outcomes[2].pages
    );
    assert_eq!(
        fake.lock().unwrap().configuration["server"]["discoveryUrl"],
        "https://op.example/.well-known/openid-configuration"
    );

    let mut results = Results {
        version: "5.0 (abc)".to_owned(),
        issuer: "https://op.example".to_owned(),
        provider: Some("a commit".to_owned()),
        notes: vec!["Read this first.".to_owned()],
        tables: vec![Some(Table::new(
            settings.plans[0].title(),
            outcomes,
            &settings.remarks,
        ))],
    };
    let text = results.markdown();
    assert!(text.contains("| the-plan (code) | 1 | 1 | 1 | 1 | 1 |"), "{text}");
    assert!(
        text.contains("| 1 WARNING | Check: warning \\| because; as agreed | `warning` (default) |"),
        "{text}"
    );
    assert!(text.contains("| 1 PASSED | default | `passed` |"), "{text}");
    assert!(
        text.contains("(a commit)") && text.contains("- Read this first."),
        "{text}"
    );
    assert!(!results.nothing_failed());
    results.tables.clear();
    assert!(results.nothing_failed());
}

#[tokio::test]
async fn a_module_that_does_not_end_is_cancelled_and_has_failed() {
    let (server, fake) = fake(0).await;
    let settings = settings(SETTINGS, &server);
    let mut driver = driver(&server, None);
    Arc::get_mut(&mut driver).unwrap().only = vec!["stuck".to_owned()];
    let outcomes = outcomes(&driver, &settings, 1).await;
    assert_eq!(outcomes[0].verdict, Verdict::Failed);
    assert!(
        outcomes[0].reasons[0].contains("https://op.example/authorize"),
        "{:?}",
        outcomes[0].reasons
    );
    assert_eq!(fake.lock().unwrap().cancelled, ["stuck"]);
}

#[tokio::test]
async fn keys_are_rotated_before_the_module_that_waits_for_it_is_started() {
    let name = "oidcc-server-rotate-keys";
    for (command, verdict, started) in [
        (Some("true"), Verdict::Passed, true),
        (Some("false"), Verdict::Failed, false),
        (None, Verdict::Skipped, false),
    ] {
        let (server, fake) = fake(0).await;
        let settings = settings(SETTINGS, &server);
        let outcomes = outcomes(&patient(&server, command, &[name]), &settings, 1).await;
        assert_eq!(outcomes[0].verdict, verdict, "{command:?}");
        assert_eq!(fake.lock().unwrap().started, started, "{command:?}");
    }
}

#[tokio::test]
async fn a_suite_that_is_away_is_asked_again_but_not_for_ever() {
    let (server, state) = fake(2).await;
    let mut api = Api::new(&server, false).unwrap();
    api.pause = Duration::ZERO;
    assert_eq!(api.version().await.unwrap(), "5.0 (abc)");
    assert_eq!(state.lock().unwrap().asked.len(), 3);

    let (server, _) = fake(1000).await;
    let mut api = Api::new(&server, false).unwrap();
    api.pause = Duration::ZERO;
    let error = api.version().await.unwrap_err();
    assert!(error.to_string().contains("did not answer"), "{error}");
}

#[tokio::test]
async fn what_the_suite_refuses_is_final() {
    let (server, state) = fake(0).await;
    let settings = settings(&SETTINGS.replace("the-plan", "another"), &server);
    let rows = vec![(&settings.plans[0], settings.configuration(&settings.plans[0]))];
    let error = driver(&server, None)
        .plans(&rows, 1, |_, _| Ok(()))
        .await
        .unwrap_err();
    assert!(format!("{error:#}").contains("No such plan"), "{error:#}");
    assert_eq!(state.lock().unwrap().asked.len(), 1);
}
