//! Shows administrators the registered clients at `/admin/clients`, each with its report and its refused requests.

use axum::extract::Path;
use axum::response::Response;

use crate::domain::ClientId;
use crate::domain::client::{Client, Origin};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::oidc::clients::{self, ClientError, ClientSearch, Severity};
use crate::paths;
use crate::templates::pages::{AdminClient, AdminClients, ClientFinding, ClientRefusal, ClientRow};

const FILTERS: [&str; 1] = ["q"];

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let search = ClientSearch {
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
    let metadata = &client.metadata;
    let findings = clients::report(&client);
    let page = AdminClient {
        row: row(&client),
        profile: client.settings.profile.to_string(),
        auth_method: metadata.token_endpoint_auth_method.map(|it| it.to_string()),
        grant_types: metadata.grant_types.iter().map(ToString::to_string).collect(),
        redirect_uris: metadata.redirect_uris.clone(),
        scope: metadata.scope.to_string(),
        updated_at: client.updated_at,
        refusals: refusals(&ctx, client.id.as_str()).await?,
        findings: findings
            .into_iter()
            .map(|finding| ClientFinding {
                topic: finding.topic.as_str(),
                weak: finding.topic.severity() == Severity::Weak,
                ordinary: finding.ordinary,
                source: finding.topic.source(),
                value: finding.value,
            })
            .collect(),
    };
    ctx.page(&page).await
}

async fn refusals(ctx: &PageContext, client: &str) -> Result<Vec<ClientRefusal>, PageError> {
    let found = clients::refused_requests(&ctx.app, &ctx.actor_context(), client).await;
    let rows = found.map_err(refused)?.into_iter().map(|request| {
        let mismatch = request.mismatch;
        ClientRefusal {
            at: request.at,
            time: request.at.format("%H:%M:%S UTC").to_string(),
            reason: request.reason,
            parameter: mismatch.as_ref().map(|it| it.parameter.clone()),
            received: mismatch
                .as_ref()
                .map(|it| it.received.clone())
                .unwrap_or_default(),
            registered: mismatch.map(|it| it.registered).unwrap_or_default(),
            request_id: request.request_id,
        }
    });
    Ok(rows.collect())
}

fn refused(error: ClientError) -> PageError {
    match error {
        ClientError::Unknown(_) => PageError::NotFound,
        other => PageError::internal(other),
    }
}

fn row(client: &Client) -> ClientRow {
    let weak = clients::report(client)
        .iter()
        .filter(|it| it.topic.severity() == Severity::Weak)
        .count();
    ClientRow {
        id: client.id.to_string(),
        name: client.name().to_owned(),
        enabled: client.enabled,
        self_registered: client.origin == Origin::Registration,
        weaknesses: weak as u64,
    }
}
