//! `/admin/clients`: the registered services, each with its report.

use axum::extract::Path;
use axum::response::Response;

use crate::domain::ClientId;
use crate::domain::client::{Client, Origin};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::oidc::clients::{self, ClientError, Search, Severity};
use crate::paths;
use crate::templates::pages::{AdminClient, AdminClients, ClientFinding, ClientRefusal, ClientRow};

const FILTERS: [&str; 1] = ["q"];

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let search = Search {
        text: query.get("q"),
        page: query.page()?,
    };
    let found = clients::search(&ctx.app, &ctx.actor_context(), &search)
        .await
        .map_err(refused)?;
    let page = AdminClients {
        form: query.form(&FILTERS),
        rows: found.rows.iter().map(row).collect(),
        unknown: refusals(&ctx, clients::UNKNOWN).await?,
        paging: paging(&found, paths::ADMIN_CLIENTS, &query, &FILTERS),
    };
    ctx.page(&page).await
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let client = clients::read(&ctx.app, &ctx.actor_context(), &ClientId::new(id))
        .await
        .map_err(refused)?;
    let it = &client.metadata;
    let findings = clients::report(&client);
    let page = AdminClient {
        row: row(&client),
        profile: client.settings.profile.to_string(),
        auth_method: it.token_endpoint_auth_method.map(|it| it.to_string()),
        grant_types: it.grant_types.iter().map(ToString::to_string).collect(),
        redirect_uris: it.redirect_uris.clone(),
        scope: it.scope.to_string(),
        updated_at: client.updated_at,
        refusals: refusals(&ctx, client.id.as_str()).await?,
        findings: findings
            .into_iter()
            .map(|it| ClientFinding {
                topic: it.topic.as_str(),
                weak: it.topic.severity() == Severity::Weak,
                ordinary: it.ordinary,
                source: it.topic.source(),
                value: it.value,
            })
            .collect(),
    };
    ctx.page(&page).await
}

async fn refusals(ctx: &PageContext, client: &str) -> Result<Vec<ClientRefusal>, PageError> {
    let found = clients::refused_requests(&ctx.app, &ctx.actor_context(), client).await;
    let shown = found.map_err(refused)?.into_iter().map(|it| {
        let mismatch = it.mismatch;
        ClientRefusal {
            at: it.at,
            time: it.at.format("%H:%M:%S UTC").to_string(),
            reason: it.reason,
            parameter: mismatch.as_ref().map(|it| it.parameter.clone()),
            received: mismatch
                .as_ref()
                .map(|it| it.received.clone())
                .unwrap_or_default(),
            registered: mismatch.map(|it| it.registered).unwrap_or_default(),
            request_id: it.request_id,
        }
    });
    Ok(shown.collect())
}

fn refused(error: ClientError) -> PageError {
    match error {
        ClientError::Unknown(_) => PageError::NotFound,
        other => PageError::internal(other),
    }
}

fn row(it: &Client) -> ClientRow {
    let weak = clients::report(it)
        .iter()
        .filter(|it| it.topic.severity() == Severity::Weak)
        .count();
    ClientRow {
        id: it.id.to_string(),
        name: it.name().to_owned(),
        enabled: it.enabled,
        self_registered: it.origin == Origin::Registration,
        weaknesses: weak as u64,
    }
}
