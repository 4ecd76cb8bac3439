//! A registered client: its own metadata (RFC 7591 §2), the settings of administrators, and what follows from both. All
//! rooms to the right call it; `oidc::clients::rules` checks what may be registered.

mod access_policy;
mod administrator_settings;
mod algorithms;
mod definition;
mod macros;
mod metadata;
mod redirect_uri;
mod response_type;
mod sector;

pub use access_policy::{AccessPolicy, RequiredAffiliation};
pub use administrator_settings::{AccessTokenFormat, AdministratorSettings, IdTokenClaims, Pkce, Profile};
pub use algorithms::{ContentEncryption, Encryption, EncryptionAlg, RequestObjectAlg, SigningAlg};
pub use definition::Definition;
pub use metadata::{
    ApplicationType, AuthMethod, DeliveryMode, GrantType, LONGEST_NAME, Metadata, SubjectType,
};
pub use redirect_uri::{BadRedirectUri, Registrant, check as check_redirect_uri, host_of};
pub use response_type::{BadResponseType, ResponseType};

use std::time::Duration;

use super::authorization::ResponseMode;
use super::secret::Digest;
use super::{ClientId, Time, scope::Scope};

const LONGEST_FAPI_CODE: Duration = Duration::from_secs(60);

/// The origin of a client: an administrator registered it, or the client itself did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Administrator,
    Registration,
}

impl Origin {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Registration => "registration",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        [Self::Administrator, Self::Registration]
            .into_iter()
            .find(|it| it.as_str() == value)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    pub id: ClientId,
    pub enabled: bool,
    pub origin: Origin,
    pub metadata: Metadata,
    pub settings: AdministratorSettings,
    /// The secrets: two at most, which overlap while one is rotated (security.md AD-2).
    pub secrets: Vec<ClientSecret>,
    pub created_at: Time,
    pub updated_at: Time,
}

/// Identifies the state of a client that was read. A change of its definition or of `enabled` is made only to the version
/// that was seen, and makes another one (security.md G-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(Time);

impl Version {
    pub const fn updated_at(self) -> Time {
        self.0
    }

    /// Reads the version from the text that a form carries.
    pub fn parse(text: &str) -> Option<Self> {
        let microseconds = text.parse().ok()?;
        Time::from_timestamp_micros(microseconds).map(Self)
    }

    /// Returns the version of a change that is made now: later than this one, also within one tick of the clock.
    #[must_use]
    pub fn next(self, now: Time) -> Self {
        Self(now.max(self.0 + chrono::Duration::microseconds(1)))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.timestamp_micros())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    pub digest: Digest,
    pub created_at: Time,
    /// The end; `None` until the secret is rotated.
    pub expires_at: Option<Time>,
}

impl Client {
    /// Returns the name under which people see it.
    pub fn name(&self) -> &str {
        self.metadata.client_name.as_deref().unwrap_or(self.id.as_str())
    }

    /// Returns the registered address at which a person goes on with the service: where a login is begun
    /// (OpenID Connect Core §4), else its home page.
    pub fn way_back(&self, issuer: &str) -> Option<String> {
        let initiate = self.metadata.initiate_login_uri.as_deref();
        let Some(mut url) = initiate.and_then(|it| url::Url::parse(it).ok()) else {
            return self.metadata.client_uri.clone();
        };
        url.query_pairs_mut().append_pair("iss", issuer);
        Some(url.into())
    }

    pub const fn version(&self) -> Version {
        Version(self.updated_at)
    }

    /// Returns all that is registered about it.
    pub fn definition(&self) -> Definition {
        Definition {
            metadata: self.metadata.clone(),
            settings: self.settings.clone(),
        }
    }

