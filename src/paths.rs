//! The address of every page, below the issuer. The router binds them; pages, redirects and mails link by them. A hole
//! of a pattern, `{id}`, is filled by the function of the same name in small letters.
//!
//! It is a tool and no part of `http`: `affiliations` and `oidc` link to pages, too, and may not depend on `http`.
//! Endpoints of the protocol are in `oidc::endpoints`, but for the one that is a page: `DEVICE`. Templates write
//! addresses out, as HTML is read with its links in place; `tests::front_door` compares them with the router.

use crate::domain::global_revocation::GlobalRevocationId;
use crate::domain::{AccountId, AffiliationId, ClientId, OrganizationId, ReceiverId};

// For everybody.
pub const START: &str = "/";
pub const DEVELOPERS: &str = "/developers";
pub const DEVELOPERS_CODE: &str = "/developers/code";
pub const DEVELOPERS_CLAIMS: &str = "/developers/claims";
pub const DEVELOPERS_ERRORS: &str = "/developers/errors";
pub const DEVELOPERS_LOGOUT: &str = "/developers/logout";
pub const MEMBERS: &str = "/members";
pub const FAQ: &str = "/faq";
pub const ACCESSIBILITY: &str = "/accessibility";
pub const TERMS: &str = "/terms";
pub const PRIVACY: &str = "/privacy";
pub const ASSET: &str = "/assets/{file}";

// Login and recovery.
pub const LOGIN: &str = "/login";
pub const LOGIN_SECOND_FACTOR: &str = "/login/second-factor";
pub const LOGIN_PASSKEY: &str = "/login/passkey";
/// For the script of the login, which offers passkeys in the e-mail field.
pub const LOGIN_PASSKEY_CHALLENGE: &str = "/login/passkey/challenge";
pub const LOGIN_PASSKEY_OFFER: &str = "/login/passkey/offer";
pub const LOGIN_VERIFY_EMAIL: &str = "/login/verify-email";
pub const LOGIN_VERIFY_EMAIL_RESEND: &str = "/login/verify-email/resend";
pub const LOGIN_KEEP_ACCOUNT: &str = "/login/keep-account";
pub const REAUTHENTICATE: &str = "/reauthenticate";
pub const TERMS_ACCEPT: &str = "/terms/accept";
pub const TERMS_REFUSED: &str = "/terms/refused";
pub const FORGOT_PASSWORD: &str = "/forgot-password";
pub const RESET_PASSWORD: &str = "/reset-password";
/// For everybody who has the link.
pub const RECOVERY_STOP: &str = "/recovery/stop";
/// A Well-Known URL for Changing Passwords (W3C): password managers lead there.
pub const CHANGE_PASSWORD: &str = "/.well-known/change-password";

// Sign-up.
pub const SIGNUP: &str = "/signup";
pub const SIGNUP_ORGANIZATION: &str = "/signup/organization";
pub const SIGNUP_VERIFY: &str = "/signup/verify";
pub const SIGNUP_VERIFY_RESEND: &str = "/signup/verify/resend";
pub const SIGNUP_DONE: &str = "/signup/done";
pub const ORGANIZATIONS_SEARCH: &str = "/organizations/search";

// Inside a service's request.
pub const AUTHORIZE_CONTINUE: &str = "/authorize/continue";
pub const SELECT_ACCOUNT: &str = "/select-account";
pub const CONSENT: &str = "/consent";
pub const ACCESS_REFUSED: &str = "/access-refused";
pub const SECOND_FACTOR_NEEDED: &str = "/second-factor-needed";
pub const DEVICE: &str = "/device";
pub const DEVICE_ALLOWED: &str = "/device/allowed";
pub const DEVICE_DENIED: &str = "/device/denied";
pub const DEVICE_CODE: &str = "/device/{user_code}";

// Logout.
pub const LOGOUT: &str = "/logout";
pub const LOGGING_OUT: &str = "/logging-out";
pub const LOGGED_OUT: &str = "/logged-out";

