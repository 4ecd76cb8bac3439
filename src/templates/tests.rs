//! Every page and mail, in every state, in all six languages.

use include_dir::Dir;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::files::FILES;
use super::*;
use crate::i18n::{self, Locale};
use crate::templates::{mails, pages};

fn frames(locale: Locale) -> Vec<Frame> {
    let frame = Frame::new(locale, "bm9uY2U", "dG9rZW4", "/account/profile?x=1");
    let person = PersonInChrome {
        name: "John Doe".into(),
        is_focal_point: true,
        is_client_owner: true,
        is_administrator: true,
        is_staff: true,
        is_auditor: true,
    };
    let mut viewed = frame.clone().of(Some(person.clone()));
    viewed.view = Some(ViewInChrome {
        person: "John <i>Doe</i>".into(),
        viewer: "Mina <i>Roe</i>".into(),
        minutes: 2,
        csrf: "dG9rZW4".into(),
    });
    vec![frame.clone().of(Some(person)), frame.in_flow("h4ndle"), viewed]
}

fn every_page<P: Page>(see: &mut impl FnMut(&str, usize, Locale, bool, &str)) {
    let templates = Templates::new(Site::default());
    for (number, page) in P::samples().iter().enumerate() {
        for locale in Locale::ALL {
            for frame in frames(locale) {
                let html = templates
                    .render(page, &frame)
                    .unwrap_or_else(|error| panic!("{} {number} {locale}: {error:#}", P::TEMPLATE));
                see(P::TEMPLATE, number, locale, frame.in_flow, &html);
            }
        }
    }
}

macro_rules! for_all_pages {
    ($see:expr; $($page:ident),+ $(,)?) => { $(every_page::<pages::$page>($see);)+ };
}

fn all_pages(see: &mut impl FnMut(&str, usize, Locale, bool, &str)) {
    for_all_pages!(see;
        Login, Passkey, PasskeyOffer, SecondFactor, SecondFactorNeeded, VerifyEmail, Reauthenticate, AcceptTerms, TermsRefused, LogoutConfirm, LoggingOut, LoggedOut,
        SignupDetails, SignupOrganization, SignupVerify, SignupExpired, SignupDone,
        ForgotPassword, ForgotPasswordSent, ResetPassword, ResetPasswordExpired, ResetPasswordDone,
        ReturnToService, Consent, AccessRefused, SelectAccount, AuthorizationError, RequestOver, FormPost, WayBack, ErrorPage,
        Device, DeviceConfirm, DeviceDecided, AccountRequests,
        AccountOverview, AccountProfile, AccountEmail, EmailUndo, NotMe, NewsletterStop, WeeklyDigestStop, AccountOrganization, AccountOrganizationChange, AccountPassword, AccountSecurity,
        AccountTotp, AccountSecondFactorRequired, AccountPasskeys, AccountRecoveryCodes, AccountSessions, AccountServices, AccountHistory, AccountOrganizationHistory, AccountData, AccountDataRead,
        AccountDelete, DeletionStop, KeepAccount, Confirm, FocalPointChoose, FocalPointRequests, ConfirmTogether, FocalPointTies, AffiliationRequest,
        FocalPointPeople, FocalPointPerson, AdminOverview, AdminNewsletter, AdminTerms, AdminTermsVersion, AdminTermsNew, AdminTermsPreview, AdminTermsConfirm, AdminNewsletterExport, AdminRequests, AdminAccounts, AdminAccount, AdminAccountView, Viewing, AdminRecoveries, AdminRecovery, RecoveryStop, AdminOrganizations, AdminOrganization, AdminOrganizationEdit, AdminOrganizationEditConfirm, AdminProposals, AdminProposal, AdminImport, AdminImportPreview, AdminMerge, AdminAudit, AdminAuditEntry, AdminClients, AdminClient, AdminClientNew, AdminClientSecret, AdminClientEdit, AdminClientConfirm, AdminRevocations, AdminRevocationConfirm, AdminRevocation, AdminKeys, AdminKey, AdminKeyConfirm, AdminMails, AdminMail, AdminMailConfirm, AdminMailTemplates, AdminMailTemplate, AdminClientOwners, AdminClientPeople, AdminClientMend, AdminClientTest, AdminClientTestResult, AdminClientEvents, AdminClientReceiver, AdminReceiverConfirm, AdminWebhookSecret, AdminScimTargetNew, AdminScimTargetToken, FocalPointHistory, FocalPointOffice,
        Start, Members, Faq, Accessibility, Developers, DeveloperCode, DeveloperClaims, DeveloperErrors, DeveloperLogout, DocumentPage, Components, Outbox, OutboxMail, DemoMails, DemoMail,
    );
}

