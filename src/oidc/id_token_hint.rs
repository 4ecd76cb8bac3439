//! An ID token of ours that a client sends back to say whom it means (OpenID Connect Core §3.1.2.1, CIBA §7.1).

use serde_json::Value;

use crate::app::App;

/// Returns the claims of the hint, expired or not; `None` if it is no ID token of ours.
pub fn read(app: &App, hint: &str) -> Option<Value> {
    let claims = app.keys.verify_own(hint, "JWT")?;
    // An ID token always has an end; a signed userinfo answer, of the same `typ`, has none.
    let is_id_token =
        claims.get("iss")?.as_str()? == app.config.issuer.as_str() && claims.get("exp")?.is_i64();
    is_id_token.then_some(claims)
}
