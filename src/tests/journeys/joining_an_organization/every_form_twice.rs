//! Walks over the forms of all pages of the route table: sent wrong, reloaded, sent twice at once and one after
//! another, after the session is over and after the service's request is over. Every POST is answered by a redirect,
//! nothing typed is lost, nothing happens twice, and every page has a way on.

pub mod cast;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};

use self::cast::{Cast, cast};
use super::every_form::acts;
use crate::support::{Form, ISSUER, Page, Person, TestOp};
use itu_account::http::router;
use itu_account::http::routes::Audience;

/// Paths without a form of their own on a GET page that this walk can open; each has tests of its own.
const ELSEWHERE: [&str; 12] = [
    // Whoever begins a view of somebody's account does nothing else until its end: see `viewing`, which sends both twice.
    "/admin/accounts/{id}/view",
    "/viewing",
    // A mail program's POST has no form (RFC 8058): see `newsletter`.
    "/newsletter/stop/{token}",
    // See `focal_point_office::weekly_digest`.
    "/weekly-digest/stop/{token}",
    // The protocol has this one: a form of another site, stored and continued by a GET.
    "/authorize",
    "/end-session",
    // The script fills these in, with a device's answer.
    "/login/passkey",
    // Only a weakness of the report leads there: see `client_pages::mending`, which sends it twice.
    "/admin/clients/{id}/report/confirm",
    // It has what was typed on the page before it: see `editing_organizations`, which sends it twice.
    "/admin/organizations/{id}/edit/confirm",
    // It has the texts that were typed on the page before it: see `terms_published`, which sends it twice.
    "/admin/terms/new/confirm",
    // These are reached only inside a request that waits for them: see `authorization` and `second_factor`.
    "/second-factor-needed",
    "/login/second-factor",
];

/// Returns `true` for a person who has no account yet, or is not logged in.
fn is_visitor(who: &str) -> bool {
    matches!(who, "visitor" | "chooser" | "verifier")
}

/// Returns the pages, and those that confirm what they offer.
async fn with_confirmations(cast: &mut Cast) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for (who, path) in cast.pages.clone() {
        let page = cast.person(who).browser.get(&path).await;
        assert_eq!(
            (page.status, page.url.path()),
            (StatusCode::OK, path.split('?').next().unwrap_or_default()),
            "{}",
            page.text()
        );
        let confirms: Vec<_> = page
            .links()
            .into_iter()
            .filter(|it| it.contains("/confirm?"))
            .collect();
        assert!(
            !forms(&page).is_empty() || !confirms.is_empty(),
            "{path} has no form"
        );
        all.push((who, path));
        all.extend(confirms.into_iter().map(|it| (who, it)));
    }
    all
}

/// Returns the page's own forms, once per button, as a person would send them who typed nonsense.
fn forms(page: &Page) -> Vec<Form> {
    let mut all = Vec::new();
    for form in page.main_forms() {
        if form.buttons.is_empty() {
            all.push(form);
            continue;
        }
        for (name, value) in form.buttons.clone() {
            all.push(form.clone().press(&name, &value));
        }
    }
    all
}

/// Returns the form with text in every field that takes text.
fn nonsense(form: &Form) -> Form {
    let mut form = form.clone();
    for (name, value) in &mut form.fields {
        if is_typed(name) {
            *value = format!("{name} <&> \u{1}");
        }
    }
    form
}

fn is_typed(name: &str) -> bool {
    matches!(
        name,
        "first_name"
            | "last_name"
            | "job_title"
            | "reason"
            | "organization_query"
            | "organization_name"
            | "name"
            | "table"
            | "texts.en.text"
    )
}

async fn presses(person: &mut Person, form: &Form) -> Page {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form.fields)
        .finish();
    person.browser.once(Method::POST, &form.action, Some(body)).await
}

/// Follows a redirect, which must never lead to a page without a way on.
async fn follows(person: &mut Person, answer: &Page, context: &str) -> Page {
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "{context}: {}",
        answer.text()
    );
    let to = answer.header("location").to_owned();
    if !to.starts_with('/') {
        return answer.clone();
    }
    let page = person.browser.get(&to).await;
    if page.url.origin().ascii_serialization() != ISSUER {
        return page; // back at the service
    }
    let leads_on = page.has("main form") || page.has("main a[href]") || page.has("header a[href]");
    assert!(leads_on && page.has("main h1"), "{context}: {}", page.text());
    page
}

