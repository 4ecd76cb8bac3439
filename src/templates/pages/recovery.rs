//! Forgotten password: the request, its one answer, the new password, the dead link.

use serde::Serialize;

use super::samples;
use crate::templates::{FormGuard, FormState, Page, Service};

/// `/forgot-password`: `email`.
#[derive(Clone, Debug, Serialize)]
pub struct ForgotPassword {
    pub form: FormState,
    pub service: Option<Service>,
    pub guard: FormGuard,
}

impl Page for ForgotPassword {
    const TEMPLATE: &'static str = "forgot_password";

    fn samples() -> Vec<Self> {
        vec![
            Self {
                form: FormState::default(),
                service: None,
                guard: FormGuard::default(),
            },
            Self {
                form: FormState::new([("email", "john")]).error("email", "error.email"),
                service: Some(samples::service()),
                guard: FormGuard::sample(),
            },
        ]
    }
}

/// `/forgot-password` after the form: alike for addresses with and without an account (security.md SU-1).
#[derive(Clone, Debug, Serialize)]
pub struct ForgotPasswordSent {
    pub email: String,
    pub service: Option<Service>,
    /// `true` if the mail leaves later: the form came without a proof of work.
    pub is_delayed: bool,
}

impl Page for ForgotPasswordSent {
    const TEMPLATE: &'static str = "forgot_password_sent";

    fn samples() -> Vec<Self> {
        let email = "john.doe@company.com".to_owned();
        vec![
            Self {
                email: email.clone(),
                service: None,
                is_delayed: true,
            },
            Self {
                email,
                service: Some(samples::service()),
                is_delayed: false,
            },
        ]
    }
}

/// `/reset-password`: `password`, `password_confirmation`. The link's token has left the URL by then
/// (security.md PW-5); `email` and the names feed the live check of the rules.
#[derive(Clone, Debug, Serialize)]
pub struct ResetPassword {
    pub form: FormState,
    pub email: String,
}

impl Page for ResetPassword {
    const TEMPLATE: &'static str = "reset_password";

    fn samples() -> Vec<Self> {
        let email = "john.doe@company.com".to_owned();
        vec![
            Self {
                form: FormState::default(),
                email: email.clone(),
            },
            Self {
                form: FormState::default()
                    .error("password", "error.password.common")
                    .error("password_confirmation", "error.password.different"),
                email,
            },
        ]
    }
}

/// The page for a link that was used, replaced by a newer one, or is too old.
#[derive(Clone, Debug, Serialize)]
pub struct ResetPasswordExpired {}

impl Page for ResetPasswordExpired {
    const TEMPLATE: &'static str = "reset_password_expired";

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}

/// The page after the new password was set. In the browser that came from a service, `continue_to` returns there; in
/// another, the page names the service instead (security.md AZ-6).
#[derive(Clone, Debug, Serialize)]
pub struct ResetPasswordDone {
    pub service: Option<Service>,
    pub continue_to: Option<String>,
}

impl Page for ResetPasswordDone {
    const TEMPLATE: &'static str = "reset_password_done";

    fn samples() -> Vec<Self> {
        vec![
            Self {
                service: None,
                continue_to: Some("/login".into()),
            },
            Self {
                service: Some(samples::service()),
                continue_to: None,
            },
        ]
    }
}

/// A sign-up or a recovery that began at a service and was finished in another browser.
#[derive(Clone, Debug, Serialize)]
pub struct ReturnToService {
    pub service: Service,
}

impl Page for ReturnToService {
    const TEMPLATE: &'static str = "return_to_service";

    fn samples() -> Vec<Self> {
        vec![
            Self {
                service: samples::service(),
            },
            Self {
                service: samples::plain_service(),
            },
        ]
    }
}
