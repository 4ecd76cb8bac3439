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
use std::sync::Arc;

pub struct Run {
    pub http: Http,
    pub provider: Arc<Provider>,
    pub config: Arc<Config>,
    pub variant: Variant,
    pub client: Client,
    pub browser: Browser,
    pub report: Report,
    pub site: Option<Arc<Site>>,
    /// Clients to be removed when the module is done.
    pub registered: Vec<Registered>,
}

/// Everything a successful login yields.
pub struct Login {
    pub walk: Walk,
    pub code: String,
    pub tokens: token::Tokens,
    pub id_token: id_token::IdToken,
    pub userinfo: serde_json::Value,
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
            registered: Vec::new(),
        }
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
        };
        Some(response::read(returned, &expected, &mut self.report))
    }

    /// A code is the only good outcome.
    pub async fn code(&mut self, request: &Request) -> Step<(Walk, String)> {
        let walk = self.authorize(request).await?;
        let code = self.code_of(&walk, request)?;
        Ok((walk, code))
    }

    pub fn code_of(&mut self, walk: &Walk, request: &Request) -> Step<String> {
        const RULE: &str = "authorization (OpenID Connect Core §3.1.2)";
        let Some(response) = self.response(walk, request) else {
            let page = walk.page().map(|it| it.brief()).unwrap_or_default();
            return Err(self
                .report
                .stop(RULE, format!("no way back to the client: {page}")));
        };
        match response.get("code").filter(|_| response.get("error").is_none()) {
            Some(code) => Ok(code.to_owned()),
            None => Err(self
                .report
                .stop(RULE, format!("no code came back: {}", response.brief()))),
        }
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

    /// The whole way: request, pages, code, tokens, userinfo.
    pub async fn login(&mut self, request: &Request) -> Step<Login> {
        let (walk, code) = self.code(request).await?;
        self.finish(walk, code, request, None).await
    }

    pub async fn finish(
        &mut self,
        walk: Walk,
        code: String,
        request: &Request,
        verifier: Option<&str>,
    ) -> Step<Login> {
        let (tokens, id_token) = self.redeem(&code, request.get("nonce"), verifier).await?;
        let answer = self.userinfo_raw(&tokens.access_token).await?;
        let sub = id_token.claims["sub"].as_str();
        let userinfo = userinfo::read(&answer, sub, &mut self.report)?;
        Ok(Login {
            walk,
            code,
            tokens,
            id_token,
            userinfo,
        })
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
