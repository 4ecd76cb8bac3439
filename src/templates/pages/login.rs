//! Pages to get in and out: login, re-authentication, logout.

use serde::Serialize;

use super::samples;
use crate::templates::{FormGuard, FormState, Page, Service};

/// `/login`: `email`, `password`; inside a request also `decision=cancel`.
#[derive(Clone, Debug, Serialize)]
pub struct Login {
    pub form: FormState,
    pub guard: FormGuard,
    pub service: Option<Service>,
    /// `true` if browsers make passkeys for this host.
    pub passkeys: bool,
    /// The whole minutes to wait after too many failures (security.md PW-4).
    pub wait_minutes: Option<u64>,
}

impl Page for Login {
    const TEMPLATE: &'static str = "login";

    fn samples() -> Vec<Self> {
        let form = FormState::new([("email", "john.doe@company.com")]);
        vec![
            Self {
                form: FormState::default(),
                guard: FormGuard::default(),
                service: None,
                passkeys: true,
                wait_minutes: None,
            },
            Self {
                form: form.clone(),
                guard: FormGuard::default(),
                service: Some(samples::service()),
                passkeys: true,
                wait_minutes: None,
            },
            Self {
                form: form.clone().notice("login.failed"),
                guard: FormGuard {
                    has_decoy: false,
                    ..FormGuard::sample()
                },
                service: Some(samples::plain_service()),
                passkeys: true,
                wait_minutes: None,
            },
            Self {
                form,
                guard: FormGuard::default(),
                service: None,
                passkeys: true,
                wait_minutes: Some(4),
            },
        ]
    }
}

/// `/reauthenticate`: `password`, before something that needs a fresh login (security.md SE-4).
#[derive(Clone, Debug, Serialize)]
pub struct Reauthenticate {
    pub form: FormState,
    pub email: String,
    pub service: Option<Service>,
    /// `true` if browsers make passkeys for this host.
    pub passkeys: bool,
    pub wait_minutes: Option<u64>,
}

impl Page for Reauthenticate {
    const TEMPLATE: &'static str = "reauthenticate";

    fn samples() -> Vec<Self> {
        let email = "john.doe@company.com".to_owned();
        vec![
            Self {
                form: FormState::default().error("password", "login.wrong_password"),
                email: email.clone(),
                service: None,
                passkeys: true,
                wait_minutes: None,
            },
            Self {
                form: FormState::default(),
                email,
                service: Some(samples::service()),
                passkeys: true,
                wait_minutes: Some(1),
            },
        ]
    }
}

/// `/logout`: asks before it ends the session (security.md LO-1); `decision=logout` or `stay`.
#[derive(Clone, Debug, Serialize)]
pub struct LogoutConfirm {
    pub email: String,
    pub service: Option<Service>,
    /// The person whom the service wants to log out, if it is somebody else. It is empty if the service does not say
    /// who.
    pub other: Option<String>,
    /// The sealed state: the session that is meant, and where the person goes afterwards.
    pub ticket: String,
}

impl Page for LogoutConfirm {
    const TEMPLATE: &'static str = "logout_confirm";

    fn samples() -> Vec<Self> {
        let email = "john.doe@company.com".to_owned();
        vec![
            Self {
                email: email.clone(),
                service: None,
                other: None,
                ticket: "sealed".into(),
            },
            Self {
                email: email.clone(),
                service: Some(samples::service()),
                other: None,
                ticket: "sealed".into(),
            },
            Self {
                email: email.clone(),
                service: Some(samples::service()),
                other: Some("jane.roe@company.com".into()),
                ticket: "sealed".into(),
            },
            Self {
                email,
                service: Some(samples::service()),
                other: Some(String::new()),
                ticket: "sealed".into(),
            },
        ]
    }
}

/// `/logging-out`: the services' own addresses in frames, then on (OpenID Connect Front-Channel Logout §3).
#[derive(Clone, Debug, Serialize)]
pub struct LoggingOut {
    pub frames: Vec<String>,
    pub continue_to: String,
    /// The site that `continue_to` leads to, if it is not a page of ours.
    pub service: Option<Service>,
}

impl Page for LoggingOut {
    const TEMPLATE: &'static str = "logging_out";

    fn samples() -> Vec<Self> {
        let frames = vec![
            "https://events.example.org/logout?iss=https%3A%2F%2Faccount.example.org&sid=0123".to_owned(),
            "https://shop.example.org/out?a=1&iss=https%3A%2F%2Faccount.example.org&sid=0123".to_owned(),
        ];
        vec![
            Self {
                frames: frames.clone(),
                continue_to: "/logged-out".into(),
                service: None,
            },
            Self {
                frames,
                continue_to: "https://events.example.org/bye?state=%22%3E".into(),
                service: Some(samples::service()),
            },
        ]
    }
}

/// `/logged-out`.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedOut {
    /// The service that asked for the logout.
    pub service: Option<Service>,
    /// The page of that service to go on with, if it registered one.
    pub way_back: Option<String>,
}

impl Page for LoggedOut {
    const TEMPLATE: &'static str = "logged_out";

    fn samples() -> Vec<Self> {
        vec![
            Self {
                service: None,
                way_back: None,
            },
            Self {
                service: Some(samples::plain_service()),
                way_back: None,
            },
            Self {
                service: Some(samples::service()),
                way_back: Some(
                    "https://events.example.org/login?iss=https%3A%2F%2Faccount.example.org".into(),
                ),
            },
        ]
    }
}
