//! A module's relying party of OpenID Connect: a client, and the authorization requests it sends, each with the checks
//! that the suite makes of every response. `login.rs` goes on from the response, `registration.rs` registers clients.

use crate::browser::RedirectResult;
use crate::checks::response;
use crate::client::{AuthMethod, Client, Request, random_text};
use crate::journey::Journey;
use crate::report::Step;
use crate::run::Run;
use anyhow::Context;

/// The management endpoint of a client that the checker registered, and its token.
pub struct Registered {
    pub address: String,
    pub token: String,
}

pub struct RelyingParty {
    pub run: Run,
    pub client: Client,
    /// Clients to be removed when the module is done.
    pub registered: Vec<Registered>,
}

impl RelyingParty {
    pub fn new(run: Run, client: Client) -> Self {
        Self {
            run,
            client,
            registered: Vec::new(),
        }
    }

    pub fn second_client(&self) -> Step<Client> {
        let settings = self.run.config.client2.as_ref();
        let settings = settings.context("the settings name no [client2]")?;
        Ok(Client::new(settings, AuthMethod::SecretBasic))
    }

    /// Returns an ordinary request of this plan, for a module to change.
    pub fn request(&self, scope: &str) -> Request {
        let request = Request { params: Vec::new() }
            .with("client_id", self.client.id())
            .with("redirect_uri", self.client.settings.redirect_uri.as_str())
            .with("scope", scope)
            .with("state", random_text(10))
            .with("nonce", random_text(10))
            .with("response_type", self.run.variant.response_type);
        match self.run.variant.response_mode {
            Some(mode) => request.with("response_mode", mode),
            None => request,
        }
    }

    /// Opens the authorization endpoint and does at its pages what they ask for.
    pub async fn authorize(&mut self, request: &Request) -> Step<Journey> {
        let url = request.url(&self.run.endpoint("authorization_endpoint")?);
        let start = self.run.browser.open(&url).await?;
        self.run.complete_journey(start).await
    }

    /// Reads the response at the relying party and makes the checks of every response. Returns `None` if the journey
    /// ended on a page of the provider.
    pub fn read_response(&mut self, journey: &Journey, request: &Request) -> Option<response::Response> {
        let returned = journey.returned()?;
        let expected = response::Expected {
            redirect_uri: &self.client.settings.redirect_uri,
            placement: self.run.variant.placement(),
            state: request.get("state"),
            issuer: &self.run.provider.issuer,
            iss_announced: self
                .run
                .provider
                .flag("authorization_response_iss_parameter_supported")
                == Some(true),
            forgotten: false,
        };
        Some(response::read(returned, &expected, &mut self.run.report))
    }

    /// Sends the request and requires everything that the response type promises.
    pub async fn obtain_response(&mut self, request: &Request) -> Step<(Journey, response::Response)> {
        let journey = self.authorize(request).await?;
        let granted = self.expect_grant(&journey, request)?;
        Ok((journey, granted))
    }

    /// Sends the request and returns its code; for the code flow alone.
    pub async fn obtain_code(&mut self, request: &Request) -> Step<(Journey, String)> {
        let (journey, granted) = self.obtain_response(request).await?;
        Ok((journey, granted.get("code").unwrap_or_default().to_owned()))
    }

    pub fn expect_grant(&mut self, journey: &Journey, request: &Request) -> Step<response::Response> {
        const RULE: &str = "authorization (OpenID Connect Core §3.1.2, §3.2.2.5, §3.3.2.5)";
        let Some(response) = self.read_response(journey, request) else {
            let page = journey.page().map(|it| it.brief()).unwrap_or_default();
            return Err(self
                .run
                .report
                .stop(RULE, format!("no way back to the client: {page}")));
        };
        if response.get("error").is_some() {
            return Err(self
                .run
                .report
                .stop(RULE, format!("an error came back: {}", response.brief())));
        }
        for (word, name) in [
            ("code", "code"),
            ("id_token", "id_token"),
            ("token", "access_token"),
        ] {
            match (self.run.variant.has(word), response.get(name).is_some()) {
                (true, false) => {
                    return Err(self
                        .run
                        .report
                        .stop(RULE, format!("no {name} came back: {}", response.brief())));
                }
                (false, true) => self
                    .run
                    .report
                    .fail(RULE, format!("{name} came back, for which nobody asked")),
                _ => {}
            }
        }
        Ok(response)
    }

    /// Requires one of these errors at the relying party.
    pub fn expect_error(&mut self, rule: &'static str, journey: &Journey, request: &Request, codes: &[&str]) {
        match self.read_response(journey, request) {
            Some(response) => {
                let code = response.get("error").unwrap_or_default();
                self.run.report.require(codes.contains(&code), rule, || {
                    format!("one of {codes:?} was expected, got: {}", response.brief())
                });
            }
            None => self.run.report.fail(rule, page_instead(journey, codes)),
        }
    }

    /// Requires an error page, which the suite has a person look at.
    pub fn expect_page(&mut self, rule: &'static str, journey: &Journey) -> Step {
        match &journey.end {
            RedirectResult::Returned(redirect) => Err(self.run.report.stop(
                rule,
                format!("the browser was sent to {} instead of a page", redirect.url),
            )),
            RedirectResult::Page(page) => {
                self.run.report.require(page.login_form().is_none(), rule, || {
                    format!("a login page instead of an error: {}", page.brief())
                });
                self.run.report.review(rule, page.brief());
                Ok(())
            }
        }
    }
}

fn page_instead(journey: &Journey, codes: &[&str]) -> String {
    let page = journey.page().map(|it| it.brief()).unwrap_or_default();
    format!("one of {codes:?} was expected at the client, but there is a page: {page}")
}
