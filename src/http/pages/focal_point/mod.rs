//! `/focal-point` and below: the requests and people of one organization, named by the path, for its Focal Points and
//! for administrators. Another organization's data does not exist (security.md G-4): the room says so. The routes
//! require a session fit for duty (SE-2).

pub mod history;
pub mod office;
pub mod people;
pub mod person;
pub mod requests;
pub mod requests_together;
pub mod ties;

use axum::response::Response;

use super::{PageContext, PageError};
use crate::affiliations::organization_of;
use crate::paths;
use crate::templates::pages::FocalPointChoose;

/// Redirects to the organization of the person, who is Focal Point of one at most; an administrator may be of none.
pub async fn choose(ctx: PageContext) -> Result<Response, PageError> {
    match organization_of(&ctx.app, &ctx.actor_context()).await? {
        Some(id) => Ok(ctx.redirect(&paths::focal_point_requests(&id))),
        None => {
            let organizations = Vec::new();
            ctx.page(&FocalPointChoose { organizations }).await
        }
    }
}
