//! The frame of every page: language, person, nonce and CSRF token; and what the configuration says about the site.

use serde::{Deserialize, Serialize};

use crate::i18n::Locale;

/// The values that every page and mail of a deployment shares, from `issuer` and `[site]`.
#[derive(Clone, Debug, Serialize)]
pub struct Site {
    /// The issuer. Links in mails are built from it alone (security.md PW-5).
    pub issuer: String,
    pub support_email: String,
    pub links: Links,
    /// `true` if mails are read at `/demo/outbox`, in place of a mail server.
    pub outbox: bool,
}

/// Addresses outside of this service. An empty one is not shown.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    pub members: String,
    pub ties: String,
    pub events: String,
    pub mailing_lists: String,
    pub bookshop: String,
}

impl Default for Links {
    fn default() -> Self {
        let of = |path: &str| format!("https://www.itu.int/{path}");
        Self {
            members: of("hub/membership/our-members/directory/"),
            ties: of("TIES/"),
            events: of("en/events/Pages/default.aspx"),
            mailing_lists: of("net4/iwm"),
            bookshop: of("pub/"),
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        Self {
            issuer: "http://localhost:8080".into(),
            support_email: "ServiceDesk@itu.int".into(),
            links: Links::default(),
            outbox: false,
        }
    }
}

/// The values that a door adds to every page.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    pub locale: Locale,
    /// The nonce of this response's Content-Security-Policy (security.md BR-2).
    pub nonce: String,
    /// The value of the hidden field `csrf` of every form (security.md BR-1).
    pub csrf: String,
    pub person: Option<PersonInChrome>,
    /// `true` inside an authorization or logout request: no menu leads out of it.
    pub in_flow: bool,
    /// The opaque handle of the interrupted request (security.md AZ-6): the hidden field `request`
    /// of every form, and a parameter of the links between its pages.
    pub request: Option<String>,
    /// The page to go to after a login, by its name (security.md BR-6): carried along like `request`.
    pub next: Option<String>,
    /// The links to this page in each language.
    pub languages: Vec<Language>,
    /// The path of this page, to mark it in menus.
    pub path: String,
    /// The message about what just happened, shown once on top.
    pub flash: Option<Flash>,
    /// The service whose request this page was part of, if that is over: what the person does here still counts.
    pub over: Option<Service>,
    /// The view of somebody's account that goes on.
    pub view: Option<ViewInChrome>,
}

/// A message about what just happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// The key in the catalog.
    pub key: String,
    pub tone: Tone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Good,
    Warn,
    Bad,
}

#[derive(Clone, Debug, Serialize)]
pub struct Language {
    pub locale: Locale,
    pub name: &'static str,
    pub href: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct PersonInChrome {
    pub name: String,
    pub is_focal_point: bool,
    pub is_client_owner: bool,
    pub is_administrator: bool,
    /// `true` for administrators, too.
    pub is_staff: bool,
    /// `true` for administrators, too.
    pub is_auditor: bool,
}

/// The mark of every page while a member of the staff looks at somebody's account (security.md AD-12).
#[derive(Clone, Debug, Serialize)]
pub struct ViewInChrome {
    /// The person who is looked at, and the one who looks.
    pub person: String,
    pub viewer: String,
    /// The minutes that are left.
    pub minutes: u64,
    /// The token of the form that ends it.
    pub csrf: String,
}

/// The service that sent the person here, on pages inside its request (security.md DR-4, DR-5).
#[derive(Clone, Debug, Serialize)]
pub struct Service {
    pub name: String,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub client_uri: Option<String>,
    /// The address to begin again: the service's `initiate_login_uri`, or its `client_uri`.
    pub back_uri: Option<String>,
}

impl Frame {
    /// Builds a frame. `uri` is the path and query of the page; the language menu replaces its `ui_locales`.
    pub fn new(locale: Locale, nonce: impl Into<String>, csrf: impl Into<String>, uri: &str) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let rest: Vec<&str> = query
            .split('&')
            .filter(|it| !it.is_empty() && !it.starts_with("ui_locales="))
            .collect();
        let href = |language: Locale| {
            let mut href = format!("{path}?ui_locales={language}");
            for parameter in &rest {
                href.push('&');
                href.push_str(parameter);
            }
            href
        };
        Self {
            locale,
            nonce: nonce.into(),
            csrf: csrf.into(),
            person: None,
            in_flow: false,
            request: None,
            next: None,
            languages: Locale::ALL
                .map(|locale| Language {
                    locale,
                    name: locale.own_name(),
                    href: href(locale),
                })
                .into(),
            path: path.to_owned(),
            flash: None,
            over: None,
            view: None,
        }
    }

    pub fn of(mut self, person: Option<PersonInChrome>) -> Self {
        self.person = person;
        self
    }

    pub fn in_flow(mut self, request: impl Into<String>) -> Self {
        self.in_flow = true;
        self.request = Some(request.into());
        self
    }

    pub fn flash(mut self, flash: Option<Flash>) -> Self {
        self.flash = flash;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_menu_keeps_the_page() {
        let frame = Frame::new(Locale::En, "n", "c", "/members?q=union&ui_locales=en&page=2");
        assert_eq!(frame.languages[3].href, "/members?ui_locales=fr&q=union&page=2");
        assert_eq!(frame.path, "/members");
    }
}
