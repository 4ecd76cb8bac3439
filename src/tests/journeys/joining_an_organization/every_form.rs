//! Tests every form of the way in, of the account, the Focal Points and the administrators, each field of it, with all
//! that a field can hold: over-long, empty, of the wrong kind, twice, in wrong encodings. The answer is the form with
//! what was typed and the field marked, or a clear refusal, and nothing has happened (security.md G-1, G-2, G-3, G-11).

use axum::http::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};

use super::{by_hand, focal_point, member};
use crate::support::{ISSUER, Page, Person, TestOp};
use itu_account::domain::role::Role;

/// The purpose of a field, which determines the values that it cannot hold.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A line of text of so many characters, needed or not.
    Needed(usize),
    Line(usize),
    /// Several lines.
    Reason,
    Choice,
    /// May be left open.
    OptionalChoice,
    Email,
    Website,
    Password,
    /// Eight digits, one of all.
    Code,
    /// Names an object: one that does not exist is not found (G-4).
    Object,
    /// A box, or the word of a button: no person types it.
    Fixed,
}

impl Kind {
    fn wrong(self) -> Vec<String> {
        let long = |length: usize| "x".repeat(length);
        let mut all: Vec<String> = match self {
            Self::Needed(longest) => vec!["".into(), " ".into(), long(longest + 1)],
            Self::Line(longest) => vec![long(longest + 1)],
            Self::Reason => return vec![long(1001), long(40_000), "\u{1}".into(), "a\u{85}b".into()],
            Self::Choice => vec!["".into(), " ".into()],
            Self::OptionalChoice => Vec::new(),
            Self::Email => vec![
                "".into(),
                "x".into(),
                "a@b@c".into(),
                "nobody@example.org\r\nBcc: x@y.z".into(),
            ],
            Self::Website => vec![
                "x".into(),
                "javascript:alert(1)".into(),
                "https://user@example.org".into(),
            ],
            Self::Password => vec!["".into(), "short".into(), long(129)],
            Self::Code => vec![
                "".into(),
                "1234567".into(),
                "123456789".into(),
                "1234 567a".into(),
            ],
            Self::Object => vec!["".into(), "../admin".into()],
            Self::Fixed => vec!["no-such".into(), "ON".into()],
        };
        let whatever = [
            "\u{1}",
            "A\u{202e}B",
            "a\r\nb",
            "<script>alert(1)</script>",
            "' OR 1=1 --",
            "\u{fffd}",
        ];
        all.extend(whatever.map(str::to_owned));
        all.push(long(40_000));
        all
    }
}

pub(super) type Fields = &'static [(&'static str, &'static str, Kind)];

/// A form with values that it could be sent with, except that one of them is always wrong.
struct Case {
    path: String,
    fields: Fields,
}

