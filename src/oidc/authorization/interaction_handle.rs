//! The handle of an accepted request: all that pages carry of it (security.md AZ-6).

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::ClientId;
use crate::domain::authorization::AuthorizationRequest;
use crate::oidc::{Error, Result};
use crate::random;

/// The purpose for which a handle's own part is sealed.
const KIND: &str = "interaction-handle";

/// The content of a handle, which is there even when its request is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandleContent {
    pub client_id: ClientId,
    pub ui_locales: Option<String>,
}

/// Makes a handle: a random part, and the sealed content that outlives the request. No browser can read or make it,
/// and no store has to keep it.
pub fn new(app: &App, request: &AuthorizationRequest) -> Result<String> {
    let content = HandleContent {
        client_id: request.client_id.clone(),
        ui_locales: request.ui_locales.clone().filter(|it| it.len() <= 64),
    };
    let content = serde_json::to_vec(&content).map_err(Error::internal)?;
    let sealed = app.keys.seal(KIND, &content).map_err(Error::internal)?;
    Ok(format!("{}.{sealed}", random::token()))
}

/// Returns `true` if the text has the form of a handle.
pub fn is_handle(text: &str) -> bool {
    let is_base64url = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let parts = text.split_once('.');
    parts.is_some_and(|(random, sealed)| {
        random.len() == 43 && sealed.len() <= 1024 && is_base64url(random) && is_base64url(sealed)
    })
}

pub fn open(app: &App, handle: &str) -> Option<HandleContent> {
    let (_, sealed) = handle.split_once('.')?;
    serde_json::from_slice(&app.keys.open(KIND, sealed)?).ok()
}
