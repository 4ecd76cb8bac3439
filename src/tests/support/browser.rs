//! A browser with few abilities: cookies, redirects within the provider, and forms read from the page as a person would
//! see them. It runs no scripts.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use scraper::{ElementRef, Html, Selector};
use tower::ServiceExt;
use url::Url;

use itu_account::http::network::Peer;

#[derive(Clone)]
pub struct Browser {
    router: Router,
    issuer: Url,
    cookies: BTreeMap<String, String>,
    /// Headers sent with every request, over what the browser sends of its own.
    pub headers: HeaderMap,
    /// The browser's address on the network.
    pub peer: std::net::IpAddr,
}

/// The page in the window after a request and the redirects that followed it.
#[derive(Clone)]
pub struct Page {
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// A form with the values that it would send now.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: Url,
    pub method: Method,
    pub fields: Vec<(String, String)>,
    /// The names and values of its buttons.
    pub buttons: Vec<(String, String)>,
    pub names: Vec<String>,
    /// The names and values of its boxes to tick and its lists to choose from.
    choices: Vec<(String, String)>,
}

impl Browser {
    pub fn new(router: Router, issuer: Url) -> Self {
        Self {
            router,
            issuer,
            cookies: BTreeMap::new(),
            headers: HeaderMap::new(),
            peer: [192, 0, 2, 1].into(),
        }
    }

    /// Returns the same browser, which finds another start of the service at the address.
    pub fn at(&self, router: Router) -> Self {
        Self {
            router,
            ..self.clone()
        }
    }

    pub async fn get(&mut self, url: &str) -> Page {
        let url = self.issuer.join(url).expect("a URL");
        self.go(Method::GET, url, None).await
    }

    /// Fills fields by name and sends the form by the button `button` (name=value), or by its first.
    pub async fn submit(&mut self, form: Form, values: &[(&str, &str)]) -> Page {
        let mut form = form;
        for (name, value) in values {
            assert!(
                form.names.iter().any(|it| it == name),
                "the form has no field {name}: {:?}",
                form.names
            );
            form.fields.retain(|(field, _)| field != name);
            form.fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.send(form).await
    }

    /// Sends the form as it is, without looking at what it offers.
    pub async fn send(&mut self, form: Form) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        if form.method == Method::GET {
            let mut url = form.action;
            url.set_query(Some(&body));
            return self.go(Method::GET, url, None).await;
        }
        self.go(Method::POST, form.action, Some(body)).await
    }

    /// Follows the link of a page to the one that says what will happen, and presses its button.
    pub async fn confirms(&mut self, page: &Page, css: &str) -> Page {
        let form = self.is_asked(page, css).await;
        self.send(form).await
    }

    /// Returns the form of that page, before its button is pressed.
    pub async fn is_asked(&mut self, page: &Page, css: &str) -> Form {
        let question = self.get(&page.link_of(css)).await;
        assert!(question.has("#consequence"), "{}", question.text());
        let name = question.attribute_of("#confirm", "name").expect("a button");
        let value = question.attribute_of("#confirm", "value").expect("a button");
        question.form(&[&format!("{name}={value}")]).press(&name, &value)
    }

