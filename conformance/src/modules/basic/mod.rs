//! The Basic, Implicit and Hybrid OP profiles have the same modules, each for the response types that the suite runs it
//! for. The form-post profiles have them, too, with the response in a form.

mod code;
pub(super) mod happy;
mod prompt;
pub(super) mod refresh;
pub(super) mod request_object;
mod scope;
mod userinfo;

use super::dynamic;
use crate::module::{Module, module};
pub use prompt::none_is_refused;

/// Response types that bring a code.
const WITH_CODE: &[&str] = &["code", "code id_token", "code token", "code id_token token"];
/// Response types that bring an access token, at once or for the code.
const WITH_ACCESS: &[&str] = &[
    "code",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];
/// Response types that bring an ID token from the authorization endpoint.
const WITH_ID_TOKEN: &[&str] = &[
    "id_token",
    "id_token token",
    "code id_token",
    "code id_token token",
];
const WITHOUT_ID_TOKEN: &[&str] = &["code", "code token"];
/// One response type of each profile.
const ONCE: &[&str] = &["code", "id_token token", "code id_token"];
/// All but the second and third of the hybrid types.
const FIRST_HYBRID: &[&str] = &["code", "id_token", "id_token token", "code id_token"];
const FIRST_WITH_CODE: &[&str] = &["code", "code id_token"];
const CODE_ONLY: &[&str] = &["code"];

#[rustfmt::skip]
pub const MODULES: &[Module] = &[
    module!("oidcc-server", Client, happy::server),
    module!("oidcc-response-type-missing", Client, code::response_type_missing, ONCE),
    module!("oidcc-idtoken-signature", Registration, dynamic::id_token_signature),
    module!("oidcc-idtoken-unsigned", Registration, dynamic::id_token_unsigned, CODE_ONLY),
    module!("oidcc-userinfo-get", Client, userinfo::get, WITH_ACCESS),
    module!("oidcc-userinfo-post-header", Client, userinfo::post_header, WITH_ACCESS),
    module!("oidcc-userinfo-post-body", Client, userinfo::post_body, WITH_ACCESS),
    module!("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", Client, happy::without_nonce, WITHOUT_ID_TOKEN),
    module!("oidcc-ensure-request-without-nonce-fails", Client, happy::without_nonce_fails, WITH_ID_TOKEN),
    module!("oidcc-scope-profile", Client, scope::profile),
    module!("oidcc-scope-email", Client, scope::email),
    module!("oidcc-scope-address", Client, scope::address),
    module!("oidcc-scope-phone", Client, scope::phone),
    module!("oidcc-scope-all", Client, scope::all),
    module!("oidcc-alternate-happy-flow", Client, scope::alternate_happy_flow, FIRST_HYBRID),
    module!("oidcc-display-page", Client, happy::display_page),
    module!("oidcc-display-popup", Client, happy::display_popup),
    module!("oidcc-prompt-login", Client, prompt::login),
    module!("oidcc-prompt-none-not-logged-in", Client, prompt::none_not_logged_in),
    module!("oidcc-prompt-none-logged-in", Client, prompt::none_logged_in),
    module!("oidcc-max-age-1", Client, prompt::max_age_1),
    module!("oidcc-max-age-10000", Client, prompt::max_age_10000),
    module!("oidcc-ensure-request-with-unknown-parameter-succeeds", Client, happy::unknown_parameter),
    module!("oidcc-id-token-hint", Client, prompt::id_token_hint),
    module!("oidcc-login-hint", Client, happy::login_hint),
    module!("oidcc-ui-locales", Client, happy::ui_locales),
    module!("oidcc-claims-locales", Client, happy::claims_locales),
    module!("oidcc-ensure-request-with-acr-values-succeeds", Client, happy::acr_values),
    module!("oidcc-codereuse", Client, code::reuse, WITH_CODE),
    module!("oidcc-codereuse-30seconds", Client, code::reuse_after_30_seconds, WITH_CODE),
    module!("oidcc-ensure-registered-redirect-uri", Client, code::registered_redirect_uri),
    module!("oidcc-ensure-post-request-succeeds", Client, happy::post_request, CODE_ONLY),
    module!("oidcc-server-client-secret-post", SecretPost, happy::server, WITH_CODE),
    module!("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", Site, dynamic::unsigned_object_or_refusal),
    module!("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", Client, request_object::unsigned_request_object),
    module!("oidcc-claims-essential", Client, scope::claims_essential),
    module!("oidcc-ensure-request-object-with-redirect-uri", Client, request_object::with_redirect_uri),
    module!("oidcc-refresh-token", TwoClients, refresh::refresh_token, WITH_CODE),
    module!("oidcc-ensure-request-with-valid-pkce-succeeds", Client, happy::valid_pkce, FIRST_WITH_CODE),
];
