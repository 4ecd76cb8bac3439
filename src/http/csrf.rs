//! The token of the forms of a page (security.md BR-1): proves that the browser sends a form that it was shown.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::outcome::Owner;
use crate::app::App;
use crate::random;

/// What every form of a page carries (security.md BR-1): a random part, the account that the page was made for,
/// and an HMAC of both under what the browser holds.
pub struct FormToken {
    random: [u8; 12],
    pub owner: Option<Owner>,
}

impl FormToken {
    pub fn new(owner: Option<Owner>) -> Self {
        Self {
            random: random::bytes::<12>(),
            owner,
        }
    }

    /// What the token claims; `sign` says whether it is so.
    pub fn read(sent: &str) -> Option<Self> {
        let bytes: [u8; 52] = URL_SAFE_NO_PAD.decode(sent).ok()?.try_into().ok()?;
        let (mut random, mut owner) = ([0; 12], [0; 8]);
        random.copy_from_slice(&bytes[..12]);
        owner.copy_from_slice(&bytes[12..20]);
        let owner = Some(Owner(owner)).filter(|it| it.0 != [0; 8]);
        Some(Self { random, owner })
    }

    pub fn sign(&self, app: &App, binding: &str) -> String {
        let mut token = self.random.to_vec();
        token.extend(self.owner.as_ref().map_or([0; 8], |it| it.0));
        let mut signed = token.clone();
        signed.extend(binding.as_bytes());
        token.extend(app.keys.hmac("csrf", &signed));
        URL_SAFE_NO_PAD.encode(token)
    }
}