// The person's own account.
pub const ACCOUNT: &str = "/account";
pub const ACCOUNT_PROFILE: &str = "/account/profile";
pub const ACCOUNT_EMAIL: &str = "/account/email";
/// For everybody who has the link.
pub const ACCOUNT_EMAIL_UNDO: &str = "/account/email/undo";
/// For everybody who has the link.
pub const ACCOUNT_NOT_ME: &str = "/account/not-me";
pub const ACCOUNT_ORGANIZATION: &str = "/account/organization";
pub const ACCOUNT_ORGANIZATION_CONFIRM: &str = "/account/organization/confirm";
pub const ACCOUNT_ORGANIZATION_CHANGE: &str = "/account/organization/change";
pub const ACCOUNT_SECURITY: &str = "/account/security";
pub const ACCOUNT_SECOND_FACTOR_REQUIRED: &str = "/account/security/required";
pub const ACCOUNT_PASSWORD: &str = "/account/security/password";
pub const ACCOUNT_TOTP: &str = "/account/security/totp";
pub const ACCOUNT_TOTP_CONFIRM: &str = "/account/security/totp/confirm";
pub const ACCOUNT_PASSKEYS: &str = "/account/security/passkeys";
pub const ACCOUNT_PASSKEYS_CONFIRM: &str = "/account/security/passkeys/confirm";
pub const ACCOUNT_RECOVERY_CODES: &str = "/account/security/recovery-codes";
pub const ACCOUNT_RECOVERY_CODES_FILE: &str = "/account/security/recovery-codes.txt";
pub const ACCOUNT_SESSIONS: &str = "/account/sessions";
pub const ACCOUNT_SESSIONS_CONFIRM: &str = "/account/sessions/confirm";
pub const ACCOUNT_SERVICES: &str = "/account/services";
pub const ACCOUNT_SERVICES_CONFIRM: &str = "/account/services/confirm";
pub const ACCOUNT_HISTORY: &str = "/account/history";
pub const ACCOUNT_HISTORY_ORGANIZATION: &str = "/account/history/organization";
pub const ACCOUNT_REQUESTS: &str = "/account/requests";
pub const ACCOUNT_DATA: &str = "/account/data";
pub const ACCOUNT_DATA_READ: &str = "/account/data/read";
pub const ACCOUNT_DATA_FILE: &str = "/account/data/itu-account-data.json";
pub const ACCOUNT_DELETE: &str = "/account/delete";
pub const ACCOUNT_DELETE_CONFIRM: &str = "/account/delete/confirm";
/// For everybody who has the link.
pub const ACCOUNT_DELETE_STOP: &str = "/account/delete/stop";

/// For everybody who has the link of a mail.
pub const NEWSLETTER_STOP: &str = "/newsletter/stop";
pub const NEWSLETTER_STOP_LINK: &str = "/newsletter/stop/{token}";
pub const WEEKLY_DIGEST_STOP: &str = "/weekly-digest/stop";
pub const WEEKLY_DIGEST_STOP_LINK: &str = "/weekly-digest/stop/{token}";

/// For whoever sees the account pages of somebody else.
pub const VIEWING: &str = "/viewing";

// Focal Points.
pub const FOCAL_POINT: &str = "/focal-point";
pub const FOCAL_POINT_REQUESTS: &str = "/focal-point/{organization}/requests";
pub const FOCAL_POINT_REQUESTS_CONFIRM: &str = "/focal-point/{organization}/requests/confirm";
pub const FOCAL_POINT_REQUEST: &str = "/focal-point/{organization}/requests/{id}";
pub const FOCAL_POINT_TIES: &str = "/focal-point/{organization}/ties";
pub const FOCAL_POINT_TIES_CONFIRM: &str = "/focal-point/{organization}/ties/confirm";
pub const FOCAL_POINT_OFFICE: &str = "/focal-point/{organization}/office";
pub const FOCAL_POINT_OFFICE_CONFIRM: &str = "/focal-point/{organization}/office/confirm";
pub const FOCAL_POINT_PEOPLE: &str = "/focal-point/{organization}/people";
pub const FOCAL_POINT_PEOPLE_FILE: &str = "/focal-point/{organization}/people.csv";
pub const FOCAL_POINT_HISTORY: &str = "/focal-point/{organization}/history";
pub const FOCAL_POINT_PERSON: &str = "/focal-point/{organization}/people/{account}";
pub const FOCAL_POINT_PERSON_CONFIRM: &str = "/focal-point/{organization}/people/{account}/confirm";

