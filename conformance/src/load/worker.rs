//! One of those who do something: a browser of a person, and the service that the person uses.

use super::record::{Event, Record, Shown};
use super::service::{Outcome, Service, claims, ok, subject, text};
use super::settings::Settings;
use crate::browser::{Browser, RedirectResult};
use crate::client::{Request, random_text};
use crate::config::User;
use crate::http::Http;
use crate::journey;
use crate::provider::Provider;
use crate::sign_up::{FORMS, VERIFY};
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What all workers share.
pub struct Shared {
    pub provider: Arc<Provider>,
    pub settings: Settings,
    pub trust_any: bool,
    pub record: Option<Arc<Record>>,
    /// Tells the workers of this process from those of others.
    pub process: String,
}

/// A code that came back, and what it is redeemed with.
pub struct Returned {
    shown: Shown,
    nonce: String,
    verifier: String,
}

pub struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) number: usize,
    pub(super) service: Service,
    pub(super) access_token: String,
    /// Empty once nobody knows if it was used.
    pub(super) refresh_token: String,
    person: User,
    browser: Browser,
    /// Counts the logins.
    logins: usize,
    /// The session of the browser has ended, or there is none yet.
    is_logged_out: bool,
    /// `sub` of the person: the same in all that comes.
    subject: String,
}

impl Worker {
    /// Returns a worker whose person is logged in, if that is needed.
    pub async fn prepared(shared: Arc<Shared>, number: usize, needs_session: bool) -> Result<Self> {
        let http = Http::keeping_connections(shared.trust_any)?;
        let settings = &shared.settings;
        let person = settings.person(number);
        let who = (format!("{}-{number}", shared.process), person.login.clone());
        let mut worker = Self {
            service: Service::new(&http, settings, &shared.provider, shared.record.as_ref(), who),
            browser: Browser::new(&http, vec![settings.redirect_uri.clone()]),
            person,
            number,
            access_token: String::new(),
            refresh_token: String::new(),
            logins: 0,
            is_logged_out: true,
            subject: String::new(),
            shared,
        };
        if needs_session {
            let who = worker.person.login.clone();
            let begun = worker.begins_a_family().await;
            begun.with_context(|| format!("{who} cannot log in"))?;
        }
        Ok(worker)
    }

    fn endpoint(&self, name: &str) -> Result<&str> {
        self.service.endpoint(name)
    }

    fn session(&self) -> String {
        format!("{}-{}", self.service.worker(), self.logins)
    }

    pub async fn discovers(&self) -> Result<()> {
        let provider = &self.shared.provider;
        let document = ok(&self.service.http.get(&provider.discovery_url, &[]).await?)?;
        ensure!(document["issuer"] == provider.issuer.as_str(), "another issuer");
        Ok(())
    }

    pub async fn reads_keys(&self) -> Result<()> {
        let document = ok(&self.service.http.get(self.endpoint("jwks_uri")?, &[]).await?)?;
        let keys = document["keys"].as_array();
        ensure!(keys.is_some_and(|it| !it.is_empty()), "no keys");
        Ok(())
    }

    pub async fn gets_a_token_for_itself(&self) -> Result<()> {
        let mut fields = vec![("grant_type", "client_credentials")];
        if let Some(scope) = &self.shared.settings.client_credentials.scope {
            fields.push(("scope", scope));
        }
        let tokens = self.service.asks_for_tokens(&fields).await?;
        text(&tokens, "access_token").map(drop)
    }

    pub async fn introspects(&self) -> Result<()> {
        let said = self.service.introspects(&self.access_token).await?;
        ensure!(said["active"] == true, "the token is not active");
        Ok(())
    }

    pub async fn reads_claims(&self) -> Result<()> {
        let bearer = format!("Bearer {}", self.access_token);
        let headers = [("authorization", bearer.as_str())];
        let endpoint = self.endpoint("userinfo_endpoint")?;
        let claims = ok(&self.service.http.get(endpoint, &headers).await?)?;
        ensure!(claims["sub"] == self.subject.as_str(), "another person's claims");
        Ok(())
    }

    /// Uses the refresh token. Without one, which was lost with an answer, it comes from the session.
    pub async fn refreshes(&mut self) -> Result<()> {
        if self.refresh_token.is_empty() {
            return self.begins_a_family().await;
        }
        let outcome = self.shows_refresh_token().await?;
        self.takes(outcome)
    }

    pub async fn shows_refresh_token(&self) -> Result<Outcome> {
        let shown = Shown::RefreshToken(self.refresh_token.clone());
        self.service.shows(&shown, &[], &self.session()).await
    }

    /// Takes what came for the refresh token.
    pub fn takes(&mut self, outcome: Outcome) -> Result<()> {
        let tokens = outcome
            .into_tokens()
            .inspect_err(|_| self.refresh_token.clear())?;
        ensure!(
            text(&tokens, "access_token")? != self.access_token,
            "the same token again"
        );
        self.keep(&tokens)
    }

    /// Gets the first refresh token of an authorization.
    pub async fn begins_a_family(&mut self) -> Result<()> {
        let scope = self.shared.settings.scope_of_refresh().to_owned();
        let logs_in = self.is_logged_out;
        let tokens = self.flow(&scope, logs_in).await?;
        self.keep(&tokens)?;
        ensure!(
            !self.refresh_token.is_empty() || self.shared.settings.refresh.scope.is_none(),
            "the scope brought no refresh token"
        );
        Ok(())
    }

