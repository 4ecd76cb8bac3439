//! `serve`: runs the provider. It refuses to start with an unsafe setting, and says which one and how to correct it.

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use super::console::Console;
use super::notify;
use super::unsafe_settings::unsafe_settings;
use crate::app::App;
use crate::clock::Clock;
use crate::http::{health, router, server};
use crate::{jobs, telemetry};

pub(super) async fn run(console: &Console) -> anyhow::Result<()> {
    let config = console.config()?;
    if let Some(problem) = unsafe_settings(&config).into_iter().next() {
        bail!(problem);
    }
    telemetry::start(&config.observability);
    let listener = listen(config.listen).await?;
    let tls = match config.tls.files() {
        Some((certificate, key)) => Some(server::tls(certificate, key)?),
        None => None,
    };
    let mutual = match (config.mtls.listen, config.tls.files()) {
        (Some(address), Some((certificate, key))) => {
            Some((listen(address).await?, server::mutual_tls(certificate, key)?))
        }
        _ => None,
    };
    let observability = match config.observability.listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let app = App::open(config, Clock::System).await?;

    let (leaving, stopping) = (app.leaving.clone(), app.stopping.clone());
    let drain = app.config.observability.drain;
    tokio::spawn(async move {
        server::asked_to_stop().await;
        leaving.cancel();
        notify::systemd("STOPPING=1");
        if !drain.is_zero() {
            tracing::info!(
                seconds = drain.as_secs(),
                "leaving: answers go on, and /health/ready says 503"
            );
            // Whoever asks again does not want to wait.
            let _ = tokio::time::timeout(drain, server::asked_to_stop()).await;
        }
        // Stops all at once: the listeners, and the jobs between two of their transactions.
        stopping.cancel();
    });
    let until_stopped = || app.stopping.clone().cancelled_owned();
    let pages = || {
        if drain.is_zero() {
            router::router(&app)
        } else {
            server::until_leaving(router::router(&app), app.leaving.clone())
        }
    };
    if let Some(listener) = observability {
        tokio::spawn(server::serve(
            listener,
            None,
            health::router(app.clone()),
            until_stopped(),
        ));
    }
    tracing::info!(issuer = %app.config.issuer, address = %app.config.listen, "serving");
    if let Some((listener, tls)) = mutual {
        tokio::spawn(server::serve(listener, Some(tls), pages(), until_stopped()));
    }
    let jobs = jobs::start(&app);
    notify::systemd("READY=1");
    server::serve(listener, tls, pages(), until_stopped()).await;
    jobs.stop().await;
    if let Err(error) = jobs::store_use_of_clients(&app).await {
        tracing::warn!(%error, "the latest counts of logins are lost");
    }
    app.traces.flush().await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}
