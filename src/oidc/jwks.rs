//! The public keys, for whoever verifies what we signed (RFC 7517 §5, OpenID Connect Core §10.1.1): announced before
//! they sign, kept until the last of what they signed has expired.

use crate::app::App;

/// Returns the document, ready to send.
pub fn document(app: &App) -> Vec<u8> {
    app.keys.jwks().to_string().into_bytes()
}
