//! `[limits]`: lists of rates that all hold, and the networks that are exempt. The figures are those of security.md.

use serde::Deserialize;

use super::duration::Rate;
use super::network::Network;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Networks that limits by client network do not apply to. If absent, loopback is exempt for an issuer on loopback.
    pub trusted_networks: Option<Vec<Network>>,
    /// Sign-ups per client network (DS-2).
    pub sign_up: Vec<Rate>,
    /// Sign-ups and reset mails per client network whose form came without a proof of work (DS-5).
    pub forms_without_work: Vec<Rate>,
    /// Failures per client network (PW-4).
    pub sign_in_failures: Vec<Rate>,
    /// Failures per client network of forms that came without a proof of work (DS-5).
    pub sign_in_failures_without_work: Vec<Rate>,
    /// Accounts that failed per client network (PW-4).
    pub sign_in_failed_accounts: Vec<Rate>,
    /// Reset mails per e-mail address (PW-5).
    pub password_reset: Vec<Rate>,
    /// Reset mails per client network (PW-5).
    pub password_reset_network: Vec<Rate>,
    /// Changes of the e-mail address requested per account (SU-7).
    pub email_changes: Vec<Rate>,
    /// Code mails per e-mail address (SU-3).
    pub code_mails: Vec<Rate>,
    /// Attempts at codes per e-mail address (SU-3).
    pub code_attempts: Vec<Rate>,
    /// Authentication failures per client and client network (DS-2).
    pub client_authentication_failures: Vec<Rate>,
    /// Authorization requests kept per client network (DS-3).
    pub interactions: Vec<Rate>,
    /// Clients that register themselves, per client network (DR-1).
    pub registration: Vec<Rate>,
    /// Wrong user codes of devices, per session (DV-2).
    pub user_codes: Vec<Rate>,
    /// Wrong user codes of devices, per client network (DV-2).
    pub user_codes_network: Vec<Rate>,
    /// Authentication requests of services (CIBA) to one person: each is a mail (DV-3).
    pub authentication_requests: Vec<Rate>,
    /// The most authentication requests that wait for one person at a time (DV-3).
    pub authentication_requests_waiting: u32,
    /// Login hints of a client that named no account.
    pub unknown_hints: Vec<Rate>,
    /// Searches of the directory of members per client network.
    pub directory_search: Vec<Rate>,
    /// Calls of the REST API per program, and per person that it acts for.
    pub api_calls: Vec<Rate>,
    /// Requests of SCIM per client.
    pub scim: Vec<Rate>,
}

impl Default for Limits {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 3600;
        const DAY: u64 = 86_400;
        Self {
            trusted_networks: None,
            sign_up: vec![Rate::new(60, 10 * MINUTE), Rate::new(300, HOUR)],
            forms_without_work: vec![Rate::new(20, 10 * MINUTE), Rate::new(60, HOUR)],
            sign_in_failures: vec![Rate::new(200, 10 * MINUTE), Rate::new(2000, DAY)],
            sign_in_failures_without_work: vec![Rate::new(50, 10 * MINUTE)],
            sign_in_failed_accounts: vec![Rate::new(100, 10 * MINUTE)],
            password_reset: vec![Rate::new(3, HOUR)],
            password_reset_network: vec![Rate::new(10, HOUR)],
            email_changes: vec![Rate::new(5, HOUR), Rate::new(10, DAY)],
            code_mails: vec![Rate::new(1, MINUTE), Rate::new(3, HOUR), Rate::new(8, DAY)],
            code_attempts: vec![Rate::new(15, HOUR)],
            client_authentication_failures: vec![Rate::new(30, MINUTE)],
            interactions: vec![Rate::new(1000, 10 * MINUTE)],
            registration: vec![Rate::new(20, HOUR)],
            user_codes: vec![Rate::new(5, 10 * MINUTE)],
            user_codes_network: vec![Rate::new(20, 10 * MINUTE)],
            authentication_requests: vec![Rate::new(10, HOUR)],
            authentication_requests_waiting: 3,
            unknown_hints: vec![Rate::new(20, HOUR)],
            directory_search: vec![Rate::new(120, MINUTE)],
            api_calls: vec![Rate::new(600, MINUTE)],
            scim: vec![Rate::new(1200, MINUTE)],
        }
    }
}
