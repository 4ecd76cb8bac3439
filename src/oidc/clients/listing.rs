//! Searches clients, and the requests of theirs that were refused, for the pages of administrators and owners (security.md AD-4).

use super::authority::{Visible, require_reader, visible};
use super::{ClientError, find, list};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::event::Action;
use crate::domain::{ClientId, Time};
use crate::oidc::mismatch::Mismatch;
use crate::storage;

pub use crate::oidc::authorization::refusal_audit::UNKNOWN;

const PAGE: u64 = 25;
const LARGEST_PAGE: u64 = 100;

/// The most refusals that a page shows.
const MOST_LISTED: u64 = 20;

const REFUSALS: [Action; 3] = [
    Action::RedirectUriRefused,
    Action::AuthorizationRefused,
    Action::ClientAuthenticationFailed,
];

pub struct ClientSearch<'a> {
    /// A part of the name or of the identifier.
    pub text: &'a str,
    /// The number of the page, from 1. A number beyond the last is read as the last.
    pub page: u64,
    /// The rows of a page, 1 to 100; 0 is 25.
    pub size: u64,
}

pub struct ClientPage {
    pub rows: Vec<Client>,
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

/// Searches the clients that whoever asks may see, sorted by name. All are read: there are never too many, since each process
/// keeps them in memory.
pub async fn search(
    app: &App,
    context: &Context,
    search: &ClientSearch<'_>,
) -> Result<ClientPage, ClientError> {
    let visible = visible(app, context).await?;
    let text = search.text.trim().to_lowercase();
    let mut all = list(app).await?;
    if let Visible::Owned(own) = visible {
        all.retain(|client| own.contains(&client.id));
    }
    all.retain(|client| {
        client.name().to_lowercase().contains(&text) || client.id.as_str().to_lowercase().contains(&text)
    });
    all.sort_by_cached_key(|it| (it.name().to_lowercase(), it.id.to_string()));
    let total = all.len() as u64;
    let size = match search.size {
        0 => PAGE,
        some => some.min(LARGEST_PAGE),
    };
    let page = search.page.clamp(1, total.div_ceil(size).max(1));
    let before = usize::try_from((page - 1) * size).unwrap_or(usize::MAX);
    Ok(ClientPage {
        rows: all.into_iter().skip(before).take(size as usize).collect(),
        page,
        size,
        total,
    })
}

/// Reads one client, for an administrator or an owner.
pub async fn read(app: &App, context: &Context, id: &ClientId) -> Result<Client, ClientError> {
    require_reader(app, context, id).await?;
    find(app, id).await
}

/// A refused request of a client, or of somebody in its name.
pub struct RefusedRequest {
    pub at: Time,
    pub reason: String,
    pub mismatch: Option<Mismatch>,
    /// The name that the person who saw the refusal can give.
    pub request_id: String,
}

/// Lists the newest refusals of a client, for an administrator who looks for its owner's mistake. With [`UNKNOWN`] it
/// lists those of requests that name no client. The trail keeps one of each kind in a minute (security.md LG-1).
pub async fn refused_requests(
    app: &App,
    context: &Context,
    client: &str,
) -> Result<Vec<RefusedRequest>, ClientError> {
    require_reader(app, context, &ClientId::new(client)).await?;
    let object = format!("client:{client}");
    let found = storage::events::refusals(app.db.read(), &object, &REFUSALS, MOST_LISTED).await?;
    let refused = found.into_iter().map(|event| RefusedRequest {
        at: event.at,
        reason: event.reason,
        mismatch: event.circumstances.and_then(|it| serde_json::from_value(it).ok()),
        request_id: event.request_id,
    });
    Ok(refused.collect())
}
