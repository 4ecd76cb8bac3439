//! Our signing keys for those who operate the platform: which there are, what depends on each, and the two acts on them,
//! to announce the next one and to revoke one. Who may is decided here; keys are made, rotated and revoked by
//! `keys::rotation`. No private key comes here (security.md JW-7).
//!
//! Pages, the command line and the API call it.

use serde_json::Value;

use crate::accounts;
use crate::accounts::second_factor::policy;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::{Client, SigningAlg};
use crate::domain::powers::Area;
use crate::domain::signing_key::{self, Family, KeyState, NextKey, SigningKey};
use crate::domain::{Time, text};
use crate::keys::RotationError;
use crate::keys::rotation::{self, Order};
use crate::oidc::clients;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1000;

const PAGE: u64 = 25;

/// The reasons why a key is not shown, or not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] accounts::Error),
    #[error(transparent)]
    Rotation(#[from] RotationError),
}

pub type Result<T> = std::result::Result<T, Error>;

/// A key, and until when what it signs matters.
#[derive(Clone, Debug)]
pub struct KeyView {
    pub key: SigningKey,
    pub state: KeyState,
    /// The time until which it signs; `None` if it never has, or was revoked.
    pub signs_until: Option<Time>,
    /// The time at which the last token that it signs expires.
    pub accepted_until: Option<Time>,
    /// The time until which it stays in the key set.
    pub published_until: Option<Time>,
}

impl KeyView {
    /// Returns `true` if it can be revoked: what is not published is accepted no more anyway.
    pub fn can_be_revoked(&self) -> bool {
        self.state.is_published()
    }
}

/// What happens next to the keys of a family.
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    pub family: Family,
    pub next: NextKey,
    /// The time at which the next key is announced, if it is not yet.
    pub announced_at: Option<Time>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct KeySearch<'a> {
    /// A part of the key's identifier.
    pub text: &'a str,
    pub family: Option<Family>,
    /// The name of a state; empty for all.
    pub state: &'a str,
    /// The number of the page, from 1.
    pub page: u64,
    /// The rows of a page; 0 is 25.
    pub size: u64,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    pub rows: Vec<T>,
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

impl<T> Listed<T> {
    fn of(all: Vec<T>, page: u64, size: u64) -> Self {
        let total = all.len() as u64;
        let size = if size == 0 { PAGE } else { size.min(100) };
        let page = page.clamp(1, total.div_ceil(size).max(1));
        let before = usize::try_from((page - 1) * size).unwrap_or(usize::MAX);
        Self {
            rows: all.into_iter().skip(before).take(size as usize).collect(),
            page,
            size,
            total,
        }
    }
}

/// What a client gets signed with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// ID tokens, access tokens that are JWTs, logout tokens and events.
    Tokens,
    Userinfo,
    AuthorizationResponses,
}

impl Use {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Userinfo => "userinfo",
            Self::AuthorizationResponses => "authorization_responses",
        }
    }
}

/// A client for which a key signs.
#[derive(Clone, Debug)]
pub struct ClientOfKey {
    pub id: String,
    pub name: String,
    pub enabled: bool,
    pub uses: Vec<(Use, SigningAlg)>,
}

/// What a change of keys would do, as of a generation of the keys that the order names again.
#[derive(Clone, Debug)]
pub struct Preview {
    pub generation: i64,
    /// The time from which the new key signs; `None` if none is made.
    pub signs_from: Option<Time>,
    /// The time until which the key that signs now stays published.
    pub published_until: Option<Time>,
    /// How many clients have something signed with the key.
    pub clients: u64,
}

/// Returns a family's keys as an algorithm names it.
pub fn family_of(alg: &str) -> Option<Family> {
    SigningAlg::parse(alg).map(Family::of)
}

/// Lists the keys, those that sign latest first.
pub async fn list(app: &App, context: &Context, search: KeySearch<'_>) -> Result<Listed<KeyView>> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    rotation::refresh(app).await?;
    let rows = app.keys.rows();
    let text = search.text.trim().to_lowercase();
    // A few keys in a year: all are in memory.
    let mut found: Vec<KeyView> = rows
        .iter()
        .filter(|it| it.kid.to_lowercase().contains(&text))
        .filter(|it| search.family.is_none_or(|family| it.family == family))
        .map(|it| view(app, &rows, it))
        .filter(|it| search.state.is_empty() || it.state.as_str() == search.state)
        .collect();
    found.sort_by(|a, b| (b.key.active_from, &b.key.kid).cmp(&(a.key.active_from, &a.key.kid)));
    Ok(Listed::of(found, search.page, search.size))
}

