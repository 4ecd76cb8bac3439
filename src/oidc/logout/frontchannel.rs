//! Front-channel logout (OpenID Connect Front-Channel Logout 1.0 §2, §3): the addresses that the person's
//! browser visits, in frames, before it goes on to where the logout leads.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::app::App;
use crate::domain::client::Client;
use crate::domain::secret::Digest;
use crate::domain::session::Session;
use crate::oidc::end_session::After;
use crate::oidc::{Error, Result};
use crate::random;
use crate::storage::ephemeral::Kind;
use crate::storage::session_clients;

/// The time in which the page with the frames can be shown.
const LIFETIME: std::time::Duration = std::time::Duration::from_mins(2);

/// A logout on its way through the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrontchannelLogout {
    /// The services' addresses, each with `iss` and `sid`.
    pub frames: Vec<String>,
    pub after: After,
}

/// Returns the addresses that the browser visits when this session ends. Called before it ends.
pub async fn frames(app: &App, session: &Session) -> Result<Vec<String>> {
    let (issuer, sid) = (app.config.issuer.as_str(), session.sid.as_str());
    let clients = session_clients::list_of_session(app.db.read(), &session.id).await?;
    let clients = clients.iter().filter_map(|it| app.registry.find(it.as_str()));
    Ok(clients.filter_map(|it| frame(&it, issuer, sid)).collect())
}

/// Returns the address of a frame. §2: it is the registered one, its query kept, with issuer and session.
fn frame(client: &Client, issuer: &str, sid: &str) -> Option<String> {
    let mut url = Url::parse(client.metadata.frontchannel_logout_uri.as_deref()?).ok()?;
    url.query_pairs_mut()
        .append_pair("iss", issuer)
        .append_pair("sid", sid);
    Some(url.into())
}

/// Keeps a logout for the page that follows; the handle is all that the page's address holds.
pub async fn keep(app: &App, logout: &FrontchannelLogout) -> Result<String> {
    let handle = random::token();
    let content = serde_json::to_vec(logout).map_err(Error::internal)?;
    app.ephemeral
        .put(Kind::Logout, &key(&handle), &content, LIFETIME)
        .await
        .map_err(Error::from)?;
    Ok(handle)
}

/// Finds a logout that was kept, as often as its page is loaded.
pub async fn find(app: &App, handle: &str) -> Result<Option<FrontchannelLogout>> {
    let found = app.ephemeral.get(Kind::Logout, &key(handle)).await;
    let found = found.map_err(Error::from)?;
    found
        .map(|it| serde_json::from_slice(&it).map_err(Error::internal))
        .transpose()
}

fn key(handle: &str) -> String {
    Digest::of(handle.as_bytes()).as_str().to_owned()
}
