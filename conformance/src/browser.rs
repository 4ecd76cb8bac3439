//! A browser without JavaScript: it has a cookie jar, follows redirects and sends forms. It stops where the relying
//! party would take over, so that nothing has to listen at the redirect URIs.

use crate::html::{Button, Form, Page};
use crate::http::{Answer, Http, encode};
use anyhow::{Context, Result, bail};
use reqwest::Method;
use url::Url;

/// The end of a navigation and its redirects: a page of the provider, or the relying party.
#[derive(Debug)]
pub enum RedirectResult {
    Page(Box<Page>),
    /// The browser was sent to the relying party.
    Returned(ClientRedirect),
}

/// A redirect or a posted form that arrived at the relying party.
#[derive(Clone, Debug)]
pub struct ClientRedirect {
    pub url: Url,
    /// Present when it was sent by a posted form.
    pub form: Option<Vec<(String, String)>>,
}

#[derive(Clone, Debug)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    host_only: bool,
    path: String,
    secure: bool,
    http_only: bool,
}

pub struct Browser {
    http: Http,
    cookies: Vec<Cookie>,
    /// Addresses of the relying party, without their query.
    returns: Vec<String>,
}

impl Browser {
    pub fn new(http: &Http, returns: Vec<String>) -> Self {
        Self {
            http: http.clone(),
            cookies: Vec::new(),
            returns,
        }
    }

    /// Forgets the cookies, as if another browser had been opened.
    pub fn forget(&mut self) {
        self.cookies.clear();
    }

    /// Adds an address of the relying party, at which navigation stops.
    pub fn add_client_address(&mut self, url: &Url) {
        self.returns.push(without_query(url));
    }