const PROFILE: Fields = &[
    ("first_name", "Renée", Kind::Needed(100)),
    ("last_name", "O’Hara", Kind::Needed(100)),
    ("title", "dr", Kind::OptionalChoice),
    ("gender", "other", Kind::Choice),
    ("job_title", "Head of Division", Kind::Needed(150)),
    ("professional_role", "legal", Kind::Choice),
    ("language", "fr", Kind::Choice),
    ("newsletter", "on", Kind::Fixed),
];
const WITHDRAW: Fields = &[
    ("action", "withdraw", Kind::Fixed),
    ("affiliation_id", "none", Kind::Object),
];
const ASK_FOR_TIES: Fields = &[
    ("action", "request_ties", Kind::Fixed),
    ("right", "documents", Kind::Choice),
];
const CHANGE: Fields = &[
    ("membership_type", "sector_member", Kind::Choice),
    ("member_state", "CH", Kind::Choice),
    ("organization_id", "telco", Kind::Choice),
    ("request_ties", "on", Kind::Fixed),
    ("action", "submit", Kind::Fixed),
];
const NEW_RECORD: Fields = &[
    ("member_state", "CH", Kind::Choice),
    ("organization_name", "Example Laboratory", Kind::Needed(250)),
    ("organization_acronym", "EXLAB", Kind::Line(50)),
    ("organization_website", "https://example.org/", Kind::Website),
    ("organization_city", "Bern", Kind::Line(100)),
    ("action", "create", Kind::Fixed),
];
const PASSWORD: Fields = &[
    ("current_password", "Not-the-one-42", Kind::Password),
    ("password", "Quartz-harbour-77", Kind::Password),
    ("password_confirmation", "Quartz-harbour-77", Kind::Password),
];
const TOTP: Fields = &[("action", "confirm", Kind::Fixed), ("otp", "000000", Kind::Code)];
const SESSION: Fields = &[
    ("action", "end", Kind::Fixed),
    ("session_id", "none", Kind::Object),
];
const SERVICE: Fields = &[
    ("action", "withdraw", Kind::Fixed),
    ("client_id", "none", Kind::Object),
];
const REJECT: Fields = &[
    ("decision", "reject", Kind::Fixed),
    ("reason", "Not known here", Kind::Reason),
];
const APPROVE: Fields = &[
    ("decision", "approve", Kind::Fixed),
    ("reason", "Known here", Kind::Reason),
];
const REMOVE: Fields = &[
    ("action", "remove", Kind::Fixed),
    ("reason", "Has left", Kind::Reason),
];
const GRANT: Fields = &[
    ("action", "grant", Kind::Fixed),
    ("right", "documents", Kind::Choice),
];
const REFUSE: Fields = &[
    ("action", "refuse", Kind::Fixed),
    ("right", "documents", Kind::Choice),
    ("reason", "Not needed", Kind::Reason),
];
const REVOKE: Fields = &[
    ("action", "revoke", Kind::Fixed),
    ("right", "documents", Kind::Choice),
    ("reason", "Not needed", Kind::Reason),
];
const UNDESIGNATE: Fields = &[
    ("action", "undesignate", Kind::Fixed),
    ("reason", "On leave", Kind::Reason),
];
const NAME_FOCAL_POINT: Fields = &[
    ("action", "designate", Kind::Fixed),
    ("email", "bob@example.org", Kind::Email),
];
const UNNAME_FOCAL_POINT: Fields = &[
    ("action", "undesignate", Kind::Fixed),
    ("account_id", "none", Kind::Object),
];
const ACCEPT: Fields = &[
    ("decision", "accept", Kind::Fixed),
    ("name", "Example Laboratory", Kind::Needed(250)),
    ("acronym", "EXLAB", Kind::Line(50)),
    ("membership_type", "associate", Kind::Choice),
    ("category", "ASSOC", Kind::Choice),
    ("member_state", "CH", Kind::OptionalChoice),
    ("website", "https://example.org/", Kind::Website),
    ("reason", "Checked", Kind::Reason),
];
const DECLINE: Fields = &[
    ("decision", "reject", Kind::Fixed),
    ("reason", "No such thing", Kind::Reason),
];
const MERGE: Fields = &[
    ("decision", "merge", Kind::Fixed),
    ("organization_id", "telco", Kind::Object),
    ("reason", "The same", Kind::Reason),
];

