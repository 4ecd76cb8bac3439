//! The actor's context, as the rooms take it, from the head of a request: client network, request id and user agent.
//! `client` and `page_context` name the actor.

use axum::http::{Extensions, HeaderMap, header};

use crate::domain::actor::{Actor, Context};
use crate::http::layers::{ClientNetwork, RequestId};

/// Returns the context of an actor who has not authenticated in person.
pub fn of(headers: &HeaderMap, extensions: &Extensions, actor: Actor) -> Context {
    let agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
    Context {
        actor,
        network: extensions
            .get::<ClientNetwork>()
            .map_or_else(String::new, |it| it.name.clone()),
        request_id: extensions
            .get::<RequestId>()
            .map_or_else(String::new, |it| it.0.clone()),
        user_agent: agent.unwrap_or("").chars().take(256).collect(),
        authenticated_at: None,
        is_view: false,
    }
}
