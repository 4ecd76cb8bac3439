//! `/admin/keys`: the signing keys by algorithm, one of them with its public half and the services that depend on it, and
//! the two acts on them, each after a page that says what it will do. The rules are in `oidc::signing_keys`.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use crate::accounts;
use crate::domain::signing_key::{Family, KeyState};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm, refused};
use crate::keys::RotationError;
use crate::keys::rotation::Order;
use crate::oidc::signing_keys::{self, Error, KeySearch, KeyView, Outlook, Preview};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{
    AdminKey, AdminKeyConfirm, AdminKeys, KeyClientRow, KeyOutlook, KeyRotation, KeyRow, KeyUse,
};

const FILTERS: [&str; 3] = ["q", "alg", "state"];
const CLIENT_FILTERS: [&str; 1] = ["q"];

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let search = KeySearch {
        text: query.get("q"),
        family: signing_keys::family_of(query.get("alg")),
        state: known_state(query.get("state")),
        page: query.page()?,
        size: 0,
    };
    let found = signing_keys::list(app, &context, search).await.map_err(failed)?;
    let outlooks = signing_keys::outlooks(app, &context).await.map_err(failed)?;
    let page = AdminKeys {
        form: query.form(&FILTERS),
        can_rotate_all: outlooks.iter().all(|it| !it.next.is_announced),
        outlooks: outlooks.iter().map(outlook).collect(),
        rows: found.rows.iter().map(row).collect(),
        paging: paging(&found, paths::ADMIN_KEYS, &query, &FILTERS),
    };
    ctx.page(&page).await
}

/// Returns a state that there is, or none.
fn known_state(typed: &str) -> &str {
    if KeyState::NAMES.contains(&typed) {
        typed
    } else {
        ""
    }
}

pub async fn show(
    ctx: PageContext,
    Path(kid): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let found = signing_keys::find(app, &context, &kid).await.map_err(failed)?;
    let family = found.key.family;
    let clients = signing_keys::clients_of(app, &context, family, query.get("q"), query.page()?, 0)
        .await
        .map_err(failed)?;
    let outlooks = signing_keys::outlooks(app, &context).await.map_err(failed)?;
    let is_announced = |it: &Outlook| it.family == family && it.next.is_announced;
    let jwk = signing_keys::public_jwk(app, &kid);
    let jwk = jwk.map(|it| serde_json::to_string_pretty(&it)).transpose();
    let page = AdminKey {
        created_at: found.key.created_at,
        active_from: found.key.active_from,
        signs_until: found.signs_until,
        accepted_until: found.accepted_until,
        published_until: found.published_until,
        revoked_at: found.key.revoked_at,
        jwk: jwk.map_err(PageError::internal)?,
        can_be_revoked: found.can_be_revoked(),
        can_be_rotated: found.state == KeyState::Active && !outlooks.iter().any(is_announced),
        row: row(&found),
        form: query.form(&CLIENT_FILTERS),
        clients: clients.rows.iter().map(client_row).collect(),
        paging: paging(&clients, &paths::admin_key(&kid), &query, &CLIENT_FILTERS),
        trail: paths::with_parameter(paths::ADMIN_AUDIT, "subject", &format!("key:{kid}")),
    };
    ctx.page(&page).await
}

fn client_row(of: &signing_keys::ClientOfKey) -> KeyClientRow {
    KeyClientRow {
        id: of.id.clone(),
        name: of.name.clone(),
        enabled: of.enabled,
        uses: of
            .uses
            .iter()
            .map(|(of, alg)| KeyUse {
                of: of.as_str(),
                alg: alg.as_str(),
            })
            .collect(),
    }
}

/// Says what a rotation will do: of the keys of one algorithm, or of all.
pub async fn confirm_rotation(ctx: PageContext) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let alg = ctx.given("alg").unwrap_or_default();
    let Some(families) = families(&alg) else {
        return ctx.show_elsewhere(paths::ADMIN_KEYS).await;
    };
    match signing_keys::preview_rotation(app, &context, &families).await {
        Ok(preview) => {
            let page = AdminKeyConfirm {
                rotation: Some(KeyRotation {
                    alg,
                    algs: families.iter().map(|it| algs(*it)).collect::<Vec<_>>().join(", "),
                }),
                row: None,
                ..confirmation(&ctx, &preview)
            };
            ctx.page(&page).await
        }
        Err(error) => meanwhile(&ctx, paths::ADMIN_KEYS, error).await,
    }
}

