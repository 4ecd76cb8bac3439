//! The pages that people see when something is not there, not allowed, or not possible now.

use serde::{Deserialize, Serialize};

use crate::templates::Page;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// 400: the form is not one of ours.
    BadRequest,
    /// 403: the person is signed in, but not for this.
    Forbidden,
    /// 403: the person sees the account pages of somebody else, and this is none of them.
    Viewing,
    /// 403: the form's token is missing, wrong or too old (security.md BR-1).
    FormExpired,
    NotFound,
    MethodNotAllowed,
    /// 409: somebody else was faster (security.md G-9).
    Conflict,
    TooLarge,
    /// 422: fields were refused.
    Invalid,
    /// 415: the body is of another media type.
    Unsupported,
    TooMany,
    Internal,
    /// 503: the service is busy, or being looked after.
    Unavailable,
}

impl Problem {
    pub const ALL: [Self; 13] = [
        Self::BadRequest,
        Self::Forbidden,
        Self::Viewing,
        Self::FormExpired,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::Unsupported,
        Self::Invalid,
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
    ];

    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden | Self::Viewing | Self::FormExpired => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::Invalid => 422,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ErrorPage {
    pub problem: Problem,
    pub status: u16,
    pub request_id: String,
}

impl ErrorPage {
    pub fn new(problem: Problem, request_id: impl Into<String>) -> Self {
        Self {
            problem,
            status: problem.status(),
            request_id: request_id.into(),
        }
    }
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error";

    fn samples() -> Vec<Self> {
        Problem::ALL.map(|it| Self::new(it, "01J9ZK")).into()
    }
}
