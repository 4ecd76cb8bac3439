//! What the owner of a service configures there, to be copied: under the standards' names, or under those of common
//! software, as a file of its settings or field by field (interoperability.md IO-9).

use super::software::Software;
use crate::app::App;
use crate::domain::client::Client;
use crate::oidc::endpoints;

/// Stands where the secret is to be put, when it cannot be read any more.
pub const SECRET: &str = "YOUR_SECRET_HERE";

/// The name of the provider in the settings of services.
const PROVIDER: &str = "ITU User Account";

/// The settings for one software.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// The file or the page of the software, in its own words; empty for software that is not known.
    pub place: &'static str,
    /// The fields of that page by their names, with their values.
    pub fields: Vec<(&'static str, String)>,
    /// The lines of that file.
    pub file: Option<String>,
}

/// Returns the settings for this software, or those that any software asks for. `secret` is there while it can be read.
pub fn handover(app: &App, client: &Client, software: Option<Software>, secret: Option<&str>) -> Handover {
    let issuer = &app.config.issuer;
    let registered = &client.metadata.redirect_uris;
    let recognized = Software::recognize(registered);
    let values = Values {
        id: client.id.as_str(),
        secret: secret.unwrap_or(SECRET),
        issuer: issuer.as_str(),
        discovery: issuer.at(endpoints::OPENID_CONFIGURATION),
        authorization: issuer.at(endpoints::AUTHORIZATION),
        token: issuer.at(endpoints::TOKEN),
        userinfo: issuer.at(endpoints::USERINFO),
        jwks: issuer.at(endpoints::JWKS),
        end_session: issuer.at(endpoints::END_SESSION),
        redirect_uri: registered.first().map(String::as_str).unwrap_or_default(),
        address: recognized.map(|(_, address)| address).unwrap_or_default(),
        scope: scope(client),
    };
    match software {
        None => values.of_standards(client),
        Some(software) => values.of(software),
    }
}

/// Returns the names of the scope that can stand in any file without harm.
fn scope(client: &Client) -> String {
    let plain = |it: &&str| {
        it.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.:/".contains(&b))
    };
    let names: Vec<&str> = client.scope().iter().filter(plain).collect();
    names.join(" ")
}

struct Values<'a> {
    id: &'a str,
    secret: &'a str,
    issuer: &'a str,
    discovery: String,
    authorization: String,
    token: String,
    userinfo: String,
    jwks: String,
    end_session: String,
    redirect_uri: &'a str,
    address: String,
    scope: String,
}

