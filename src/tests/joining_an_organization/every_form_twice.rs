//! A walk over the forms of all pages of the route table: sent wrong, reloaded, sent twice at once and one after another,
//! after the session is over and after the service's request is over. Every POST is answered by a redirect, nothing
//! typed is lost, nothing happens twice, and no way ends without a way on.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::super::second_factor::sets_up;
use super::super::support::{Form, ISSUER, Page, Person, TestOp};
use super::every_form::{DETAILS, Fields, LISTED, acts, post};
use super::{focal_point, member, organization};
use crate::domain::actor::Role;
use crate::http::router;
use crate::http::routes::Audience;

/// Without a form of their own on a GET page that this walk can open; each has tests of its own.
const ELSEWHERE: [&str; 5] = [
    // The protocol's own: a form of another site, stored and continued by a GET.
    "/authorize",
    "/end-session",
    // The script fills them in, with a device's answer.
    "/login/passkey",
    // Only inside a request that waits for it: see `authorization` and `second_factor`.
    "/second-factor-needed",
    "/login/second-factor",
];

struct World {
    op: TestOp,
    visitor: Person,
    /// Two who sign up: one has yet to choose an organization, one to enter the code.
    chooser: Person,
    verifier: Person,
    /// One at the question of a service, and one with two-step login.
    guest: Person,
    guarded: Person,
    user: Person,
    /// Taken over from elsewhere: a code to the address is due.
    newcomer: Person,
    focal_point: Person,
    administrator: Person,
    /// Pages to open, by who can open them.
    pages: Vec<(&'static str, String)>,
}

impl World {
    fn person(&mut self, who: &str) -> &mut Person {
        match who {
            "visitor" => &mut self.visitor,
            "chooser" => &mut self.chooser,
            "verifier" => &mut self.verifier,
            "user" => &mut self.user,
            "guest" => &mut self.guest,
            "guarded" => &mut self.guarded,
            "newcomer" => &mut self.newcomer,
            "focal point" => &mut self.focal_point,
            _ => &mut self.administrator,
        }
    }
}

async fn world() -> World {
    let op = TestOp::start().await;
    organization(&op, "ofcom", "Federal Office of Communications", "member_state").await;
    organization(&op, "telco", "Telco", "sector_member").await;
    let (focal_point, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, pending) = member(&op, "pending@ofcom.example", "ofcom", false).await;
    let (_, _, orphan) = member(&op, "pending@telco.example", "telco", false).await;
    let (mut user, ..) = member(&op, "user@ofcom.example", "ofcom", true).await;
    // A service that has access, which can be withdrawn.
    let mut shop = op.client_with("shop", json!({"first_party": false})).await;
    user.logs_in_at(&mut shop, "openid email").await;
    let (_, account, _) = member(&op, "colleague@ofcom.example", "ofcom", true).await;
    let mut administrator = op.person_with("admin@itu.example", Role::Administrator).await;
    administrator.logs_in().await;
    let mut rp = op.client("events").await;
    let mut visitor = op.visitor("zoe@example.org");
    // A pending sign-up, up to the code.
    visitor.browser.get(&rp.authorization_url("openid", &[])).await;
    let [accepted, rejected, merged] = [
        propose(&op, "Telco Laboratory").await,
        propose(&op, "Telco Academy").await,
        propose(&op, "Telco Museum").await,
    ];
    let newcomer = taken_over(&op, "newcomer@example.org").await;
    let mut chooser = op.visitor("zoe@example.org");
    signs_up(&mut chooser, DETAILS, "/signup/organization").await;
    let mut verifier = op.visitor("yan@example.org");
    signs_up(&mut verifier, DETAILS, "/signup/organization").await;
    let page = post(&mut verifier, "/signup/organization", &typed(LISTED)).await;
    assert_eq!(page.url.path(), "/signup/verify", "{}", page.text());
    let mut guarded = op.person("guarded@example.org").await;
    sets_up(&op, &mut guarded).await;
    let mut stranger = op.client_with("stranger", json!({"first_party": false})).await;
    let mut guest = op.person("guest@example.org").await;
    let login = guest
        .browser
        .get(&stranger.authorization_url("openid email", &[]))
        .await;
    let consent = guest.enters_password(login).await;
    assert_eq!(consent.url.path(), "/consent", "{}", consent.text());
    let consent = consent.url.as_str().trim_start_matches(ISSUER).to_owned();
    // Whoever has forgotten a password, with the link of the mail.
    op.person("bob@example.org").await;
    post(&mut visitor, "/forgot-password", &[("email", "bob@example.org")]).await;
    let link = op.outbox().link("bob@example.org", "/reset-password").await;
    visitor.browser.get(&link).await;
    let of = |who, path: &str| (who, path.to_owned());
    let pages = vec![
        of("visitor", "/login"),
        of("visitor", "/signup"),
        of("visitor", "/reset-password"),
        of("visitor", "/forgot-password"),
        of("chooser", "/signup/organization"),
        of("verifier", "/signup/verify"),
        ("guest", consent),
        of("guarded", "/account/security/recovery-codes"),
        of("guarded", "/account/security/totp"),
        of("guarded", "/account/security/totp/confirm"),
        of("newcomer", "/login/verify-email"),
        of("user", "/reauthenticate"),
        of("user", "/logout"),
        of("user", "/device"),
        of("user", "/account/profile"),
        of("user", "/account/organization"),
        of("user", "/account/organization/change"),
        of("user", "/account/security"),
        of("user", "/account/security/totp"),
        of("user", "/account/security/passkeys"),
        of("user", "/account/services"),
        of("user", "/account/sessions"),
        of("focal point", "/focal-point/ofcom/requests"),
        ("focal point", format!("/focal-point/ofcom/requests/{pending}")),
        ("focal point", format!("/focal-point/ofcom/people/{account}")),
        ("administrator", format!("/admin/requests/{orphan}")),
        of("administrator", "/admin/organizations/ofcom"),
        ("administrator", format!("/admin/proposals/{accepted}")),
        (
            "administrator",
            format!("/admin/proposals/{rejected}/confirm?decision=reject"),
        ),
        (
            "administrator",
            format!("/admin/proposals/{merged}/confirm?decision=merge&organization_id=telco"),
        ),
    ];
    World {
        op,
        visitor,
        chooser,
        verifier,
        guest,
        guarded,
        user,
        newcomer,
        focal_point,
        administrator,
        pages,
    }
}

/// Logged in, with an address that nobody has verified here.
async fn taken_over(op: &TestOp, email: &str) -> Person {
    let mut person = op.person(email).await;
    crate::tests::first_login::unverify(op, email).await;
    person.logs_in().await;
    person
}

fn typed(fields: Fields) -> Vec<(&'static str, &'static str)> {
    fields.iter().map(|(name, value, _)| (*name, *value)).collect()
}

async fn signs_up(person: &mut Person, fields: Fields, next: &str) {
    let mut values = typed(fields);
    values.retain(|(name, _)| *name != "email");
    let email = person.email.clone();
    values.push(("email", &email));
    let page = post(person, "/signup", &values).await;
    assert_eq!(page.url.path(), next, "{}", page.text());
}

/// Who has no account yet, or is not logged in.
fn is_visitor(who: &str) -> bool {
    matches!(who, "visitor" | "chooser" | "verifier")
}

/// Somebody who typed a new record; its identifier.
async fn propose(op: &TestOp, name: &str) -> String {
    let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
    let mut person = op.person(&email).await;
    person.logs_in().await;
    let page = person.browser.get("/account/organization/change").await;
    let form = page.form(&["organization_query"]).press("action", "new");
    let page = person.browser.submit(form, &[("member_state", "CH")]).await;
    let form = page.form(&["organization_name"]).press("action", "create");
    let sent = person.browser.submit(form, &[("organization_name", name)]).await;
    assert_eq!(sent.url.path(), "/account/organization", "{}", sent.text());
    let query = format!("SELECT id FROM organizations WHERE name = '{name}'");
    let db = op.app.db.read();
    let query = Statement::from_string(db.get_database_backend(), query);
    let row = db
        .query_one_raw(query)
        .await
        .expect("the records")
        .expect("a record");
    row.try_get("", "id").expect("an identifier")
}

/// The pages, and those that confirm what they offer.
async fn with_confirmations(world: &mut World) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for (who, path) in world.pages.clone() {
        let page = world.person(who).browser.get(&path).await;
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

/// The page's own forms, once per button: as a person would send them who typed nonsense.
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

/// Text typed into whatever takes text.
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
    )
}

