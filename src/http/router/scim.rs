//! The URLs of SCIM (RFC 7644 §3.2, §4), below `oidc::endpoints::SCIM`.

use axum::routing::{MethodRouter, any, get, post};

use crate::app::App;
use crate::http::routes::Audience::{Client, Public};
use crate::http::routes::Routes;
use crate::http::{dpop, scim};

/// The paths; the tests of `src/tests/scim` hold them together with `oidc::endpoints::SCIM`.
const SERVICE_PROVIDER_CONFIG: &str = "/scim/v2/ServiceProviderConfig";
const RESOURCE_TYPES: &str = "/scim/v2/ResourceTypes";
const RESOURCE_TYPE: &str = "/scim/v2/ResourceTypes/{name}";
const SCHEMAS: &str = "/scim/v2/Schemas";
const SCHEMA: &str = "/scim/v2/Schemas/{id}";
const USERS: &str = "/scim/v2/Users";
const USER: &str = "/scim/v2/Users/{id}";
const USERS_SEARCH: &str = "/scim/v2/Users/.search";
const GROUPS: &str = "/scim/v2/Groups";
const GROUP: &str = "/scim/v2/Groups/{id}";
const GROUPS_SEARCH: &str = "/scim/v2/Groups/.search";
const SEARCH: &str = "/scim/v2/.search";
const BULK: &str = "/scim/v2/Bulk";
const ROOT: &str = "/scim/v2/";
const ELSEWHERE: &str = "/scim/v2/{*rest}";

pub(super) fn routes(app: &App, routes: Routes) -> Routes {
    let complete = |methods: MethodRouter<App>| dpop::with_nonces(app, methods.fallback(scim::refuse_method));
    let user = get(scim::user).put(scim::replace_user).patch(scim::patch_user);
    routes
        // RFC 7644 §4: whoever connects reads first what there is.
        .at(
            SERVICE_PROVIDER_CONFIG,
            Public,
            complete(get(scim::service_provider_config)),
        )
        .at(RESOURCE_TYPES, Public, complete(get(scim::resource_types)))
        .at(RESOURCE_TYPE, Public, complete(get(scim::resource_type)))
        .at(SCHEMAS, Public, complete(get(scim::schemas)))
        .at(SCHEMA, Public, complete(get(scim::schema)))
        .at(USERS, Client, complete(get(scim::users)))
        .at(USER, Client, complete(user))
        .at(USERS_SEARCH, Client, complete(post(scim::search_users)))
        .at(GROUPS, Client, complete(get(scim::groups)))
        .at(GROUP, Client, complete(get(scim::group)))
        .at(GROUPS_SEARCH, Client, complete(post(scim::search_groups)))
        .at(SEARCH, Client, complete(post(scim::search)))
        .at(BULK, Client, any(scim::bulk))
        .at(ROOT, Client, any(scim::elsewhere))
        .at(ELSEWHERE, Client, any(scim::elsewhere))
}
