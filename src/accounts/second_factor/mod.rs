//! The second factors that a person presents beside the password: an authenticator app (RFC 6238), a passkey (Web
//! Authentication), and recovery codes for the day when they are lost (product.md, "Beside the sign-up"). A person who
//! has set one up is asked for it after every password: `verification`. Each kind has a file, which sets it up and
//! takes it away. Of whom one is demanded is in `policy`.

mod enrolment;
mod failures;
mod held;
mod notification;
pub mod passkey;
pub mod policy;
mod reauthentication;
pub mod recovery_code;
mod status;
pub mod totp;
mod verification;

pub(super) use enrolment::remove_all;
pub use enrolment::{Enrolled, remove_for};
pub(super) use failures::forgive;
pub use held::HeldFactor;
pub(super) use held::{codes_renewed_since, list_held, void_renewed_codes};
pub(super) use reauthentication::{hold, require_recent};
pub(super) use status::reachable_acr_within;
pub use status::{SecondFactorStatus, highest_acr, reachable_acr, status};
pub use verification::PresentedFactor;
pub(super) use verification::{FactorProof, Verification, verify};
