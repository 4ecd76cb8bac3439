//! The client report: finds what is allowed but weak about a client, by the best current practice (RFC 9700) and by
//! FAPI 2.0 (security.md AZ-3 to AZ-5). The command line and the administrators' pages show it. What is forbidden is for
//! `rules`; the texts, each with the weakness and its cure, are in the catalogs under `client_report.<topic>`.

use serde::Serialize;

use crate::domain::client::{
    ApplicationType, AuthMethod, Client, GrantType, Metadata, Pkce, Profile, RequestObjectAlg, SigningAlg,
};

/// Says how much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Contradicts RFC 9700, or has no effect: mend it.
    Weak,
    /// Falls short of FAPI 2.0, which is for services that hold much.
    Hardening,
}

/// Names one weakness that a client can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    PkceOptional,
    FrontChannelTokens,
    UnsignedRequestObjects,
    LoopbackRedirect,
    PrivateScheme,
    IntrospectionWithoutProof,
    SharedSecret,
    BearerTokens,
    RequestsNotPushed,
    BackchannelRequestsUnsigned,
    Pkcs1Signatures,
    LastingJwt,
}

impl Topic {
    pub const ALL: [Self; 12] = [
        Self::PkceOptional,
        Self::FrontChannelTokens,
        Self::UnsignedRequestObjects,
        Self::LoopbackRedirect,
        Self::PrivateScheme,
        Self::IntrospectionWithoutProof,
        Self::SharedSecret,
        Self::BearerTokens,
        Self::RequestsNotPushed,
        Self::BackchannelRequestsUnsigned,
        Self::Pkcs1Signatures,
        Self::LastingJwt,
    ];

