//! `/admin/clients/{id}/confirm`: says what an act on a client will do and what depends on it, and performs it: a new
//! secret, disabling, enabling, deleting.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::answers::{refused, show_issued};
use crate::domain::ClientId;
use crate::domain::client::Client;
use crate::http::pages::{PageContext, PageError, PageForm};
use crate::oidc::clients::{self, ClientError};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::AdminClientConfirm;

/// An act that has a page of its own before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    RotateSecret,
    Disable,
    Enable,
    Delete,
}

impl Act {
    const ALL: [Self; 4] = [Self::RotateSecret, Self::Disable, Self::Enable, Self::Delete];

    const fn as_str(self) -> &'static str {
        match self {
            Self::RotateSecret => "rotate_secret",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
        }
    }

    fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }

    /// Returns `false` if the client is already as the act would make it, or the act is not for whoever looks.
    fn applies_to(self, client: &Client, is_administrator: bool) -> bool {
        match self {
            Self::RotateSecret => client.metadata.uses_secret(),
            Self::Disable => is_administrator && client.enabled,
            Self::Enable => is_administrator && !client.enabled,
            Self::Delete => is_administrator,
        }
    }
}

pub async fn confirm(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let id = ClientId::new(id);
    let client = clients::read(app, &context, &id).await.map_err(refused)?;
    let act = ctx.given("action").and_then(|it| Act::parse(&it));
    let Some(act) = act.filter(|it| it.applies_to(&client, ctx.administers_clients())) else {
        return ctx.show_elsewhere(&paths::admin_client(&id)).await;
    };
    let dependents = clients::dependents(app, &context, &id).await.map_err(refused)?;
    let now = app.clock.now();
    let overlapping = client.secrets.iter().filter_map(|it| it.expires_at);
    let page = AdminClientConfirm {
        id: id.to_string(),
        name: client.name().to_owned(),
        action: act.as_str(),
        people: dependents.people,
        sessions: dependents.sessions,
        refresh_tokens: dependents.refresh_tokens,
        has_secret: !client.secrets.is_empty(),
        // Two secrets overlap at most (security.md AD-2): one that was replaced before ends at once.
        ends_at_once: overlapping.filter(|end| *end > now).max(),
        works_until: now + clients::OVERLAP,
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
}

pub async fn act(Path(id): Path<String>, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let id = ClientId::new(id);
    clients::read(app, &context, &id).await.map_err(refused)?;
    let to = paths::admin_client(&id);
    let done = match Act::parse(&fields.action) {
        None => return ctx.again(typed.error("action", "error.choose")).await,
        Some(Act::RotateSecret) => match clients::rotate_secret(app, &context, &id, None).await {
            Ok(issued) => return show_issued(&ctx, &issued, "client_secret_rotated").await,
            Err(error) => Err(error),
        },
        Some(Act::Disable) => clients::set_enabled(app, &context, &id, false)
            .await
            .map(|_| (to.as_str(), "client_disabled")),
        Some(Act::Enable) => clients::set_enabled(app, &context, &id, true)
            .await
            .map(|_| (to.as_str(), "client_enabled")),
        Some(Act::Delete) => clients::delete(app, &context, &id)
            .await
            .map(|_| (paths::ADMIN_CLIENTS, "client_deleted")),
    };
    match done {
        Ok((to, done)) => ctx.done(to, done).await,
        // Somebody else changed it in the same moment, or gave it keys in place of the secret.
        Err(ClientError::Conflict(_) | ClientError::NoSecret(..)) => ctx.failed(&to, "client_changed").await,
        Err(other) => Err(refused(other)),
    }
}
