//! The history of the database. It uses no code of the product: history must not move with the present.

use sea_orm_migration::prelude::*;

mod m0001_events;
mod m0002_accounts;
mod m0003_sessions;
mod m0004_proofs;
mod m0005_clients;
mod m0006_tokens;
mod m0007_outbox_mails;
mod m0008_signing_keys;
mod m0009_organizations;
mod m0010_affiliations;
mod m0010_affiliations_rules;
mod m0011_registrations;
mod m0012_session_clients;
mod m0013_second_factors;
mod m0014_totp_factors;
mod m0015_authentication_requests;
mod m0016_passkeys;
mod m0017_session_cookie_due;
mod m20261129_071000_consents_of_claims;
mod m20261129_071500_consents_of_hosts;
mod m20261129_073000_indexes_of_jobs;
mod m20261129_073500_backchannel_by_administrators;
mod m20261129_073600_service_uses;
mod m20261129_080000_search_fold;
mod m20261129_171500_invitations;
mod m20261129_180900_email_changes;
mod m20261129_184200_events_of_people;
mod m20261129_184500_data_downloads;
mod m20261129_194500_not_me_links;
mod m20261129_195000_document_acceptances;
mod m20261129_200500_names_of_types;
mod m20261129_194500_passkey_offers;
mod m20261129_194800_forms_of_programs;
mod m20261129_204500_account_deletions;
mod m20261129_201500_newsletter_subscriptions;
mod m20261129_201000_second_factor_deadlines;
mod m20261129_203000_assisted_recoveries;
mod m20261129_195900_imported_addresses;
mod m20261129_203000_events_given_to_people;
mod m20261129_203100_events_by_account;
mod m20261130_003500_deletion_links;
mod m20261130_003600_former_addresses;
mod m20261130_005000_account_words;
mod m20261130_005100_indexes_of_accounts;
mod m20261130_010400_events_by_actor;
mod m20261130_011000_suspensions;
mod m20261130_011100_event_seals;
mod m20261130_011200_events_searched;
mod m20261130_011300_indexes_by_client;
mod m20261130_015400_mails_of_accounts;
mod m20261130_034600_global_revocations;
mod m20261130_034900_event_receivers;
mod m20261130_035200_scim;
mod m20261130_041000_consents_by_grant;
mod m20261130_091500_mails_searched;
mod m20261130_092000_refusals_of_deliveries;
mod m20261130_084800_client_owners;
mod m20261130_090000_client_counts;
mod m20261130_094000_daily_counts;
mod m20261130_094500_newsletter_listed;
mod m20261130_124000_weekly_digests;
mod m20261130_125000_acceptance_counts;
mod m20261130_091500_scim_targets;
mod m20261130_060000_offices_with_terms;
mod m20261130_123000_rights_waiting;
mod m20261130_124500_account_views;
mod m20261130_150000_published_documents;
mod m20261130_210000_affiliation_words;
mod m20261130_210100_affiliations_listed;
mod online_index;
mod owned_table;

pub use sea_orm_migration::{MigrationStatus, MigratorTrait, sea_orm};

#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_events::Migration),
            Box::new(m0002_accounts::Migration),
            Box::new(m0003_sessions::Migration),
            Box::new(m0004_proofs::Migration),
            Box::new(m0005_clients::Migration),
            Box::new(m0006_tokens::Migration),
            Box::new(m0007_outbox_mails::Migration),
            Box::new(m0008_signing_keys::Migration),
            Box::new(m0009_organizations::Migration),
            Box::new(m0010_affiliations::Migration),
            Box::new(m0011_registrations::Migration),
            Box::new(m0012_session_clients::Migration),
            Box::new(m0013_second_factors::Migration),
            Box::new(m0014_totp_factors::Migration),
            Box::new(m0015_authentication_requests::Migration),
            Box::new(m0016_passkeys::Migration),
            Box::new(m0017_session_cookie_due::Migration),
            Box::new(m20261129_071000_consents_of_claims::Migration),
            Box::new(m20261129_071500_consents_of_hosts::Migration),
            Box::new(m20261129_073000_indexes_of_jobs::Migration),
            Box::new(m20261129_073500_backchannel_by_administrators::Migration),
            Box::new(m20261129_073600_service_uses::Migration),
            Box::new(m20261129_080000_search_fold::Migration),
            Box::new(m20261129_171500_invitations::Migration),
            Box::new(m20261129_180900_email_changes::Migration),
            Box::new(m20261129_184200_events_of_people::Migration),
            Box::new(m20261129_184500_data_downloads::Migration),
            Box::new(m20261129_194500_not_me_links::Migration),
            Box::new(m20261129_195000_document_acceptances::Migration),
            Box::new(m20261129_200500_names_of_types::Migration),
            Box::new(m20261129_194500_passkey_offers::Migration),
            Box::new(m20261129_194800_forms_of_programs::Migration),
            Box::new(m20261129_204500_account_deletions::Migration),
            Box::new(m20261129_201500_newsletter_subscriptions::Migration),
            Box::new(m20261129_201000_second_factor_deadlines::Migration),
            Box::new(m20261129_203000_assisted_recoveries::Migration),
            Box::new(m20261129_195900_imported_addresses::Migration),
            Box::new(m20261129_203000_events_given_to_people::Migration),
            Box::new(m20261129_203100_events_by_account::Migration),
            Box::new(m20261130_003500_deletion_links::Migration),
            Box::new(m20261130_003600_former_addresses::Migration),
            Box::new(m20261130_005000_account_words::Migration),
            Box::new(m20261130_005100_indexes_of_accounts::Migration),
            Box::new(m20261130_010400_events_by_actor::Migration),
            Box::new(m20261130_011000_suspensions::Migration),
            Box::new(m20261130_011100_event_seals::Migration),
            Box::new(m20261130_011200_events_searched::Migration),
            Box::new(m20261130_011300_indexes_by_client::Migration),
            Box::new(m20261130_015400_mails_of_accounts::Migration),
            Box::new(m20261130_034600_global_revocations::Migration),
            Box::new(m20261130_034900_event_receivers::Migration),
            Box::new(m20261130_035200_scim::Migration),
            Box::new(m20261130_041000_consents_by_grant::Migration),
            Box::new(m20261130_091500_mails_searched::Migration),
            Box::new(m20261130_092000_refusals_of_deliveries::Migration),
            Box::new(m20261130_084800_client_owners::Migration),
            Box::new(m20261130_090000_client_counts::Migration),
            Box::new(m20261130_094000_daily_counts::Migration),
            Box::new(m20261130_094500_newsletter_listed::Migration),
            Box::new(m20261130_091500_scim_targets::Migration),
            Box::new(m20261130_060000_offices_with_terms::Migration),
            Box::new(m20261130_123000_rights_waiting::Migration),
            Box::new(m20261130_124000_weekly_digests::Migration),
            Box::new(m20261130_125000_acceptance_counts::Migration),
            Box::new(m20261130_124500_account_views::Migration),
            Box::new(m20261130_150000_published_documents::Migration),
            Box::new(m20261130_210000_affiliation_words::Migration),
            Box::new(m20261130_210100_affiliations_listed::Migration),
        ]
    }
}