/// Returns what happens next, for each family.
pub async fn outlooks(app: &App, context: &Context) -> Result<Vec<Outlook>> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    rotation::refresh(app).await?;
    let rows = app.keys.rows();
    let all = Family::ALL.into_iter().map(|family| {
        let next = next(app, &rows, family);
        let announced_at = (!next.is_announced).then(|| next.signs_at - app.config.keys.announce);
        Outlook {
            family,
            next,
            announced_at,
        }
    });
    Ok(all.collect())
}

/// Reads one key.
pub async fn find(app: &App, context: &Context, kid: &str) -> Result<KeyView> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    rotation::refresh(app).await?;
    let rows = app.keys.rows();
    let found = rows.iter().find(|it| it.kid == kid);
    let key = found.ok_or(accounts::Error::NotFound)?;
    Ok(view(app, &rows, key))
}

/// Returns the public half of a key as it stands in the key set (RFC 7517); `None` if it does no more.
pub fn public_jwk(app: &App, kid: &str) -> Option<Value> {
    let set = app.keys.jwks();
    let published = set["keys"].as_array()?;
    published.iter().find(|it| it["kid"] == kid).cloned()
}

/// Lists the clients for which the keys of a family sign, by name.
pub async fn clients_of(
    app: &App,
    context: &Context,
    family: Family,
    text: &str,
    page: u64,
    size: u64,
) -> Result<Listed<ClientOfKey>> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    let text = text.trim().to_lowercase();
    let mut found = all_clients_of(app, family).await?;
    found.retain(|it| it.name.to_lowercase().contains(&text) || it.id.to_lowercase().contains(&text));
    found.sort_by_cached_key(|it| (it.name.to_lowercase(), it.id.clone()));
    Ok(Listed::of(found, page, size))
}

async fn all_clients_of(app: &App, family: Family) -> Result<Vec<ClientOfKey>> {
    let all = clients::list(app).await;
    let all = all.map_err(|error| accounts::Error::Failed(error.to_string()))?;
    let used = all.iter().filter_map(|client| {
        let uses = uses(client, family);
        (!uses.is_empty()).then(|| ClientOfKey {
            id: client.id.to_string(),
            name: client.name().to_owned(),
            enabled: client.enabled,
            uses,
        })
    });
    Ok(used.collect())
}

fn uses(client: &Client, family: Family) -> Vec<(Use, SigningAlg)> {
    let metadata = &client.metadata;
    let registered = metadata.authorization_signed_response_alg;
    let all = [
        (Use::Tokens, Some(client.id_token_alg())),
        (Use::Userinfo, metadata.userinfo_signed_response_alg),
        (
            Use::AuthorizationResponses,
            registered.map(|_| client.response_alg()),
        ),
    ];
    all.into_iter()
        .filter_map(|(of, alg)| Some((of, alg?)))
        .filter(|(_, alg)| Family::of(*alg) == family)
        .collect()
}

/// Says what a rotation of these families would do.
pub async fn preview_rotation(app: &App, context: &Context, families: &[Family]) -> Result<Preview> {
    require(app, context, context.actor.administers(Area::Operations)).await?;
    rotation::refresh(app).await?;
    let rows = app.keys.rows();
    for family in families {
        if let NextKey {
            signs_at,
            is_announced: true,
        } = next(app, &rows, *family)
        {
            return Err(RotationError::Announced(signs_at.to_rfc3339()).into());
        }
    }
    let signs_from = app.clock.now() + app.config.keys.announce;
    Ok(Preview {
        generation: app.keys.generation(),
        signs_from: Some(signs_from),
        published_until: Some(signs_from + kept(app)),
        clients: count_clients(app, families).await?,
    })
}

