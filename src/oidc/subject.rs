//! `sub`: the name of a person for a client (OpenID Connect Core §8). It is one for all, or, for a client that
//! registered `pairwise`, one of its own: two such clients cannot join what they have by the name.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::app::App;
use crate::domain::Subject;
use crate::domain::client::{Client, SubjectType};

/// The purpose for which the key of pairwise names is derived.
const PURPOSE: &str = "pairwise subject";

/// Returns the `sub` that a client gets for the person whose own name here is `subject`.
pub fn for_client(app: &App, client: &Client, subject: &Subject) -> Subject {
    match client.metadata.subject_type {
        SubjectType::Public => subject.clone(),
        SubjectType::Pairwise => {
            // No client is pairwise without a sector; one that were would be a sector of its own.
            let sector = client.metadata.sector();
            let sector = sector.as_deref().unwrap_or(client.id.as_str());
            // §8.1: nobody without the key can find out whose it is, and it is always the same. A host holds no line
            // break. It has as many bits as our own names, in the same namespace (security.md JW-5, TK-12).
            let name = app
                .keys
                .hmac(PURPOSE, format!("{sector}\n{}", subject.as_str()).as_bytes());
            Subject::new(URL_SAFE_NO_PAD.encode(&name[..16]))
        }
    }
}
