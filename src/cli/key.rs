//! `key`: lists, shows, rotates and revokes signing keys. A rotation is announced for a day; a revocation takes effect at
//! once.

use clap::Subcommand;
use serde_json::{Value, json};

use super::console::Console;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::actor::Context;
use crate::domain::client::SigningAlg;
use crate::domain::signing_key::Family;
use crate::keys::rotation::Order;
use crate::oidc::signing_keys::{self, KeySearch, KeyView};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the signing keys: announced, active, retired
    List {
        /// Also those that are gone or revoked
        #[arg(long)]
        all: bool,
    },
    /// Show one key, with its public half
    Show {
        /// As `key list` shows it
        kid: String,
    },
    /// List the clients that receive what is signed with the algorithms of a key
    Clients {
        /// As `key list` shows it
        kid: String,
    },
    /// Announce new keys, which sign a day later
    Rotate {
        /// Only the one that signs with this algorithm; RS256 and PS256 share theirs
        #[arg(long, value_parser = family_of)]
        alg: Option<Family>,
        /// Why; the audit trail keeps it
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// End a key at once: what it signed is believed no more
    Revoke {
        /// As `key list` shows it
        kid: String,
        /// Why; the audit trail keeps it
        #[arg(long, default_value = "revoked at the console")]
        reason: String,
    },
}

pub(super) async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    match command {
        Command::List { all } => list(console, &app, &context, all).await?,
        Command::Show { kid } => {
            let found = signing_keys::find(&app, &context, &kid).await?;
            let jwk = signing_keys::public_jwk(&app, &kid);
            let mut json = in_json(&found);
            let text = match &jwk {
                Some(jwk) => format!("{}\n{}", in_words(&found), serde_json::to_string_pretty(jwk)?),
                None => in_words(&found),
            };
            json["jwk"] = jwk.unwrap_or(Value::Null);
            console.print(&json, text);
        }
        Command::Clients { kid } => clients(console, &app, &context, &kid).await?,
        Command::Rotate { alg, reason } => {
            let families = alg.map_or(Family::ALL.to_vec(), |it| vec![it]);
            let order = Order {
                reason: &reason,
                seen: None,
            };
            for key in signing_keys::rotate(&app, &context, &families, order).await? {
                console.print(&in_json(&key), in_words(&key));
            }
        }
        Command::Revoke { kid, reason } => {
            let order = Order {
                reason: &reason,
                seen: None,
            };
            let made = signing_keys::revoke(&app, &context, &kid, order).await?;
            console.print(
                &json!({"kid": kid, "state": "revoked"}),
                format!("{kid}  revoked"),
            );
            for key in made {
                console.print(&in_json(&key), in_words(&key));
            }
        }
    }
    Ok(())
}

async fn list(console: &Console, app: &App, context: &Context, all: bool) -> anyhow::Result<()> {
    let mut page = 1;
    loop {
        let search = KeySearch {
            page,
            size: 100,
            ..KeySearch::default()
        };
        let found = signing_keys::list(app, context, search).await?;
        for key in &found.rows {
            if all || key.state.is_published() {
                console.print(&in_json(key), in_words(key));
            }
        }
        if found.page * found.size >= found.total {
            return Ok(());
        }
        page += 1;
    }
}

async fn clients(console: &Console, app: &App, context: &Context, kid: &str) -> anyhow::Result<()> {
    let family = signing_keys::find(app, context, kid).await?.key.family;
    let mut page = 1;
    loop {
        let found = signing_keys::clients_of(app, context, family, "", page, 100).await?;
        for client in &found.rows {
            let uses = client.uses.iter();
            let uses = uses.map(|(of, alg)| json!({"use": of.as_str(), "alg": alg.as_str()}));
            let json = json!({
                "client_id": client.id,
                "client_name": client.name,
                "enabled": client.enabled,
                "uses": uses.collect::<Vec<_>>(),
            });
            let uses = client.uses.iter();
            let uses = uses.map(|(of, alg)| format!("{} {}", of.as_str(), alg.as_str()));
            let text = format!(
                "{}  {}: {}",
                client.id,
                client.name,
                uses.collect::<Vec<_>>().join(", ")
            );
            console.print(&json, text);
        }
        if found.page * found.size >= found.total {
            return Ok(());
        }
        page += 1;
    }
}

fn family_of(alg: &str) -> Result<Family, String> {
    let names = || SigningAlg::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>();
    signing_keys::family_of(alg).ok_or_else(|| format!("this is none of {}", names().join(", ")))
}

fn in_words(it: &KeyView) -> String {
    let date = |at: crate::domain::Time| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let until = it.published_until.filter(|_| it.state.as_str() == "retired");
    format!(
        "{}  {}, signs from {}{}",
        it.key.kid,
        it.state.as_str(),
        date(it.key.active_from),
        until.map_or_else(String::new, |it| format!(", published until {}", date(it))),
    )
}

fn in_json(it: &KeyView) -> Value {
    json!({
        "kid": it.key.kid,
        "algs": it.key.family.algorithms().map(|it| it.as_str()).collect::<Vec<_>>(),
        "state": it.state.as_str(),
        "created_at": it.key.created_at,
        "active_from": it.key.active_from,
        "signs_until": it.signs_until,
        "accepted_until": it.accepted_until,
        "published_until": it.published_until,
        "revoked_at": it.key.revoked_at,
    })
}