    pub async fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        let url = self.issuer.join(url).expect("a URL");
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.go(Method::POST, url, Some(body)).await
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Returns the cookies as the browser would send them.
    pub fn cookie_header(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    pub fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    async fn go(&mut self, method: Method, url: Url, body: Option<String>) -> Page {
        let (mut method, mut url, mut body) = (method, url, body);
        for _ in 0..20 {
            let page = self.once(method, &url, body.take()).await;
            let location = page
                .headers
                .get(header::LOCATION)
                .map(|it| it.to_str().expect("ASCII").to_owned());
            match location {
                Some(location) if page.status.is_redirection() => {
                    url = url.join(&location).expect("a location");
                    // A redirect away from the provider is where the browser leaves, and the page is the way out.
                    if url.origin() != self.issuer.origin() {
                        return Page { url, ..page };
                    }
                    method = Method::GET;
                }
                _ => return page,
            }
        }
        panic!("redirects without end at {url}");
    }

    /// Sends one request and follows no redirect.
    pub async fn once(&mut self, method: Method, url: &Url, body: Option<String>) -> Page {
        let mut request = Request::builder()
            .method(&method)
            .uri(&url[url::Position::BeforePath..]);
        let host = &self.issuer[url::Position::BeforeHost..url::Position::AfterPort];
        request = request.header(header::HOST, host);
        if !self.cookies.is_empty() {
            request = request.header(header::COOKIE, self.cookie_header());
        }
        if body.is_some() {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin")
                .header(header::ORIGIN, self.issuer.origin().ascii_serialization());
        }
        let mut request = request
            .body(Body::from(body.unwrap_or_default()))
            .expect("a request");
        request.extensions_mut().insert(Peer(self.peer));
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().expect("ASCII"));
        }
        let body = body.collect().await.expect("a body").to_bytes();
        assert!(
            // 501 is a decision, that of SCIM on bulk operations; 503 says when to come again.
            parts.status.as_u16() < 500 || matches!(parts.status.as_u16(), 501 | 503),
            "{method} {url}: {}",
            parts.status
        );
        Page {
            url: url.clone(),
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        }
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').expect("attributes");
        let (name, value) = pair.split_once('=').expect("a value");
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Page {
    fn html(&self) -> Html {
        Html::parse_document(&self.body)
    }

    /// Returns the first form that has all these fields or buttons.
    pub fn form(&self, names: &[&str]) -> Form {
        self.find_form(names).unwrap_or_else(|| {
            panic!(
                "no form with {names:?} at {} ({}):\n{}",
                self.url,
                self.status,
                self.text()
            )
        })
    }

    pub fn find_form(&self, names: &[&str]) -> Option<Form> {
        self.forms().into_iter().find(|form| {
            names.iter().all(|name| {
                form.names.iter().any(|it| it == name)
                    || form
                        .buttons
                        .iter()
                        .any(|(n, v)| *name == n.as_str() || *name == format!("{n}={v}"))
            })
        })
    }

    pub fn find_form_at(&self, path: &str) -> Option<Form> {
        self.forms().into_iter().find(|it| it.action.path() == path)
    }

    /// Returns the forms of the page itself, without those of its header.
    pub fn main_forms(&self) -> Vec<Form> {
        let html = self.html();
        html.select(&selector("main form[method=post]"))
            .map(|it| self.read_form(&it))
            .collect()
    }

    fn forms(&self) -> Vec<Form> {
        let html = self.html();
        html.select(&selector("form"))
            .map(|it| self.read_form(&it))
            .collect()
    }

    fn read_form(&self, form: &ElementRef<'_>) -> Form {
        let action = form.attr("action").unwrap_or_default();
        let mut out = Form {
            action: match action {
                "" => self.url.clone(),
                path => self.url.join(path).expect("an action"),
            },
            method: match form.attr("method").unwrap_or("get").to_ascii_lowercase().as_str() {
                "post" => Method::POST,
                _ => Method::GET,
            },
            fields: Vec::new(),
            buttons: Vec::new(),
            names: Vec::new(),
            choices: Vec::new(),
        };
        for field in form.select(&selector("input, select, textarea, button")) {
            let Some(name) = field.attr("name").map(str::to_owned) else {
                continue;
            };
            let kind = field.attr("type").unwrap_or("text");
            let value = field.attr("value").unwrap_or_default().to_owned();
            match field.value().name() {
                "button" => {
                    out.buttons.push((name, value));
                    continue;
                }
                "input" if kind == "submit" => {
                    out.buttons.push((name, value));
                    continue;
                }
                "select" => {
                    let chosen = field.select(&selector("option[selected]")).next();
                    let chosen = chosen.or_else(|| field.select(&selector("option")).next());
                    if let Some(option) = chosen {
                        let text = || option.text().collect::<String>();
                        let value = option.attr("value").map_or_else(text, str::to_owned);
                        out.fields.push((name.clone(), value));
                    }
                }
                "textarea" => out.fields.push((name.clone(), field.text().collect())),
                _ if matches!(kind, "checkbox" | "radio") => {
                    if field.attr("checked").is_some() {
                        let value = field.attr("value").unwrap_or("on").to_owned();
                        out.fields.push((name.clone(), value));
                    }
                    out.choices.push((name.clone(), value));
                }
                _ => out.fields.push((name.clone(), value)),
            }
            if !out.names.contains(&name) {
                out.names.push(name);
            }
        }
        out
    }

    /// Returns the text that a person reads.
    pub fn text(&self) -> String {
        let html = self.html();
        let text: Vec<String> = html
            .select(&selector("main, body"))
            .next()
            .into_iter()
            .flat_map(|it| it.text().map(|text| text.trim().to_owned()).collect::<Vec<_>>())
            .filter(|it| !it.is_empty())
            .collect();
        text.join(" ")
    }

    /// Returns the form that sends to this path.
    pub fn form_to(&self, path: &str) -> Form {
        let forms = self.forms();
        forms
            .into_iter()
            .find(|it| it.action.path() == path)
            .unwrap_or_else(|| panic!("no form to {path}"))
    }

    /// Returns the form with this value in a field.
    pub fn form_with(&self, name: &str, value: &str) -> Form {
        let has = |form: &Form| form.fields.iter().any(|(n, v)| n == name && v == value);
        self.forms()
            .into_iter()
            .find(has)
            .unwrap_or_else(|| panic!("no form with {name}={value}: {}", self.text()))
    }

    pub fn find_link(&self, path: &str) -> Option<String> {
        let html = self.html();
        html.select(&selector("a[href]")).find_map(|link| {
            let href = link.attr("href")?;
            href.starts_with(path).then(|| href.to_owned())
        })
    }

    pub fn link_of(&self, css: &str) -> String {
        let link = self.attribute_of(css, "href");
        link.unwrap_or_else(|| panic!("{css} is no link"))
    }

    pub fn attribute_of(&self, css: &str, name: &str) -> Option<String> {
        let html = self.html();
        let element = html.select(&selector(css)).next();
        element.and_then(|it| it.attr(name)).map(str::to_owned)
    }

    pub fn text_of(&self, css: &str) -> String {
        let html = self.html();
        let element = html.select(&selector(css)).next();
        element
            .map(|it| it.text().collect::<String>())
            .unwrap_or_default()
    }

    /// Returns `true` if the message on top is this text of the catalogue, in English.
    pub fn says(&self, key: &str) -> bool {
        self.reads_as("#flash", key)
    }

    /// Returns `true` if the notice of the form is this text.
    pub fn notes(&self, key: &str) -> bool {
        self.reads_as("#form-notice", key)
    }

    fn reads_as(&self, css: &str, key: &str) -> bool {
        let english = include_str!("../../../templates/locales/en.json");
        let english: serde_json::Value = serde_json::from_str(english).expect("a catalogue");
        self.text_of(css).trim() == english[key].as_str().expect("a text")
    }

    pub fn count_of(&self, css: &str) -> usize {
        self.html().select(&selector(css)).count()
    }

    pub fn has(&self, css: &str) -> bool {
        self.html().select(&selector(css)).next().is_some()
    }

    /// Returns the address of the first link whose path begins so.
    pub fn link(&self, path: &str) -> String {
        let html = self.html();
        let link = html.select(&selector("a[href]")).find_map(|link| {
            let href = link.attr("href")?;
            href.starts_with(path).then(|| href.to_owned())
        });
        link.unwrap_or_else(|| panic!("no link to {path} at {}: {}", self.url, self.text()))
    }

    /// Returns the addresses of its links, as they are written.
    pub fn links(&self) -> Vec<String> {
        let html = self.html();
        html.select(&selector("a[href]"))
            .filter_map(|it| it.attr("href").map(str::to_owned))
            .collect()
    }

    /// Returns the messages beside the fields that were wrong, by field name.
    pub fn field_errors(&self) -> Vec<String> {
        let html = self.html();
        html.select(&selector("[aria-invalid=true]"))
            .filter_map(|it| it.attr("name").map(str::to_owned))
            .collect()
    }

    pub fn query(&self, name: &str) -> Option<String> {
        self.url
            .query_pairs()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |it| it.to_str().expect("ASCII"))
    }
}

impl Form {
    /// Sets a value, as typed or chosen.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the value of a button, as if it had been pressed.
    pub fn press(mut self, name: &str, value: &str) -> Self {
        assert!(
            self.buttons.iter().any(|(n, v)| n == name && v == value),
            "no button {name}={value}: {:?}",
            self.buttons
        );
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the values that its boxes of a name would send.
    pub fn offers(&self, name: &str) -> Vec<String> {
        self.choices
            .iter()
            .filter(|(field, _)| field == name)
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// Adds a field that the form does not offer, as somebody does by hand.
    pub fn smuggle(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).expect("a selector")
}
