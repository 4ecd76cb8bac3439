//! `/health/live`, `/health/ready` and `/metrics`, on the listener of `[observability]` alone (security.md TL-3).

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::deployment;
use crate::telemetry::metrics::MEDIA_TYPE;

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

async fn ready(State(app): State<App>) -> Response {
    if let Err(error) = app.db.ping().await {
        tracing::warn!(%error, "the database does not answer");
        return answer(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer");
    }
    answer(StatusCode::OK, "ready")
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
