//! Does at the provider's pages what a person does: log in, agree, confirm, refuse. It goes by the forms alone, as the
//! suite's scripted browser does, so any provider will do whose pages work without JavaScript.

use crate::browser::{Browser, ClientRedirect, RedirectResult};
use crate::config::User;
use crate::html::{Field, Form, Page};
use anyhow::{Result, bail};
use std::time::Duration;

/// The way from a request to its end.
#[derive(Debug)]
pub struct Journey {
    pub end: RedirectResult,
    /// Counts the logins.
    pub logins: u32,
    /// Counts the decisions.
    pub decisions: u32,
    /// The pages seen on the way, for the report.
    pub pages: Vec<String>,
    /// The page that it was left from by a link.
    pub left: Option<Page>,
}

impl From<RedirectResult> for Journey {
    fn from(end: RedirectResult) -> Self {
        Self {
            end,
            logins: 0,
            decisions: 0,
            pages: Vec::new(),
            left: None,
        }
    }
}

impl Journey {
    pub fn returned(&self) -> Option<&ClientRedirect> {
        match &self.end {
            RedirectResult::Returned(redirect) => Some(redirect),
            RedirectResult::Page(_) => None,
        }
    }

    pub fn page(&self) -> Option<&Page> {
        match &self.end {
            RedirectResult::Page(page) => Some(page),
            RedirectResult::Returned(_) => None,
        }
    }

    pub fn is_silent(&self) -> bool {
        self.logins == 0 && self.decisions == 0
    }
}

/// Follows the pages until the relying party is reached or a page has nothing to do.
pub async fn complete(browser: &mut Browser, start: RedirectResult, user: &User) -> Result<Journey> {
    let mut journey = Journey::from(start);
    for _ in 0..10 {
        let page = match &journey.end {
            RedirectResult::Returned(_) => return Ok(journey),
            RedirectResult::Page(page) => page.clone(),
        };
        journey.pages.push(page.brief());
        if let Some(form) = page.login_form() {
            if journey.logins > 0 {
                let Some(pause) = page.retry_after.filter(|it| page.status == 429 && *it <= 60) else {
                    bail!("the login page came back after the login: {}", page.brief());
                };
                tokio::time::sleep(Duration::from_secs(pause)).await;
            }
            let typed = credentials(form, user);
            journey.logins += 1;
            journey.end = browser.submit(form, &typed, form.assent()).await?;
            continue;
        }
        // A page with an error status is an end, whatever forms its frame has.
        let Some(form) = page.decision_form().filter(|_| page.status < 400) else {
            return Ok(journey);
        };
        let mut typed: Vec<_> = form.required_boxes().collect();
        if journey.logins == 0 && form.fields.iter().any(|it| it.kind == "email") {
            // The account is asked for first, the password on the next page.
            if let Some(field) = user
                .login_field
                .as_deref()
                .or(form.login().map(|it| it.name.as_str()))
            {
                typed.push((field.to_owned(), user.login.clone()));
            }
        } else {
            journey.decisions += 1;
        }
        journey.end = browser.submit(form, &typed, form.assent()).await?;
    }
    bail!(
        "ten pages and no end; the last: {}",
        journey.pages.last().map_or("", String::as_str)
    )
}

/// Logs in where that is asked for, and presses the first button that refuses.
pub async fn refuse(browser: &mut Browser, start: RedirectResult, user: &User) -> Result<Journey> {
    let mut journey = Journey::from(start);
    for _ in 0..6 {
        let Some(page) = journey.page().cloned() else {
            return Ok(journey);
        };
        journey.pages.push(page.brief());
        let own = page.forms.iter().filter(|it| it.post && !it.chrome);
        let denied = own.filter_map(|form| Some((form, form.denial()?))).next();
        if let Some((form, button)) = denied {
            journey.decisions += 1;
            journey.end = browser.submit(form, &[], Some(button)).await?;
            continue;
        }
        let Some(form) = page.login_form().filter(|_| journey.logins == 0) else {
            return Ok(journey);
        };
        journey.logins += 1;
        journey.end = browser
            .submit(form, &credentials(form, user), form.assent())
            .await?;
    }
    Ok(journey)
}

/// Returns what a person types who logs in.
fn credentials(form: &Form, user: &User) -> Vec<(String, String)> {
    let named =
        |set: &Option<String>, found: Option<&Field>| set.clone().or_else(|| found.map(|it| it.name.clone()));
    let mut typed = Vec::new();
    if let Some(field) = named(&user.login_field, form.login()) {
        typed.push((field, user.login.clone()));
    }
    let field = named(&user.password_field, form.password());
    typed.push((field.unwrap_or_else(|| "password".into()), user.password.clone()));
    typed
}

/// The decision of a person who is asked while they are elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow,
    Deny,
}

/// Opens the page of an account, logs in, passes whatever comes before the page, and decides about the request with
/// this message.
pub async fn decide(
    browser: &mut Browser,
    address: &str,
    user: &User,
    message: &str,
    decision: Decision,
) -> Result<()> {
    let mut result = browser.open(address).await?;
    for _ in 0..6 {
        let RedirectResult::Page(page) = result else {
            bail!("the page leads away from the provider");
        };
        let waiting = page
            .forms
            .iter()
            .find(|it| it.post && !it.chrome && it.surroundings.contains(message));
        let form = match (page.login_form(), waiting) {
            (Some(form), _) => {
                result = browser
                    .submit(form, &credentials(form, user), form.assent())
                    .await?;
                continue;
            }
            (None, Some(form)) => form,
            (None, None) if page.url.as_str().starts_with(address) => {
                bail!("nothing waits with the message {message:?}: {}", page.brief())
            }
            (None, None) => {
                // Terms to accept, or a page that wants to be left.
                let Some(form) = page.decision_form().filter(|_| page.status < 400) else {
                    result = browser.open(address).await?;
                    continue;
                };
                let boxes: Vec<_> = form.required_boxes().collect();
                result = browser.submit(form, &boxes, form.assent()).await?;
                continue;
            }
        };
        let button = match decision {
            Decision::Allow => form.assent(),
            Decision::Deny => form.denial(),
        };
        let Some(button) = button else {
            bail!("there is no button for {decision:?}: {}", page.brief());
        };
        return match browser.submit(form, &[], Some(button)).await? {
            RedirectResult::Page(page) if page.status < 400 => Ok(()),
            RedirectResult::Page(page) => bail!("not decided: {}", page.brief()),
            RedirectResult::Returned(_) => bail!("the page leads away from the provider"),
        };
    }
    bail!("no end of pages before {address}")
}
