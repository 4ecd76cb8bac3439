//! What a module works with: the provider, its clients, a browser of its own, the report; and the steps that
//! nearly all modules share, each with the checks the suite makes there.

use crate::browser::{Browser, Landing};
use crate::checks::{id_token, response, token, userinfo};
use crate::client::{AuthMethod, Client, Request, random_text};
use crate::config::{self, Config};
use crate::http::{Answer, Http};
use crate::journey::{Walk, walk};
use crate::plans::Variant;
use crate::provider::Provider;
use crate::registration::Registered;
use crate::report::{Report, Step};
use crate::site::Site;
use anyhow::Context;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub struct Run {
    pub http: Http,
    pub provider: Arc<Provider>,
    pub config: Arc<Config>,
    pub variant: Variant,
    pub client: Client,
    pub browser: Browser,
    pub report: Report,
    pub site: Option<Arc<Site>>,
    /// Its place among the modules that run; who waits gives it back.
    pub place: Option<OwnedSemaphorePermit>,
    /// Clients to be removed when the module is done.
    pub registered: Vec<Registered>,
}

/// Everything a successful login yields. What the response type does not bring is empty.
pub struct Login {
    pub walk: Walk,
    pub code: String,
    /// Of the token endpoint, if there was a code, else of the authorization endpoint.
    pub tokens: token::Tokens,
    /// Likewise.
    pub id_token: id_token::IdToken,
    /// The ID token of the authorization endpoint, where another one followed.
    pub front: Option<id_token::IdToken>,
    pub userinfo: Value,
}

impl Run {
    pub fn new(
        http: &Http,
        provider: &Arc<Provider>,
        config: &Arc<Config>,
        variant: Variant,
        client: Client,
    ) -> Self {
        let clients = [&config.client, &config.client2, &config.client_secret_post];
        let mut returns = Vec::new();
        for it in clients.into_iter().flatten() {
            for address in std::iter::once(&it.redirect_uri).chain(&it.post_logout_redirect_uri) {
                returns.extend(
                    url::Url::parse(address)
                        .ok()
                        .map(|it| crate::browser::without_query(&it)),
                );
            }
        }
        Self {
            http: http.clone(),
            provider: provider.clone(),
            config: config.clone(),
            variant,
            client,
            browser: Browser::new(http, returns),
            report: Report::default(),
            site: None,
            place: None,
            registered: Vec::new(),
        }
    }

    /// For some seconds, while others go on; a few at a time, for what waits here counts at the provider.
    pub async fn waits_a_little(&mut self, time: Duration) {
        static FEW: Semaphore = Semaphore::const_new(6);
        let _waiting = FEW.acquire().await;
        self.waits(time).await;
    }

    /// For long, while others go on.
    pub async fn waits(&mut self, time: Duration) {
        self.place = None;
        tokio::time::sleep(time).await;
    }

    pub fn user(&self) -> Step<config::User> {
        Ok(self.config.user.clone().context("the settings name no [user]")?)
    }

    pub fn second_client(&self) -> Step<Client> {
        let settings = self
            .config
            .client2
            .as_ref()
            .context("the settings name no [client2]")?;
        Ok(Client::new(settings, AuthMethod::SecretBasic))
    }

    pub fn endpoint(&mut self, name: &str) -> Step<String> {
        match self.provider.endpoint(name) {
            Some(it) => Ok(it.to_owned()),
            None => Err(self.report.stop("metadata", format!("{name} is missing"))),
        }
    }

    /// An ordinary request of this plan, ready to be bent.
    pub fn request(&self, scope: &str) -> Request {
        let request = Request { params: Vec::new() }
            .with("client_id", self.client.id())
            .with("redirect_uri", self.client.settings.redirect_uri.as_str())
            .with("scope", scope)
            .with("state", random_text(10))
            .with("nonce", random_text(10))
            .with("response_type", self.variant.response_type);
        match self.variant.response_mode {
            Some(mode) => request.with("response_mode", mode),
            None => request,
        }
    }

    /// Opens the authorization endpoint and does there what is asked for.
    pub async fn authorize(&mut self, request: &Request) -> Step<Walk> {
        let url = request.url(&self.endpoint("authorization_endpoint")?);
        let start = self.browser.open(&url).await?;
        self.go_on(start).await
    }

