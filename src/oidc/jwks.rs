//! The public keys, for whoever verifies what we signed (RFC 7517 §5, OpenID Connect Core §10.1).

use crate::app::App;

