//! Every URL of the service with its audience (security.md G-4), its methods and their handlers. The health checks have
//! a listener of their own: `health`.

mod consoles;
mod developers;
mod scim;
mod shared_signals;

use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use super::error::PageError;
use super::pages::{
    account, authorization, deletion_stop, device, documents, email_undo, errors, keep_account, login,
    logout, newsletter, not_me, organizations, passkey, passkey_offer, public, recovery, recovery_stop,
    second_factor, signup, verify_email, viewing, weekly_digest,
};
use super::return_path::ReturnPaths;
use super::routes::Audience::{Client, OwnData, Public, SignedIn};
use super::routes::Routes;
use super::{
    api, assets, check_session, compression, cors, dpop, grants, interaction_id, layers, protocol,
    public_document, registration, submission,
};
use crate::app::App;
use crate::config::RegistrationMode;
use crate::oidc::{discovery, endpoints};
use crate::paths;

pub fn router(app: &App) -> Router {
    router_with(app, |routes| routes)
}

/// Adds the pages of one door alone, the demo's outbox. Nothing is shown past the layers of all others.
pub fn router_with(app: &App, family: impl FnOnce(Routes) -> Routes) -> Router {
    let routes = routes(app).with(family);
    let return_paths = ReturnPaths::new(routes.guarded());
    // The first is the outermost. As one layer they cost one allocation, where each alone costs its own.
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), layers::every_answer))
        .layer(compression::layer())
        .layer(CatchPanicLayer::custom(layers::on_panic))
        .layer(Extension(return_paths))
        .layer(from_fn_with_state(app.clone(), errors::show))
        .layer(from_fn_with_state(app.clone(), submission::once));
    routes
        .into_router()
        .fallback(async || PageError::NotFound)
        .method_not_allowed_fallback(async || PageError::MethodNotAllowed)
        .layer(layers)
        .with_state(app.clone())
}

/// Lists every URL.
pub fn routes(app: &App) -> Routes {
    let routes = Routes::new(app)
        .with(|routes| protocol_routes(app, routes))
        .with(|routes| shared_signals::routes(app, routes))
        .with(public_routes)
        .with(developers::developer_routes)
        .with(login_routes)
        .with(signup_routes)
        .with(request_routes)
        .with(logout_routes)
        .with(account_routes)
        .with(consoles::focal_point_routes)
        .with(consoles::admin_routes)
        .with(|routes| api::routes::add(app, routes))
        .with(|routes| scim::routes(app, routes));
    match app.config.registration.mode {
        RegistrationMode::Off => routes,
        RegistrationMode::Token | RegistrationMode::Open => registration_routes(routes),
    }
}

fn protocol_routes(app: &App, routes: Routes) -> Routes {
    let metadata = discovery::document(&app.config);
    let discovery = || cors::for_everybody(public_document::constant(metadata.clone()));
    let with_cors = |endpoint| cors::for_public_clients(app, dpop::with_nonces(app, endpoint));
    let userinfo = get(protocol::userinfo).post(protocol::userinfo);
    routes
        .at_with_head(endpoints::OPENID_CONFIGURATION, discovery())
        .at_with_head(endpoints::OAUTH_AUTHORIZATION_SERVER, discovery())
        .at_with_head(endpoints::JWKS, cors::for_everybody(get(protocol::jwks)))
        .at_with_head(endpoints::CHECK_SESSION_IFRAME, get(check_session::page))
        .at(
            endpoints::PUSHED_AUTHORIZATION_REQUEST,
            Client,
            with_cors(post(protocol::pushed_authorization_request)),
        )
        .at(
            endpoints::DEVICE_AUTHORIZATION,
            Client,
            with_cors(post(protocol::device_authorization)),
        )
        .at(
            endpoints::BACKCHANNEL_AUTHENTICATION,
            Client,
            post(protocol::backchannel_authentication),
        )
        .at(endpoints::TOKEN, Client, with_cors(post(protocol::token)))
        .at(
            endpoints::USERINFO,
            Client,
            interaction_id::echoed(with_cors(userinfo)),
        )
        .at(
            endpoints::GRANT,
            Client,
            dpop::with_nonces(app, get(grants::query).delete(grants::revoke)),
        )
        .at(endpoints::INTROSPECTION, Client, post(protocol::introspection))
        .at(
            endpoints::REVOCATION,
            Client,
            with_cors(post(protocol::revocation)),
        )
}

fn registration_routes(routes: Routes) -> Routes {
    let one = get(registration::show)
        .put(registration::replace)
        .delete(registration::delete);
    routes
        .at(endpoints::REGISTRATION, Client, post(registration::register))
        .at(endpoints::CLIENT_CONFIGURATION, Client, one)
}