fn every_mail<M: MailTemplate>(see: &mut impl FnMut(&str, Locale, &RenderedMail)) {
    let templates = Templates::new(Site::default());
    for mail in M::samples() {
        for locale in Locale::ALL {
            let mail = templates
                .mail(&mail, locale)
                .unwrap_or_else(|error| panic!("{} {locale}: {error:#}", M::NAME));
            see(M::NAME, locale, &mail);
        }
    }
}

fn all_mails(see: &mut impl FnMut(&str, Locale, &RenderedMail)) {
    let templates = Templates::new(Site::default());
    for kind in mails::previews::ALL {
        for locale in Locale::ALL {
            let mails = kind.samples(&templates, locale);
            for mail in mails.unwrap_or_else(|error| panic!("{} {locale}: {error:#}", kind.name)) {
                see(kind.name, locale, &mail);
            }
        }
    }
}

#[test]
fn a_mail_that_opens_something_says_so() {
    // DS-7: by what it says, a mail that was given up keeps its text no longer than the code or the link is worth anything.
    let templates = Templates::new(Site::default());
    for kind in mails::previews::ALL {
        let mails = kind.samples(&templates, Locale::En).expect("rendered");
        for (mail, opens) in mails.iter().zip((kind.opening)()) {
            let holds = mail.text.contains("token=") || mail.text.contains("01234567\n");
            assert_eq!(holds, opens, "{}: {}", kind.name, mail.text);
        }
    }
}

/// Writes the pages also into `LOOK_DIRECTORY`, if it is in the environment, to be looked at.
#[test]
fn every_page_is_small_and_whole() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch for whoever looks at the pages"
    )]
    let directory = std::env::var("LOOK_DIRECTORY").ok();
    let loaded = |html: &str| -> usize {
        let linked = assets::all().iter().filter(|it| html.contains(&it.path));
        linked.map(|it| it.body.len()).sum()
    };
    let mut seen = std::collections::BTreeSet::new();
    all_pages(&mut |name, number, locale, in_flow, html| {
        seen.insert(format!("{name}.html"));
        let size = html.len() + loaded(html);
        assert!(size < 60 * 1024, "{name} {number} {locale}: {size} bytes");
        assert!(html.contains(&format!(
            "<html lang=\"{locale}\" dir=\"{}\">",
            locale.direction()
        )));
        assert!(
            !html.contains(" style=\"") && !html.contains(" onclick"),
            "{name}: inline style or handler"
        );
        // BR-1: every form that posts to us has its token.
        let posts = html.matches("method=\"post\"").count() - html.matches("id=\"form-post\"").count();
        assert_eq!(
            html.matches("name=\"csrf\" value=\"dG9rZW4\"").count(),
            posts,
            "{name} {number}"
        );
        if let Some(directory) = &directory {
            let way = if in_flow { "flow" } else { "site" };
            std::fs::write(format!("{directory}/{name}-{number}-{locale}-{way}.html"), html)
                .expect("a place to write");
        }
    });
    let files: std::collections::BTreeSet<_> = FILES
        .get_dir("pages")
        .expect("pages")
        .files()
        .filter_map(|it| Some(it.path().file_name()?.to_str()?.to_owned()))
        .collect();
    assert_eq!(seen, files, "each template is a page of the list above");
}

