//! One of those who do something: a browser of a person, and the service that the person uses.

use super::figures::Figures;
use super::operations::{Operation, Workload};
use super::settings::Settings;
use crate::browser::{Browser, RedirectResult};
use crate::client::{AuthMethod, Client, Request, random_text};
use crate::config::User;
use crate::http::{Answer, Http};
use crate::journey;
use crate::provider::Provider;
use crate::sign_up::FORMS;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Failures in a row after which a worker gives up: whatever it is, it does not pass.
const MOST_FAILURES: u32 = 20;

/// The time by which this machine itself may be late when a turn comes.
const LATENESS: Duration = Duration::from_millis(100);

/// The part of time that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub begin: Instant,
    pub end: Instant,
}

/// What all workers share.
pub struct Shared {
    pub provider: Provider,
    pub settings: Settings,
    pub workload: Workload,
    pub trust_any: bool,
}

pub struct Worker {
    shared: Arc<Shared>,
    number: usize,
    http: Http,
    client: Client,
    person: User,
    browser: Browser,
    access_token: String,
    refresh_token: String,
    /// `sub` of the person: the same in all that comes.
    subject: String,
}

impl Worker {
    /// Returns a worker whose person is logged in, if the workload needs that.
    pub async fn prepared(shared: Arc<Shared>, number: usize) -> Result<Self> {
        let http = Http::keeping_connections(shared.trust_any)?;
        let settings = &shared.settings;
        let mut worker = Self {
            client: Client::new(&settings.client(), AuthMethod::SecretBasic),
            person: settings.person(number),
            browser: Browser::new(&http, vec![settings.redirect_uri.clone()]),
            http,
            number,
            access_token: String::new(),
            refresh_token: String::new(),
            subject: String::new(),
            shared,
        };
        if worker.shared.workload.needs_session() {
            let settings = &worker.shared.settings;
            let scope = settings
                .refresh
                .scope
                .clone()
                .unwrap_or_else(|| settings.scope.clone());
            let who = worker.person.login.clone();
            let tokens = worker.flow(&scope, true).await;
            let tokens = tokens.with_context(|| format!("{who} cannot log in"))?;
            worker.keep(&tokens)?;
        }
        Ok(worker)
    }

    /// Works until the end of the window, and returns what was begun in it.
    pub async fn work(mut self, window: Window, interval: Option<Duration>) -> Figures {
        let mut figures = Figures::default();
        let mut in_a_row = 0;
        // Those who come at a rate do not come all at once.
        let first = Instant::now();
        let offset = interval.map_or(Duration::ZERO, |it| it.mul_f64(self.number as f64 % 97.0 / 97.0));
        for n in 0.. {
            let mut begun = Instant::now();
            if let Some(interval) = interval {
                let turn = first + offset + interval.mul_f64(f64::from(n));
                sleep_until(turn).await;
                begun = turn;
            }
            if begun >= window.end || in_a_row >= MOST_FAILURES {
                break;
            }
            let operation = self.shared.workload.operation(n as usize + self.number);
            if interval.is_some() && Instant::now() > window.end + LATENESS {
                // To leave it out would make a provider that does not keep up look quick.
                figures.failed(
                    operation,
                    "its turn came, and the answers before it did not".to_owned(),
                );
                continue;
            }
            let outcome = self.carry_out(operation).await;
            in_a_row = if outcome.is_ok() { 0 } else { in_a_row + 1 };
            match outcome {
                Ok(()) if begun < window.begin => {}
                Ok(()) => figures.succeeded(operation, begun.elapsed()),
                // Whenever it was.
                Err(error) => figures.failed(operation, format!("{error:#}")),
            }
        }
        figures
    }

    async fn carry_out(&mut self, operation: Operation) -> Result<()> {
        match operation {
            Operation::Discovery => self.discovers().await,
            Operation::Jwks => self.reads_keys().await,
            Operation::ClientCredentials => self.gets_a_token_for_itself().await,
            Operation::Introspection => self.introspects().await,
            Operation::Userinfo => self.reads_claims().await,
            Operation::Refresh => self.refreshes().await,
            Operation::SingleSignOn => {
                let scope = self.shared.settings.scope.clone();
                self.flow(&scope, false).await.map(drop)
            }
            Operation::Login => self.logs_in_elsewhere().await,
            Operation::SignUp => self.signs_up().await,
        }
    }

    fn endpoint(&self, name: &str) -> Result<&str> {
        let found = self.shared.provider.endpoint(name);
        found.with_context(|| format!("the metadata has no {name}"))
    }

    async fn discovers(&self) -> Result<()> {
        let provider = &self.shared.provider;
        let document = ok(self.http.get(&provider.discovery_url, &[]).await?)?;
        ensure!(document["issuer"] == provider.issuer.as_str(), "another issuer");
        Ok(())
    }

    async fn reads_keys(&self) -> Result<()> {
        let document = ok(self.http.get(self.endpoint("jwks_uri")?, &[]).await?)?;
        let keys = document["keys"].as_array();
        ensure!(keys.is_some_and(|it| !it.is_empty()), "no keys");
        Ok(())
    }

    async fn gets_a_token_for_itself(&self) -> Result<()> {
        let mut fields = vec![("grant_type", "client_credentials")];
        if let Some(scope) = &self.shared.settings.client_credentials.scope {
            fields.push(("scope", scope));
        }
        let tokens = self.asks_for_tokens(&fields).await?;
        text(&tokens, "access_token").map(drop)
    }

    async fn asks_for_tokens(&self, fields: &[(&str, &str)]) -> Result<Value> {
        let answer = self
            .client
            .token_request(&self.http, &self.shared.provider, fields)
            .await?;
        ok(answer)
    }

