//! `serve`: the provider. Refuses to start on an unsafe setting, saying which and how to mend it.

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use super::Console;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
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

    // All at once: the listeners, and the jobs between two of their transactions.
    let stopping = app.stopping.clone();
    tokio::spawn(async move {
        server::asked_to_stop().await;
        stopping.cancel();
    });
    let until_stopped = || app.stopping.clone().cancelled_owned();
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
        tokio::spawn(server::serve(
            listener,
            Some(tls),
            router::router(&app),
            until_stopped(),
        ));
    }
    let jobs = jobs::start(&app);
    server::serve(listener, tls, router::router(&app), until_stopped()).await;
    jobs.stop().await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

/// Settings that are each well-formed, but together leave people in the open.
pub(super) fn unsafe_settings(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let tls_here = config.tls.files().is_some();
    let only_loopback = config.listen.ip().is_loopback();
    if !config.issuer.is_https() && !only_loopback {
        // TL-1
        problems.push(format!(
            "listen = \"{}\": an issuer without TLS is served on loopback only; \
             listen on 127.0.0.1, or set an https issuer with [tls] or a proxy",
            config.listen
        ));
    }
    if !config.issuer.is_https() && tls_here {
        problems.push("[tls] is set, but the issuer begins with http://; write it with https://".into());
    }
    if config.issuer.is_https() && !tls_here && config.trusted_proxies.is_empty() {
        // TL-2: behind an unlisted proxy all people are one network to every limit.
        problems.push(
            "the issuer is https and [tls] is not set, so a proxy stands in front: \
             name its addresses in trusted_proxies, or set [tls] certificate and key"
                .into(),
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Issuer;

    #[test]
    fn what_leaves_people_in_the_open_is_refused() {
        let problems = |issuer: &str, listen: &str| {
            let issuer = Issuer::parse(issuer).unwrap();
            let config = Config::local(issuer, listen.parse().unwrap(), std::path::Path::new("data"));
            unsafe_settings(&config).len()
        };
        assert_eq!(problems("http://localhost:8080", "127.0.0.1:8080"), 0);
        assert_eq!(problems("http://localhost:8080", "0.0.0.0:8080"), 1); // TL-1
        assert_eq!(problems("https://id.example.org", "0.0.0.0:443"), 1); // TL-2
    }
}
