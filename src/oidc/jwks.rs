//! The public keys, for whoever verifies what we signed (RFC 7517 §5, OpenID Connect Core §10.1.1): announced before
//! they sign, kept until the last of what they signed has expired.

use crate::app::App;
use crate::domain::public_document::PublicDocument;

pub fn document(app: &App) -> PublicDocument {
    app.keys.jwks_document()
}
