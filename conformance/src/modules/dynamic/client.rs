//! Registers the clients of the Dynamic OP profile: they authenticate by `private_key_jwt`, and each module adds its
//! own metadata.

use crate::client::AuthMethod;
use crate::registration::metadata;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use serde_json::Value;

/// The plan's own way for clients to authenticate.
pub const METHOD: AuthMethod = AuthMethod::PrivateKeyJwt;

/// Registers a client of the plan, with more metadata.
pub async fn register(rp: &mut RelyingParty, more: Value) -> Step<Value> {
    let asked = with(rp, METHOD, more);
    rp.register(&asked, METHOD).await
}

pub fn with(rp: &RelyingParty, method: AuthMethod, more: Value) -> Value {
    let mut asked = metadata(rp, method);
    for (name, value) in more.as_object().into_iter().flatten() {
        asked[name] = value.clone();
    }
    asked
}