async fn presses(person: &mut Person, form: &Form) -> Page {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form.fields)
        .finish();
    person.browser.once(Method::POST, &form.action, Some(body)).await
}

/// Where a redirect leads: never an end.
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
    let mut world = world().await;
    let mut seen = BTreeSet::new();
    for (who, path) in with_confirmations(&mut world).await {
        let page = world.person(who).browser.get(&path).await;
        if page.status == StatusCode::NOT_FOUND {
            continue; // an act before has ended what it is about
        }
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
        let number = forms(&page).len();
        for index in 0..number {
            // Wrong: shown again with what was typed, also when reloaded, in the language chosen meanwhile.
            let page = world.person(who).browser.get(&path).await;
            let Some(form) = forms(&page).get(index).cloned() else {
                continue;
            };
            let context = format!("{who} {path} {:?}", form.fields);
            seen.insert(form.action.path().to_owned());
            let wrong = nonsense(&form);
            if wrong.fields != form.fields {
                let answer = presses(world.person(who), &wrong).await;
                let shown = follows(world.person(who), &answer, &context).await;
                keeps(&shown, &wrong, &context);
                let reloaded = world.person(who).browser.get(shown.url.as_str()).await;
                assert_eq!(reloaded.status, shown.status, "{context}");
                keeps(&reloaded, &wrong, &context);
            }

            // As the page offers it, at once and again: one outcome, one effect.
            let page = world.person(who).browser.get(&path).await;
            let Some(form) = forms(&page).get(index).cloned() else {
                continue;
            };
            let mut other = Person {
                browser: world.person(who).browser.clone(),
                email: String::new(),
                password: String::new(),
            };
            let person = world.person(who);
            let (first, second) = tokio::join!(presses(person, &form), presses(&mut other, &form));
            assert_eq!(first.header("location"), second.header("location"), "{context}");
            follows(world.person(who), &first, &context).await;
            let before = (acts(&world.op).await, world.op.outbox().count().await);
            let third = presses(world.person(who), &form).await;
            assert_eq!(first.header("location"), third.header("location"), "{context}");
            let after = (acts(&world.op).await, world.op.outbox().count().await);
            assert_eq!(before, after, "{context}: something happened again");
            if world.person(who).browser.cookie("__Host-itu_sid").is_none() && !is_visitor(who) {
                world.person(who).logs_in().await;
            }
        }
    }
    covers(&world.op, &seen).await;
}

