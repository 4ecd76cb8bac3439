//! `/health/live`, `/health/ready` and `/metrics`, on the listener of `[observability]` alone (security.md TL-3).

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time::timeout;

use crate::app::App;
use crate::deployment;
use crate::telemetry::metrics::MEDIA_TYPE;

/// The time that a store has to answer. Load balancers wait a few seconds for a check.
const PATIENCE: Duration = Duration::from_secs(1);

pub fn router(app: App) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

async fn live() -> Response {
    answer(StatusCode::OK, "live")
}

/// Says whether requests should come here. Without the database nothing works. Without the ephemeral store much does, and
/// all nodes share it: if they were not ready, a part of the service that is away would take all of it along.
async fn ready(State(app): State<App>) -> Response {
    if app.leaving.is_cancelled() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "leaving");
    }
    let (database, store) = tokio::join!(
        timeout(PATIENCE, app.db.ping()),
        timeout(PATIENCE, app.ephemeral.ping())
    );
    match database {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            return answer(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer");
        }
        Err(_) => {
            tracing::warn!("the database does not answer in time");
            return answer(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer");
        }
    }
    match store {
        Ok(Ok(())) => return answer(StatusCode::OK, "ready"),
        Ok(Err(error)) => error.pass_over("requests that need it are answered 503"),
        Err(_) => tracing::warn!("the ephemeral store does not answer in time"),
    }
    answer(StatusCode::OK, "degraded: the ephemeral store does not answer")
}

async fn metrics(State(app): State<App>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, MEDIA_TYPE),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, deployment::measure(&app).await).into_response()
}

fn answer(status: StatusCode, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, format!("{text}\n")).into_response()
}
