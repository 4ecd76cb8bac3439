//! Shows the registered clients at `/admin/clients`, each with its report and its refused requests: all of them to
//! administrators, to owners their own. What changes them is in the files below.

pub mod acts;
mod answers;
pub mod edit;
pub mod events;
mod member_values;
mod members;
pub mod mends;
pub mod new;
pub mod owners;
pub mod people;
pub mod scim_target;
pub mod test_login;

use axum::extract::Path;
use axum::response::Response;
use chrono::NaiveDate;

use self::answers::{refused, settings};
use crate::domain::client::{Client, Origin};
use crate::domain::{ClientId, Time};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::oidc::clients::{self, ClientSearch, Severity, Usage};
use crate::paths;
use crate::templates::pages::{
    AdminClient, AdminClientSecret, AdminClients, ClientFinding, ClientRefusal, ClientRow, ClientSecretRow,
    ClientUse, DayOfUse, NewSecret,
};

const FILTERS: [&str; 1] = ["q"];

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let search = ClientSearch {
        text: query.get("q"),
        page: query.page()?,
        size: 0,
    };
    let found = clients::search(&ctx.app, &ctx.actor_context(), &search)
        .await
        .map_err(refused)?;
    let page = AdminClients {
        form: query.form(&FILTERS),
        rows: found.rows.iter().map(row).collect(),
        unknown: if ctx.administers_clients() {
            refusals(&ctx, clients::UNKNOWN).await?
        } else {
            Vec::new()
        },
        is_owner: !ctx.administers_clients(),
        paging: paging(&found, paths::ADMIN_CLIENTS, &query, &FILTERS),
    };
    ctx.page(&page).await
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let client = clients::read(&ctx.app, &ctx.actor_context(), &ClientId::new(id))
        .await
        .map_err(refused)?;
    let metadata = &client.metadata;
    let dependents = clients::dependents(&ctx.app, &ctx.actor_context(), &client.id)
        .await
        .map_err(refused)?;
    let findings = clients::report(&client);
    let mends = clients::mends(&ctx.app, &ctx.actor_context(), &client)
        .await
        .map_err(refused)?;
    let usage = clients::usage(&ctx.app, &ctx.actor_context(), &client.id)
        .await
        .map_err(refused)?;
    let page = AdminClient {
        row: row(&client),
        is_owner: !ctx.administers_clients(),
        profile: client.settings.profile.to_string(),
        auth_method: metadata.token_endpoint_auth_method.map(|it| it.to_string()),
        grant_types: metadata.grant_types.iter().map(ToString::to_string).collect(),
        redirect_uris: metadata.redirect_uris.clone(),
        scope: metadata.scope.to_string(),
        updated_at: client.updated_at,
        settings: settings(&ctx, &client, None),
        uses_secret: metadata.uses_secret(),
        secrets: secrets(&client, ctx.app.clock.now()),
        usage: use_of(usage),
        people: dependents.people,
        sessions: dependents.sessions,
        refresh_tokens: dependents.refresh_tokens,
        refusals: refusals(&ctx, client.id.as_str()).await?,
        findings: findings
            .into_iter()
            .map(|finding| ClientFinding {
                topic: finding.topic.as_str(),
                weak: finding.topic.severity() == Severity::Weak,
                ordinary: finding.ordinary,
                has_mend: mends
                    .iter()
                    .any(|it| it.topic == finding.topic && it.value == finding.value),
                source: finding.topic.source(),
                value: finding.value,
            })
            .collect(),
    };
    ctx.page(&page).await
}

/// Returns the use of the client, with the height of each day's bar among 100.
fn use_of(usage: Usage) -> ClientUse {
    let most = usage
        .days
        .iter()
        .map(|(_, logins)| *logins)
        .max()
        .unwrap_or_default();
    let height = |logins: u64| match most {
        0 => 0,
        _ => (logins * 100).div_ceil(most),
    };
    let day = |(day, logins): (NaiveDate, u64)| DayOfUse {
        day: day.to_string(),
        logins,
        height: height(logins),
    };
    ClientUse {
        last_login_at: usage.last_login_at,
        logins: usage.days.iter().map(|(_, logins)| logins).sum(),
        days: usage.days.into_iter().map(day).collect(),
        refused: usage
            .refused
            .into_iter()
            .map(|(kind, number)| (kind.as_str(), number))
            .collect(),
    }
}

/// Returns the secrets that work at `now`, the newest first.
fn secrets(client: &Client, now: Time) -> Vec<ClientSecretRow> {
    let alive = client
        .secrets
        .iter()
        .filter(|it| it.expires_at.is_none_or(|end| now < end));
    let mut rows: Vec<_> = alive
        .map(|it| ClientSecretRow {
            created_at: it.created_at,
            expires_at: it.expires_at,
            days_left: it.expires_at.map(|end| days_until(end, now)),
        })
        .collect();
    rows.sort_by_key(|it| std::cmp::Reverse(it.created_at));
    rows
}

/// Returns whole days, rounded up.
fn days_until(end: Time, now: Time) -> u64 {
    let seconds = u64::try_from((end - now).num_seconds()).unwrap_or_default();
    seconds.div_ceil(24 * 60 * 60)
}

/// Shows the secret that was just made; later there is none to show (security.md AD-2).
pub async fn show_secret(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let client = clients::read(&ctx.app, &ctx.actor_context(), &ClientId::new(id))
        .await
        .map_err(refused)?;
    match ctx.content::<NewSecret>() {
        None => Ok(ctx.redirect(&paths::admin_client(&client.id))),
        Some(new_secret) => {
            let page = AdminClientSecret {
                id: client.id.to_string(),
                name: client.name().to_owned(),
                settings: settings(&ctx, &client, Some(&new_secret.secret)),
                new_secret,
            };
            ctx.page(&page).await
        }
    }
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