const LOGIN: Fields = &[
    ("email", "nobody@example.org", Kind::Email),
    ("password", "Quartz-harbour-77", Kind::Password),
];
pub(super) const DETAILS: Fields = &[
    ("email", "zoe@example.org", Kind::Email),
    ("first_name", "Zoë", Kind::Needed(100)),
    ("last_name", "O’Hara", Kind::Needed(100)),
    ("password", "Quartz-harbour-77", Kind::Password),
    ("password_confirmation", "Quartz-harbour-77", Kind::Password),
    ("title", "dr", Kind::OptionalChoice),
    ("gender", "female", Kind::Choice),
    ("job_title", "Head of Division", Kind::Needed(150)),
    ("professional_role", "technical", Kind::Choice),
];
pub(super) const LISTED: Fields = &[
    ("membership_type", "sector_member", Kind::Choice),
    ("member_state", "CH", Kind::Choice),
    ("organization_id", "telco", Kind::Choice),
    ("request_ties", "on", Kind::Fixed),
    ("newsletter", "on", Kind::Fixed),
    ("accept_terms", "on", Kind::Fixed),
    ("action", "submit", Kind::Fixed),
];
const TYPED: Fields = &[
    ("member_state", "CH", Kind::Choice),
    ("organization_name", "Example Laboratory", Kind::Needed(250)),
    ("organization_acronym", "EXLAB", Kind::Line(50)),
    ("organization_website", "https://example.org/", Kind::Website),
    ("organization_city", "Bern", Kind::Line(100)),
    ("accept_terms", "on", Kind::Fixed),
    ("action", "create", Kind::Fixed),
];
const CODE: Fields = &[("code", "00000000", Kind::Code)];
const FORGOTTEN: Fields = &[("email", "zoe@example.org", Kind::Email)];
const NEW_PASSWORD: Fields = &[
    ("password", "Quartz-harbour-77", Kind::Password),
    ("password_confirmation", "Quartz-harbour-77", Kind::Password),
];
const PASSWORD_AGAIN: Fields = &[("password", "Quartz-harbour-77", Kind::Password)];
const TERMS: Fields = &[
    ("accept_terms", "on", Kind::Fixed),
    ("version", "1999-01", Kind::Choice),
];

fn cases<const N: usize>(them: [(String, Fields); N]) -> Vec<Case> {
    them.into_iter()
        .map(|(path, fields)| Case { path, fields })
        .collect()
}

/// Returns how many acts were done: every act leaves a record (LG-1). A wrong password is an attempt, no act.
pub(super) async fn acts(op: &TestOp) -> i64 {
    let db = op.app.db.read();
    let query = "SELECT COUNT(*) AS n FROM events WHERE action NOT IN ('session.sign_in_failed', 'session.throttled')";
    let query = Statement::from_string(db.get_database_backend(), query);
    let row = db.query_one_raw(query).await.expect("the trail").expect("a row");
    row.try_get("", "n").expect("a number")
}

/// Sends the form with one field replaced; the rest is as somebody would have typed it.
async fn send(person: &mut Person, case: &Case, field: &str, value: &str) -> Page {
    let fields: Vec<_> = case
        .fields
        .iter()
        .map(|(name, good, _)| (*name, if *name == field { value } else { *good }))
        .collect();
    post(person, &case.path, &fields).await
}

/// Returns what the form of a path has without being typed: the token, and the texts that are to be accepted.
async fn hidden(person: &mut Person, path: &str) -> Vec<(String, String)> {
    let (page, name) = match path {
        "/signup/organization" => (path, "version"),
        _ => ("/login", "csrf"),
    };
    let mut fields = person.browser.get(page).await.form(&[name]).fields;
    fields.retain(|(it, _)| it == "csrf" || it == name);
    fields
}

pub(super) fn typed(fields: Fields) -> Vec<(&'static str, &'static str)> {
    fields.iter().map(|(name, value, _)| (*name, *value)).collect()
}

pub(super) async fn post(person: &mut Person, path: &str, fields: &[(&str, &str)]) -> Page {
    let hidden = hidden(person, path).await;
    let mut all: Vec<_> = hidden
        .iter()
        .map(|(name, it)| (name.as_str(), it.as_str()))
        .collect();
    all.extend_from_slice(fields);
    person.browser.post(path, &all).await
}

/// Requires that the fields of the page's form keep their values, as far as they can be typed into.
fn keeps(page: &Page, case: &Case, wrong: &str, context: &str) {
    for (name, good, kind) in case.fields {
        let typed = !matches!(kind, Kind::Fixed | Kind::Object | Kind::Password | Kind::Code);
        if !typed || *name == wrong || *name == "right" || *name == "organization_id" {
            continue;
        }
        let kept = page
            .find_form(&[name])
            .is_some_and(|form| form.fields.iter().any(|(n, value)| n == name && value == good));
        assert!(kept, "{context}: {name} is lost");
    }
}