    /// Returns the name that the catalogs of texts and the command line use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PkceOptional => "pkce_optional",
            Self::FrontChannelTokens => "front_channel_tokens",
            Self::UnsignedRequestObjects => "unsigned_request_objects",
            Self::LoopbackRedirect => "loopback_redirect",
            Self::PrivateScheme => "private_scheme",
            Self::IntrospectionWithoutProof => "introspection_without_proof",
            Self::SharedSecret => "shared_secret",
            Self::BearerTokens => "bearer_tokens",
            Self::RequestsNotPushed => "requests_not_pushed",
            Self::BackchannelRequestsUnsigned => "backchannel_requests_unsigned",
            Self::Pkcs1Signatures => "pkcs1_signatures",
            Self::LastingJwt => "lasting_jwt",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }

    /// Returns the section that it follows from.
    pub fn source(self) -> &'static str {
        match self {
            Self::PkceOptional => "RFC 9700 §2.1.1",
            Self::FrontChannelTokens => "RFC 9700 §2.1.2",
            Self::UnsignedRequestObjects => "RFC 9101 §10.1",
            Self::LoopbackRedirect => "RFC 9700 §4.1.3",
            Self::PrivateScheme => "RFC 8252 §8.6",
            Self::IntrospectionWithoutProof => "RFC 7662 §2.1",
            Self::SharedSecret => "RFC 9700 §2.5",
            Self::BearerTokens => "RFC 9700 §2.2.1",
            Self::RequestsNotPushed => "FAPI 2.0 §5.3.2.2",
            Self::BackchannelRequestsUnsigned => "FAPI-CIBA §5.2.2",
            Self::Pkcs1Signatures => "FAPI 2.0 §5.4.1",
            Self::LastingJwt => "RFC 9068 §5",
        }
    }

    pub fn severity(self) -> Severity {
        match self {
            Self::PkceOptional
            | Self::FrontChannelTokens
            | Self::UnsignedRequestObjects
            | Self::LoopbackRedirect
            | Self::PrivateScheme
            | Self::IntrospectionWithoutProof => Severity::Weak,
            Self::SharedSecret
            | Self::BearerTokens
            | Self::RequestsNotPushed
            | Self::BackchannelRequestsUnsigned
            | Self::Pkcs1Signatures
            | Self::LastingJwt => Severity::Hardening,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub topic: Topic,
    /// The value that it is about, for topics that can be found several times; else empty.
    pub value: String,
    /// `true` if it is usual for a client of its kind: shown last, and folded.
    pub ordinary: bool,
}

/// Topics of nearly every client without a profile of FAPI: they are no mistake of its owner.
const ORDINARY: [Topic; 4] = [
    Topic::SharedSecret,
    Topic::BearerTokens,
    Topic::RequestsNotPushed,
    Topic::Pkcs1Signatures,
];

/// Returns what is weak about the client, the gravest first, what is ordinary for its kind last.
pub fn report(client: &Client) -> Vec<Finding> {
    let mut findings = Vec::new();
    let metadata = &client.metadata;
    redirecting(&mut findings, client);
    if metadata.request_object_signing_alg == Some(RequestObjectAlg::None) {
        add(&mut findings, Topic::UnsignedRequestObjects, "");
    }
    if client.settings.introspect_all && metadata.token_endpoint_auth_method == Some(AuthMethod::None) {
        add(&mut findings, Topic::IntrospectionWithoutProof, "");
    }
    if metadata.uses_secret() {
        add(&mut findings, Topic::SharedSecret, "");
    }
    let bound = metadata.dpop_bound_access_tokens || metadata.tls_client_certificate_bound_access_tokens;
    if !bound && !metadata.grant_types.is_empty() {
        add(&mut findings, Topic::BearerTokens, "");
    }
    if metadata.grant_types.contains(&GrantType::Ciba) && !client.must_sign_backchannel_requests() {
        add(&mut findings, Topic::BackchannelRequestsUnsigned, "");
    }
    if signs_by_pkcs1(client) {
        add(&mut findings, Topic::Pkcs1Signatures, "");
    }
    if client.has_jwt_access_tokens() {
        add(&mut findings, Topic::LastingJwt, "");
    }
    for finding in &mut findings {
        finding.ordinary = client.settings.profile == Profile::Oidc && ORDINARY.contains(&finding.topic);
    }
    findings.sort_by_key(|it| (it.topic.severity(), it.ordinary));
    findings
}

fn redirecting(findings: &mut Vec<Finding>, client: &Client) {
    let metadata = &client.metadata;
    if !metadata.uses_redirects() {
        return;
    }
    let codes = metadata.grant_types.contains(&GrantType::AuthorizationCode);
    if codes && !client.requires_pkce() && client.settings.pkce == Pkce::Optional {
        add(findings, Topic::PkceOptional, "");
    }
    for metadata in metadata.response_types.iter().filter(|it| it.is_front_channel()) {
        add(findings, Topic::FrontChannelTokens, &metadata.to_string());
    }
    let native = metadata.application_type == ApplicationType::Native;
    for uri in &metadata.redirect_uris {
        match uri.split_once(':').map(|it| it.0) {
            Some("https") => {}
            // RFC 8252 §7.3: for a native client it is the way that is recommended.
            Some("http") if native => {}
            Some("http") => add(findings, Topic::LoopbackRedirect, uri),
            _ => add(findings, Topic::PrivateScheme, uri),
        }
    }
    if codes && !client.must_push_requests() {
        add(findings, Topic::RequestsNotPushed, "");
    }
}

/// Returns `true` if the provider or the client may sign something by RS256.
fn signs_by_pkcs1(client: &Client) -> bool {
    let metadata: &Metadata = &client.metadata;
    if client.settings.profile != Profile::Oidc {
        return false; // its registration excludes them
    }
    let named = [
        metadata.token_endpoint_auth_signing_alg,
        metadata.userinfo_signed_response_alg,
        metadata.authorization_signed_response_alg,
        metadata.backchannel_authentication_request_signing_alg,
        metadata
            .request_object_signing_alg
            .and_then(RequestObjectAlg::signature),
    ];
    let any_assertion = metadata.token_endpoint_auth_method == Some(AuthMethod::PrivateKeyJwt)
        && metadata.token_endpoint_auth_signing_alg.is_none();
    let away = [GrantType::DeviceCode, GrantType::Ciba];
    let of_people =
        metadata.uses_redirects() || away.iter().any(|grant| metadata.grant_types.contains(grant));
    let id_tokens = of_people && client.id_token_alg() == SigningAlg::RS256;
    id_tokens || any_assertion || named.contains(&Some(SigningAlg::RS256))
}

fn add(findings: &mut Vec<Finding>, topic: Topic, value: &str) {
    findings.push(Finding {
        topic,
        value: value.to_owned(),
        ordinary: false,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ClientId;
    use crate::domain::client::{Definition, Origin};

    fn topics(metadata: serde_json::Value) -> Vec<&'static str> {
        let now = crate::clock::from_unix(1_800_000_000).expect("a time");
        let metadata: Definition = serde_json::from_value(metadata).expect("a definition");
        let client = Client {
            id: ClientId::new("c"),
            enabled: true,
            origin: Origin::Administrator,
            metadata: metadata.metadata,
            settings: metadata.settings,
            secrets: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        report(&client).iter().map(|it| it.topic.as_str()).collect()
    }

    #[test]
    fn what_is_weak_is_reported_before_what_could_be_harder() {
        let plain = serde_json::json!({"redirect_uris": ["https://a.example/cb", "http://localhost/cb"]});
        assert_eq!(
            topics(plain),
            [
                "pkce_optional",
                "loopback_redirect",
                "requests_not_pushed",
                "shared_secret",
                "bearer_tokens",
                "pkcs1_signatures"
            ]
        );
        let browser = serde_json::json!({"redirect_uris": ["https://a.example/cb"],
            "token_endpoint_auth_method": "none", "introspect_all": true, "access_token_format": "jwt",
            "response_types": ["code", "code id_token"], "grant_types": ["authorization_code", "implicit"],
            "id_token_signed_response_alg": "ES256", "request_object_signing_alg": "none"});
        assert_eq!(
            topics(browser),
            [
                "front_channel_tokens",
                "unsigned_request_objects",
                "introspection_without_proof",
                "lasting_jwt",
                "requests_not_pushed",
                "bearer_tokens"
            ]
        );
        let native = serde_json::json!({"application_type": "native", "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://127.0.0.1/cb", "int.itu.app:/cb"]});
        assert!(topics(native.clone()).contains(&"private_scheme"));
        assert!(!topics(native.clone()).contains(&"loopback_redirect"));
        assert!(!topics(native).contains(&"pkce_optional"));
    }

    #[test]
    fn a_client_that_does_all_of_it_has_an_empty_report() {
        let document = serde_json::json!({"redirect_uris": ["https://a.example/cb"], "pkce": "required",
            "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
            "jwks_uri": "https://a.example/keys", "id_token_signed_response_alg": "PS256",
            "dpop_bound_access_tokens": true, "require_pushed_authorization_requests": true});
        assert!(topics(document).is_empty());
        let desk = serde_json::json!({"grant_types": ["urn:openid:params:grant-type:ciba"], "response_types": [],
            "backchannel_token_delivery_mode": "poll"});
        assert_eq!(
            topics(desk),
            [
                "backchannel_requests_unsigned",
                "shared_secret",
                "bearer_tokens",
                "pkcs1_signatures"
            ]
        );
        let strict = serde_json::json!({"grant_types": ["urn:openid:params:grant-type:ciba"], "response_types": [],
            "backchannel_token_delivery_mode": "poll", "profile": "ciba",
            "token_endpoint_auth_method": "private_key_jwt", "tls_client_certificate_bound_access_tokens": true});
        assert!(topics(strict).is_empty());
        let machine = serde_json::json!({"grant_types": ["client_credentials"], "response_types": []});
        assert_eq!(topics(machine), ["shared_secret", "bearer_tokens"]);
    }

    #[test]
    fn every_topic_has_its_words() {
        for topic in Topic::ALL {
            for part in ["what", "mend"] {
                let key = format!("client_report.{}.{part}", topic.as_str());
                assert!(crate::i18n::exists(&key), "{key}");
            }
        }
    }
}