fn public_routes(routes: Routes) -> Routes {
    routes
        .at_with_head(paths::START, get(public::start))
        .at(paths::MEMBERS, Public, get(public::members))
        .at_with_head(paths::FAQ, get(public::faq))
        .at_with_head(paths::ACCESSIBILITY, get(public::accessibility))
        .at_with_head(paths::TERMS, get(documents::terms))
        .at_with_head(paths::PRIVACY, get(documents::privacy))
        .at(paths::CHANGE_PASSWORD, Public, get(public::change_password))
        .at_with_head(paths::ASSET, get(assets::asset))
}

fn login_routes(routes: Routes) -> Routes {
    routes
        .at(paths::LOGIN, Public, get(login::show).post(login::log_in))
        .at(
            paths::LOGIN_SECOND_FACTOR,
            Public,
            get(second_factor::show).post(second_factor::enter),
        )
        .at(
            paths::LOGIN_PASSKEY,
            Public,
            get(passkey::show).post(passkey::act),
        )
        .at(paths::LOGIN_PASSKEY_CHALLENGE, Public, get(passkey::challenge))
        .at(
            paths::LOGIN_PASSKEY_OFFER,
            SignedIn,
            get(passkey_offer::show).post(passkey_offer::act),
        )
        // A person who has an address to verify or terms to accept gets nowhere else, so these are open.
        .at(
            paths::LOGIN_VERIFY_EMAIL,
            Public,
            get(verify_email::show).post(verify_email::verify),
        )
        .at(
            paths::LOGIN_VERIFY_EMAIL_RESEND,
            Public,
            get(verify_email::back).post(verify_email::resend),
        )
        .at(
            paths::TERMS_ACCEPT,
            Public,
            get(documents::show_acceptance).post(documents::accept),
        )
        .at(paths::TERMS_REFUSED, Public, get(documents::show_refusal))
        .at(
            paths::LOGIN_KEEP_ACCOUNT,
            Public,
            get(keep_account::show).post(keep_account::decide),
        )
        .at(
            paths::REAUTHENTICATE,
            OwnData,
            get(login::show_reauthentication).post(login::reauthenticate),
        )
        .at(
            paths::FORGOT_PASSWORD,
            Public,
            get(recovery::ask).post(recovery::send),
        )
        .at(
            paths::RESET_PASSWORD,
            Public,
            get(recovery::open).post(recovery::reset),
        )
        // Whoever lost the account to somebody else has no login.
        .at(
            paths::ACCOUNT_EMAIL_UNDO,
            Public,
            get(email_undo::open).post(email_undo::undo),
        )
        .at(
            paths::ACCOUNT_NOT_ME,
            Public,
            get(not_me::open).post(not_me::secure),
        )
        // The deletion ended all sessions, and may be somebody else's doing.
        .at(
            paths::ACCOUNT_DELETE_STOP,
            Public,
            get(deletion_stop::open).post(deletion_stop::stop),
        )
        // Whoever does not want the mails does not log in for it.
        .at(
            paths::NEWSLETTER_STOP,
            Public,
            get(newsletter::show).post(newsletter::act),
        )
        .at(
            paths::NEWSLETTER_STOP_LINK,
            Public,
            get(newsletter::enter).post(newsletter::one_click),
        )
        .at(
            paths::WEEKLY_DIGEST_STOP,
            Public,
            get(weekly_digest::show).post(weekly_digest::stop),
        )
        .at(
            paths::WEEKLY_DIGEST_STOP_LINK,
            Public,
            get(weekly_digest::enter).post(weekly_digest::one_click),
        )
        .at(
            paths::RECOVERY_STOP,
            Public,
            get(recovery_stop::open).post(recovery_stop::stop),
        )
}

fn signup_routes(routes: Routes) -> Routes {
    routes
        .at(
            paths::SIGNUP,
            Public,
            get(signup::show_details).post(signup::details),
        )
        .at(
            paths::SIGNUP_ORGANIZATION,
            Public,
            get(signup::show_organization).post(signup::organization),
        )
        .at(
            paths::SIGNUP_VERIFY,
            Public,
            get(signup::show_verify).post(signup::verify),
        )
        .at(
            paths::SIGNUP_VERIFY_RESEND,
            Public,
            get(signup::to_verify).post(signup::resend),
        )
        .at(paths::SIGNUP_DONE, Public, get(signup::show_done))
        .at(paths::ORGANIZATIONS_SEARCH, Public, get(organizations::search))
}

