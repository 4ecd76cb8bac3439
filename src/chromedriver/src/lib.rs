//! Chromium for tests: a driver that ends with its value, and the WebDriver commands that fantoccini does not have. The verbs
//! of a person at a page are in `src/tests/browser`.
//!
//! It is a member of the workspace, and not only a dependency of tests, so that tests and product have the same features of
//! what they share: both are built from one build of the dependencies.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use url::{ParseError, Url};

/// A browser and its driver.
#[derive(Debug)]
pub struct Chromium {
    pub client: Client,
    driver: Child,
}

impl Chromium {
    /// Starts the driver on a port of its choice, and the browser.
    ///
    /// # Panics
    /// Panics if chromedriver or Chromium does not start.
    pub async fn start(capabilities: Capabilities) -> Self {
        let (driver, port) = start_driver();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromedriver starts Chromium");
        Self { client, driver }
    }
}

impl Drop for Chromium {
    /// Ends the browser, also if a test fails.
    fn drop(&mut self) {
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}

fn start_driver() -> (Child, u16) {
    for _ in 0..5 {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            // The browser is in a group of its own, which ends as a whole.
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (.ci/browser installs it)");
        if let Some(port) = port_of(&mut driver) {
            return (driver, port);
        }
        let _ = driver.wait();
    }
    panic!("chromedriver does not start")
}

/// Returns the port that the driver chose, once it listens there; `None` if it ended because the port was taken.
fn port_of(driver: &mut Child) -> Option<u16> {
    let output = driver.stdout.take().expect("piped");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    std::thread::spawn(move || lines.for_each(drop));
    port
}

/// Adds a device for tests (Web Authentication §12.1).
#[derive(Clone, Copy, Debug)]
pub struct VirtualAuthenticator;

impl WebDriverCompatibleCommand for VirtualAuthenticator {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/webauthn/authenticator",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let device = json!({"protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true});
        (Method::POST, Some(device.to_string()))
    }
}

/// Says whether the device for tests recognizes its owner from now on (Web Authentication §12.9).
#[derive(Clone, Debug)]
pub struct SetUserVerified {
    pub authenticator: String,
    pub verified: bool,
}

impl WebDriverCompatibleCommand for SetUserVerified {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/webauthn/authenticator/{}/uv",
            session.unwrap_or_default(),
            self.authenticator
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (
            Method::POST,
            Some(json!({"isUserVerified": self.verified}).to_string()),
        )
    }
}