// Administrators.
pub const ADMIN: &str = "/admin";
pub const ADMIN_REQUESTS: &str = "/admin/requests";
pub const ADMIN_REQUEST: &str = "/admin/requests/{id}";
pub const ADMIN_ORGANIZATIONS: &str = "/admin/organizations";
pub const ADMIN_ORGANIZATIONS_IMPORT: &str = "/admin/organizations/import";
pub const ADMIN_ORGANIZATIONS_IMPORT_CONFIRM: &str = "/admin/organizations/import/confirm";
pub const ADMIN_ORGANIZATION: &str = "/admin/organizations/{id}";
pub const ADMIN_ORGANIZATION_CONFIRM: &str = "/admin/organizations/{id}/confirm";
pub const ADMIN_ORGANIZATION_EDIT: &str = "/admin/organizations/{id}/edit";
pub const ADMIN_ORGANIZATION_EDIT_CONFIRM: &str = "/admin/organizations/{id}/edit/confirm";
pub const ADMIN_PROPOSALS: &str = "/admin/proposals";
pub const ADMIN_PROPOSAL: &str = "/admin/proposals/{id}";
pub const ADMIN_PROPOSAL_CONFIRM: &str = "/admin/proposals/{id}/confirm";
pub const ADMIN_ACCOUNTS: &str = "/admin/accounts";
pub const ADMIN_ACCOUNT: &str = "/admin/accounts/{id}";
pub const ADMIN_ACCOUNT_CONFIRM: &str = "/admin/accounts/{id}/confirm";
pub const ADMIN_ACCOUNT_VIEW: &str = "/admin/accounts/{id}/view";
pub const ADMIN_RECOVERIES: &str = "/admin/recoveries";
pub const ADMIN_RECOVERY: &str = "/admin/recoveries/{id}";
pub const ADMIN_TERMS: &str = "/admin/terms";
pub const ADMIN_TERMS_NEW: &str = "/admin/terms/new";
pub const ADMIN_TERMS_NEW_CONFIRM: &str = "/admin/terms/new/confirm";
pub const ADMIN_TERMS_VERSION: &str = "/admin/terms/{kind}/{version}";
pub const ADMIN_TERMS_VERSION_CONFIRM: &str = "/admin/terms/{kind}/{version}/confirm";
pub const ADMIN_NEWSLETTER: &str = "/admin/newsletter";
pub const ADMIN_NEWSLETTER_EXPORT: &str = "/admin/newsletter/export";
pub const ADMIN_NEWSLETTER_FILE: &str = "/admin/newsletter/subscribers.csv";
pub const ADMIN_NEWSLETTER_CONFIRM: &str = "/admin/newsletter/confirm";
pub const ADMIN_AUDIT: &str = "/admin/audit";
pub const ADMIN_AUDIT_EXPORT: &str = "/admin/audit/export";
pub const ADMIN_AUDIT_ENTRY: &str = "/admin/audit/{id}";
pub const ADMIN_CLIENTS: &str = "/admin/clients";
pub const ADMIN_CLIENT_NEW: &str = "/admin/clients/new";
pub const ADMIN_CLIENT: &str = "/admin/clients/{id}";
pub const ADMIN_CLIENT_EDIT: &str = "/admin/clients/{id}/edit";
pub const ADMIN_CLIENT_CONFIRM: &str = "/admin/clients/{id}/confirm";
pub const ADMIN_CLIENT_SECRET: &str = "/admin/clients/{id}/secret";
pub const ADMIN_CLIENT_PEOPLE: &str = "/admin/clients/{id}/people";
pub const ADMIN_CLIENT_TEST: &str = "/admin/clients/{id}/test";
/// Below the issuer, also the redirect URI of test logins (security.md AD-11).
pub const ADMIN_CLIENT_TEST_RESULT: &str = "/admin/clients/{id}/test/result";
pub const ADMIN_CLIENT_MEND: &str = "/admin/clients/{id}/report/confirm";
pub const ADMIN_CLIENT_OWNERS: &str = "/admin/clients/{id}/owners";
pub const ADMIN_CLIENT_OWNERS_CONFIRM: &str = "/admin/clients/{id}/owners/confirm";
pub const ADMIN_REVOCATIONS: &str = "/admin/revocations";
pub const ADMIN_REVOCATION_CONFIRM: &str = "/admin/revocations/confirm";
pub const ADMIN_REVOCATION: &str = "/admin/revocations/{id}";
pub const ADMIN_KEYS: &str = "/admin/keys";
pub const ADMIN_KEYS_CONFIRM: &str = "/admin/keys/confirm";
pub const ADMIN_KEY: &str = "/admin/keys/{kid}";
pub const ADMIN_KEY_CONFIRM: &str = "/admin/keys/{kid}/confirm";
pub const ADMIN_MAILS: &str = "/admin/mail";
pub const ADMIN_MAILS_CONFIRM: &str = "/admin/mail/confirm";
pub const ADMIN_MAIL: &str = "/admin/mail/{id}";
pub const ADMIN_MAIL_CONFIRM: &str = "/admin/mail/{id}/confirm";
pub const ADMIN_MAIL_TEMPLATES: &str = "/admin/mail/templates";
pub const ADMIN_MAIL_TEMPLATE: &str = "/admin/mail/templates/{kind}/{language}";
pub const ADMIN_MAIL_TEMPLATE_HTML: &str = "/admin/mail/templates/{kind}/{language}/{number}";
pub const ADMIN_CLIENT_EVENTS: &str = "/admin/clients/{id}/events";
pub const ADMIN_CLIENT_RECEIVER: &str = "/admin/clients/{id}/events/{receiver}";
pub const ADMIN_CLIENT_RECEIVER_CONFIRM: &str = "/admin/clients/{id}/events/{receiver}/confirm";
pub const ADMIN_SCIM_TARGET_NEW: &str = "/admin/clients/{id}/scim-target";
pub const ADMIN_SCIM_TARGET_TOKEN: &str = "/admin/clients/{id}/events/{receiver}/token";
pub const ADMIN_WEBHOOK_SECRET: &str = "/admin/clients/{id}/events/{receiver}/secret";