impl Values<'_> {
    fn of_standards(&self, client: &Client) -> Handover {
        let mut fields = vec![
            ("issuer", self.issuer.to_owned()),
            ("discovery", self.discovery.clone()),
            ("client_id", self.id.to_owned()),
        ];
        if client.metadata.uses_secret() {
            fields.push(("client_secret", self.secret.to_owned()));
        }
        if client.metadata.uses_redirects() {
            fields.push(("redirect_uri", self.redirect_uri.to_owned()));
            fields.push(("authorization_endpoint", self.authorization.clone()));
        }
        fields.push(("token_endpoint", self.token.clone()));
        fields.push(("userinfo_endpoint", self.userinfo.clone()));
        fields.push(("jwks_uri", self.jwks.clone()));
        fields.push(("scope", self.scope.clone()));
        Handover {
            fields,
            ..Handover::default()
        }
    }

    fn of(&self, software: Software) -> Handover {
        match software {
            Software::Indico => file("indico.conf", self.indico()),
            Software::Allauth => file("settings.py", self.allauth()),
            Software::MozillaDjangoOidc => file("settings.py", self.mozilla_django_oidc()),
            Software::ModAuthOpenidc => file("Apache", self.mod_auth_openidc()),
            Software::Grafana => file("grafana.ini", self.grafana()),
            Software::GitLab => file("/etc/gitlab/gitlab.rb", self.gitlab()),
            Software::Spring => file("application.yaml", self.spring()),
            Software::Pretix => page(
                "Organizer › Customer accounts › SSO providers › OpenID Connect",
                vec![
                    ("Provider name", PROVIDER.into()),
                    ("Login button label", PROVIDER.into()),
                    ("Base URL", self.issuer.into()),
                    ("Client ID", self.id.into()),
                    ("Client secret", self.secret.into()),
                    ("Scope", self.scope.clone()),
                    ("User ID field", "sub".into()),
                    ("Email field", "email".into()),
                ],
            ),
            Software::Nextcloud => page(
                "Administration settings › OpenID Connect › Registered providers",
                vec![
                    ("Identifier", "itu".into()),
                    ("Client ID", self.id.into()),
                    ("Client secret", self.secret.into()),
                    ("Discovery endpoint", self.discovery.clone()),
                    ("Scope", self.scope.clone()),
                    ("User ID mapping", "sub".into()),
                    ("Display name mapping", "name".into()),
                    ("Email mapping", "email".into()),
                ],
            ),
            Software::Moodle => page(
                "Site administration › Server › OAuth 2 services › Custom",
                vec![
                    ("Name", PROVIDER.into()),
                    ("Client ID", self.id.into()),
                    ("Client secret", self.secret.into()),
                    ("Service base URL", self.issuer.into()),
                    ("Scopes included in a login request", self.scope.clone()),
                    (
                        "Scopes included in a login request for offline access",
                        self.scope.clone(),
                    ),
                ],
            ),
            Software::WordPress => page(
                "Settings › OpenID Connect Client",
                vec![
                    ("Client ID", self.id.into()),
                    ("Client Secret Key", self.secret.into()),
                    ("OpenID Scope", self.scope.clone()),
                    ("Login Endpoint URL", self.authorization.clone()),
                    ("Userinfo Endpoint URL", self.userinfo.clone()),
                    ("Token Validation Endpoint URL", self.token.clone()),
                    ("End Session Endpoint URL", self.end_session.clone()),
                    ("Identity Key", "sub".into()),
                    ("Nickname Key", "sub".into()),
                    ("Email Formatting", "{email}".into()),
                    ("Display Name Formatting", "{name}".into()),
                ],
            ),
            Software::Keycloak => page(
                "Identity providers › OpenID Connect v1.0",
                vec![
                    ("Alias", "itu".into()),
                    ("Display name", PROVIDER.into()),
                    ("Discovery endpoint", self.discovery.clone()),
                    ("Client authentication", "Client secret sent as basic auth".into()),
                    ("Client ID", self.id.into()),
                    ("Client Secret", self.secret.into()),
                    ("Scopes", self.scope.clone()),
                    ("Use PKCE", "On".into()),
                    ("PKCE Method", "S256".into()),
                    ("Trust Email", "On".into()),
                ],
            ),
        }
    }

    fn indico(&self) -> String {
        format!(
            r#"AUTH_PROVIDERS = {{
    "itu": {{
        "type": "authlib",
        "title": "{PROVIDER}",
        "authlib_args": {{
            "client_id": "{id}",
            "client_secret": "{secret}",
            "server_metadata_url": "{discovery}",
            "client_kwargs": {{"scope": "{scope}", "code_challenge_method": "S256"}},
        }},
    }},
}}
IDENTITY_PROVIDERS = {{
    "itu": {{
        "type": "authlib",
        "title": "{PROVIDER}",
        "identifier_field": "sub",
        "mapping": {{"first_name": "given_name", "last_name": "family_name"}},
        "trusted_email": True,
    }},
}}
PROVIDER_MAP = {{"itu": "itu"}}"#,
            id = self.id,
            secret = self.secret,
            discovery = self.discovery,
            scope = self.scope
        )
    }

    fn allauth(&self) -> String {
        format!(
            r#"INSTALLED_APPS += ["allauth.socialaccount.providers.openid_connect"]
SOCIALACCOUNT_PROVIDERS = {{
    "openid_connect": {{
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": [{scope}],
        "APPS": [
            {{
                "provider_id": "itu",
                "name": "{PROVIDER}",
                "client_id": "{id}",
                "secret": "{secret}",
                "settings": {{
                    "server_url": "{issuer}",
                    "token_auth_method": "client_secret_basic",
                }},
            }},
        ],
    }},
}}"#,
            id = self.id,
            secret = self.secret,
            issuer = self.issuer,
            scope = self.quoted_scope()
        )
    }

    fn mozilla_django_oidc(&self) -> String {
        format!(
            r#"OIDC_RP_CLIENT_ID = "{id}"
OIDC_RP_CLIENT_SECRET = "{secret}"
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_RP_SCOPES = "{scope}"
OIDC_OP_AUTHORIZATION_ENDPOINT = "{authorization}"
OIDC_OP_TOKEN_ENDPOINT = "{token}"
OIDC_OP_USER_ENDPOINT = "{userinfo}"
OIDC_OP_JWKS_ENDPOINT = "{jwks}"
OIDC_USE_PKCE = True"#,
            id = self.id,
            secret = self.secret,
            scope = self.scope,
            authorization = self.authorization,
            token = self.token,
            userinfo = self.userinfo,
            jwks = self.jwks
        )
    }

    fn mod_auth_openidc(&self) -> String {
        let path = url::Url::parse(self.redirect_uri).map_or("/".to_owned(), |it| it.path().to_owned());
        let path = path
            .strip_suffix("/redirect_uri")
            .filter(|it| !it.is_empty())
            .unwrap_or("/");
        format!(
            r#"OIDCProviderMetadataURL {discovery}
OIDCClientID {id}
OIDCClientSecret {secret}
OIDCRedirectURI {redirect_uri}
OIDCCryptoPassphrase "exec:/usr/bin/openssl rand -hex 32"
OIDCScope "{scope}"
OIDCPKCEMethod S256
OIDCRemoteUserClaim sub
<Location {path}>
  AuthType openid-connect
  Require valid-user
</Location>"#,
            discovery = self.discovery,
            id = self.id,
            secret = self.secret,
            redirect_uri = self.redirect_uri,
            scope = self.scope
        )
    }

    fn grafana(&self) -> String {
        format!(
            r#"[server]
root_url = {address}/
[auth.generic_oauth]
enabled = true
name = {PROVIDER}
client_id = {id}
client_secret = {secret}
scopes = {scope}
auth_url = {authorization}
token_url = {token}
api_url = {userinfo}
use_pkce = true
login_attribute_path = email
name_attribute_path = name
email_attribute_path = email"#,
            address = self.address,
            id = self.id,
            secret = self.secret,
            scope = self.scope,
            authorization = self.authorization,
            token = self.token,
            userinfo = self.userinfo
        )
    }

    fn gitlab(&self) -> String {
        format!(
            r#"gitlab_rails["omniauth_allow_single_sign_on"] = ["openid_connect"]
gitlab_rails["omniauth_providers"] = [
  {{
    name: "openid_connect",
    label: "{PROVIDER}",
    args: {{
      name: "openid_connect",
      scope: [{scope}],
      response_type: "code",
      issuer: "{issuer}",
      discovery: true,
      client_auth_method: "basic",
      uid_field: "sub",
      pkce: true,
      client_options: {{
        identifier: "{id}",
        secret: "{secret}",
        redirect_uri: "{redirect_uri}"
      }}
    }}
  }}
]"#,
            scope = self.quoted_scope(),
            issuer = self.issuer,
            id = self.id,
            secret = self.secret,
            redirect_uri = self.redirect_uri
        )
    }

    fn spring(&self) -> String {
        format!(
            r#"spring:
  security:
    oauth2:
      client:
        registration:
          itu:
            client-id: "{id}"
            client-secret: "{secret}"
            client-name: "{PROVIDER}"
            scope: [{scope}]
        provider:
          itu:
            issuer-uri: "{issuer}"
            user-name-attribute: "sub""#,
            id = self.id,
            secret = self.secret,
            scope = self.quoted_scope(),
            issuer = self.issuer
        )
    }

    fn quoted_scope(&self) -> String {
        let quoted = self.scope.split(' ').map(|it| format!("\"{it}\""));
        quoted.collect::<Vec<_>>().join(", ")
    }
}

fn file(place: &'static str, lines: String) -> Handover {
    Handover {
        place,
        fields: Vec::new(),
        file: Some(lines),
    }
}

fn page(place: &'static str, fields: Vec<(&'static str, String)>) -> Handover {
    Handover {
        place,
        fields,
        file: None,
    }
}
