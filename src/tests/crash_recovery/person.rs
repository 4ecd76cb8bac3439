//! A person who looks at the page and does what it asks for, whatever page it is; and the killer who ends the program
//! meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use crate::support::browser::{Form, Page};
use crate::support::product::Demo;

/// Ends the program at one request, and starts it again.
pub struct Killer {
    at: Option<(u32, Duration)>,
    requests: u32,
}

impl Killer {
    pub fn new(at: Option<(u32, Duration)>) -> Self {
        Self { at, requests: 0 }
    }

    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// Returns the delay until the kill if the kill is due at this request.
    fn next(&mut self) -> Option<Duration> {
        self.requests += 1;
        self.at
            .filter(|(at, _)| *at == self.requests)
            .map(|(_, after)| after)
    }
}

pub struct Person {
    email: String,
    password: String,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
    /// The password was refused: then there is no account yet.
    refused: bool,
}

/// A request as the browser sends it; its redirects are followed by GET.
struct Request {
    method: Method,
    url: Url,
    body: Option<String>,
}

impl Request {
    const fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
        }
    }
}

impl Person {
    pub fn new(email: &str, password: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Self {
            email: email.to_owned(),
            password: password.to_owned(),
            http: http.expect("a client"),
            cookies: BTreeMap::new(),
            refused: false,
        }
    }

    /// Goes from the events site through whatever pages come, until the site shows the person as logged in.
    pub async fn signs_in_at_events(&mut self, demo: &mut Demo, killer: &mut Killer) {
        let mut page = self.goes_to(&demo.events.clone(), demo, killer).await;
        for _ in 0..60 {
            if page.has("#who") {
                return;
            }
            page = self.does_what_is_asked(page, demo, killer).await;
        }
        panic!("{} goes in circles at {}:\n{}", self.email, page.url, page.text());
    }

    /// Refreshes at the events site, logging in again where needed, until it shows the text.
    pub async fn waits_for(&mut self, css: &str, text: &str, demo: &mut Demo, killer: &mut Killer) {
        for _ in 0..10 {
            self.signs_in_at_events(demo, killer).await;
            let page = self.goes_to(&demo.events.clone(), demo, killer).await;
            if page.has(css) && page.text_of(css).contains(text) {
                return;
            }
            if let Some(refresh) = page.find_form(&[]).filter(|it| it.action.path() == "/refresh") {
                self.sends(refresh, &page, demo, killer).await;
            }
        }
        panic!("{}: {css} never says {text}", self.email);
    }

    async fn does_what_is_asked(&mut self, page: Page, demo: &mut Demo, killer: &mut Killer) -> Page {
        let events = demo.events.clone();
        if page.url.as_str().starts_with(&events) {
            return self.goes_to(&format!("{events}/login"), demo, killer).await;
        }
        if page.has("#ok") {
            let next = page.url.join(&page.link_of("#ok")).expect("a link");
            return self.goes_to(next.as_str(), demo, killer).await;
        }
        if let Some(form) = page.find_form(&["code"]) {
            let Some(code) = self.newest_code(demo).await else {
                let again = page.form_to("/signup/verify/resend");
                return self.sends(again, &page, demo, killer).await;
            };
            return self.sends(form.with("code", &code), &page, demo, killer).await;
        }
        if let Some(form) = page.find_form(&["first_name"]) {
            let form = form
                .with("email", &self.email)
                .with("first_name", "Hana")
                .with("last_name", "Choi")
                .with("password", &self.password)
                .with("password_confirmation", &self.password)
                .with("gender", "female")
                .with("job_title", "Standards engineer")
                .with("professional_role", "technical");
            return self.sends(form, &page, demo, killer).await;
        }
        if let Some(form) = page.find_form(&["membership_type"]) {
            let form = form
                .with("membership_type", "member_state")
                .with("member_state", "KR");
            if !form.names.iter().any(|it| it == "organization_id") {
                let form = form
                    .with("organization_query", "networks")
                    .with("action", "search");
                return self.sends(form, &page, demo, killer).await;
            }
            let form = form
                .with("organization_id", "adm-kr")
                .with("request_ties", "on")
                .with("accept_terms", "on")
                .with("action", "submit");
            return self.sends(form, &page, demo, killer).await;
        }
        if let Some(form) = page.find_form(&["email", "password"]) {
            if self.refused || !self.has_account(demo).await {
                self.refused = false;
                let next = page.url.join(&page.link("/signup")).expect("a link");
                return self.goes_to(next.as_str(), demo, killer).await;
            }
            let form = form.with("email", &self.email).with("password", &self.password);
            let page = self.sends(form, &page, demo, killer).await;
            self.refused = page.find_form(&["email", "password"]).is_some();
            return page;
        }
        if let Some(form) = page.find_form(&["password"]) {
            let form = form.with("password", &self.password);
            return self.sends(form, &page, demo, killer).await;
        }
        if let Some(form) = page.find_form(&["version"]) {
            return self
                .sends(form.press("accept_terms", "yes"), &page, demo, killer)
                .await;
        }
        // An expired or interrupted step says so; the person begins again at the site.
        self.goes_to(&events, demo, killer).await
    }