async fn every_field(op: &TestOp, person: &mut Person, case: &Case) {
    let before = acts(op).await;
    for (field, _, kind) in case.fields {
        for value in kind.wrong() {
            let excerpt: String = value.chars().take(30).collect();
            let context = format!("{} {field}={excerpt:?}", case.path);
            let page = send(person, case, field, &value).await;
            assert!(!page.body.contains("<script>alert"), "{context}"); // BR-5
            assert!(page.has("main h1"), "{context}: a page says what is wrong");
            match page.status {
                StatusCode::UNPROCESSABLE_ENTITY => {}
                // DS-2: a person who guesses has to wait, with the form still there.
                StatusCode::TOO_MANY_REQUESTS
                    if matches!(kind, Kind::Password | Kind::Email | Kind::Code) =>
                {
                    assert!(!page.header("retry-after").is_empty(), "{context}");
                }
                StatusCode::NOT_FOUND if matches!(kind, Kind::Object) => continue,
                StatusCode::BAD_REQUEST if matches!(kind, Kind::Fixed) => continue,
                other => panic!("{context}: {other}: {}", page.text()),
            }
            let reported =
                page.has("[aria-invalid=true]") || page.has("[role=alert]") || page.has("#problem");
            assert!(reported, "{context}: {}", page.text());
            if !matches!(kind, Kind::Fixed | Kind::Object) {
                assert!(page.has("main form[method=post]"), "{context}: the form is gone");
                keeps(&page, case, field, &context);
            }
        }
        malformed(person, case, field).await;
    }
    let unknown = [
        ("csrf2", "x"),
        ("role", "administrator"),
        ("status", "approved"),
        ("id", "x"),
    ];
    for (name, value) in unknown {
        let mut fields = typed(case.fields);
        fields.push((name, value));
        let page = post(person, &case.path, &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{} {name}", case.path); // G-3
    }
    let after = acts(op).await;
    assert_eq!(after, before, "{}: something happened", case.path);
}

/// Sends the field twice, as a list, not UTF-8, with NUL, not percent-encoded: each is refused before anything is
/// looked at.
async fn malformed(person: &mut Person, case: &Case, field: &str) {
    let hidden = hidden(person, &case.path).await;
    let good = case
        .fields
        .iter()
        .find(|(name, ..)| *name == field)
        .expect("a field")
        .1;
    let rest = || case.fields.iter().filter(|(name, ..)| *name != field);
    let encoded = |name: &str, value: &str| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair(name, value)
            .finish()
    };
    for bad in [
        format!("{0}&{0}", encoded(field, good)),
        format!("{field}[]=x"),
        format!("{field}[x]=x"),
        format!("{field}=%ff%fe"),
        format!("{field}=%c3%28"),
        format!("{field}=a%00b"),
        format!("{field}=%zz"),
        format!("{field}=%"),
        format!("%ff{field}=x"),
        format!("{field}=x&{}", "a=1&".repeat(80)),
    ] {
        let hidden = hidden.iter().map(|(name, value)| encoded(name, value));
        let mut body = hidden.collect::<Vec<_>>().join("&");
        for (name, value, _) in rest() {
            body = format!("{body}&{}", encoded(name, value));
        }
        let body = format!("{body}&{bad}");
        let url = format!("{ISSUER}{}", case.path).parse().expect("a URL");
        let page = person.browser.once(Method::POST, &url, Some(body)).await;
        let excerpt = &bad[..bad.len().min(40)];
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{} {excerpt}", case.path);
        assert!(page.has("#problem"), "{} {excerpt}", case.path);
    }
}

