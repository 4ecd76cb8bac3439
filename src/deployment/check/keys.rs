//! Examines the signing keys: whether each file opens, and how old the keys are that sign.

use super::finding::Finding;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, duration};
use crate::domain::signing_key::{self, Family};
use crate::storage::signing_keys;

/// What is wrong with the master key or the database itself is said elsewhere.
pub(super) async fn examine(config: &Config, clock: &Clock) -> Vec<Finding> {
    let Ok(Some(stored)) = App::look_at_passwords(config).await else {
        return Vec::new();
    };
    let Ok(rows) = signing_keys::list(stored.db.read()).await else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Err(error) = stored.keys.refresh(0, rows.clone()) {
        found.push(Finding::problem(
            format!("a signing key cannot be read, and serve does not start without it: {error}"),
            "Put its file back from a backup, with mode 0600 and the owner of the others, or mend its mode",
        ));
    }
    let now = clock.now();
    for family in Family::ALL {
        let Some(newest) = signing_key::newest(&rows, family) else {
            continue;
        };
        if newest.active_from + config.keys.rotate_every >= now {
            continue;
        }
        let days = (now - newest.active_from).num_days();
        let every = duration::words(config.keys.rotate_every);
        let alg = family.algorithms().next().map_or("", |it| it.as_str());
        found.push(Finding::hint(
            format!(
                "the signing key {} signs for {days} days, longer than [keys] rotate_every = \"{every}\"",
                newest.kid
            ),
            format!("Run serve, which announces the next one when it is due, or run: itu-account key rotate --alg {alg}"),
        ));
    }
    found
}
