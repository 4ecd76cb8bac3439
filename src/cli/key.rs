//! `key`: lists, rotates and revokes signing keys. A rotation is announced for a day; a revocation takes effect at
//! once.

use clap::Subcommand;
use serde_json::json;

use super::console::Console;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::actor::Context;
use crate::domain::client::SigningAlg;
use crate::domain::signing_key::{Family, KeyState, SigningKey};
use crate::keys::rotation;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the signing keys: announced, active, retired
    List {
        /// Also those that are gone or revoked
        #[arg(long)]
        all: bool,
    },
    /// Announce new keys, which sign a day later
    Rotate {
        /// Only the one that signs with this algorithm; RS256 and PS256 share theirs
        #[arg(long, value_parser = family_of)]
        alg: Option<Family>,
    },
    /// End a key at once: what it signed is believed no more
    Revoke {
        /// As `key list` shows it
        kid: String,
    },
}

pub(super) async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    match command {
        Command::List { all } => {
            for key in app.keys.rows() {
                if all || app.keys.state(&key).is_published() {
                    print(console, &app, &key);
                }
            }
        }
        Command::Rotate { alg } => {
            let families = alg.map_or(Family::ALL.to_vec(), |it| vec![it]);
            for key in rotation::rotate(&app, &Context::operator(), &families).await? {
                print(console, &app, &key);
            }
        }
        Command::Revoke { kid } => {
            let made = rotation::revoke(&app, &Context::operator(), &kid).await?;
            console.print(
                &json!({"kid": kid, "standing": "revoked"}),
                format!("{kid}  revoked"),
            );
            for key in made {
                print(console, &app, &key);
            }
        }
    }
    Ok(())
}

fn family_of(alg: &str) -> Result<Family, String> {
    let names = || SigningAlg::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>();
    SigningAlg::parse(alg)
        .map(Family::of)
        .ok_or_else(|| format!("this is none of {}", names().join(", ")))
}

fn print(console: &Console, app: &App, key: &SigningKey) {
    let state = app.keys.state(key);
    let until = match state {
        KeyState::Retired { until } => Some(until),
        _ => None,
    };
    let date = |at: crate::domain::Time| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let text = format!(
        "{}  {}, signs from {}{}",
        key.kid,
        state.as_str(),
        date(key.active_from),
        until.map_or_else(String::new, |it| format!(", published until {}", date(it))),
    );
    let json = json!({
        "kid": key.kid,
        "family": key.family.as_str(),
        "standing": state.as_str(),
        "created_at": key.created_at,
        "active_from": key.active_from,
        "published_until": until,
        "revoked_at": key.revoked_at,
    });
    console.print(&json, text);
}