#[tokio::test]
async fn of_the_way_in() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut zoe = op.visitor("zoe@example.org");
    let one = |path: &str, fields| cases([(path.to_owned(), fields)]).remove(0);
    every_field(&op, &mut zoe, &one("/login", LOGIN)).await;
    every_field(&op, &mut zoe, &one("/signup", DETAILS)).await;
    every_field(&op, &mut zoe, &one("/forgot-password", FORGOTTEN)).await;

    let page = post(&mut zoe, "/signup", &typed(DETAILS)).await;
    assert_eq!(page.url.path(), "/signup/organization", "{}", page.text());
    every_field(&op, &mut zoe, &one("/signup/organization", LISTED)).await;
    every_field(&op, &mut zoe, &one("/signup/organization", TYPED)).await;
    let page = post(&mut zoe, "/signup/organization", &typed(LISTED)).await;
    assert_eq!(page.url.path(), "/signup/verify", "{}", page.text());
    every_field(&op, &mut zoe, &one("/signup/verify", CODE)).await;

    let mut bob = op.person("bob@example.org").await;
    post(&mut bob, "/forgot-password", &[("email", "bob@example.org")]).await;
    let link = op.outbox().link("bob@example.org", "/reset-password").await;
    assert!(
        bob.browser
            .get(&link)
            .await
            .find_form(&["password_confirmation"])
            .is_some()
    );
    every_field(&op, &mut bob, &one("/reset-password", NEW_PASSWORD)).await;
    bob.logs_in().await;
    every_field(&op, &mut bob, &one("/reauthenticate", PASSWORD_AGAIN)).await;
    every_field(&op, &mut bob, &one("/terms/accept", TERMS)).await;
}

#[tokio::test]
async fn of_the_account() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    // A request waits, so that a form which is right in every field is refused as well: nothing may happen here.
    let (mut bob, ..) = member(&op, "bob@example.org", "ofcom", true).await;
    let of = |path: &str| path.to_owned();
    for case in cases([
        (of("/account/profile"), PROFILE),
        (of("/account/organization"), WITHDRAW),
        (of("/account/organization"), ASK_FOR_TIES),
        (of("/account/organization/change"), CHANGE),
        (of("/account/organization/change"), NEW_RECORD),
        (of("/account/sessions"), SESSION),
        (of("/account/services"), SERVICE),
        (of("/account/data"), &[("action", "request", Kind::Fixed)]),
        (of("/account/security/password"), PASSWORD),
        (of("/account/security/totp"), TOTP),
    ]) {
        every_field(&op, &mut bob, &case).await;
    }
}

#[tokio::test]
async fn of_the_focal_points() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, other, _) = focal_point(&op, "other@ofcom.example", "ofcom").await;
    let (_, account, _) = member(&op, "bob@example.org", "ofcom", true).await;
    let (_, _, pending) = member(&op, "eve@example.org", "ofcom", false).await;
    let request = format!("/focal-point/ofcom/requests/{pending}");
    let person = format!("/focal-point/ofcom/people/{account}");
    for case in cases([
        (request.clone(), REJECT),
        (request, APPROVE),
        (format!("{person}/confirm"), REMOVE),
        (person.clone(), GRANT),
        (format!("{person}/confirm"), REFUSE),
        (format!("{person}/confirm"), REVOKE),
        (format!("/focal-point/ofcom/people/{other}/confirm"), UNDESIGNATE),
    ]) {
        every_field(&op, &mut fp, &case).await;
    }
}

#[tokio::test]
async fn of_the_administrators() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let (_, _, pending) = member(&op, "bob@example.org", "telco", false).await;
    let mut carol = op.person("carol@example.org").await;
    carol.logs_in().await;
    let typed: Vec<_> = NEW_RECORD.iter().map(|(name, good, _)| (*name, *good)).collect();
    by_hand(&mut carol, "/account/organization/change", &typed).await;
    let list = admin.browser.get("/admin/proposals").await;
    let proposal = list.link("/admin/proposals/");
    let request = format!("/admin/requests/{pending}");
    let telco = "/admin/organizations/telco".to_owned();
    for case in cases([
        (request.clone(), REJECT),
        (request, APPROVE),
        (telco.clone(), NAME_FOCAL_POINT),
        (telco, UNNAME_FOCAL_POINT),
        (proposal.clone(), ACCEPT),
        (proposal.clone(), DECLINE),
        (format!("{proposal}/confirm"), DECLINE),
        (format!("{proposal}/confirm"), MERGE),
    ]) {
        every_field(&op, &mut admin, &case).await;
    }
}