// For programs.
pub const API_DOCUMENT: &str = "/api/openapi.json";
pub const API_PROBLEM: &str = "/api/problems/{name}";
pub const API_CLIENT: &str = "/api/v1/clients/{id}";
pub const API_RECEIVER: &str = "/api/v1/clients/{id}/receivers/{receiver}";
pub const API_TERMS_VERSION: &str = "/api/v1/terms/{kind}/{version}";
pub const API_REVOCATION: &str = "/api/v1/revocations/{id}";

// The demo's mails, on loopback only.
pub const DEMO_COMPONENTS: &str = "/demo/components";
pub const DEMO_OUTBOX: &str = "/demo/outbox";
pub const DEMO_OUTBOX_JSON: &str = "/demo/outbox.json";
pub const DEMO_OUTBOX_MAIL: &str = "/demo/outbox/{id}";
pub const DEMO_OUTBOX_MAIL_HTML: &str = "/demo/outbox/{id}/html";
pub const DEMO_MAILS: &str = "/demo/mails";
pub const DEMO_MAIL: &str = "/demo/mails/{kind}/{language}";
pub const DEMO_MAIL_HTML: &str = "/demo/mails/{kind}/{language}/{number}";

pub fn asset(file: &str) -> String {
    filled(ASSET, &[file])
}

/// Returns the type of a problem.
pub fn api_problem(name: &str) -> String {
    filled(API_PROBLEM, &[name])
}

pub fn api_terms_version(kind: &str, version: &str) -> String {
    filled(API_TERMS_VERSION, &[kind, version])
}

pub fn admin_terms_version(kind: &str, version: &str) -> String {
    filled(ADMIN_TERMS_VERSION, &[kind, version])
}

pub fn admin_terms_version_confirm(kind: &str, version: &str) -> String {
    filled(ADMIN_TERMS_VERSION_CONFIRM, &[kind, version])
}

pub fn api_revocation(id: &str) -> String {
    filled(API_REVOCATION, &[id])
}

pub fn api_receiver(client: &ClientId, receiver: &ReceiverId) -> String {
    filled(API_RECEIVER, &[client.as_str(), receiver.as_str()])
}

pub fn api_client(id: &ClientId) -> String {
    filled(API_CLIENT, &[id.as_str()])
}

/// Returns the link by which an account's weekly digest is stopped.
pub fn weekly_digest_stop_link(token: &str) -> String {
    format!("{WEEKLY_DIGEST_STOP}/{token}")
}

/// Returns the link by which an account's newsletter is stopped.
pub fn newsletter_stop_link(token: &str) -> String {
    filled(NEWSLETTER_STOP_LINK, &[token])
}

pub fn device_code(user_code: &str) -> String {
    filled(DEVICE_CODE, &[user_code])
}

/// Returns the way on in a service's request, after a page has done its step.
pub fn authorize_continue(handle: &str) -> String {
    with_parameter(AUTHORIZE_CONTINUE, "request", handle)
}

/// Returns the login for an account other than the one that is signed in.
pub fn login_with_other_account(handle: &str) -> String {
    let login = with_parameter(LOGIN, "account", "other");
    with_parameter(&login, "request", handle)
}

pub fn focal_point_requests(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_REQUESTS, &[organization.as_str()])
}

pub fn focal_point_requests_confirm(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_REQUESTS_CONFIRM, &[organization.as_str()])
}

pub fn focal_point_request(organization: &OrganizationId, id: &AffiliationId) -> String {
    filled(FOCAL_POINT_REQUEST, &[organization.as_str(), id.as_str()])
}

pub fn focal_point_ties(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_TIES, &[organization.as_str()])
}

pub fn focal_point_ties_confirm(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_TIES_CONFIRM, &[organization.as_str()])
}

pub fn focal_point_office(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_OFFICE, &[organization.as_str()])
}

