//! The URLs of the pages for service owners.

use axum::routing::get;

use crate::http::pages::developers;
use crate::http::routes::Routes;
use crate::paths;

pub(super) fn developer_routes(routes: Routes) -> Routes {
    routes
        .at_with_head(paths::DEVELOPERS, get(developers::overview))
        .at_with_head(paths::DEVELOPERS_CODE, get(developers::code))
        .at_with_head(paths::DEVELOPERS_CLAIMS, get(developers::claims))
        .at_with_head(paths::DEVELOPERS_ERRORS, get(developers::errors))
        .at_with_head(paths::DEVELOPERS_LOGOUT, get(developers::logout))
}
