//! Acts as the person whom a service asks for while they are elsewhere (CIBA). The suite calls an address when it waits
//! for them. This file listens there, logs in at the provider, finds the client's request on the page of the account,
//! and decides.

use crate::browser::{Browser, RedirectResult};
use crate::html::{Button, Form, Page};
use crate::http::Http;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use url::Url;

/// The person who decides, and the page of the provider where they do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub page: String,
    pub login: String,
    pub password: String,
}

/// A call of the suite: `{APPROVAL}?service=NAME&action=allow` or `deny`.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    /// The beginning of a client's name; a plan has two clients.
    service: String,
    action: String,
}

/// Listens until the program ends. It decides one request at a time, as one person at one browser does.
pub async fn serve(listener: TcpListener, approval: Approval, http: Http) {
    let browser = Arc::new(Mutex::new(Browser::new(&http, Vec::new())));
    while let Ok((stream, _)) = listener.accept().await {
        let (approval, browser) = (approval.clone(), browser.clone());
        tokio::spawn(async move {
            // A caller that went away gets no answer, and nobody else needs it.
            let _ = answer(stream, &approval, &browser).await;
        });
    }
}

async fn answer(mut stream: TcpStream, approval: &Approval, browser: &Mutex<Browser>) -> Result<()> {
    let head = tokio::time::timeout(Duration::from_secs(10), head(&mut stream)).await??;
    let done = match wanted(&head) {
        Some(wanted) => decide(&mut *browser.lock().await, approval, &wanted).await,
        None => Err(anyhow::anyhow!("this is no POST with service and action")),
    };
    let (status, words) = match done {
        Ok(()) => ("200 OK", "{}".to_owned()),
        Err(error) => {
            println!("  approval: {error:#}");
            ("500 Internal Server Error", format!("{error:#}"))
        }
    };
    let text = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{words}",
        words.len()
    );
    stream.write_all(text.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

async fn head(stream: &mut TcpStream) -> Result<String> {
    let mut head = Vec::new();
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        let count = stream.read_buf(&mut head).await?;
        ensure!(count > 0 && head.len() < 16 * 1024, "half a request");
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn wanted(head: &str) -> Option<Wanted> {
    let target = head.strip_prefix("POST ")?.split(' ').next()?;
    let url = Url::parse("http://here").ok()?.join(target).ok()?;
    let value = |name: &str| {
        let found = url.query_pairs().find(|(it, _)| it == name);
        found
            .map(|(_, value)| value.into_owned())
            .filter(|it| !it.is_empty())
    };
    Some(Wanted {
        service: value("service")?,
        action: value("action")?,
    })
}

/// Decides about the newest request of this service, which is the first. Older ones belong to modules that were
/// interrupted.
async fn decide(browser: &mut Browser, approval: &Approval, wanted: &Wanted) -> Result<()> {
    let page = open(browser, approval).await?;
    let Some((form, button)) = choose(&page, wanted) else {
        bail!("nothing of {:?} waits: {}", wanted.service, page.brief());
    };
    match browser.submit(form, &[], Some(button)).await? {
        RedirectResult::Page(page) if page.status < 400 => Ok(()),
        RedirectResult::Page(page) => bail!("not decided: {}", page.brief()),
        RedirectResult::Returned(_) => bail!("the account's page leads away from the provider"),
    }
}

/// Opens the page of the account, past what comes before it: a login, the Terms.
async fn open(browser: &mut Browser, approval: &Approval) -> Result<Box<Page>> {
    let wanted = Url::parse(&approval.page).context("the account's page is no URL")?;
    let mut result = browser.open(&approval.page).await?;
    for _ in 0..4 {
        let RedirectResult::Page(page) = result else {
            bail!("the account's page leads away from the provider");
        };
        let mut typed = Vec::new();
        let form = match (page.login_form(), page.decision_form()) {
            (Some(form), _) => {
                let password = form.password().context("a login without a password")?;
                typed.push((password.name.clone(), approval.password.clone()));
                if let Some(login) = form.login() {
                    typed.push((login.name.clone(), approval.login.clone()));
                }
                form
            }
            (None, _) if page.url.path() == wanted.path() => {
                ensure!(page.status < 400, "{}", page.brief());
                return Ok(page);
            }
            (None, Some(form)) => {
                typed.extend(form.required_boxes());
                form
            }
            (None, None) => bail!("no way on to the account's page: {}", page.brief()),
        };
        result = browser.submit(form, &typed, form.assent()).await?;
    }
    bail!("no end of pages before the account's page")
}

/// Finds the button by its text, which says what it does and for whom.
fn choose<'a>(page: &'a Page, wanted: &Wanted) -> Option<(&'a Form, &'a Button)> {
    let fits = |it: &&Button| it.value == wanted.action && it.text.contains(&wanted.service);
    page.forms
        .iter()
        .find_map(|form| Some((form, form.buttons.iter().find(fits)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::wire::{self, Reply, Request};
    use std::sync::Mutex as Lock;

    #[test]
    fn what_the_suite_wants_is_read_from_its_call() {
        let head = |line: &str| format!("{line} HTTP/1.1\r\nHost: here\r\n\r\n");
        let read = wanted(&head(
            "POST /?service=Conformance%20poll&auth_req_id=a&action=deny",
        ));
        let (service, action) = ("Conformance poll".to_owned(), "deny".to_owned());
        assert_eq!(read, Some(Wanted { service, action }));
        for line in [
            "GET /?service=a&action=allow",
            "POST /?service=a",
            "POST /?service=&action=allow",
        ] {
            assert_eq!(wanted(&head(line)), None, "{line}");
        }
    }

    /// Serves an account page like ours: a login first, then a form for each request, of two services.
    #[tokio::test]
    async fn the_person_logs_in_and_decides_what_is_asked_and_nothing_else() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = format!("http://{}", listener.local_addr().unwrap());
        let decided = Arc::new(Lock::new(Vec::<String>::new()));
        let seen = decided.clone();
        let page = move |request: &Request| {
            let mut decided = seen.lock().unwrap();
            let html = |body: String| Reply {
                status: 200,
                headers: vec![("Content-Type", "text/html".to_owned())],
                body: format!("<title>Requests</title><body>{body}"),
            };
            let cookies = request.headers.get("cookie");
            match (request.method.as_str(), request.path.as_str()) {
                ("POST", "/login") => {
                    assert_eq!(request.get("password"), Some("secret"));
                    Reply {
                        status: 303,
                        headers: vec![
                            ("Set-Cookie", "s=1; Path=/".to_owned()),
                            ("Location", "/terms".to_owned()),
                        ],
                        ..Reply::default()
                    }
                }
                ("GET", "/terms") => html(
                    "<form method=post action=/terms><button name=decision value=accept>Accept</button></form>"
                        .to_owned(),
                ),
                ("POST", "/terms") => Reply {
                    status: 303,
                    headers: vec![("Location", "/requests".to_owned())],
                    ..Reply::default()
                },
                _ if cookies.is_none_or(|it| !it.contains("s=1")) => html(
                    "<form method=post action=/login><input type=email name=email><input type=password name=password>\
                     <button>Log in</button></form>"
                        .to_owned(),
                ),
                ("POST", _) => {
                    let what = ["id", "decision"].map(|it| request.get(it).unwrap().to_owned());
                    decided.push(what.join(" "));
                    html("Done".to_owned())
                }
                _ => {
                    let form = |(id, service): (&str, &str)| {
                        format!(
                            "<form method=post action=/requests><input type=hidden name=id value={id}>\
                             <button name=decision value=allow>Allow {service}</button>\
                             <button name=decision value=deny>Deny {service}</button></form>"
                        )
                    };
                    let all = [("1", "Other"), ("2", "Poll, first"), ("3", "Poll, second")];
                    let is_open = |it: &(&str, &str)| !decided.iter().any(|done| done.starts_with(it.0));
                    html(all.into_iter().filter(is_open).map(form).collect())
                }
            }
        };
        tokio::spawn(wire::serve(listener, Arc::new(page)));
        let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", here.local_addr().unwrap());
        let approval = Approval {
            page: format!("{provider}/requests"),
            login: "somebody@example.org".to_owned(),
            password: "secret".to_owned(),
        };
        let http = Http::new(false).unwrap();
        tokio::spawn(serve(here, approval, http.clone()));

        let call = async |query: &str| {
            let url = format!("{address}/?{query}");
            http.send(reqwest::Method::POST, &url, &[], None)
                .await
                .unwrap()
                .status
        };
        assert_eq!(call("service=Poll&action=deny&auth_req_id=x").await, 200);
        assert_eq!(call("service=Poll&action=allow&auth_req_id=y").await, 200);
        assert_eq!(*decided.lock().unwrap(), ["2 deny", "3 allow"]);
        // No request waits: the module must not go on as if somebody had decided.
        assert_eq!(call("service=Poll&action=allow&auth_req_id=x").await, 500);
        assert_eq!(call("service=Poll&auth_req_id=x").await, 500);
    }
}
