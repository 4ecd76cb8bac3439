//! The transmitter's configuration (SSF 1.0 §7.1; CAEP Interoperability Profile §2.3).

use serde_json::json;

use crate::config::Config;
use crate::domain::event_receiver::ReceiverKind;
use crate::domain::public_document::PublicDocument;
use crate::oidc::endpoints;

pub fn document(config: &Config) -> PublicDocument {
    let issuer = &config.issuer;
    let methods: Vec<&str> = ReceiverKind::ALL.iter().filter_map(|it| it.method()).collect();
    let document = json!({
        "spec_version": "1_0",
        "issuer": issuer.as_str(),
        "jwks_uri": issuer.at(endpoints::JWKS),
        "delivery_methods_supported": methods,
        "configuration_endpoint": issuer.at(endpoints::SSF_STREAMS),
        "status_endpoint": issuer.at(endpoints::SSF_STATUS),
        "add_subject_endpoint": issuer.at(endpoints::SSF_ADD_SUBJECT),
        "remove_subject_endpoint": issuer.at(endpoints::SSF_REMOVE_SUBJECT),
        "verification_endpoint": issuer.at(endpoints::SSF_VERIFICATION),
        "authorization_schemes": [
            { "spec_urn": "urn:ietf:rfc:6749" },
            { "spec_urn": "urn:ietf:rfc:9449" },
            { "spec_urn": "urn:ietf:rfc:8705" },
        ],
        // Whoever used the service, unless it takes them out.
        "default_subjects": "ALL",
    });
    PublicDocument::new(document.to_string())
}
