//! `demo`: runs the whole product on one machine with nothing installed, on loopback only.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;
use tokio::net::TcpListener;

use super::console::Console;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Database, Issuer, LogFormat, Transport};
use crate::demo::relying_party::Registration;
use crate::demo::services::{self, Kind};
use crate::demo::settings::Settings;
use crate::demo::{components, outbox, seed};
use crate::http::{router, server};
use crate::{jobs, telemetry};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the demo keeps its data
    #[arg(long, default_value = "data/demo", value_name = "DIRECTORY")]
    data: PathBuf,
    /// Forget all data first
    #[arg(long, conflicts_with = "database")]
    reset: bool,
    /// A database of PostgreSQL for the demo alone, in place of a file
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Choose free ports at the first start, in place of 8400 to 8403
    #[arg(long)]
    free_ports: bool,
}

pub async fn run(console: &Console, arguments: Arguments) -> anyhow::Result<()> {
    let data = &arguments.data;
    if arguments.reset && data.exists() {
        std::fs::remove_dir_all(data).with_context(|| data.display().to_string())?;
    }
    std::fs::create_dir_all(data).with_context(|| data.display().to_string())?;
    let settings = Settings::load(data, arguments.free_ports)?;
    let config = config(&settings, &arguments)?;
    telemetry::start(&config.observability);

    // Listens on all addresses first, so that nothing is made if one is taken.
    let provider = listen(settings.port).await?;
    let mut sites = Vec::new();
    for kind in Kind::ALL {
        sites.push((kind, listen(settings.service_ports[kind as usize]).await?));
    }

    let app = App::open(config, Clock::System).await?;
    seed::directory(&app).await?;
    seed::people(&app).await?;
    seed::clients(&app, &settings).await?;

    let jobs = jobs::start(&app);
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    for (kind, listener) in sites {
        let registration = Registration {
            issuer: settings.issuer(),
            client_id: kind.client_id().to_owned(),
            client_secret: settings.secret(kind).to_owned(),
            origin: settings.origin(kind),
            scopes: Kind::SCOPES,
        };
        let site = services::router(kind, registration, http.clone());
        tokio::spawn(server::serve(listener, None, site, std::future::pending()));
    }
    print_addresses(console, &settings);
    let pages = router::router_with(&app, |routes| components::routes(outbox::routes(routes)));
    server::serve(provider, None, pages, server::asked_to_stop()).await;
    jobs.stop().await;
    Ok(())
}

fn config(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Config> {
    let issuer = Issuer::parse(&settings.issuer()).map_err(|e| anyhow::anyhow!("{e}"))?;
    let mut config = Config::local(issuer, address(settings.port), &arguments.data);
    if let Some(url) = &arguments.database {
        config.database = Database::at(url);
    }
    config.mail.transport = Transport::Outbox;
    config.observability.log = LogFormat::Text;
    config.observability.level = "warn".into();
    Ok(config)
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address(port)).await.with_context(|| {
        format!("port {port} of this machine is taken, perhaps by a demo that runs already; end it, or use --data and --free-ports")
    })
}

/// Prints the addresses and the sample logins.
fn print_addresses(console: &Console, settings: &Settings) {
    let url = settings.issuer();
    let [events, bookshop, lists] = Kind::ALL.map(|it| settings.origin(it));
    let people: Vec<_> = seed::PEOPLE
        .iter()
        .map(|(email, role)| json!({ "email": email, "role": role }))
        .collect();
    let logins: String = seed::PEOPLE
        .iter()
        .map(|(email, role)| format!("    {email:<24} {role}\n"))
        .collect();
    let text = format!(
        "\nITU User Account, demo. Everything listens on this machine only; Ctrl-C ends it.\n\n\
         \x20 Account      {url}\n\
         \x20 Outbox       {url}/demo/outbox   (all mails arrive here)\n\
         \x20 Events       {events}\n\
         \x20 Bookshop     {bookshop}\n\
         \x20 Mailing lists {lists}\n\n\
         \x20 Log in with the password  {password}\n{logins}",
        password = seed::PASSWORD,
    );
    let all = json!({
        "url": url, "outbox": format!("{url}/demo/outbox"), "events": events, "bookshop": bookshop,
        "mailing_lists": lists, "password": seed::PASSWORD, "people": people,
    });
    console.print(&all, text);
}