/// Checks WCAG 2.2, 3.3.1 and 2.4.3: after an error the title says so and the focus is on a summary that leads to each
/// field.
#[test]
fn a_page_with_wrong_fields_begins_with_a_summary_of_them() {
    let mut summaries = 0;
    all_pages(&mut |name, number, locale, _, html| {
        let document = scraper::Html::parse_document(html);
        let select = |css: &str| scraper::Selector::parse(css).expect("a selector");
        let title = document.select(&select("title")).next().expect("a title");
        let title: String = title.text().collect();
        let error = i18n::text(locale, "error.title", &()).expect("a text");
        let focused: Vec<_> = document
            .select(&select("[autofocus]"))
            .filter_map(|it| it.attr("id").map(str::to_owned))
            .collect();
        // A passkey that is renamed has its form, and its message, in its own row; components are parts of pages.
        let in_a_row = ["account_passkeys", "components"].contains(&name);
        if in_a_row || document.select(&select(".error")).next().is_none() {
            return;
        }
        summaries += 1;
        assert!(title.starts_with(&error), "{name} {number} {locale}: {title}");
        assert_eq!(focused, ["form-notice"], "{name} {number}");
        let links: Vec<_> = document.select(&select("#form-notice a")).collect();
        assert!(!links.is_empty(), "{name} {number}");
        let invalid = select("[aria-invalid]");
        for id in document.select(&invalid).filter_map(|it| it.attr("id")) {
            let leads = links.iter().any(|it| it.attr("href") == Some(&*format!("#{id}")));
            assert!(leads, "{name} {number}: nothing leads to {id}");
        }
        let place = |it: &str| html.find(&format!("id=\"{it}\""));
        let places: Vec<_> = links
            .iter()
            .filter_map(|it| place(it.attr("href")?.trim_start_matches('#')))
            .collect();
        assert!(
            places.is_sorted(),
            "{name} {number}: the summary is in another order"
        );
    });
    assert!(summaries > 0);
}

#[test]
fn ids_on_a_page_are_unique_and_labels_lead_to_them() {
    all_pages(&mut |name, number, _, _, html| {
        let document = scraper::Html::parse_document(html);
        let of = |selector: &str, attribute: &str| -> Vec<String> {
            let selector = scraper::Selector::parse(selector).expect("a selector");
            let found = document.select(&selector);
            found
                .filter_map(|it| it.attr(attribute).map(str::to_owned))
                .collect()
        };
        let ids = of("[id]", "id");
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{name} {number}: {ids:?}");
        for label in of("label[for]", "for") {
            assert!(
                unique.contains(&label),
                "{name} {number}: nothing has the label {label}"
            );
        }
        for described in of("[aria-describedby]", "aria-describedby") {
            let lost = described
                .split(' ')
                .find(|it| !unique.contains(&(*it).to_owned()));
            assert_eq!(lost, None, "{name} {number}");
        }
        let fields = of("input:not([type=hidden]), select, textarea", "id");
        let labels = of("label[for]", "for");
        for field in fields {
            assert!(labels.contains(&field), "{name} {number}: {field} has no label");
        }
    });
}

#[test]
fn every_mail_has_its_parts() {
    let mut seen = std::collections::BTreeSet::new();
    all_mails(&mut |name, locale, mail| {
        seen.insert(name.to_owned());
        assert!(
            !mail.subject.is_empty() && !mail.subject.contains('\n'),
            "{name} {locale}"
        );
        assert!(
            mail.text.lines().count() > 3 && !mail.text.contains("&amp;"),
            "{name} {locale}: {}",
            mail.text
        );
        assert!(!mail.text.contains("\n\n\n"), "{name} {locale}: {}", mail.text);
        assert!(
            mail.html.contains(&format!("dir=\"{}\"", locale.direction())),
            "{name} {locale}"
        );
        assert!(
            !mail.html.contains("<i>"),
            "{name} {locale}: a name became markup"
        );
    });
    let directories: std::collections::BTreeSet<_> = FILES
        .get_dir("emails")
        .expect("emails")
        .dirs()
        .filter_map(|it| Some(it.path().file_name()?.to_str()?.to_owned()))
        .collect();
    assert_eq!(seen, directories, "each template is a mail of the list above");
}

/// Tests what plain mail programs need: tables, styles in the tags, a dark look, no picture, a hidden line for lists of
/// mails, the language on what such programs keep, and a text part with all that matters.
#[test]
fn every_mail_renders_in_plain_programs() {
    let select = |css: &str| scraper::Selector::parse(css).expect("a selector");
    all_mails(&mut |name, locale, mail| {
        let context = format!("{name} {locale}");
        let document = scraper::Html::parse_document(&mail.html);
        let count = |css: &str| document.select(&select(css)).count();
        assert_eq!(
            count("meta[name=color-scheme][content='light dark']"),
            1,
            "{context}"
        );
        assert!(
            mail.html.contains("@media (prefers-color-scheme: dark)"),
            "{context}"
        );
        assert_eq!(
            count("img, svg, picture, script, link, [background]"),
            0,
            "{context}"
        );
        assert!(!mail.html.contains("url("), "{context}");
        assert_eq!(count("table"), count("table[role=presentation]"), "{context}");
        let direction = locale.direction();
        let root = format!(
            "html[lang='{locale}'][dir='{direction}'] body > table[lang='{locale}'][dir='{direction}']"
        );
        assert_eq!(count(&root), 1, "{context}");
        for tag in ["p", "a", "li", "ul", "td", "table", "body"] {
            assert_eq!(count(tag), count(&format!("{tag}[style]")), "{context}: {tag}");
        }
        assert!(mail.html.len() < 100_000, "{context}: longer ones are cut");

        let preheader = document
            .select(&select("body > .preheader"))
            .next()
            .expect("a preheader");
        let style = preheader.attr("style").unwrap_or_default();
        assert!(style.contains("display:none"), "{context}");
        let preheader: String = preheader.text().collect();
        assert!(preheader.trim().chars().count() > 10, "{context}: {preheader}");
        assert!(
            mail.text.contains(preheader.trim()),
            "{context}: {preheader} in {}",
            mail.text
        );
        assert!(!preheader.contains("01234567"), "{context}"); // SU-5
        for link in document.select(&select("a")).filter_map(|it| it.attr("href")) {
            let address = link.trim_start_matches("mailto:");
            assert!(
                mail.text.contains(address),
                "{context}: {address} in {}",
                mail.text
            );
        }
    });
}