    /// Returns `true` if it has no credentials (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.metadata.token_endpoint_auth_method == Some(AuthMethod::None)
    }

    pub fn is_native(&self) -> bool {
        self.metadata.application_type == ApplicationType::Native
    }

    pub fn is_first_party(&self) -> bool {
        self.settings.first_party
    }

    pub fn may_use(&self, grant: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant)
    }

    pub fn may_ask_for(&self, response_type: ResponseType) -> bool {
        self.metadata.response_types.contains(&response_type)
    }

    /// Returns `true` if it may authenticate by this method: the registered one, or basic and post alike if an
    /// administrator named none (security.md TK-6).
    pub fn may_authenticate_by(&self, method: AuthMethod) -> bool {
        match self.metadata.token_endpoint_auth_method {
            Some(registered) => registered == method,
            None => matches!(
                method,
                AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost
            ),
        }
    }

    pub fn has_secret(&self, presented: &str, now: Time) -> bool {
        // Every digest is compared, so that the time does not reveal which one fitted.
        let mut fits = false;
        for secret in &self.secrets {
            let alive = secret.expires_at.is_none_or(|end| now < end);
            fits |= secret.digest.matches(presented) && alive;
        }
        fits
    }

    /// Returns `true` if the URI is byte for byte a registered one. A native client's loopback address may come with any
    /// port, which it learns only when it starts (security.md AZ-2, RFC 8252 §7.3).
    pub fn redirects_to(&self, uri: &str) -> bool {
        let registered = &self.metadata.redirect_uris;
        registered.iter().any(|it| it == uri)
            || (self.is_native()
                && registered
                    .iter()
                    .any(|it| redirect_uri::equal_but_for_loopback_port(it, uri)))
    }

    pub fn requires_pkce(&self) -> bool {
        // Security.md AZ-5: no registration exempts a public, native or FAPI client.
        self.is_public() || self.is_native() || self.is_fapi() || self.settings.pkce == Pkce::Required
    }

    fn is_fapi(&self) -> bool {
        self.settings.profile.is_fapi()
    }

    /// Returns the lifetime of its codes, within what is configured (FAPI 2.0 Security Profile §5.3.2.1: a minute at
    /// most).
    pub fn code_lifetime(&self, configured: Duration) -> Duration {
        if self.is_fapi() {
            configured.min(LONGEST_FAPI_CODE)
        } else {
            configured
        }
    }

    /// Returns `false` for FAPI 2.0 and FAPI-CIBA. FAPI 2.0 Security Profile §5.3.2.1: a token that is bound to the
    /// client's proof gains nothing by rotation, and a lost answer must not cost the grant (security.md TK-5).
    pub fn rotates_refresh_tokens(&self) -> bool {
        self.settings.profile == Profile::Oidc
    }

    /// Returns `true` if its requests come by reference only (RFC 9126 §6, FAPI 2.0 §5.3.2.2).
    pub fn must_push_requests(&self) -> bool {
        self.metadata.require_pushed_authorization_requests || self.is_fapi()
    }

    /// Returns `true` if its requests come as signed objects only (RFC 9101 §10.5, FAPI 2.0 Message Signing §5.3.1).
    pub fn must_sign_requests(&self) -> bool {
        self.metadata.require_signed_request_object || self.settings.profile == Profile::Fapi2MessageSigning
    }

    /// Returns `true` if it may ask for the response mode (security.md AZ-4).
    pub fn may_be_answered_by(&self, mode: ResponseMode) -> bool {
        let metadata = &self.metadata;
        let registered = metadata.authorization_signed_response_alg.is_some()
            || metadata.authorization_encrypted_response_alg.is_some();
        // Message Signing §5.4.1: the profile needs no registration of its own.
        !mode.is_signed() || registered || self.settings.profile == Profile::Fapi2MessageSigning
    }

    /// Returns the algorithm of its signed authorization responses.
    pub fn response_alg(&self) -> SigningAlg {
        let registered = self.metadata.authorization_signed_response_alg;
        registered.unwrap_or(self.default_alg())
    }

    /// Returns the signatures that its request objects may have, or `None` if it was registered to send them unsigned.
    pub fn request_object_algs(&self) -> Option<Vec<SigningAlg>> {
        let registered = match self.metadata.request_object_signing_alg {
            None => SigningAlg::ALL.to_vec(),
            Some(alg) => alg.signature().map_or_else(Vec::new, |it| vec![it]),
        };
        if self.is_fapi() {
            return Some(self.settings.profile.permitted(registered));
        }
        (!registered.is_empty() || self.must_sign_requests()).then_some(registered)
    }

    /// Returns `true` if its authentication requests come signed only (CIBA §4, FAPI-CIBA §5.2.2).
    pub fn must_sign_backchannel_requests(&self) -> bool {
        let metadata = &self.metadata;
        self.settings.profile == Profile::Ciba
            || metadata.backchannel_authentication_request_signing_alg.is_some()
    }

    /// Returns the signatures that its authentication requests may have.
    pub fn backchannel_request_algs(&self) -> Vec<SigningAlg> {
        let registered = self.metadata.backchannel_authentication_request_signing_alg;
        let registered = registered.map_or_else(|| SigningAlg::ALL.to_vec(), |it| vec![it]);
        self.settings.profile.permitted(registered)
    }

    /// Returns `true` if its authentication requests need a binding message. FAPI-CIBA §5.2.2: the person can
    /// distinguish the request from any other.
    pub fn must_bind_backchannel_requests(&self) -> bool {
        self.settings.profile == Profile::Ciba
    }

    /// Returns the address at which it is pinged when the person has decided (CIBA §10.2).
    pub fn is_pinged_at(&self) -> Option<&str> {
        let metadata = &self.metadata;
        let address = metadata.backchannel_client_notification_endpoint.as_deref();
        address.filter(|_| metadata.backchannel_token_delivery_mode == Some(DeliveryMode::Ping))
    }

    /// Returns the signatures that its assertions may have (security.md TK-7).
    pub fn assertion_algs(&self) -> Vec<SigningAlg> {
        self.settings.profile.permitted(self.metadata.assertion_algs())
    }

    /// Returns all that the client may ever be granted.
    pub fn scope(&self) -> &Scope {
        &self.metadata.scope
    }

    pub fn may_refresh(&self) -> bool {
        self.may_use(GrantType::RefreshToken)
    }

    pub fn id_token_alg(&self) -> SigningAlg {
        let registered = self.metadata.id_token_signed_response_alg;
        registered.unwrap_or(self.default_alg())
    }

    /// Returns RS256 (OpenID Connect Dynamic Client Registration §2, JARM §3); for FAPI it is the same key with the padding
    /// that FAPI permits.
    fn default_alg(&self) -> SigningAlg {
        match self.settings.profile {
            Profile::Oidc => SigningAlg::RS256,
            Profile::Fapi2 | Profile::Fapi2MessageSigning | Profile::Ciba => SigningAlg::PS256,
        }
    }

    /// Returns `true` if the ID token repeats the claims of the granted scopes (interoperability.md IO-1).
    pub fn has_scope_claims_in_id_token(&self) -> bool {
        let web = self.metadata.application_type == ApplicationType::Web && !self.is_public();
        match self.settings.id_token_claims {
            Some(chosen) => chosen == IdTokenClaims::Scopes,
            None => self.origin == Origin::Administrator && web,
        }
    }

    /// Returns `true` for `jwt` (RFC 9068), in place of the sealed token that only the provider can read (security.md ST-1).
    pub fn has_jwt_access_tokens(&self) -> bool {
        self.settings.access_token_format == AccessTokenFormat::Jwt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(metadata: serde_json::Value) -> Client {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let definition: Definition = serde_json::from_value(metadata).expect("a definition");
        Client {
            id: ClientId::new("c"),
            enabled: true,
            origin: Origin::Administrator,
            metadata: definition.metadata,
            settings: definition.settings,
            secrets: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn a_redirect_uri_is_compared_byte_for_byte() {
        let web =
            client(serde_json::json!({"redirect_uris": ["https://a.example/cb?x=1", "http://127.0.0.1/cb"]}));
        assert!(web.redirects_to("https://a.example/cb?x=1"));
        for other in [
            "https://a.example/cb",
            "https://a.example/cb?x=1&y=2",
            "https://A.example/cb?x=1",
            "https://a.example/cb?x=1#",
            "http://127.0.0.1:8080/cb", // a web client has no such exception: AZ-2
        ] {
            assert!(!web.redirects_to(other), "{other}"); // AZ-2
        }
    }

    #[test]
    fn a_native_client_varies_the_loopback_port_only() {
        let native = client(serde_json::json!({"application_type": "native",
            "redirect_uris": ["http://127.0.0.1/cb", "http://[::1]:9/cb", "http://localhost/cb"]}));
        for good in [
            "http://127.0.0.1:1/cb",
            "http://127.0.0.1:65535/cb",
            "http://[::1]/cb",
            "http://[::1]:80/cb",
        ] {
            assert!(native.redirects_to(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:080/cb",
            "http://127.0.0.1:+80/cb",
            "http://127.0.0.1:80/cb/",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost:80/cb",
            "https://127.0.0.1:80/cb",
        ] {
            assert!(!native.redirects_to(bad), "{bad}"); // AZ-2
        }
    }

    #[test]
    fn public_and_native_clients_always_use_pkce() {
        for metadata in [
            serde_json::json!({"token_endpoint_auth_method": "none", "pkce": "optional"}),
            serde_json::json!({"application_type": "native", "pkce": "optional"}),
            serde_json::json!({"pkce": "required"}),
        ] {
            assert!(client(metadata).requires_pkce()); // AZ-5
        }
        assert!(!client(serde_json::json!({})).requires_pkce());
    }

    #[test]
    fn a_profile_decides_what_the_registration_leaves_open() {
        let with = |profile: &str| client(serde_json::json!({"profile": profile}));
        for profile in ["fapi2", "fapi2_message_signing"] {
            let client = with(profile);
            assert!(
                client.requires_pkce() && client.must_push_requests() && !client.rotates_refresh_tokens()
            );
            assert_eq!(
                (client.id_token_alg(), client.response_alg()),
                (SigningAlg::PS256, SigningAlg::PS256)
            );
            assert!(!client.assertion_algs().contains(&SigningAlg::RS256));
            let lifetimes = [30, 60, 600].map(Duration::from_secs);
            assert_eq!(
                lifetimes.map(|of| client.code_lifetime(of).as_secs()),
                [30, 60, 60]
            );
        }
        let ciba = with("ciba");
        assert!(!ciba.rotates_refresh_tokens() && ciba.must_sign_backchannel_requests());
        assert_eq!(ciba.id_token_alg(), SigningAlg::PS256);
        for algs in [ciba.assertion_algs(), ciba.backchannel_request_algs()] {
            assert_eq!(algs, [SigningAlg::PS256, SigningAlg::ES256]); // FAPI-CIBA §7.10
        }
        let plain = with("oidc");
        assert_eq!(plain.code_lifetime(Duration::from_secs(600)).as_secs(), 600);
        assert!(plain.rotates_refresh_tokens() && !plain.must_push_requests());
        assert_eq!(plain.id_token_alg(), SigningAlg::RS256);
        assert!(with("fapi2_message_signing").may_be_answered_by(ResponseMode::Jwt));
        assert!(!with("fapi2").may_be_answered_by(ResponseMode::Jwt)); // AZ-4
    }

    #[test]
    fn a_rotated_secret_works_until_it_ends() {
        let mut client = client(serde_json::json!({}));
        let (now, day) = (client.created_at, chrono::Duration::days(1));
        let secret = |value: &str, expires_at| ClientSecret {
            digest: Digest::of(value.as_bytes()),
            created_at: now,
            expires_at,
        };
        client.secrets = vec![secret("old", Some(now + day)), secret("new", None)];
        assert!(client.has_secret("old", now) && client.has_secret("new", now)); // AD-2
        assert!(!client.has_secret("old", now + day) && client.has_secret("new", now + day));
        assert!(!client.has_secret("", now) && !client.has_secret("other", now));
    }
}
