//! A run is what every module works with: the provider and the settings, a variant, a browser of its own, the report. A
//! module of OpenID Connect has a client beside it (`relying_party.rs`), a module of FAPI two of its own (`fapi/`).

use crate::browser::{Browser, RedirectResult};
use crate::config::{self, Config};
use crate::http::Http;
use crate::journey::{self, Journey};
use crate::provider::Provider;
use crate::report::{Report, Step, Stop};
use crate::site::Site;
use crate::variant::Variant;
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The objects that all modules of a check share.
#[derive(Clone)]
pub struct Environment {
    pub http: Http,
    pub provider: Arc<Provider>,
    pub config: Arc<Config>,
    pub site: Option<Arc<Site>>,
}

pub struct Run {
    pub http: Http,
    pub provider: Arc<Provider>,
    pub config: Arc<Config>,
    pub variant: Variant,
    pub browser: Browser,
    pub report: Report,
    site: Option<Arc<Site>>,
    /// Its slot among the modules that run; who waits gives it back.
    slot: Option<OwnedSemaphorePermit>,
}

impl Run {
    pub fn new(environment: &Environment, variant: Variant, slot: Option<OwnedSemaphorePermit>) -> Self {
        let config = &environment.config;
        let clients = [&config.client, &config.client2, &config.client_secret_post];
        let mut returns = Vec::new();
        for client in clients.into_iter().flatten() {
            for address in std::iter::once(&client.redirect_uri).chain(&client.post_logout_redirect_uri) {
                let url = url::Url::parse(address).ok();
                returns.extend(url.map(|it| crate::browser::without_query(&it)));
            }
        }
        Self {
            http: environment.http.clone(),
            provider: environment.provider.clone(),
            config: config.clone(),
            variant,
            browser: Browser::new(&environment.http, returns),
            report: Report::default(),
            site: environment.site.clone(),
            slot,
        }
    }

    /// Waits for some seconds, while others go on. A few modules at a time do so, for what waits here counts at the
    /// provider.
    pub async fn wait_briefly(&mut self, time: Duration) {
        static FEW: Semaphore = Semaphore::const_new(6);
        let _waiting = FEW.acquire().await;
        self.wait(time).await;
    }

    /// Waits for long, while others go on.
    pub async fn wait(&mut self, time: Duration) {
        self.slot = None;
        tokio::time::sleep(time).await;
    }

    pub fn user(&self) -> Step<config::User> {
        Ok(self.config.user.clone().context("the settings name no [user]")?)
    }

    /// Returns the checker's own address, or skips the module where there is none.
    pub fn site(&self) -> Step<Arc<Site>> {
        let site = self.site.clone();
        site.ok_or_else(|| Stop::Skipped("the settings name no [site]".into()))
    }

    pub fn endpoint(&mut self, name: &str) -> Step<String> {
        match self.provider.endpoint(name) {
            Some(url) => Ok(url.to_owned()),
            None => Err(self.report.stop("metadata", format!("{name} is missing"))),
        }
    }

    /// Does at the pages what they ask for, until the relying party is reached.
    pub async fn complete_journey(&mut self, start: RedirectResult) -> Step<Journey> {
        let user = self.user()?;
        let journey = journey::complete(&mut self.browser, start, &user).await?;
        if let Some(page) = journey.page() {
            self.report.require(page.status < 500, "pages", || {
                format!("a server error: {}", page.brief())
            });
        }
        Ok(journey)
    }
}
