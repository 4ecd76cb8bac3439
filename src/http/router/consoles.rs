//! The URLs of the consoles: of Focal Points for their organization, and of administrators.

use axum::routing::get;

use crate::http::pages::{admin, affiliation_requests, focal_point};
use crate::http::routes::Audience::{Administrator, Auditor, ClientOwner, FocalPoint, Staff, Support};
use crate::http::routes::Routes;
use crate::paths;

/// Lists the pages on the requests and people of one organization: for its Focal Points, and for administrators.
pub(super) fn focal_point_routes(routes: Routes) -> Routes {
    use affiliation_requests as request;
    use focal_point::{history, office, people, person, requests, requests_together, ties};

    routes
        .at(paths::FOCAL_POINT, FocalPoint, get(focal_point::choose))
        .at(
            paths::FOCAL_POINT_REQUESTS,
            FocalPoint,
            get(requests::list).post(requests::choose),
        )
        .at(
            paths::FOCAL_POINT_REQUESTS_CONFIRM,
            FocalPoint,
            get(requests_together::confirm).post(requests_together::decide),
        )
        .at(
            paths::FOCAL_POINT_REQUEST,
            FocalPoint,
            get(request::show).post(request::decide),
        )
        .at(
            paths::FOCAL_POINT_TIES,
            FocalPoint,
            get(ties::list).post(ties::choose),
        )
        .at(
            paths::FOCAL_POINT_TIES_CONFIRM,
            FocalPoint,
            get(ties::confirm).post(ties::decide),
        )
        .at(
            paths::FOCAL_POINT_OFFICE,
            FocalPoint,
            get(office::show).post(office::act),
        )
        .at(
            paths::FOCAL_POINT_OFFICE_CONFIRM,
            FocalPoint,
            get(office::confirm).post(office::act),
        )
        .at(paths::FOCAL_POINT_PEOPLE, FocalPoint, get(people::list))
        .at(paths::FOCAL_POINT_PEOPLE_FILE, FocalPoint, get(people::file))
        .at(paths::FOCAL_POINT_HISTORY, FocalPoint, get(history::list))
        .at(
            paths::FOCAL_POINT_PERSON,
            FocalPoint,
            get(person::show).post(person::act),
        )
        .at(
            paths::FOCAL_POINT_PERSON_CONFIRM,
            FocalPoint,
            get(person::confirm).post(person::act),
        )
}

