//! The cookies of the service: names, attributes and reading (security.md SE-1).
//!
//! On an http issuer, which only loopback may have (TL-1), the `__Host-` prefix and `Secure` are left
//! out: browsers accept neither there.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::app::App;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The session's secret: opaque, 256 bits.
    Session,
    /// A random value, made with the first form shown: form tokens and interactions are bound to it.
    Browser,
    /// The sealed list of the accounts that signed in here before (PW-4).
    KnownBrowser,
    /// The language chosen in the menu.
    Language,
    /// Names the sign-up that this browser has begun; a bearer secret.
    Signup,
    /// Names the login of this browser that waits for its second step; a bearer secret.
    SecondStep,
    /// Names a challenge to this browser's devices; a bearer secret.
    Passkey,
    /// Changes with every login and logout; the script of `check_session_iframe` reads it (BR-7).
    State,
    /// The token of a reset link, out of the address with the first step (PW-5).
    Reset,
    /// The token of a link that undoes a change of the address, out of the address with the first step (SU-7).
    EmailUndo,
    /// The token of a link *This was not me*, out of the address with the first step (LG-4).
    NotMe,
    /// The token of a link that keeps an account, out of the address with the first step.
    DeletionStop,
    /// The token of a link that stops the newsletter, out of the address with the first step.
    Newsletter,
    /// The token of a link that stops the weekly digest, out of the address with the first step.
    WeeklyDigest,
    /// The token of a link that stops a recovery, out of the address with the first step (PW-10).
    RecoveryStop,
}

impl Cookie {
    const fn base(self) -> &'static str {
        match self {
            Self::Session => "itu_sid",
            Self::Browser => "itu_browser",
            Self::KnownBrowser => "itu_known",
            Self::Language => "itu_language",
            Self::Signup => "itu_signup",
            Self::SecondStep => "itu_step",
            Self::Passkey => "itu_passkey",
            Self::State => "itu_state",
            Self::Reset => "itu_reset",
            Self::EmailUndo => "itu_undo",
            Self::NotMe => "itu_not_me",
            Self::DeletionStop => "itu_keep",
            Self::Newsletter => "itu_newsletter",
            Self::WeeklyDigest => "itu_digest",
            Self::RecoveryStop => "itu_stop",
        }
    }

    /// Returns the seconds to keep; a cookie without ends with the browser.
    const fn max_age(self) -> Option<u32> {
        match self {
            Self::Session | Self::Browser | Self::State => None,
            Self::Signup => Some(24 * 3600),   // SU-5
            Self::SecondStep => Some(10 * 60), // AZ-6
            Self::Passkey => Some(5 * 60),
            // PW-5, PW-10, SU-7
            Self::Reset
            | Self::EmailUndo
            | Self::NotMe
            | Self::DeletionStop
            | Self::Newsletter
            | Self::WeeklyDigest
            | Self::RecoveryStop => Some(30 * 60),
            Self::KnownBrowser => Some(90 * 24 * 3600), // PW-4
            Self::Language => Some(365 * 24 * 3600),
        }
    }

    pub fn name(self, app: &App) -> String {
        if is_secure(app) {
            format!("__Host-{}", self.base())
        } else {
            self.base().to_owned()
        }
    }

    /// Returns the value sent, if exactly one well-formed one was (SE-1).
    pub fn read(self, app: &App, headers: &HeaderMap) -> Option<String> {
        let name = self.name(app);
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|it| it.to_str().ok())
            .flat_map(|it| it.split(';'))
            .filter_map(|it| it.trim_matches([' ', '\t']).split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let value = values.next()?;
        let well_formed = !value.is_empty()
            && value.len() <= 4096
            && value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        (well_formed && values.next().is_none()).then(|| value.to_owned())
    }

    pub fn set(self, app: &App, value: &str) -> HeaderValue {
        let age = self
            .max_age()
            .map_or_else(String::new, |it| format!("; Max-Age={it}"));
        self.header(app, value, &age)
    }

    pub fn clear(self, app: &App) -> HeaderValue {
        self.header(app, "", "; Max-Age=0")
    }

    fn header(self, app: &App, value: &str, age: &str) -> HeaderValue {
        let secure = if is_secure(app) { "; Secure" } else { "" };
        let reach = match self {
            // A frame of another site reads it; browsers allow that to secure cookies only.
            Self::State if is_secure(app) => "SameSite=None",
            Self::State => "SameSite=Lax",
            _ => "HttpOnly; SameSite=Lax",
        };
        let text = format!("{}={value}; Path=/; {reach}{secure}{age}", self.name(app));
        HeaderValue::from_str(&text).expect("our cookie values are base64url")
    }
}

fn is_secure(app: &App) -> bool {
    app.config.issuer.is_https()
}