    /// Logs in as a Focal Point, approves the request of that person, grants the right.
    pub async fn decides_about(&mut self, email: &str, demo: &mut Demo, killer: &mut Killer) {
        let requests = format!("{}/focal-point/adm-kr/requests?q={email}", demo.url);
        let people = format!("{}/focal-point/adm-kr/people?q={email}", demo.url);
        for _ in 0..40 {
            let page = self.signed_in_page(&people, demo, killer).await;
            if let Some(person) = page.find_link("/focal-point/adm-kr/people/") {
                let person = page.url.join(&person).expect("a link");
                let page = self.signed_in_page(person.as_str(), demo, killer).await;
                if page.has("#revoke-documents") {
                    return;
                }
                let form = page.form_with("right", "documents").with("action", "grant");
                self.sends(form, &page, demo, killer).await;
                continue;
            }
            let page = self.signed_in_page(&requests, demo, killer).await;
            let Some(request) = page.find_link("/focal-point/adm-kr/requests/") else {
                panic!("the request of {email} is lost:\n{}", page.text());
            };
            let request = page.url.join(&request).expect("a link");
            let page = self.signed_in_page(request.as_str(), demo, killer).await;
            if let Some(form) = page.find_form(&["decision=approve"]) {
                self.sends(form.with("decision", "approve"), &page, demo, killer)
                    .await;
            }
        }
        panic!("the Focal Point goes in circles about {email}");
    }

    /// Returns the page, after logging in if it asks for that.
    async fn signed_in_page(&mut self, url: &str, demo: &mut Demo, killer: &mut Killer) -> Page {
        let mut page = self.goes_to(url, demo, killer).await;
        for _ in 0..10 {
            if page.url.as_str() == url {
                return page;
            }
            if let Some(form) = page.find_form(&["email", "password"]) {
                let form = form.with("email", &self.email).with("password", &self.password);
                page = self.sends(form, &page, demo, killer).await;
            } else if let Some(form) = page.find_form(&["version"]) {
                page = self
                    .sends(form.press("accept_terms", "yes"), &page, demo, killer)
                    .await;
            } else {
                page = self.goes_to(url, demo, killer).await;
            }
        }
        panic!(
            "{} does not get to {url} but to {}:\n{}",
            self.email,
            page.url,
            page.text()
        );
    }

    async fn goes_to(&mut self, url: &str, demo: &mut Demo, killer: &mut Killer) -> Page {
        let url = Url::parse(url).expect("a URL");
        // A reload is harmless: GET changes nothing.
        for _ in 0..3 {
            if let Some(page) = self.request(Request::get(url.clone()), demo, killer).await {
                return page;
            }
        }
        panic!("{url} does not answer");
    }

    /// Sends a form; when no answer comes, looks at the page again instead.
    async fn sends(&mut self, form: Form, page: &Page, demo: &mut Demo, killer: &mut Killer) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        let answer = match form.method {
            Method::GET => {
                let mut url = form.action.clone();
                url.set_query(Some(&body));
                self.request(Request::get(url), demo, killer).await
            }
            _ => {
                let request = Request {
                    method: Method::POST,
                    url: form.action.clone(),
                    body: Some(body),
                };
                self.request(request, demo, killer).await
            }
        };
        match answer {
            Some(answer) => answer,
            None => self.goes_to(page.url.as_str(), demo, killer).await,
        }
    }

    /// Sends one request and follows its redirects; `None` if the program ended meanwhile.
    async fn request(&mut self, first: Request, demo: &mut Demo, killer: &mut Killer) -> Option<Page> {
        let mut request = first;
        for _ in 0..20 {
            let answer = match killer.next() {
                None => self.once(&request).await,
                Some(after) => {
                    let sent = self.once(&request);
                    let killed = async {
                        tokio::time::sleep(after).await;
                        demo.is_killed_and_restarts();
                    };
                    let (answer, ()) = tokio::join!(sent, killed);
                    answer
                }
            };
            let page = answer?;
            assert!(
                !page.status.is_server_error() || page.status == StatusCode::BAD_GATEWAY,
                "{}: {}",
                request.url,
                page.text()
            );
            match page.headers.get(header::LOCATION) {
                Some(location) if page.status.is_redirection() => {
                    let next = request.url.join(location.to_str().expect("ASCII"));
                    request = Request::get(next.expect("a location"));
                }
                _ => return Some(page),
            }
        }
        panic!("redirects without end at {}", request.url);
    }

    async fn once(&mut self, sent: &Request) -> Option<Page> {
        let mut request = self.http.request(sent.method.clone(), sent.url.clone());
        if !self.cookies.is_empty() {
            let all: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, all.join("; "));
        }
        if let Some(body) = &sent.body {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin")
                .body(body.clone());
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.text().await.ok()?;
        self.keeps(&headers);
        Some(Page {
            url: sent.url.clone(),
            status,
            headers,
            body,
        })
    }

    fn keeps(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("ASCII");
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    async fn outbox(&self, demo: &Demo, to: &str) -> Vec<serde_json::Value> {
        let url = format!("{}/demo/outbox.json?to={to}", demo.url);
        self.http
            .get(url)
            .send()
            .await
            .expect("the outbox")
            .json()
            .await
            .expect("JSON")
    }

    async fn newest_code(&self, demo: &Demo) -> Option<String> {
        let mails = self.outbox(demo, &self.email).await;
        let newest = mails.iter().find(|it| it["kind"] == "verification_code")?;
        let lines = newest["text"].as_str()?.lines().map(str::trim);
        lines
            .into_iter()
            .find(|it| it.len() == 8 && it.bytes().all(|b| b.is_ascii_digit()))
            .map(str::to_owned)
    }

    /// Returns `true` if the affiliation's first mail was sent: it comes with the account.
    async fn has_account(&self, demo: &Demo) -> bool {
        self.mails(demo, &self.email.clone(), "affiliation_changed", "")
            .await
            > 0
    }

    /// Returns how many mails of a kind there are to an address, about `who`.
    pub async fn mails(&self, demo: &Demo, to: &str, kind: &str, who: &str) -> usize {
        let mails = self.outbox(demo, to).await;
        let about =
            |it: &&serde_json::Value| to == who || it["text"].as_str().is_some_and(|text| text.contains(who));
        mails.iter().filter(|it| it["kind"] == kind).filter(about).count()
    }
}