pub fn focal_point_office_confirm(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_OFFICE_CONFIRM, &[organization.as_str()])
}

pub fn focal_point_people(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_PEOPLE, &[organization.as_str()])
}

pub fn focal_point_people_file(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_PEOPLE_FILE, &[organization.as_str()])
}

pub fn focal_point_history(organization: &OrganizationId) -> String {
    filled(FOCAL_POINT_HISTORY, &[organization.as_str()])
}

pub fn focal_point_person(organization: &OrganizationId, account: &AccountId) -> String {
    filled(FOCAL_POINT_PERSON, &[organization.as_str(), account.as_str()])
}

pub fn admin_request(id: &AffiliationId) -> String {
    filled(ADMIN_REQUEST, &[id.as_str()])
}

pub fn admin_organization(id: &OrganizationId) -> String {
    filled(ADMIN_ORGANIZATION, &[id.as_str()])
}

pub fn admin_organization_edit(id: &OrganizationId) -> String {
    filled(ADMIN_ORGANIZATION_EDIT, &[id.as_str()])
}

pub fn admin_organization_edit_confirm(id: &OrganizationId) -> String {
    filled(ADMIN_ORGANIZATION_EDIT_CONFIRM, &[id.as_str()])
}

pub fn admin_organization_confirm(id: &OrganizationId) -> String {
    filled(ADMIN_ORGANIZATION_CONFIRM, &[id.as_str()])
}

pub fn admin_account(id: &AccountId) -> String {
    filled(ADMIN_ACCOUNT, &[id.as_str()])
}

pub fn admin_recovery(id: &str) -> String {
    filled(ADMIN_RECOVERY, &[id])
}

pub fn admin_client(id: &ClientId) -> String {
    filled(ADMIN_CLIENT, &[id.as_str()])
}

pub fn admin_client_test(id: &ClientId) -> String {
    filled(ADMIN_CLIENT_TEST, &[id.as_str()])
}

pub fn admin_client_test_result(id: &ClientId) -> String {
    filled(ADMIN_CLIENT_TEST_RESULT, &[id.as_str()])
}

pub fn admin_client_owners(id: &ClientId) -> String {
    filled(ADMIN_CLIENT_OWNERS, &[id.as_str()])
}

pub fn admin_client_owners_confirm(id: &ClientId) -> String {
    filled(ADMIN_CLIENT_OWNERS_CONFIRM, &[id.as_str()])
}

pub fn admin_client_events(id: &ClientId) -> String {
    filled(ADMIN_CLIENT_EVENTS, &[id.as_str()])
}

pub fn admin_client_receiver(id: &ClientId, receiver: &ReceiverId) -> String {
    filled(ADMIN_CLIENT_RECEIVER, &[id.as_str(), receiver.as_str()])
}

pub fn admin_webhook_secret(id: &ClientId, receiver: &ReceiverId) -> String {
    filled(ADMIN_WEBHOOK_SECRET, &[id.as_str(), receiver.as_str()])
}

pub fn admin_client_secret(id: &ClientId) -> String {
    filled(ADMIN_CLIENT_SECRET, &[id.as_str()])
}

pub fn admin_revocation(id: &GlobalRevocationId) -> String {
    filled(ADMIN_REVOCATION, &[id.as_str()])
}

pub fn admin_key(kid: &str) -> String {
    filled(ADMIN_KEY, &[kid])
}

pub fn admin_mail(id: &str) -> String {
    filled(ADMIN_MAIL, &[id])
}

pub fn admin_proposal(id: &OrganizationId) -> String {
    filled(ADMIN_PROPOSAL, &[id.as_str()])
}

/// Returns an address of ours with one more parameter.
pub fn with_parameter(address: &str, name: &str, value: &str) -> String {
    let separator = if address.contains('?') { '&' } else { '?' };
    let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{address}{separator}{name}={value}")
}

/// Fills the holes of a pattern in their order.
fn filled(pattern: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let parts = pattern.split('/').map(|part| {
        if part.starts_with('{') {
            segment(values.next().copied().unwrap_or_default())
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Returns a safe segment. Identifiers are of letters, digits and `._-` (contract.md), but a path is made from what is
/// safe in one.
fn segment(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_stays_one_segment() {
        let organization = OrganizationId::new("a/b c?");
        let account = AccountId::new("x");
        assert_eq!(
            focal_point_person(&organization, &account),
            "/focal-point/a%2Fb%20c%3F/people/x"
        );
        assert_eq!(
            with_parameter("/login?a=b", "next", "c/d"),
            "/login?a=b&next=c%2Fd"
        );
    }
}
