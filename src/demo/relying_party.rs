//! A relying party as a service owner would write it, with the crate `openidconnect`: code flow with PKCE, refresh,
//! RP-initiated logout. It is configured with the issuer of the provider alone.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IdTokenFields, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RefreshToken, Scope,
    StandardErrorResponse, StandardTokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};

/// The claims that scope `itu_membership` adds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Membership {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affiliation_status: Option<String>,
    #[serde(default)]
    pub ties_rights: Vec<String>,
    #[serde(default)]
    pub focal_point: bool,
}

impl AdditionalClaims for Membership {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Membership,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type OidcClient = Client<
    Membership,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The registration of a service at the provider.
#[derive(Clone, Debug)]
pub struct Registration {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    /// The origin of the service, without a final slash.
    pub origin: String,
    pub scopes: &'static [&'static str],
}

/// The state that is kept between the redirect to the provider and the callback.
#[derive(Debug)]
pub struct Pending {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// The person who is logged in, as the provider states it.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub subject: String,
    pub email: Option<String>,
    pub name: Option<String>,
    pub membership: Membership,
    /// The userinfo response, to be shown.
    pub claims: serde_json::Value,
    id_token: String,
    refresh_token: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the provider cannot be reached or does not answer as it should: {0}")]
    Provider(String),
    #[error("the provider no longer lets this person in: {0}")]
    Refused(String),
}

/// Wraps an error and keeps the reason that the provider gave.
fn provider(error: impl std::fmt::Debug) -> Error {
    Error::Provider(format!("{error:?}"))
}

#[derive(Debug)]
pub struct RelyingParty {
    registration: Registration,
    client: OidcClient,
    end_session_endpoint: Option<openidconnect::EndSessionUrl>,
    http: reqwest::Client,
}

impl RelyingParty {
    /// Reads the provider's metadata and keys.
    pub async fn discover(registration: Registration, http: reqwest::Client) -> Result<Self, Error> {
        let issuer = IssuerUrl::new(registration.issuer.clone()).map_err(provider)?;
        let metadata =
            ProviderMetadataWithLogout::discover_async(issuer, &|request| send(http.clone(), request))
                .await
                .map_err(provider)?;
        let end_session_endpoint = metadata.additional_metadata().end_session_endpoint.clone();
        let client = Client::from_provider_metadata(
            metadata,
            ClientId::new(registration.client_id.clone()),
            Some(ClientSecret::new(registration.client_secret.clone())),
        )
        .set_redirect_uri(RedirectUrl::new(format!("{}/callback", registration.origin)).map_err(provider)?);
        Ok(Self {
            registration,
            client,
            end_session_endpoint,
            http,
        })
    }

    /// Returns the authorization URL, the `state` of the callback, and what to keep until then.
    pub fn authorize(&self) -> (String, String, Pending) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self.client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        for scope in self.registration.scopes {
            request = request.add_scope(Scope::new((*scope).to_owned()));
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        (
            url.to_string(),
            state.secret().clone(),
            Pending { nonce, verifier },
        )
    }

    pub async fn redeem(&self, code: String, pending: Pending) -> Result<SignedIn, Error> {
        let tokens = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(provider)?
            .set_pkce_verifier(pending.verifier)
            .request_async(&|request| send(self.http.clone(), request))
            .await
            .map_err(provider)?;
        let id_token = tokens
            .extra_fields()
            .id_token()
            .ok_or_else(|| provider("no id_token"))?;
        let verifier = self.client.id_token_verifier();
        let claims = id_token.claims(&verifier, &pending.nonce).map_err(provider)?;
        let subject = claims.subject().to_string();
        self.signed_in(&tokens, subject, id_token.to_string()).await
    }

    /// Refreshes the tokens of the person. A change of their rights is seen by this.
    pub async fn refresh(&self, person: &SignedIn) -> Result<SignedIn, Error> {
        let refresh_token = person
            .refresh_token
            .clone()
            .ok_or_else(|| Error::Refused("no refresh token".into()))?;
        let tokens = self
            .client
            .exchange_refresh_token(&RefreshToken::new(refresh_token))
            .map_err(provider)?
            .request_async(&|request| send(self.http.clone(), request))
            .await
            .map_err(|error| match error {
                openidconnect::RequestTokenError::ServerResponse(answer) => {
                    Error::Refused(answer.error().to_string())
                }
                other => provider(other),
            })?;
        let id_token = tokens
            .extra_fields()
            .id_token()
            .map_or_else(|| person.id_token.clone(), ToString::to_string);
        let mut renewed = self.signed_in(&tokens, person.subject.clone(), id_token).await?;
        renewed.refresh_token = renewed.refresh_token.or_else(|| person.refresh_token.clone());
        Ok(renewed)
    }

    async fn signed_in(&self, tokens: &Tokens, subject: String, id_token: String) -> Result<SignedIn, Error> {
        let info = self.userinfo(tokens.access_token().clone(), &subject).await?;
        Ok(SignedIn {
            email: info.email().map(|it| it.to_string()),
            name: info.name().and_then(|it| it.get(None)).map(|it| it.to_string()),
            membership: info.additional_claims().clone(),
            claims: serde_json::to_value(&info).map_err(provider)?,
            refresh_token: tokens.refresh_token().map(|it| it.secret().clone()),
            subject,
            id_token,
        })
    }

    async fn userinfo(
        &self,
        token: AccessToken,
        subject: &str,
    ) -> Result<UserInfoClaims<Membership, CoreGenderClaim>, Error> {
        self.client
            .user_info(
                token,
                Some(openidconnect::SubjectIdentifier::new(subject.to_owned())),
            )
            .map_err(provider)?
            .request_async(&|request| send(self.http.clone(), request))
            .await
            .map_err(provider)
    }

    /// Returns the URL that logs the person out everywhere.
    pub fn logout(&self, person: &SignedIn) -> Result<String, Error> {
        let endpoint = self
            .end_session_endpoint
            .clone()
            .ok_or_else(|| provider("no end_session_endpoint"))?;
        let back = PostLogoutRedirectUrl::new(format!("{}/", self.registration.origin)).map_err(provider)?;
        let hint = person.id_token.parse().map_err(provider)?;
        let request: LogoutRequest = LogoutRequest::from(endpoint)
            .set_id_token_hint::<Membership, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>(&hint)
            .set_post_logout_redirect_uri(back);
        Ok(request.http_get_url().to_string())
    }
}

async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = http.execute(request.try_into()?).await?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}