    /// Returns `true` for the relying party's addresses and for anything below them: a redirect there is a finding,
    /// not a dead end.
    pub fn is_client_address(&self, url: &Url) -> bool {
        let address = without_query(url);
        self.returns.iter().any(|registered| {
            address
                .strip_prefix(registered.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Returns the first link of the page that leads to the relying party.
    pub fn link_to_client(&self, page: &Page) -> Option<Url> {
        let targets = page.links.iter().filter_map(|it| page.url.join(it).ok());
        targets.into_iter().find(|it| self.is_client_address(it))
    }

    /// Returns the values of the cookies that a script on a page at this address can read.
    pub fn readable_cookies(&self, url: &Url) -> Vec<&str> {
        let sent = self.cookies_for(url).filter(|it| !it.http_only);
        sent.map(|it| it.value.as_str()).collect()
    }

    pub async fn open(&mut self, url: &str) -> Result<RedirectResult> {
        let url = Url::parse(url).with_context(|| format!("not a URL: {url}"))?;
        self.navigate(Method::GET, url, None).await
    }

    pub async fn post(&mut self, url: &str, form: &[(String, String)]) -> Result<RedirectResult> {
        let url = Url::parse(url).with_context(|| format!("not a URL: {url}"))?;
        self.navigate(Method::POST, url, Some(form.to_vec())).await
    }

    /// Sends a form: its own values, those given in their place, and the button that was pressed.
    pub async fn submit(
        &mut self,
        form: &Form,
        typed: &[(String, String)],
        button: Option<&Button>,
    ) -> Result<RedirectResult> {
        let mut values = filled(form, typed);
        if let Some(button) = button.filter(|it| !it.name.is_empty()) {
            values.push((button.name.clone(), button.value.clone()));
        }
        if form.post {
            return self
                .navigate(Method::POST, form.action.clone(), Some(values))
                .await;
        }
        let mut url = form.action.clone();
        url.set_query(Some(&encode(&values)));
        self.navigate(Method::GET, url, None).await
    }

    /// Posts a form and returns the status of the answer, without following it.
    pub async fn send(&mut self, form: &Form, typed: &[(String, String)]) -> Result<u16> {
        let answer = self
            .request(&Method::POST, &form.action, Some(&filled(form, typed)))
            .await?;
        self.keep_cookies(&form.action, &answer);
        Ok(answer.status)
    }

    async fn navigate(
        &mut self,
        mut method: Method,
        mut url: Url,
        mut form: Option<Vec<(String, String)>>,
    ) -> Result<RedirectResult> {
        for _ in 0..20 {
            if self.is_client_address(&url) {
                return Ok(RedirectResult::Returned(ClientRedirect { url, form }));
            }
            let answer = self.request(&method, &url, form.as_deref()).await?;
            self.keep_cookies(&url, &answer);
            let location = answer
                .header("location")
                .filter(|_| (300..400).contains(&answer.status));
            if let Some(location) = location {
                url = url
                    .join(location)
                    .with_context(|| format!("redirect to {location:?}"))?;
                if !matches!(answer.status, 307 | 308) {
                    (method, form) = (Method::GET, None);
                }
                continue;
            }
            let mut page = Page::parse(&url, answer.status, &answer.text());
            page.retry_after = answer.header("retry-after").and_then(|it| it.parse().ok());
            if let Some(target) = page.refresh.take() {
                (method, form, url) = (Method::GET, None, target);
                continue;
            }
            if let Some(post) = page.form_to(|it| self.is_client_address(it)).filter(|it| it.post) {
                return Ok(RedirectResult::Returned(ClientRedirect {
                    url: post.action.clone(),
                    form: Some(post.defaults()),
                }));
            }
            return Ok(RedirectResult::Page(Box::new(page)));
        }
        bail!("more than 20 redirects, the last to {url}")
    }

    async fn request(&self, method: &Method, url: &Url, form: Option<&[(String, String)]>) -> Result<Answer> {
        let cookies = self.cookie_header(url);
        let origin = url.origin().ascii_serialization();
        let mut headers = vec![
            ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
            ("accept-language", "en"),
        ];
        if let Some(cookies) = &cookies {
            headers.push(("cookie", cookies));
        }
        if let Some(form) = form {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            headers.push(("origin", &origin));
            return self
                .http
                .send(
                    method.clone(),
                    url.as_str(),
                    &headers,
                    Some(encode(form).into_bytes()),
                )
                .await;
        }
        self.http.send(method.clone(), url.as_str(), &headers, None).await
    }

    fn cookies_for(&self, url: &Url) -> impl Iterator<Item = &Cookie> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let (path, trusted) = (url.path().to_owned(), is_trustworthy(url));
        let ours = move |cookie: &&Cookie| {
            let fits = cookie.domain == host
                || (!cookie.host_only && host.ends_with(&format!(".{}", cookie.domain)));
            fits && path_matches(&path, &cookie.path) && (!cookie.secure || trusted)
        };
        self.cookies.iter().filter(ours)
    }

    /// Returns the cookies as they are sent to this address.
    pub fn cookie_header(&self, url: &Url) -> Option<String> {
        let sent = self
            .cookies_for(url)
            .map(|it| format!("{}={}", it.name, it.value));
        let sent: Vec<String> = sent.collect();
        (!sent.is_empty()).then(|| sent.join("; "))
    }

    fn keep_cookies(&mut self, url: &Url, answer: &Answer) {
        for header in answer.headers.get_all("set-cookie") {
            let Ok(text) = header.to_str() else { continue };
            let Some((cookie, gone)) = parse_cookie(url, text) else {
                continue;
            };
            self.cookies.retain(|kept| {
                (&kept.name, &kept.domain, &kept.path) != (&cookie.name, &cookie.domain, &cookie.path)
            });
            if !gone {
                self.cookies.push(cookie);
            }
        }
    }
}

/// Returns the form's own values, with those that were typed in their place.
fn filled(form: &Form, typed: &[(String, String)]) -> Vec<(String, String)> {
    let mut values = form.defaults();
    values.retain(|(name, _)| !typed.iter().any(|(other, _)| other == name));
    values.extend_from_slice(typed);
    values
}

pub fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn is_trustworthy(url: &Url) -> bool {
    // Browsers count loopback as secure.
    url.scheme() == "https" || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn path_matches(path: &str, of_cookie: &str) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || of_cookie.ends_with('/') || rest.starts_with('/'))
}

/// Parses `Set-Cookie` (RFC 6265 §5.2), as far as a provider's session needs it. The flag says that the cookie is
/// removed.
fn parse_cookie(url: &Url, text: &str) -> Option<(Cookie, bool)> {
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let host = url.host_str()?.to_owned();
    let default_path = url.path().rsplit_once('/').map_or("/", |(folder, _)| folder);
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        domain: host.clone(),
        host_only: true,
        path: if default_path.is_empty() {
            "/".into()
        } else {
            default_path.to_owned()
        },
        secure: false,
        http_only: false,
    };
    let (mut gone, mut max_age) = (false, None);
    for part in parts {
        let (key, value) = part
            .split_once('=')
            .map_or((part, ""), |(key, value)| (key, value));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "path" if value.starts_with('/') => cookie.path = value.to_owned(),
            "domain" if !value.is_empty() => {
                cookie.domain = value.trim_start_matches('.').to_ascii_lowercase();
                cookie.host_only = false;
            }
            "secure" => cookie.secure = true,
            "httponly" => cookie.http_only = true,
            "max-age" => max_age = value.parse::<i64>().ok(),
            // Only removal matters here, and that is done by a date long past.
            "expires" => {
                gone = value
                    .split([' ', '-'])
                    .filter_map(|it| it.parse::<u32>().ok())
                    .any(|it| (1900..2020).contains(&it))
            }
            _ => {}
        }
    }
    let foreign = host != cookie.domain && !host.ends_with(&format!(".{}", cookie.domain));
    let prefix_broken = cookie.name.starts_with("__Host-")
        && !(cookie.secure && cookie.host_only && cookie.path == "/")
        || cookie.name.starts_with("__Secure-") && !cookie.secure;
    if foreign || prefix_broken {
        return None;
    }
    Some((cookie, max_age.map_or(gone, |it| it <= 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(text: &str) -> Option<(Cookie, bool)> {
        parse_cookie(&Url::parse("https://op.example/a/b").unwrap(), text)
    }

    #[test]
    fn cookies_follow_their_attributes() {
        let (plain, gone) = cookie("sid=1; HttpOnly").unwrap();
        assert_eq!((plain.path.as_str(), gone), ("/a", false));
        assert!(cookie("sid=; Path=/; Max-Age=0").unwrap().1);
        assert!(
            cookie("sid=; Path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT")
                .unwrap()
                .1
        );
        assert!(
            !cookie("sid=1; Path=/; expires=Thu, 01 Jan 2099 00:00:00 GMT")
                .unwrap()
                .1
        );
        assert!(cookie("sid=1; Domain=other.example").is_none());
        assert!(cookie("__Host-sid=1; Path=/").is_none());
        assert!(cookie("__Host-sid=1; Path=/; Secure").is_some());
        assert!(path_matches("/a/b", "/a") && !path_matches("/ab", "/a"));
    }
}
