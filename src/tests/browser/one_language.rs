//! Tests one whole journey in Arabic and one in Chinese: from a service over the sign-up and the Focal Point's decision
//! back to the service, through the account, and out. Nothing on the way is English, neither page nor mail.

use std::collections::BTreeSet;

use super::driver::{Browser, Device};
use super::server::{Server, Service};
use crate::support::PASSWORD;

const EMAIL: &str = "hana@example.org";
const FOCAL_POINT: &str = "focal@example.org";

/// The words that people, browsers and services brought along: names, and the codes of categories and languages, which are
/// the same everywhere.
const BROUGHT: [&str; 15] = [
    "Hana",
    "Choi",
    "Engineer",
    "Federal",
    "Office",
    "of",
    "Communications",
    "events",
    "ADMIN",
    "Chrome",
    "Linux",
    "Alice",
    "Example",
    "OTHER",
    "AR",
];

/// The languages that one can choose, which are named in themselves.
const OWN_NAMES: [&str; 3] = ["English", "Español", "Français"];

/// Returns the words in Latin letters of a text, addresses left out.
fn latin_words(text: &str) -> BTreeSet<String> {
    let plain = text.split_whitespace().filter(|it| !OWN_NAMES.contains(it));
    let plain = plain.filter(|it| !it.contains('@') && !it.contains("://") && !it.contains(".org"));
    let words = plain.flat_map(|it| it.split(|c: char| !c.is_ascii_alphabetic()));
    words.filter(|it| it.len() > 1).map(str::to_owned).collect()
}

/// A language, with the Latin words that its own catalogue has: ITU, TIES, JavaScript …
struct Language {
    name: &'static str,
    words: BTreeSet<String>,
}

impl Language {
    fn new(name: &'static str) -> Self {
        let file = format!("{}/templates/locales/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let file = std::fs::read_to_string(file).expect("a catalogue");
        let texts: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&file).expect("a catalogue");
        let mut words: BTreeSet<String> = BROUGHT.map(str::to_owned).into();
        for text in texts.values() {
            let outside_holes: String = text
                .to_string()
                .split('{')
                .map(|it| it.split_once('}').map_or(it, |(_, rest)| rest))
                .collect::<Vec<_>>()
                .join(" ");
            words.extend(latin_words(&outside_holes));
        }
        Self { name, words }
    }

    /// Requires that a text has no word of another language.
    fn is_alone_in(&self, text: &str, place: &str) {
        let foreign: Vec<String> = latin_words(text).difference(&self.words).cloned().collect();
        assert!(
            foreign.is_empty(),
            "{}: {place}: {foreign:?} in\n{text}",
            self.name
        );
    }

    async fn is_spoken(&self, person: &Browser, css: &str) {
        person.sees(css).await;
        person.is_spoken_to_in(self.name).await;
        let place = person.path().await;
        self.is_alone_in(&person.text().await, &place);
        self.is_alone_in(&person.title().await, &place);
    }

    /// Requires that all mails to an address speak the language, in the direction of its writing.
    async fn is_written(&self, server: &Server, address: &str, at_least: usize) {
        let mails = server.op.outbox().to(address).await;
        assert!(mails.len() >= at_least, "{address}: {}", mails.len());
        let direction = if self.name == "ar" { "rtl" } else { "ltr" };
        for mail in mails {
            self.is_alone_in(&mail.subject, &mail.kind);
            self.is_alone_in(&mail.text, &mail.kind);
            for attribute in [format!("lang=\"{}\"", self.name), format!("dir=\"{direction}\"")] {
                assert!(mail.html.contains(&attribute), "{}: {attribute}", mail.kind);
            }
        }
    }
}

async fn the_journey(name: &'static str, device: Device) {
    let language = Language::new(name);
    let device = Device {
        language: name,
        ..device
    };
    let server = Server::starts().await;
    server
        .op
        .insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    server.op.insert_focal_point_of("ofcom", FOCAL_POINT, name).await;
    let events = Service::opens(&server, "events", false).await;
    let person = Browser::open(&device.label("whole"), device).await;

    person.goes_to(&events.login("")).await;
    language.is_spoken(&person, "#login-form").await;
    person.clicks("#create-account").await;
    language.is_spoken(&person, "#signup-form").await;
    person.clicks("#signup-continue").await; // the browser says that fields are empty
    person.fills_sign_up(EMAIL).await;
    person.fills("password_confirmation", "Another-lamp-42").await;
    person.clicks("#signup-continue").await;
    language.is_spoken(&person, "#form-notice").await;
    person.fills("password", PASSWORD).await;
    person.fills("password_confirmation", PASSWORD).await;
    person.clicks("#signup-continue").await;
    language.is_spoken(&person, "#organization-form").await;
    person.chooses_organization("ofcom", device).await;
    person.clicks("[name='request_ties']").await;
    person.clicks("[name='accept_terms']").await;
    language.is_spoken(&person, "#approval-note:not([hidden])").await;
    person.shows("organization").await;
    person.clicks("#signup").await;
    language.is_spoken(&person, "#verify-form").await;
    let code = server.op.outbox().code(EMAIL).await;
    person.fills("code", &code).await;
    person.clicks("#verify").await;
    language.is_spoken(&person, "#ok").await;
    person.shows("done").await;
    person.clicks("#ok").await;
    language.is_spoken(&person, "#allow").await;
    person.shows("consent").await;
    person.clicks("#allow").await;
    person.sees("#landed").await;

    approves(&server, &language, device).await;
    for (path, css) in [
        ("/account", "#name"),
        ("/account/profile", "#profile-form"),
        ("/account/organization", "main h1"),
        ("/account/security", "#checkup"),
        ("/account/security/password", "main h1"),
        ("/account/security/totp", "#begin-totp"),
        ("/account/security/passkeys", "main h1"),
        ("/account/sessions", "main h1"),
        ("/account/services", "#withdraw-events"),
        ("/account/history", "main h1"),
        ("/account/history/organization", "main h1"),
        ("/account/requests", "main h1"),
        ("/account/data", "#data-form"),
        ("/account/delete", "#deletion"),
        ("/account/email", "#email-form"),
    ] {
        person.goes_to(&server.at(path)).await;
        language.is_spoken(&person, css).await;
        person.shows(path.rsplit('/').next().unwrap_or_default()).await;
    }
    // The login at a service is the one of the account.
    person.goes_to(&events.login("")).await;
    person.sees("#landed").await;
    person.goes_to(&server.at("/logout")).await;
    language.is_spoken(&person, "#logout-confirm").await;
    person.clicks("#logout-confirm").await;
    language.is_spoken(&person, "#logged-out").await;
    // The code, the way of the request, and the decision.
    language.is_written(&server, EMAIL, 2).await;
    language.is_written(&server, FOCAL_POINT, 1).await;
    person.closes().await;
}

async fn approves(server: &Server, language: &Language, device: Device) {
    let focal = Browser::open(&device.label("whole-focal-point"), device).await;
    focal.logs_in(server, FOCAL_POINT).await;
    focal.goes_to(&server.at("/focal-point/ofcom/requests")).await;
    language.is_spoken(&focal, "main a[href*='/requests/']").await;
    focal.clicks("main a[href*='/requests/']").await;
    language.is_spoken(&focal, "#approve").await;
    focal.clicks("#approve").await;
    language.is_spoken(&focal, "#flash").await;
    focal.shows("approved").await;
    focal.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn in_arabic_and_in_chinese() {
    tokio::join!(
        the_journey("ar", Device::PHONE),
        the_journey("zh", Device::DESKTOP)
    );
}