fn keeps(page: &Page, sent: &Form, context: &str) {
    for (name, value) in &sent.fields {
        if !is_typed(name) || page.url.path() != sent.action.path() {
            continue;
        }
        let kept = page
            .main_forms()
            .iter()
            .any(|it| it.fields.iter().any(|(n, v)| n == name && v == value));
        assert!(kept, "{context}: {name} is lost: {}", page.text());
    }
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_happens_twice() {
    let mut cast = cast().await;
    let mut seen = BTreeSet::new();
    for (who, path) in with_confirmations(&mut cast).await {
        let page = cast.person(who).browser.get(&path).await;
        if page.status == StatusCode::NOT_FOUND {
            continue; // an act before has ended what it is about
        }
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
        let number = forms(&page).len();
        for index in 0..number {
            // A wrong form is shown again with the text that was typed, also after a reload, in the language chosen
            // meanwhile.
            let page = cast.person(who).browser.get(&path).await;
            let Some(form) = forms(&page).get(index).cloned() else {
                continue;
            };
            let context = format!("{who} {path} {:?}", form.fields);
            seen.insert(form.action.path().to_owned());
            let wrong = nonsense(&form);
            if wrong.fields != form.fields {
                let answer = presses(cast.person(who), &wrong).await;
                let shown = follows(cast.person(who), &answer, &context).await;
                keeps(&shown, &wrong, &context);
                let reloaded = cast.person(who).browser.get(shown.url.as_str()).await;
                assert_eq!(reloaded.status, shown.status, "{context}");
                keeps(&reloaded, &wrong, &context);
            }

            // The form is sent as the page offers it, at once and again: one outcome, one effect.
            let page = cast.person(who).browser.get(&path).await;
            let Some(form) = forms(&page).get(index).cloned() else {
                continue;
            };
            let mut other = Person {
                browser: cast.person(who).browser.clone(),
                email: String::new(),
                password: String::new(),
            };
            let person = cast.person(who);
            let (first, second) = tokio::join!(presses(person, &form), presses(&mut other, &form));
            assert_eq!(first.header("location"), second.header("location"), "{context}");
            follows(cast.person(who), &first, &context).await;
            let before = (acts(&cast.op).await, cast.op.outbox().count().await);
            let third = presses(cast.person(who), &form).await;
            assert_eq!(first.header("location"), third.header("location"), "{context}");
            let after = (acts(&cast.op).await, cast.op.outbox().count().await);
            assert_eq!(before, after, "{context}: something happened again");
            if cast.person(who).browser.cookie("__Host-itu_sid").is_none() && !is_visitor(who) {
                cast.person(who).logs_in().await;
            }
        }
    }
    covers(&cast.op, &seen).await;
}

/// Requires that every page of the route table that takes a POST was walked, or is in `ELSEWHERE`.
async fn covers(op: &TestOp, seen: &BTreeSet<String>) {
    let routes = router::routes(&op.app);
    let mut open: BTreeMap<String, bool> = BTreeMap::new();
    for (pattern, audience) in routes.table() {
        if *audience == Audience::Client || ELSEWHERE.contains(pattern) {
            continue;
        }
        let path = pattern.replace(['{', '}'], "");
        let url = format!("{}{path}", crate::support::ISSUER)
            .parse()
            .expect("a URL");
        let answer = op.browser().once(Method::POST, &url, Some("a=1".into())).await;
        if answer.status == StatusCode::METHOD_NOT_ALLOWED {
            continue;
        }
        // An act that needs a confirmation has its form there.
        let confirmed = format!("{pattern}/confirm");
        let walked = |it: &String| follows_pattern(pattern, it) || follows_pattern(&confirmed, it);
        let walked = seen.iter().any(walked);
        open.insert((*pattern).to_owned(), walked);
    }
    assert!(open.len() > 15, "{open:?}");
    let missing: Vec<_> = open
        .iter()
        .filter(|(_, walked)| !**walked)
        .map(|(route, _)| route)
        .collect();
    assert!(missing.is_empty(), "{missing:?} take forms that no walk sends");
}

fn follows_pattern(pattern: &str, path: &str) -> bool {
    let (words, parts): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let fits = |(word, part): (&&str, &&str)| word.starts_with('{') || word == part;
    words.len() == parts.len() && words.iter().zip(&parts).all(fits)
}

#[tokio::test]
async fn what_was_typed_outlives_the_session() {
    let mut cast = cast().await;
    let pages = with_confirmations(&mut cast).await;
    // A second step comes between the login and the edits of a person who has a passkey: `second_factor`.
    let pages = pages
        .into_iter()
        .filter(|(who, _)| !is_visitor(who) && *who != "keyed");
    for (who, path) in pages {
        cast.person(who).browser.forget_cookies();
        cast.person(who).logs_in().await;
        let page = cast.person(who).browser.get(&path).await;
        for form in forms(&page) {
            let wrong = nonsense(&form);
            if wrong.fields == form.fields {
                continue;
            }
            let context = format!("{who} {path} {:?}", form.fields);
            cast.op.advance(9 * 3600); // SE-2
            let answer = presses(cast.person(who), &wrong).await;
            let login = follows(cast.person(who), &answer, &context).await;
            assert_eq!(login.url.path(), "/login", "{context}");
            let again = cast.person(who).enters_password(login).await;
            assert_eq!(
                again.url.path(),
                wrong.action.path(),
                "{context}: {}",
                again.text()
            );
            keeps(&again, &wrong, &context);
        }
    }
}