/// Says what the revocation of a key would do.
pub async fn preview_revocation(app: &App, context: &Context, kid: &str) -> Result<(KeyView, Preview)> {
    require(app, context, context.actor.administers(Area::Operations)).await?;
    let found = find(app, context, kid).await?;
    if !found.can_be_revoked() {
        return Err(RotationError::Unknown(kid.to_owned()).into());
    }
    let is_replaced = rotation::is_replaced(app, &app.keys.rows(), &found.key);
    let preview = Preview {
        generation: app.keys.generation(),
        signs_from: is_replaced.then(|| app.clock.now()),
        published_until: None,
        clients: count_clients(app, &[found.key.family]).await?,
    };
    Ok((found, preview))
}

async fn count_clients(app: &App, families: &[Family]) -> Result<u64> {
    let mut ids = std::collections::BTreeSet::new();
    for family in families {
        ids.extend(all_clients_of(app, *family).await?.into_iter().map(|it| it.id));
    }
    Ok(ids.len() as u64)
}

/// Announces new keys of these families, all or none. Needs a recent login (SE-4).
pub async fn rotate(
    app: &App,
    context: &Context,
    families: &[Family],
    order: Order<'_>,
) -> Result<Vec<KeyView>> {
    let reason = admit(app, context, order.reason, false).await?;
    let order = Order {
        reason: &reason,
        ..order
    };
    let made = rotation::rotate(app, context, families, order).await?;
    Ok(views(app, &made))
}

/// Revokes a key at once, and returns the new one if it had to be replaced. Needs a recent login (SE-4) and a reason.
pub async fn revoke(app: &App, context: &Context, kid: &str, order: Order<'_>) -> Result<Vec<KeyView>> {
    let reason = admit(app, context, order.reason, true).await?;
    let order = Order {
        reason: &reason,
        ..order
    };
    if !find(app, context, kid).await?.can_be_revoked() {
        return Err(RotationError::Unknown(kid.to_owned()).into());
    }
    let made = rotation::revoke(app, context, kid, order).await?;
    Ok(views(app, &made))
}

/// Admits whoever may change the keys now, and returns the reason as it is kept.
async fn admit(app: &App, context: &Context, reason: &str, is_required: bool) -> Result<String> {
    require(app, context, context.actor.administers(Area::Operations)).await?;
    if !context.is_recent(app.clock.now()) {
        return Err(accounts::Error::ReauthenticationNeeded.into());
    }
    let refused = |it: text::Refused| accounts::Error::field("reason", it.message());
    let reason = text::prose(reason, LONGEST_REASON).map_err(refused)?;
    if reason.is_empty() && is_required {
        return Err(accounts::Error::field("reason", "error.required").into());
    }
    Ok(reason)
}

/// Refuses everybody but administrators whose office is open, programs with the power, and the operator (security.md G-4).
async fn require(app: &App, context: &Context, may: bool) -> Result<()> {
    if !may {
        return Err(accounts::Error::NotFound.into());
    }
    if policy::closes_office(app, context).await? {
        return Err(accounts::Error::SecondFactorRequired.into());
    }
    Ok(())
}

/// Returns the time for which a key stays published after it has last signed.
fn kept(app: &App) -> std::time::Duration {
    app.config.tokens.longest_signed() + app.config.keys.announce
}

fn next(app: &App, rows: &[SigningKey], family: Family) -> NextKey {
    let settings = &app.config.keys;
    signing_key::next(
        rows,
        family,
        app.clock.now(),
        settings.rotate_every,
        settings.announce,
    )
}

fn views(app: &App, keys: &[SigningKey]) -> Vec<KeyView> {
    let rows = app.keys.rows();
    keys.iter().map(|it| view(app, &rows, it)).collect()
}

fn view(app: &App, rows: &[SigningKey], key: &SigningKey) -> KeyView {
    let state = app.keys.state(key);
    let signs_until = match state {
        KeyState::Retired { until } => Some(until - kept(app)),
        KeyState::Active => Some(next(app, rows, key.family).signs_at),
        KeyState::Announced | KeyState::Gone | KeyState::Revoked => None,
    };
    KeyView {
        key: key.clone(),
        state,
        signs_until,
        accepted_until: signs_until.map(|it| it + app.config.tokens.longest_signed()),
        published_until: signs_until.map(|it| it + kept(app)),
    }
}
