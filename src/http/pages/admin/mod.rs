//! `/admin` and below, for administrators whose session is fit for duty (security.md SE-2, 10): requests
//! that no Focal Point could decide, records that people typed in, organizations and their Focal
//! Points, recoveries through the ServiceDesk, the services, and the audit trail. Accounts are for support and auditors, too.

pub mod account_acts;
pub mod account_view;
pub mod accounts;
pub mod audit;
mod audit_change;
pub mod clients;
pub mod keys;
pub mod mail;
pub mod mail_previews;
pub mod newsletter;
pub mod organization_edit;
pub mod organizations;
pub mod organizations_import;
pub mod overview;
pub mod proposals;
pub mod recoveries;
pub mod revocations;
pub mod terms;
pub mod terms_changes;
pub mod terms_new;