    pub async fn go_on(&mut self, start: Landing) -> Step<Walk> {
        let user = self.user()?;
        let walk = walk(&mut self.browser, start, &user).await?;
        if let Some(page) = walk.page() {
            self.report.require(page.status < 500, "pages", || {
                format!("a server error: {}", page.brief())
            });
        }
        Ok(walk)
    }

    /// The response at the relying party, with the checks of every response. `None`: a page of the provider.
    pub fn response(&mut self, walk: &Walk, request: &Request) -> Option<response::Response> {
        let returned = walk.returned()?;
        let expected = response::Expected {
            redirect_uri: &self.client.settings.redirect_uri,
            placement: self.variant.placement(),
            state: request.get("state"),
            issuer: &self.provider.issuer,
            iss_announced: self
                .provider
                .flag("authorization_response_iss_parameter_supported")
                == Some(true),
            forgotten: false,
        };
        Some(response::read(returned, &expected, &mut self.report))
    }

    /// What the response type promises is the only good outcome.
    pub async fn answer(&mut self, request: &Request) -> Step<(Walk, response::Response)> {
        let walk = self.authorize(request).await?;
        let granted = self.granted(&walk, request)?;
        Ok((walk, granted))
    }

    /// For the code flow alone.
    pub async fn code(&mut self, request: &Request) -> Step<(Walk, String)> {
        let (walk, granted) = self.answer(request).await?;
        Ok((walk, granted.get("code").unwrap_or_default().to_owned()))
    }

    pub fn granted(&mut self, walk: &Walk, request: &Request) -> Step<response::Response> {
        const RULE: &str = "authorization (OpenID Connect Core §3.1.2, §3.2.2.5, §3.3.2.5)";
        let Some(response) = self.response(walk, request) else {
            let page = walk.page().map(|it| it.brief()).unwrap_or_default();
            return Err(self
                .report
                .stop(RULE, format!("no way back to the client: {page}")));
        };
        if response.get("error").is_some() {
            return Err(self
                .report
                .stop(RULE, format!("an error came back: {}", response.brief())));
        }
        for (word, name) in [
            ("code", "code"),
            ("id_token", "id_token"),
            ("token", "access_token"),
        ] {
            match (self.variant.has(word), response.get(name).is_some()) {
                (true, false) => {
                    return Err(self
                        .report
                        .stop(RULE, format!("no {name} came back: {}", response.brief())));
                }
                (false, true) => self
                    .report
                    .fail(RULE, format!("{name} came back, for which nobody asked")),
                _ => {}
            }
        }
        Ok(response)
    }

    /// The ID token of the authorization endpoint, which vouches for what came with it.
    fn front(
        &mut self,
        response: &response::Response,
        nonce: Option<&str>,
    ) -> Step<Option<id_token::IdToken>> {
        let Some(raw) = response.get("id_token") else {
            return Ok(None);
        };
        let expected = id_token::Expected {
            issuer: &self.provider.issuer,
            client_id: self.client.id(),
            nonce,
            access_token: response.get("access_token"),
            code: response.get("code"),
        };
        let token = id_token::read(raw, &self.provider.jwks, &expected, &mut self.report)?;
        for (word, name) in [("token", "at_hash"), ("code", "c_hash")] {
            let missing = self.variant.has(word) && token.claims.get(name).is_none();
            self.report.require(
                !missing,
                "at_hash and c_hash (OpenID Connect Core §3.2.2.10, §3.3.2.11)",
                || format!("{name} is missing in the ID token from the authorization endpoint"),
            );
        }
        Ok(Some(token))
    }

