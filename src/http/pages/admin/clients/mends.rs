//! `/admin/clients/{id}/report/confirm`: shows what the mend of a weakness changes, member by member, and makes the change in
//! the version that was shown.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::answers::refused;
use crate::domain::ClientId;
use crate::domain::client::Version;
use crate::domain::difference::Member;
use crate::http::pages::{PageContext, PageError, PageForm};
use crate::oidc::clients::{self, ClientError, Topic};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AdminClientMend, ChangedMember};

pub async fn confirm(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let id = ClientId::new(id);
    let client = clients::read(app, &context, &id).await.map_err(refused)?;
    let value = ctx.given("value").unwrap_or_default();
    let topic = ctx.given("topic").and_then(|it| Topic::parse(&it));
    let mend = match topic {
        Some(topic) => clients::find_mend(app, &context, &client, (topic, &value))
            .await
            .map_err(refused)?,
        None => None,
    };
    let Some(mend) = mend else {
        return ctx.show_elsewhere(&paths::admin_client(&id)).await;
    };
    let page = AdminClientMend {
        id: id.to_string(),
        name: client.name().to_owned(),
        topic: mend.topic.as_str(),
        value: mend.value,
        seen: client.version().to_string(),
        changes: mend.changes.iter().map(changed).collect(),
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

fn changed(member: &Member) -> ChangedMember {
    ChangedMember {
        name: member.member.clone(),
        before: member.before.as_ref().map(lines).unwrap_or_default(),
        after: member.after.as_ref().map(lines).unwrap_or_default(),
    }
}

/// Returns a value as people read it: a list line by line.
fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(lines).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    topic: String,
    value: String,
    seen: String,
    action: String,
}

pub async fn apply(Path(id): Path<String>, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let id = ClientId::new(id);
    clients::read(app, &context, &id).await.map_err(refused)?;
    let Some(topic) = Topic::parse(&fields.topic).filter(|_| fields.action == "mend") else {
        return ctx.again(typed.error("action", "error.choose")).await;
    };
    let applied = match Version::parse(&fields.seen) {
        Some(seen) => clients::apply_mend(app, &context, (&id, seen), (topic, &fields.value)).await,
        None => Err(ClientError::Conflict(id.clone())),
    };
    let to = paths::admin_client(&id);
    match applied {
        Ok(_) => ctx.done(&to, "client_mended").await,
        // Somebody else changed it meanwhile: what was shown is not what it would do.
        Err(ClientError::Conflict(_) | ClientError::NoMend | ClientError::Invalid(_)) => {
            ctx.failed(&to, "client_changed").await
        }
        Err(other) => Err(refused(other)),
    }
}