/// Every page of the route table that takes a POST was walked, or stands in the list.
async fn covers(op: &TestOp, seen: &BTreeSet<String>) {
    let routes = router::routes(&op.app);
    let mut open: BTreeMap<String, bool> = BTreeMap::new();
    for (pattern, audience) in routes.table() {
        if *audience == Audience::Client || ELSEWHERE.contains(pattern) {
            continue;
        }
        let path = pattern.replace(['{', '}'], "");
        let url = format!("{}{path}", super::super::support::ISSUER)
            .parse()
            .expect("a URL");
        let answer = op.browser().once(Method::POST, &url, Some("a=1".into())).await;
        if answer.status == StatusCode::METHOD_NOT_ALLOWED {
            continue;
        }
        // What needs a confirmation has its form there.
        let confirmed = format!("{pattern}/confirm");
        let walked = |it: &String| follows_pattern(pattern, it) || follows_pattern(&confirmed, it);
        let walked = seen.iter().any(walked);
        open.insert((*pattern).to_owned(), walked);
    }
    assert!(open.len() > 15, "{open:?}");
    let missing: Vec<_> = open
        .iter()
        .filter(|(_, walked)| !**walked)
        .map(|(it, _)| it)
        .collect();
    let known = [
        "/account/requests",
        "/account/security/passkeys/confirm",
        "/access-refused",
        "/select-account",
        "/terms/accept",
    ];
    for it in missing {
        assert!(
            known.contains(&it.as_str()),
            "{it} takes a form that no walk sends"
        );
    }
}

fn follows_pattern(pattern: &str, path: &str) -> bool {
    let (words, parts): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let fits = |(word, part): (&&str, &&str)| word.starts_with('{') || word == part;
    words.len() == parts.len() && words.iter().zip(&parts).all(fits)
}

#[tokio::test]
async fn what_was_typed_outlives_the_session() {
    let mut world = world().await;
    let pages = with_confirmations(&mut world).await;
    let pages = pages.into_iter().filter(|(who, _)| !is_visitor(who));
    for (who, path) in pages {
        world.person(who).browser.forget_cookies();
        world.person(who).logs_in().await;
        let page = world.person(who).browser.get(&path).await;
        for form in forms(&page) {
            let wrong = nonsense(&form);
            if wrong.fields == form.fields {
                continue;
            }
            let context = format!("{who} {path} {:?}", form.fields);
            world.op.advance(9 * 3600); // SE-2
            let answer = presses(world.person(who), &wrong).await;
            let login = follows(world.person(who), &answer, &context).await;
            assert_eq!(login.url.path(), "/login", "{context}");
            let again = world.person(who).enters_password(login).await;
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
