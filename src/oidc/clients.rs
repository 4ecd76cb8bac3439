//! Registers, changes and removes clients (RFC 7591, contract.md, "Clients, JSON"; security.md AD-2, DR-2, AZ-3). It is
//! the one way in: the command line, the demo, the pages of administrators and owners and `oidc::registration` call it. The
//! authentication of clients is not here (`oidc::client_authentication`), nor is the registry in memory that requests
//! ask (`storage::clients`).

mod apply;
mod authority;
mod changes;
mod dependents;
mod document;
mod error;
mod handover;
mod kinds;
mod listing;
mod lookup;
mod mends;
mod owners;
mod preview;
mod report;
mod rules;
mod secrets;
mod software;
mod usage;

pub use apply::{Applied, Change, Wanted, apply, apply_in, check, preview};
pub(super) use authority::{require_administrator, require_editor, require_reader};
pub use changes::{NewClient, Registration, Update, add, delete, set_enabled, update};
pub(super) use changes::{change, insert, make, remove};
pub use dependents::{Dependents, dependents};
pub(super) use document::metadata_of_client;
pub use document::{ClientDocument, SecretSource, definition, documents};
pub use error::ClientError;
pub use handover::{Handover, SECRET, handover};
pub use kinds::{Kind, Outline, define};
pub use listing::{ClientPage, ClientSearch, RefusedRequest, UNKNOWN, read, refused_requests, search};
pub(super) use lookup::find_in;
pub use lookup::{find, list};
pub use mends::{Mend, apply_mend, find_mend, mends};
pub use owners::{MOST_OWNERS, Owner, Whom, add_owner, owner_candidate, owners, owns_any, remove_owner};
pub use preview::{
    AccessPreview, ClaimsPreview, MOST_COUNTED, Withheld, WithheldClaim, preview_access, preview_claims,
};
pub use report::{Finding, Severity, Topic, report};
pub use rules::{Problem, is_for_administrators};
pub(super) use rules::{check_metadata, check_remote};
pub use secrets::{Issued, OVERLAP, rotate_secret};
pub(super) use secrets::{lacks_secret, replace_secret};
pub use software::Software;
pub(super) use usage::forget_counts;
pub use usage::{Usage, store_counts, usage};