    /// Keeps what was issued. The person is the same as before.
    fn keep(&mut self, tokens: &Value) -> Result<()> {
        self.is_the_person(tokens)?;
        self.access_token = text(tokens, "access_token")?.to_owned();
        if let Some(token) = tokens["refresh_token"].as_str() {
            token.clone_into(&mut self.refresh_token);
        }
        Ok(())
    }

    fn is_the_person(&mut self, tokens: &Value) -> Result<()> {
        let Some(subject) = subject(tokens)? else {
            return Ok(());
        };
        if self.subject.is_empty() {
            self.subject.clone_from(&subject);
        }
        ensure!(subject == self.subject, "another person's ID token");
        Ok(())
    }

    pub async fn signs_on(&mut self) -> Result<()> {
        let scope = self.shared.settings.scope.clone();
        let logs_in = self.is_logged_out;
        self.flow(&scope, logs_in).await.map(drop)
    }

    /// Logs in with a browser that was never here, and goes on with it: a person has so many sessions, and the oldest ends.
    pub async fn logs_in_elsewhere(&mut self) -> Result<()> {
        let fresh = Browser::new(
            &self.service.http,
            vec![self.shared.settings.redirect_uri.clone()],
        );
        let own = std::mem::replace(&mut self.browser, fresh);
        let scope = self.shared.settings.scope.clone();
        let was_logged_out = self.is_logged_out;
        let outcome = self.flow(&scope, true).await;
        if outcome.is_err() {
            self.browser = own;
            self.is_logged_out = was_logged_out;
        }
        outcome.map(drop)
    }

    /// Goes from the request of the service to its tokens. A page may only come if the person has to log in.
    async fn flow(&mut self, scope: &str, logs_in: bool) -> Result<Value> {
        let returned = self.obtains_code(scope, logs_in).await?;
        let tokens = self.redeems(&returned).await?.into_tokens()?;
        self.belongs(&returned, &tokens)?;
        Ok(tokens)
    }

    pub async fn obtains_code_for_refresh(&mut self) -> Result<Returned> {
        let scope = self.shared.settings.scope_of_refresh().to_owned();
        let logs_in = self.is_logged_out;
        self.obtains_code(&scope, logs_in).await
    }

    async fn obtains_code(&mut self, scope: &str, logs_in: bool) -> Result<Returned> {
        let (state, nonce, verifier) = (random_text(20), random_text(20), random_text(48));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let request = Request { params: Vec::new() }
            .with("response_type", "code")
            .with("client_id", self.service.client.id())
            .with("redirect_uri", self.shared.settings.redirect_uri.as_str())
            .with("scope", scope)
            .with("state", state.as_str())
            .with("nonce", nonce.as_str())
            .with("code_challenge", challenge)
            .with("code_challenge_method", "S256");
        let url = request.url(self.endpoint("authorization_endpoint")?);
        let start = self.browser.open(&url).await?;
        if let (RedirectResult::Page(page), false) = (&start, logs_in) {
            // With a record the next one logs in. This one has failed in any case.
            self.is_logged_out = self.service.records() && page.status < 400;
            bail!("a page in place of the way back: {}", page.brief());
        }
        let journey = journey::complete(&mut self.browser, start, &self.person).await?;
        let Some(returned) = journey.returned() else {
            let page = journey.page().map(|it| it.brief()).unwrap_or_default();
            bail!("no way back to the service: {page}");
        };
        if logs_in {
            self.logins += 1;
            self.is_logged_out = false;
        }
        let said = |name: &str| {
            let found = returned.url.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        ensure!(said("state") == Some(state), "another state: {}", returned.url);
        let code = said("code").with_context(|| format!("no code: {}", returned.url))?;
        self.service.note(|| Event::Code {
            code: code.clone(),
            verifier: verifier.clone(),
        })?;
        Ok(Returned {
            shown: Shown::Code(code),
            nonce,
            verifier,
        })
    }

    pub async fn redeems(&self, returned: &Returned) -> Result<Outcome> {
        let more = [
            ("redirect_uri", self.shared.settings.redirect_uri.as_str()),
            ("code_verifier", returned.verifier.as_str()),
        ];
        self.service.shows(&returned.shown, &more, &self.session()).await
    }

    /// The tokens are for the request that the code came from, and for this person.
    pub fn belongs(&mut self, returned: &Returned, tokens: &Value) -> Result<()> {
        let claims = claims(text(tokens, "id_token")?)?;
        ensure!(claims["nonce"] == returned.nonce.as_str(), "another nonce");
        self.is_the_person(tokens)
    }

    /// Fills in the forms of a sign-up, to the page that asks for the code.
    pub async fn signs_up(&self) -> Result<()> {
        let email = format!("load{}@bench.example", random_text(16).to_lowercase());
        let mut browser = Browser::new(&self.service.http, Vec::new());
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
            RedirectResult::Page(page) if page.status == 200 && page.url.path() == VERIFY => {
                self.service.note(|| Event::SignUp {
                    email,
                    cookies: browser.cookie_header(&page.url).unwrap_or_default(),
                })
            }
            RedirectResult::Page(page) => bail!("no page for the code: {}", page.brief()),
            RedirectResult::Returned(_) => bail!("the sign-up leads away"),
        }
    }
}