/// Lists the pages inside a service's request, and those of a device's code.
fn request_routes(routes: Routes) -> Routes {
    routes
        .at(
            endpoints::AUTHORIZATION,
            Public,
            get(authorization::authorize).post(authorization::authorize_by_post),
        )
        .at(
            paths::AUTHORIZE_CONTINUE,
            Public,
            get(authorization::continue_request),
        )
        .at(
            paths::SELECT_ACCOUNT,
            Public,
            get(authorization::show_choice).post(authorization::choose),
        )
        .at(
            paths::CONSENT,
            Public,
            get(authorization::show_consent).post(authorization::consent),
        )
        .at(
            paths::ACCESS_REFUSED,
            Public,
            get(authorization::show_refusal).post(authorization::leave),
        )
        .at(
            paths::SECOND_FACTOR_NEEDED,
            Public,
            get(authorization::show_need).post(authorization::give_up),
        )
        .at(paths::DEVICE, SignedIn, get(device::show).post(device::enter))
        .at(paths::DEVICE_ALLOWED, SignedIn, get(device::allowed))
        .at(paths::DEVICE_DENIED, SignedIn, get(device::denied))
        // As a part of the path, the code stays with the person through the login.
        .at(paths::DEVICE_CODE, SignedIn, get(device::show_filled))
}

fn logout_routes(routes: Routes) -> Routes {
    routes
        .at(
            endpoints::END_SESSION,
            Public,
            get(logout::end_session).post(logout::end_session_by_post),
        )
        .at(paths::LOGOUT, Public, get(logout::ask).post(logout::answer))
        .at(paths::LOGGING_OUT, Public, get(logout::logging_out))
        .at(paths::LOGGED_OUT, Public, get(logout::logged_out))
}

fn account_routes(routes: Routes) -> Routes {
    use account::{
        data, deletion, email, history, organization, passkeys, password, profile, recovery_codes, requests,
        required, security, services, sessions, totp,
    };

    routes
        .at(paths::ACCOUNT, SignedIn, get(account::overview))
        .at(
            paths::ACCOUNT_PROFILE,
            SignedIn,
            get(profile::show).post(profile::save),
        )
        .at(paths::ACCOUNT_EMAIL, SignedIn, get(email::show).post(email::act))
        .at(
            paths::ACCOUNT_ORGANIZATION,
            SignedIn,
            get(organization::show).post(organization::act),
        )
        .at(
            paths::ACCOUNT_ORGANIZATION_CONFIRM,
            SignedIn,
            get(organization::confirm).post(organization::act),
        )
        .at(
            paths::ACCOUNT_ORGANIZATION_CHANGE,
            SignedIn,
            get(organization::ask).post(organization::submit),
        )
        .at(paths::ACCOUNT_SECURITY, SignedIn, get(security::show))
        .at(
            paths::ACCOUNT_SECOND_FACTOR_REQUIRED,
            SignedIn,
            get(required::show),
        )
        .at(
            paths::ACCOUNT_PASSWORD,
            SignedIn,
            get(password::show).post(password::change),
        )
        .at(paths::ACCOUNT_TOTP, SignedIn, get(totp::show).post(totp::act))
        .at(
            paths::ACCOUNT_TOTP_CONFIRM,
            SignedIn,
            get(totp::confirm).post(totp::act),
        )
        .at(
            paths::ACCOUNT_PASSKEYS,
            SignedIn,
            get(passkeys::show).post(passkeys::act),
        )
        .at(
            paths::ACCOUNT_PASSKEYS_CONFIRM,
            SignedIn,
            get(passkeys::confirm).post(passkeys::act),
        )
        .at(
            paths::ACCOUNT_RECOVERY_CODES,
            SignedIn,
            get(recovery_codes::show).post(recovery_codes::saved),
        )
        .at(
            paths::ACCOUNT_RECOVERY_CODES_FILE,
            SignedIn,
            get(recovery_codes::download),
        )
        .at(
            paths::ACCOUNT_SESSIONS,
            SignedIn,
            get(sessions::show).post(sessions::end),
        )
        .at(
            paths::ACCOUNT_SESSIONS_CONFIRM,
            SignedIn,
            get(sessions::confirm).post(sessions::end),
        )
        .at(
            paths::ACCOUNT_SERVICES,
            SignedIn,
            get(services::show).post(services::withdraw),
        )
        .at(
            paths::ACCOUNT_SERVICES_CONFIRM,
            SignedIn,
            get(services::confirm).post(services::withdraw),
        )
        .at(paths::ACCOUNT_HISTORY, SignedIn, get(history::show))
        .at(
            paths::ACCOUNT_HISTORY_ORGANIZATION,
            SignedIn,
            get(history::show_affiliations),
        )
        .at(
            paths::ACCOUNT_REQUESTS,
            SignedIn,
            get(requests::show).post(requests::decide),
        )
        // Whoever looks at an account ends it here, whatever is due of them first.
        .at(paths::VIEWING, OwnData, get(viewing::show).post(viewing::end))
        .at(paths::ACCOUNT_DATA, OwnData, get(data::show).post(data::request))
        .at(paths::ACCOUNT_DATA_READ, OwnData, get(data::read))
        .at(paths::ACCOUNT_DATA_FILE, OwnData, get(data::download))
        .at(paths::ACCOUNT_DELETE, OwnData, get(deletion::show))
        .at(
            paths::ACCOUNT_DELETE_CONFIRM,
            OwnData,
            get(deletion::confirm).post(deletion::act),
        )
}
