//! The error of SCIM (RFC 7644 §3.12): a status, a keyword where the standard has one, a sentence that is safe to show.

use sea_orm::DbErr;

use crate::domain::scim::BadFilter;
use crate::oidc;
use crate::storage::ephemeral::EphemeralError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! keywords {
    ($($name:ident = $text:literal),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ScimType { $($name),+ }

        impl ScimType {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

keywords! {
    InvalidFilter = "invalidFilter",
    TooMany = "tooMany",
    Mutability = "mutability",
    InvalidSyntax = "invalidSyntax",
    InvalidPath = "invalidPath",
    NoTarget = "noTarget",
    InvalidValue = "invalidValue",
    // RFC 9865 §2.3
    InvalidCursor = "invalidCursor",
    ExpiredCursor = "expiredCursor",
}

#[derive(Debug)]
pub struct Error {
    pub status: u16,
    pub scim_type: Option<ScimType>,
    pub detail: String,
    /// The refusal or failure that it came from, for the challenge and for the log.
    pub source: Option<Box<oidc::Error>>,
}

impl Error {
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
            source: None,
        }
    }

    pub fn bad(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self {
            scim_type: Some(scim_type),
            ..Self::new(400, detail)
        }
    }

    pub fn not_found() -> Self {
        Self::new(404, "There is no such resource, or it is not for this client")
    }

    pub fn too_many() -> Self {
        Self::bad(
            ScimType::TooMany,
            "Too many resources would have to be looked at: filter by id, userName, emails.value, groups.value or \
             meta.lastModified",
        )
    }
}

impl From<oidc::Error> for Error {
    fn from(error: oidc::Error) -> Self {
        Self {
            status: error.status(),
            scim_type: None,
            detail: error.description().to_owned(),
            source: Some(Box::new(error)),
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        oidc::Error::from(error).into()
    }
}

impl From<EphemeralError> for Error {
    fn from(error: EphemeralError) -> Self {
        oidc::Error::from(error).into()
    }
}

impl From<BadFilter> for Error {
    fn from(error: BadFilter) -> Self {
        Self::bad(ScimType::InvalidFilter, error.to_string())
    }
}