/// Lists the pages of the administration.
pub(super) fn admin_routes(routes: Routes) -> Routes {
    use admin::{
        account_acts, account_view, accounts, audit, clients, keys, mail, mail_previews, newsletter,
        organization_edit, organizations, organizations_import, overview, proposals, recoveries, revocations,
        terms, terms_changes, terms_new,
    };
    use affiliation_requests as requests;

    routes
        .at(paths::ADMIN, Administrator, get(overview::show))
        .at(
            paths::ADMIN_REQUESTS,
            Administrator,
            get(requests::list_without_focal_point),
        )
        .at(
            paths::ADMIN_REQUEST,
            Administrator,
            get(requests::show).post(requests::decide),
        )
        .at(
            paths::ADMIN_ORGANIZATIONS,
            Administrator,
            get(organizations::list),
        )
        .at(
            paths::ADMIN_ORGANIZATIONS_IMPORT,
            Administrator,
            get(organizations_import::show).post(organizations_import::read),
        )
        .at(
            paths::ADMIN_ORGANIZATIONS_IMPORT_CONFIRM,
            Administrator,
            get(organizations_import::confirm).post(organizations_import::apply),
        )
        .at(
            paths::ADMIN_ORGANIZATION,
            Administrator,
            get(organizations::show).post(organizations::act),
        )
        .at(
            paths::ADMIN_ORGANIZATION_EDIT,
            Administrator,
            get(organization_edit::show).post(organization_edit::save),
        )
        .at(
            paths::ADMIN_ORGANIZATION_EDIT_CONFIRM,
            Administrator,
            get(organization_edit::confirm).post(organization_edit::apply),
        )
        .at(
            paths::ADMIN_ORGANIZATION_CONFIRM,
            Administrator,
            get(organizations::confirm).post(organizations::act),
        )
        .at(paths::ADMIN_PROPOSALS, Administrator, get(proposals::list))
        .at(
            paths::ADMIN_PROPOSAL,
            Administrator,
            get(proposals::show).post(proposals::decide),
        )
        .at(
            paths::ADMIN_PROPOSAL_CONFIRM,
            Administrator,
            get(proposals::confirm).post(proposals::decide),
        )
        .at(paths::ADMIN_ACCOUNTS, Staff, get(accounts::list))
        .at(paths::ADMIN_ACCOUNT, Staff, get(accounts::show))
        .at(
            paths::ADMIN_ACCOUNT_CONFIRM,
            Support,
            get(account_acts::confirm).post(account_acts::act),
        )
        .at(
            paths::ADMIN_ACCOUNT_VIEW,
            Support,
            get(account_view::show).post(account_view::begin),
        )
        .at(
            paths::ADMIN_RECOVERIES,
            Administrator,
            get(recoveries::list).post(recoveries::request),
        )
        .at(
            paths::ADMIN_RECOVERY,
            Administrator,
            get(recoveries::show).post(recoveries::decide),
        )
        .at(paths::ADMIN_AUDIT, Auditor, get(audit::list))
        .at(paths::ADMIN_AUDIT_EXPORT, Auditor, get(audit::export))
        .at(paths::ADMIN_AUDIT_ENTRY, Auditor, get(audit::show))
        .at(paths::ADMIN_CLIENTS, ClientOwner, get(clients::list))
        .at(
            paths::ADMIN_CLIENT_NEW,
            Administrator,
            get(clients::new::show).post(clients::new::create),
        )
        .at(paths::ADMIN_CLIENT, ClientOwner, get(clients::show))
        .at(
            paths::ADMIN_CLIENT_EDIT,
            ClientOwner,
            get(clients::edit::show).post(clients::edit::save),
        )
        .at(
            paths::ADMIN_CLIENT_CONFIRM,
            ClientOwner,
            get(clients::acts::confirm).post(clients::acts::act),
        )
        .at(paths::ADMIN_CLIENT_SECRET, ClientOwner, get(clients::show_secret))
        .at(
            paths::ADMIN_CLIENT_TEST,
            ClientOwner,
            get(clients::test_login::show).post(clients::test_login::begin),
        )
        .at(
            paths::ADMIN_CLIENT_TEST_RESULT,
            ClientOwner,
            get(clients::test_login::result),
        )
        .at(
            paths::ADMIN_CLIENT_MEND,
            ClientOwner,
            get(clients::mends::confirm).post(clients::mends::apply),
        )
        .at(
            paths::ADMIN_CLIENT_PEOPLE,
            Administrator,
            get(clients::people::show),
        )
        .at(
            paths::ADMIN_CLIENT_OWNERS,
            Administrator,
            get(clients::owners::show).post(clients::owners::name),
        )
        .at(
            paths::ADMIN_CLIENT_OWNERS_CONFIRM,
            Administrator,
            get(clients::owners::confirm).post(clients::owners::act),
        )
        .at(paths::ADMIN_TERMS, Administrator, get(terms::list))
        .at(
            paths::ADMIN_TERMS_NEW,
            Administrator,
            get(terms_new::show).post(terms_new::read),
        )
        .at(
            paths::ADMIN_TERMS_NEW_CONFIRM,
            Administrator,
            get(terms_new::confirm).post(terms_new::publish),
        )
        .at(paths::ADMIN_TERMS_VERSION, Administrator, get(terms::show))
        .at(
            paths::ADMIN_TERMS_VERSION_CONFIRM,
            Administrator,
            get(terms_changes::confirm).post(terms_changes::act),
        )
        .at(paths::ADMIN_NEWSLETTER, Administrator, get(newsletter::list))
        .at(
            paths::ADMIN_NEWSLETTER_EXPORT,
            Administrator,
            get(newsletter::confirm_export),
        )
        .at(
            paths::ADMIN_NEWSLETTER_FILE,
            Administrator,
            get(newsletter::export),
        )
        .at(
            paths::ADMIN_NEWSLETTER_CONFIRM,
            Administrator,
            get(newsletter::confirm).post(newsletter::stop),
        )
        .at(paths::ADMIN_REVOCATIONS, Administrator, get(revocations::list))
        .at(
            paths::ADMIN_REVOCATION_CONFIRM,
            Administrator,
            get(revocations::confirm).post(revocations::revoke),
        )
        .at(paths::ADMIN_REVOCATION, Administrator, get(revocations::show))
        .at(paths::ADMIN_KEYS, Administrator, get(keys::list))
        .at(
            paths::ADMIN_KEYS_CONFIRM,
            Administrator,
            get(keys::confirm_rotation).post(keys::rotate),
        )
        .at(paths::ADMIN_KEY, Administrator, get(keys::show))
        .at(
            paths::ADMIN_KEY_CONFIRM,
            Administrator,
            get(keys::confirm_revocation).post(keys::revoke),
        )
        .at(paths::ADMIN_MAILS, Administrator, get(mail::list))
        .at(
            paths::ADMIN_MAILS_CONFIRM,
            Administrator,
            get(mail::confirm_all).post(mail::act_on_all),
        )
        .at(paths::ADMIN_MAIL, Administrator, get(mail::show))
        .at(
            paths::ADMIN_MAIL_CONFIRM,
            Administrator,
            get(mail::confirm).post(mail::act),
        )
        .at(
            paths::ADMIN_MAIL_TEMPLATES,
            Administrator,
            get(mail_previews::list),
        )
        .at(
            paths::ADMIN_MAIL_TEMPLATE,
            Administrator,
            get(mail_previews::show),
        )
        .at(
            paths::ADMIN_MAIL_TEMPLATE_HTML,
            Administrator,
            get(mail_previews::html),
        )
        .at(
            paths::ADMIN_CLIENT_EVENTS,
            ClientOwner,
            get(clients::events::list).post(clients::events::add),
        )
        .at(
            paths::ADMIN_CLIENT_RECEIVER,
            ClientOwner,
            get(clients::events::show),
        )
        .at(
            paths::ADMIN_CLIENT_RECEIVER_CONFIRM,
            Administrator,
            get(clients::events::confirm).post(clients::events::act),
        )
        .at(
            paths::ADMIN_SCIM_TARGET_NEW,
            Administrator,
            get(clients::scim_target::show).post(clients::scim_target::add),
        )
        .at(
            paths::ADMIN_SCIM_TARGET_TOKEN,
            Administrator,
            get(clients::scim_target::show_token).post(clients::scim_target::set_token),
        )
        .at(
            paths::ADMIN_WEBHOOK_SECRET,
            Administrator,
            get(clients::events::show_secret),
        )
}