/// Says what the revocation of a key will do.
pub async fn confirm_revocation(ctx: PageContext, Path(kid): Path<String>) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    match signing_keys::preview_revocation(app, &context, &kid).await {
        Ok((found, preview)) => {
            let page = AdminKeyConfirm {
                rotation: None,
                row: Some(row(&found)),
                ..confirmation(&ctx, &preview)
            };
            ctx.page(&page).await
        }
        Err(Error::Rotation(RotationError::Unknown(_))) => ctx.show_elsewhere(&paths::admin_key(&kid)).await,
        Err(error) => Err(failed(error)),
    }
}

fn confirmation(ctx: &PageContext, preview: &Preview) -> AdminKeyConfirm {
    AdminKeyConfirm {
        rotation: None,
        row: None,
        generation: preview.generation,
        signs_from: preview.signs_from,
        published_until: preview.published_until,
        clients: preview.clients,
        form: ctx.form_or(FormState::default()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    alg: String,
    generation: String,
    reason: String,
    action: String,
}

impl Fields {
    fn order(&self) -> Order<'_> {
        Order {
            reason: &self.reason,
            // A number that is none was never that of the keys.
            seen: Some(self.generation.parse().unwrap_or(-1)),
        }
    }
}

pub async fn rotate(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let Some(families) = families(&fields.alg).filter(|_| fields.action == "rotate") else {
        return ctx.again(typed.error("action", "error.choose")).await;
    };
    match signing_keys::rotate(&ctx.app, &ctx.actor_context(), &families, fields.order()).await {
        Ok(_) => ctx.done(paths::ADMIN_KEYS, "key_announced").await,
        Err(Error::Refused(accounts::Error::Fields(wrong))) => ctx.again(refused(typed, wrong)).await,
        Err(error) => meanwhile(&ctx, paths::ADMIN_KEYS, error).await,
    }
}

pub async fn revoke(Path(kid): Path<String>, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    if fields.action != "revoke" {
        return ctx.again(typed.error("action", "error.choose")).await;
    }
    let page = paths::admin_key(&kid);
    match signing_keys::revoke(&ctx.app, &ctx.actor_context(), &kid, fields.order()).await {
        Ok(_) => ctx.done(&page, "key_revoked").await,
        Err(Error::Refused(accounts::Error::Fields(wrong))) => ctx.again(refused(typed, wrong)).await,
        Err(error) => meanwhile(&ctx, &page, error).await,
    }
}

/// Leads to a page of what there is now, if somebody else was faster.
async fn meanwhile(ctx: &PageContext, to: &str, error: Error) -> Result<Response, PageError> {
    match error {
        Error::Rotation(RotationError::Announced(_)) => ctx.failed(to, "key_already_announced").await,
        Error::Rotation(RotationError::Raced | RotationError::Unknown(_)) => {
            ctx.failed(to, "keys_changed").await
        }
        other => Err(failed(other)),
    }
}

fn failed(error: Error) -> PageError {
    match error {
        Error::Refused(error) => error.into(),
        Error::Rotation(RotationError::Database(error)) => accounts::Error::from(error).into(),
        Error::Rotation(RotationError::Keys(error)) => PageError::internal(error),
        Error::Rotation(_) => PageError::Conflict,
    }
}

/// Returns the families of an algorithm; of none, all.
fn families(alg: &str) -> Option<Vec<Family>> {
    match alg {
        "" => Some(Family::ALL.to_vec()),
        alg => signing_keys::family_of(alg).map(|it| vec![it]),
    }
}

fn algs(of: Family) -> String {
    let names: Vec<_> = of.algorithms().map(|it| it.as_str()).collect();
    names.join(", ")
}

fn row(of: &KeyView) -> KeyRow {
    let at = match of.state {
        KeyState::Retired { until } => until,
        KeyState::Revoked => of.key.revoked_at.unwrap_or(of.key.active_from),
        KeyState::Announced | KeyState::Active | KeyState::Gone => of.key.active_from,
    };
    KeyRow {
        kid: of.key.kid.clone(),
        algs: algs(of.key.family),
        alg: of.key.family.algorithms().next().map_or("", |it| it.as_str()),
        state: of.state.as_str(),
        at,
    }
}

fn outlook(of: &Outlook) -> KeyOutlook {
    KeyOutlook {
        algs: algs(of.family),
        alg: of.family.algorithms().next().map_or("", |it| it.as_str()),
        signs_at: of.next.signs_at,
        announced_at: of.announced_at,
    }
}