    async fn introspects(&self) -> Result<()> {
        let endpoint = self.endpoint("introspection_endpoint")?;
        let form = [("token", self.access_token.as_str())];
        let said = ok(self.client.post(&self.http, endpoint, &form).await?)?;
        ensure!(said["active"] == true, "the token is not active");
        Ok(())
    }

    async fn reads_claims(&self) -> Result<()> {
        let bearer = format!("Bearer {}", self.access_token);
        let headers = [("authorization", bearer.as_str())];
        let claims = ok(self
            .http
            .get(self.endpoint("userinfo_endpoint")?, &headers)
            .await?)?;
        ensure!(claims["sub"] == self.subject.as_str(), "another person's claims");
        Ok(())
    }

    async fn refreshes(&mut self) -> Result<()> {
        ensure!(
            !self.refresh_token.is_empty(),
            "the scope brought no refresh token"
        );
        let token = self.refresh_token.clone();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &token)];
        let tokens = self.asks_for_tokens(&fields).await?;
        ensure!(
            text(&tokens, "access_token")? != self.access_token,
            "the same token again"
        );
        self.keep(&tokens)
    }

    /// Keeps what was issued. The person is the same as before.
    fn keep(&mut self, tokens: &Value) -> Result<()> {
        self.access_token = text(tokens, "access_token")?.to_owned();
        if let Some(token) = tokens["refresh_token"].as_str() {
            token.clone_into(&mut self.refresh_token);
        }
        let Some(id_token) = tokens["id_token"].as_str() else {
            return Ok(());
        };
        let subject = claims(id_token)?["sub"].as_str().unwrap_or_default().to_owned();
        ensure!(!subject.is_empty(), "the ID token has no sub");
        if self.subject.is_empty() {
            self.subject = subject;
        }
        Ok(())
    }

    async fn logs_in_elsewhere(&mut self) -> Result<()> {
        let fresh = Browser::new(&self.http, vec![self.shared.settings.redirect_uri.clone()]);
        let own = std::mem::replace(&mut self.browser, fresh);
        let scope = self.shared.settings.scope.clone();
        let outcome = self.flow(&scope, true).await;
        self.browser = own;
        outcome.map(drop)
    }

    /// Goes from the request of the service to its tokens. A page may only come if the person has to log in.
    async fn flow(&mut self, scope: &str, logs_in: bool) -> Result<Value> {
        let (state, nonce, verifier) = (random_text(20), random_text(20), random_text(48));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let redirect_uri = self.shared.settings.redirect_uri.clone();
        let request = Request { params: Vec::new() }
            .with("response_type", "code")
            .with("client_id", self.client.id())
            .with("redirect_uri", redirect_uri.as_str())
            .with("scope", scope)
            .with("state", state.as_str())
            .with("nonce", nonce.as_str())
            .with("code_challenge", challenge)
            .with("code_challenge_method", "S256");
        let url = request.url(self.endpoint("authorization_endpoint")?);
        let start = self.browser.open(&url).await?;
        if let (RedirectResult::Page(page), false) = (&start, logs_in) {
            bail!("a page in place of the way back: {}", page.brief());
        }
        let journey = journey::complete(&mut self.browser, start, &self.person).await?;
        let returned = journey.returned().context("no way back to the service")?;
        let said = |name: &str| {
            let found = returned.url.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        ensure!(said("state") == Some(state), "another state: {}", returned.url);
        let code = said("code").with_context(|| format!("no code: {}", returned.url))?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &verifier),
        ];
        let tokens = self.asks_for_tokens(&fields).await?;
        let claims = claims(text(&tokens, "id_token")?)?;
        ensure!(claims["nonce"] == nonce.as_str(), "another nonce");
        let same = self.subject.is_empty() || claims["sub"] == self.subject.as_str();
        ensure!(same, "another person's ID token");
        Ok(tokens)
    }

    /// Fills in the forms of a sign-up, to the page that asks for the code.
    async fn signs_up(&self) -> Result<()> {
        let email = format!("load{}@bench.example", random_text(16).to_lowercase());
        let mut browser = Browser::new(&self.http, Vec::new());
        let mut shown = browser
            .open(&format!("{}{}", self.shared.provider.issuer, FORMS[0].0))
            .await?;
        for (path, typed) in FORMS {
            let RedirectResult::Page(page) = shown else {
                bail!("{path} is no page");
            };
            let form = page.forms.iter().find(|it| it.post && it.action.path() == path);
            let form = form.with_context(|| format!("there is no form on {}", page.brief()))?;
            let mut values: Vec<(String, String)> = typed
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            if form.fields.iter().any(|it| it.name == "email") {
                values.push(("email".to_owned(), email.clone()));
            }
            shown = browser.submit(form, &values, None).await?;
        }
        match shown {
            RedirectResult::Page(page) if page.status == 200 && page.url.path() == "/signup/verify" => Ok(()),
            RedirectResult::Page(page) => bail!("no page for the code: {}", page.brief()),
            RedirectResult::Returned(_) => bail!("the sign-up leads away"),
        }
    }
}

/// Returns the JSON of a successful answer.
fn ok(answer: Answer) -> Result<Value> {
    ensure!(answer.status == 200, "{}", answer.brief());
    answer.json().with_context(|| answer.brief())
}

fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str> {
    let found = object[name].as_str().filter(|it| !it.is_empty());
    found.with_context(|| format!("the answer has no {name}"))
}

/// Returns the claims of an ID token. Its signature is a matter of `check`: to verify it costs what it costs to make.
fn claims(id_token: &str) -> Result<Value> {
    let part = id_token.split('.').nth(1).context("no JWT")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}