    pub async fn redeem_raw(&mut self, code: &str) -> Step<Answer> {
        let redirect_uri = self.client.settings.redirect_uri.clone();
        let params = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri.as_str()),
        ];
        Ok(self
            .client
            .token_request(&self.http, &self.provider, &params)
            .await?)
    }

    /// Redeems the code through the library, then looks at the answer with our own eyes.
    pub async fn redeem(
        &mut self,
        code: &str,
        nonce: Option<&str>,
        verifier: Option<&str>,
    ) -> Step<(token::Tokens, id_token::IdToken)> {
        let (answer, complaint) = self
            .client
            .redeem_by_library(&self.http, &self.provider, code, nonce, verifier)
            .await?;
        let tokens = token::read(&answer, &mut self.report)?;
        let id_token = self.id_token(&tokens, nonce, Some(code))?;
        if let Some(complaint) = complaint {
            self.report
                .fail("the library openidconnect as relying party", complaint);
        }
        Ok((tokens, id_token))
    }

    pub fn id_token(
        &mut self,
        tokens: &token::Tokens,
        nonce: Option<&str>,
        code: Option<&str>,
    ) -> Step<id_token::IdToken> {
        let Some(raw) = &tokens.id_token else {
            return Err(self.report.stop(
                "token response (OpenID Connect Core §3.1.3.3)",
                "there is no id_token",
            ));
        };
        let expected = id_token::Expected {
            issuer: &self.provider.issuer,
            client_id: self.client.id(),
            nonce,
            access_token: Some(&tokens.access_token),
            code,
        };
        id_token::read(raw, &self.provider.jwks, &expected, &mut self.report)
    }

    pub async fn userinfo_raw(&mut self, access_token: &str) -> Step<Answer> {
        let endpoint = self.endpoint("userinfo_endpoint")?;
        let bearer = format!("Bearer {access_token}");
        Ok(self.http.get(&endpoint, &[("authorization", &bearer)]).await?)
    }

    /// The whole way: request, pages, response, tokens, userinfo.
    pub async fn login(&mut self, request: &Request) -> Step<Login> {
        let (walk, granted) = self.answer(request).await?;
        self.finish(walk, granted, request, None).await
    }

    pub async fn finish(
        &mut self,
        walk: Walk,
        granted: response::Response,
        request: &Request,
        verifier: Option<&str>,
    ) -> Step<Login> {
        let mut front = self.front(&granted, request.get("nonce"))?;
        let mut tokens = token::of_front(&granted, &mut self.report);
        let code = granted.get("code").unwrap_or_default().to_owned();
        let id_token = match code.is_empty() {
            true => front.take(),
            false => {
                let in_front = std::mem::take(&mut tokens);
                let (bought, id_token) = self.redeem(&code, request.get("nonce"), verifier).await?;
                tokens = bought;
                if let Some(front) = &front {
                    self.same_person(front, &id_token);
                }
                self.userinfo_with(&in_front.access_token, &id_token).await?;
                Some(id_token)
            }
        };
        let id_token = id_token.context("there is no ID token")?;
        let userinfo = self.userinfo_with(&tokens.access_token, &id_token).await?;
        Ok(Login {
            walk,
            code,
            tokens,
            id_token,
            front,
            userinfo,
        })
    }

    fn same_person(&mut self, front: &id_token::IdToken, bought: &id_token::IdToken) {
        for name in ["iss", "sub"] {
            let (one, two) = (&front.claims[name], &bought.claims[name]);
            self.report.require(
                one == two,
                "ID tokens of both endpoints (OpenID Connect Core §3.3.3.6)",
                || format!("{name} is {one} in one and {two} in the other"),
            );
        }
    }

    /// Null where there is no access token.
    async fn userinfo_with(&mut self, access_token: &str, id_token: &id_token::IdToken) -> Step<Value> {
        if access_token.is_empty() {
            return Ok(Value::Null);
        }
        let answer = self.userinfo_raw(access_token).await?;
        userinfo::read(&answer, id_token.claims["sub"].as_str(), &mut self.report)
    }

    /// An error at the relying party, one of those named.
    pub fn expect_error(&mut self, rule: &'static str, walk: &Walk, request: &Request, codes: &[&str]) {
        match self.response(walk, request) {
            Some(response) => {
                let code = response.get("error").unwrap_or_default();
                self.report.require(codes.contains(&code), rule, || {
                    format!("one of {codes:?} was expected, got: {}", response.brief())
                });
            }
            None => self.report.fail(rule, page_instead(walk, codes)),
        }
    }

    /// An error page is right here; the suite has a person look at it.
    pub fn expect_page(&mut self, rule: &'static str, walk: &Walk) -> Step {
        match &walk.end {
            Landing::Returned(it) => Err(self.report.stop(
                rule,
                format!("the browser was sent to {} instead of a page", it.url),
            )),
            Landing::Page(page) => {
                self.report.require(page.login_form().is_none(), rule, || {
                    format!("a login page instead of an error: {}", page.brief())
                });
                self.report.review(rule, page.brief());
                Ok(())
            }
        }
    }
}

fn page_instead(walk: &Walk, codes: &[&str]) -> String {
    let page = walk.page().map(|it| it.brief()).unwrap_or_default();
    format!("one of {codes:?} was expected at the client, but there is a page: {page}")
}