#[test]
fn a_code_stands_alone_on_its_line_and_not_in_the_subject() {
    let see = &mut |_: &str, _: Locale, mail: &RenderedMail| {
        assert!(mail.text.lines().any(|line| line == "01234567"));
        assert!(!mail.subject.contains("01234567")); // SU-5
    };
    every_mail::<mails::VerificationCode>(see);
    every_mail::<mails::FirstLoginCode>(see);
}

#[derive(Serialize)]
struct Bare {
    shown: &'static str,
}

#[test]
fn undefined_names_are_errors_and_values_are_escaped() {
    let templates = Templates::new(Site::default());
    let environment = templates.environment();
    let page = context! { page => Value::from(Serde(Bare { shown: "<a href='x'>" })) };
    // BR-5
    let render = |source| environment.render_named_str("pages/bare.html", source, page.clone());
    assert_eq!(
        render("{{ page.shown }}").expect("escaped"),
        "&lt;a href=&#x27;x&#x27;&gt;"
    );
    assert!(render("{{ page.absent }}").is_err());
    assert!(render("{% if absent %}{% endif %}").is_err());
}

// BR-5: in every template the escaping is on and nothing goes around it.
#[test]
fn no_template_goes_around_the_escaping() {
    let templates = Templates::new(Site::default());
    for directory in ["pages", "components", "emails"] {
        for file in files_below(FILES.get_dir(directory).expect("a directory")) {
            let (path, source) = (
                file.path().to_str().expect("ASCII"),
                file.contents_utf8().expect("UTF-8"),
            );
            let squeezed: String = source.split_whitespace().collect();
            for banned in ["|safe", "autoescape", "http-equiv", "javascript:"] {
                assert!(!squeezed.contains(banned), "{path}: {banned}");
            }
            let probe = templates
                .environment()
                .render_named_str(path, "{{ x }}", context! { x => "<" });
            let wanted = if path.ends_with(".txt") { "<" } else { "&lt;" };
            assert_eq!(probe.expect("a probe"), wanted, "{path}");
        }
    }
}

fn files_below(directory: &'static Dir<'static>) -> Vec<&'static include_dir::File<'static>> {
    let below = directory.dirs().flat_map(files_below);
    directory.files().chain(below).collect()
}

fn sources(directory: &std::path::Path, see: &mut impl FnMut(&std::path::Path, &str)) {
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, see);
        } else if path.extension().is_some_and(|it| it == "rs") {
            see(&path, &std::fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}

/// Finds every key in the catalogs that rooms and doors use: messages of fields, and what was just done.
#[test]
fn every_message_that_the_code_names_has_a_text() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root, &mut |path, source| {
        let errors = source.split("\"error.").skip(1).map(|it| ("error.", it));
        let done = source.split("?done=").skip(1).map(|it| ("flash.", it));
        for (family, rest) in errors.chain(done) {
            let end = rest.find(|it: char| !it.is_ascii_lowercase() && it != '_' && it != '.');
            let name = &rest[..end.unwrap_or(rest.len())];
            let whole = rest[name.len()..].starts_with(['"', '&', '`']);
            let key = format!("{family}{name}");
            assert!(
                // OpenTelemetry has an attribute of the name `error.type`.
                !whole || name.is_empty() || key == "error.type" || crate::i18n::exists(&key),
                "{}: {key}",
                path.display()
            );
        }
    });
}
