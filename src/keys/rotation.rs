//! Makes, rotates and revokes the signing keys (security.md JW-6). A change raises the counter `signing_keys`, by which
//! all nodes see it. `App::open`, the command `key` and the jobs call it.

use std::collections::BTreeSet;

use serde_json::json;

use super::error::{Error, RotationError};
use crate::app::App;
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::signing_key::{self, Family, KeyState, SigningKey};
use crate::storage::cache_versions::{self, SIGNING_KEYS};
use crate::storage::signing_keys;

/// What somebody says about the change that they order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Order<'a> {
    /// Why, for the audit trail; empty if nothing is said.
    pub reason: &'a str,
    /// The generation of the keys that was seen before; a change since then refuses the order.
    pub seen: Option<i64>,
}

impl<'a> Order<'a> {
    fn reason_or(self, otherwise: &'a str) -> &'a str {
        if self.reason.is_empty() {
            otherwise
        } else {
            self.reason
        }
    }
}

/// What `add` writes.
struct Change<'a> {
    families: &'a [Family],
    active_from: Time,
    revoked: Option<&'a SigningKey>,
    order: Order<'a>,
}

/// Reads the keys at the start. If a family has none, its first key is made and signs from now on.
pub async fn load(app: &App) -> Result<(), RotationError> {
    refresh(app).await?;
    let missing: Vec<Family> = Family::ALL
        .into_iter()
        .filter(|family| signing_key::newest(&app.keys.rows(), *family).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let change = Change {
        families: &missing,
        active_from: app.clock.now(),
        revoked: None,
        order: Order::default(),
    };
    match add(app, &Context::system(), change).await {
        // Another node that started at the same time made them.
        Ok(_) | Err(RotationError::Raced) => {}
        Err(error) => return Err(error),
    }
    refresh(app).await
}

/// Reads the keys again if they changed.
pub async fn refresh(app: &App) -> Result<(), RotationError> {
    let generation = cache_versions::current(app.db.read(), SIGNING_KEYS).await?;
    if generation != app.keys.generation() || app.keys.rows().is_empty() {
        let rows = signing_keys::list(app.db.read()).await?;
        app.keys.refresh(generation, rows)?;
    }
    Ok(())
}

/// Announces new keys of these families, all or none. They sign once the time of announcement has passed.
pub async fn rotate(
    app: &App,
    context: &Context,
    families: &[Family],
    order: Order<'_>,
) -> Result<Vec<SigningKey>, RotationError> {
    refresh(app).await?;
    let now = app.clock.now();
    let rows = app.keys.rows();
    if let Some(announced) = rows
        .iter()
        .filter(|it| families.contains(&it.family))
        .find(|it| app.keys.state(it) == KeyState::Announced)
    {
        return Err(RotationError::Announced(announced.active_from.to_rfc3339()));
    }
    let change = Change {
        families,
        active_from: now + app.config.keys.announce,
        revoked: None,
        order,
    };
    add(app, context, change).await
}

/// Announces new keys of the families that are due. A job calls it.
pub async fn rotate_when_due(app: &App) -> Result<Vec<SigningKey>, RotationError> {
    refresh(app).await?;
    let now = app.clock.now();
    let settings = &app.config.keys;
    let due = signing_key::due(&app.keys.rows(), now, settings.rotate_every, settings.announce);
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let change = Change {
        families: &due,
        active_from: now + settings.announce,
        revoked: None,
        order: Order::default(),
    };
    add(app, &Context::system(), change).await
}

/// Revokes a key at once: nothing that it signed is verified any more. If it was the only active key of its family, a
/// new one signs from now on.
pub async fn revoke(
    app: &App,
    context: &Context,
    kid: &str,
    order: Order<'_>,
) -> Result<Vec<SigningKey>, RotationError> {
    refresh(app).await?;
    let rows = app.keys.rows();
    let unknown = || RotationError::Unknown(kid.to_owned());
    let key = rows
        .iter()
        .find(|it| it.kid == kid && it.revoked_at.is_none())
        .ok_or_else(unknown)?;
    let families: &[Family] = if is_replaced(app, &rows, key) {
        &[key.family]
    } else {
        &[]
    };
    let change = Change {
        families,
        active_from: app.clock.now(),
        revoked: Some(key),
        order,
    };
    add(app, context, change).await
}

/// Returns `true` if a new key has to sign at once when this one is revoked.
pub fn is_replaced(app: &App, rows: &[SigningKey], key: &SigningKey) -> bool {
    let is_active = |it: &SigningKey| app.keys.state(it) == KeyState::Active;
    let mut others = rows
        .iter()
        .filter(|it| it.family == key.family && it.kid != key.kid);
    is_active(key) && !others.any(is_active)
}

/// Makes the files, then writes the rows. A key is used once its row is committed; a file without a row does no harm.
async fn add(app: &App, context: &Context, change: Change<'_>) -> Result<Vec<SigningKey>, RotationError> {
    let Change {
        families,
        active_from,
        revoked,
        order,
    } = change;
    let now = app.clock.now();
    let seen = app.keys.generation();
    if order.seen.is_some_and(|it| it != seen) {
        return Err(RotationError::Raced);
    }
    let was = revoked.map(|it| app.keys.state(it).as_str());
    let keyring = app.keys.clone();
    let wanted: Vec<Family> = families.to_vec();
    // Searching for primes takes a while, and blocks no other request here.
    let made = tokio::task::spawn_blocking(move || {
        wanted
            .iter()
            .map(|it| keyring.generate(*it, now, active_from))
            .collect::<Result<Vec<_>, _>>()
    });
    let made = made.await.map_err(|it| Error::Crypto(it.to_string()))??;
    let written: Result<(), RotationError> = app
        .write(context, async |tx| {
            // If several nodes do this at once, one succeeds.
            if !cache_versions::raise_from(tx, SIGNING_KEYS, seen).await? {
                return Err(RotationError::Raced);
            }
            if let Some(key) = revoked {
                if !signing_keys::revoke(tx, &key.kid, tx.now()).await? {
                    return Err(RotationError::Unknown(key.kid.clone()));
                }
                let event = Event::new(Action::KeyChanged, format!("key:{}", key.kid))
                    .change(json!({"state": was}), json!({"state": "revoked"}));
                tx.record(event.because(order.reason_or("revoked"))).await?;
            }
            for key in &made {
                signing_keys::insert(tx, key).await?;
                let event = Event::new(Action::KeyChanged, format!("key:{}", key.kid))
                    .change(json!(null), json!({"active_from": key.active_from}));
                tx.record(event.because(order.reason_or("made"))).await?;
            }
            Ok(())
        })
        .await;
    if let Err(error) = written {
        made.iter().try_for_each(|it| app.keys.discard(&it.kid))?;
        return Err(error);
    }
    refresh(app).await?;
    Ok(made)
}

/// Removes the files of keys that are gone or revoked. Their rows stay: the audit trail names them.
pub fn sweep(app: &App) -> Result<(), RotationError> {
    let rows = app.keys.rows();
    let gone: BTreeSet<&str> = rows
        .iter()
        .filter(|it| matches!(app.keys.state(it), KeyState::Gone | KeyState::Revoked))
        .map(|it| it.kid.as_str())
        .collect();
    gone.into_iter().try_for_each(|kid| app.keys.discard(kid))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use migrations::MigratorTrait;
    use serde_json::Value;

    use super::*;
    use crate::domain::client::SigningAlg;
    use crate::testing;

    fn kids(app: &App) -> BTreeSet<String> {
        let jwks = app.keys.jwks();
        let keys = jwks["keys"].as_array().expect("an array");
        keys.iter()
            .map(|it| it["kid"].as_str().expect("a kid").to_owned())
            .collect()
    }

    fn signs(app: &App) -> Value {
        let token = app
            .keys
            .sign(SigningAlg::RS256, "JWT", &json!({"a": 1}))
            .expect("signed");
        app.keys.verify_own(&token, "JWT").expect("verified")
    }

    #[tokio::test]
    async fn nodes_that_start_together_have_the_same_keys() {
        let config = testing::empty_config().await;
        let clock = crate::clock::Clock::frozen(crate::clock::Clock::System.now());
        // The tables are made first: the race is for the keys.
        let db = crate::storage::Database::open(config.database.url())
            .await
            .expect("opened");
        migrations::Migrator::up(db.for_migrations(), None)
            .await
            .expect("migrated");
        let opened =
            futures_util::future::join_all((0..4).map(|_| App::open(config.clone(), clock.clone()))).await;
        let nodes: Vec<App> = opened.into_iter().map(|it| it.expect("it starts")).collect();
        for node in &nodes {
            assert_eq!(kids(node), kids(&nodes[0])); // contract.md: all switch together
            assert_eq!(kids(node).len(), 3);
            assert_eq!(signs(node)["a"], 1);
        }
        let again = App::open(config, clock).await.expect("it starts again");
        assert_eq!(kids(&again), kids(&nodes[0]));
    }

    #[tokio::test]
    async fn a_rotation_is_announced_and_seen_by_other_nodes() {
        let config = testing::empty_config().await;
        let clock = crate::clock::Clock::frozen(crate::clock::Clock::System.now());
        let one = App::open(config.clone(), clock.clone()).await.expect("it starts");
        let two = App::open(config, clock.clone()).await.expect("it starts");
        let before = kids(&one);

        rotate(&one, &Context::operator(), &Family::ALL, Order::default())
            .await
            .expect("announced");
        refresh(&two).await.expect("read");
        assert_eq!(kids(&two).len(), 6); // JW-6: published before use
        assert_eq!(kids(&two), kids(&one));
        assert!(matches!(
            rotate(&two, &Context::operator(), &Family::ALL, Order::default()).await,
            Err(RotationError::Announced(_))
        ));

        clock.advance(Duration::hours(24) + Duration::hours(24) + Duration::minutes(10));
        assert!(kids(&two).is_disjoint(&before)); // JW-6: kept until the last token has expired plus 24 h
        sweep(&one).expect("files removed");
        refresh(&two).await.expect("read");
        assert_eq!(signs(&two)["a"], 1);
    }

    #[tokio::test]
    async fn one_key_is_rotated_and_the_others_stay_as_they_are() {
        let app = testing::app().await;
        let by = Context::operator();
        let made = rotate(&app, &by, &[Family::Rsa], Order::default())
            .await
            .expect("announced");
        let families = |keys: &[SigningKey]| keys.iter().map(|it| it.family).collect::<Vec<_>>();
        assert_eq!(families(&made), [Family::Rsa]);
        assert_eq!(kids(&app).len(), 4);
        // A rotation of all does not pass over the one that is announced; one of another key needs not wait for it.
        assert!(matches!(
            rotate(&app, &by, &Family::ALL, Order::default()).await,
            Err(RotationError::Announced(_))
        ));
        assert_eq!(kids(&app).len(), 4);
        let made = rotate(&app, &by, &[Family::P256], Order::default())
            .await
            .expect("announced");
        assert_eq!(families(&made), [Family::P256]);
    }

    #[tokio::test]
    async fn a_look_that_comes_late_does_not_forget_a_key() {
        let app = testing::app().await;
        let (seen, rows) = (app.keys.generation(), app.keys.rows());
        rotate(&app, &Context::operator(), &Family::ALL, Order::default())
            .await
            .expect("announced");
        app.keys.refresh(seen, rows).expect("read");
        assert_eq!(kids(&app).len(), 6);
    }

    #[tokio::test]
    async fn keys_are_rotated_when_their_time_comes() {
        let app = testing::app().await;
        assert!(rotate_when_due(&app).await.expect("looked").is_empty());
        app.clock.advance(Duration::days(89));
        assert_eq!(rotate_when_due(&app).await.expect("announced").len(), 3); // JW-6: every 90 days
        assert!(rotate_when_due(&app).await.expect("looked").is_empty());
    }

    #[tokio::test]
    async fn a_revoked_key_is_replaced_and_believed_no_more() {
        let app = testing::app().await;
        let token = app
            .keys
            .sign(SigningAlg::ES256, "JWT", &json!({}))
            .expect("signed");
        let kid = kids(&app)
            .into_iter()
            .find(|it| it.starts_with("p256-"))
            .expect("a key");
        let made = revoke(&app, &Context::operator(), &kid, Order::default())
            .await
            .expect("revoked");
        assert_eq!(made.len(), 1);
        assert!(!kids(&app).contains(&kid) && kids(&app).contains(&made[0].kid));
        assert_eq!(app.keys.verify_own(&token, "JWT"), None);
        app.keys
            .sign(SigningAlg::ES256, "JWT", &json!({}))
            .expect("the new one signs at once");
        assert!(matches!(
            revoke(&app, &Context::operator(), &kid, Order::default()).await,
            Err(RotationError::Unknown(_))
        ));
    }
}
