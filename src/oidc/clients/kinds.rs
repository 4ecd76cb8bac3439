//! The kinds of clients that administrators register, each with the choices that fit it (RFC 6749 §2.1, RFC 8252, RFC
//! 8628; security.md AZ-5). What follows from a kind is a definition like any other: `rules` check it, and it can be
//! edited afterwards.

use serde_json::{Map, Value, json};

use super::document;
use super::rules::Problem;
use super::software::Software;
use crate::domain::client::{AuthMethod, Definition, GrantType, Pkce};
use crate::domain::scope;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Runs on a server, which keeps a secret.
    Web,
    /// Runs in the browser alone.
    SinglePage,
    /// Runs on the person's own device.
    Native,
    /// Acts for itself, without a person.
    Machine,
    /// Has no browser: the person decides on another device.
    Device,
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::Web,
        Self::SinglePage,
        Self::Native,
        Self::Machine,
        Self::Device,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::SinglePage => "single_page",
            Self::Native => "native",
            Self::Machine => "machine",
            Self::Device => "device",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }

    const fn uses_redirects(self) -> bool {
        matches!(self, Self::Web | Self::SinglePage | Self::Native)
    }

    const fn grant(self) -> GrantType {
        match self {
            Self::Web | Self::SinglePage | Self::Native => GrantType::AuthorizationCode,
            Self::Machine => GrantType::ClientCredentials,
            Self::Device => GrantType::DeviceCode,
        }
    }
}

/// Describes a new client in the words of whoever registers it. Empty texts are absent.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    pub client_name: String,
    pub client_uri: String,
    pub redirect_uris: Vec<String>,
    /// The names of the scope; empty: those that fit the kind.
    pub scope: String,
    /// `true` if it keeps its access while the person is away.
    pub offline: bool,
    pub first_party: bool,
    /// The software of the service, whose addresses follow from `client_uri`.
    pub software: Option<Software>,
}

/// Returns the definition of a client of this kind.
pub fn define(kind: Kind, outline: &Outline) -> Result<Definition, Vec<Problem>> {
    if !kind.uses_redirects() && !outline.redirect_uris.is_empty() {
        let reason = "has no use: a client of this kind goes through no browser";
        return Err(vec![document::problem("redirect_uris", reason.to_owned())]);
    }
    let addresses = of_software(kind, outline)?;
    // Nobody is away where nobody is: a machine asks again instead.
    let offline = outline.offline && kind != Kind::Machine;
    let mut scope: Vec<&str> = outline.scope.split_whitespace().collect();
    if scope.is_empty() && kind != Kind::Machine {
        scope = vec![scope::OPENID, scope::PROFILE, scope::EMAIL];
    }
    let mut grants = vec![kind.grant()];
    if offline {
        grants.push(GrantType::RefreshToken);
        if !scope.contains(&scope::OFFLINE_ACCESS) {
            scope.push(scope::OFFLINE_ACCESS);
        }
    }
    let response_types: &[&str] = if kind.uses_redirects() { &["code"] } else { &[] };
    let mut members = Map::from_iter([
        ("grant_types".to_owned(), json!(grants)),
        ("response_types".to_owned(), json!(response_types)),
        ("redirect_uris".to_owned(), json!(addresses.redirect_uris)),
        ("scope".to_owned(), Value::from(scope.join(" "))),
        ("first_party".to_owned(), Value::from(outline.first_party)),
    ]);
    for (name, value) in [
        ("client_name", &outline.client_name),
        ("client_uri", &outline.client_uri),
    ] {
        if !value.is_empty() {
            members.insert(name.to_owned(), Value::from(value.as_str()));
        }
    }
    if matches!(kind, Kind::SinglePage | Kind::Native | Kind::Device) {
        members.insert("token_endpoint_auth_method".to_owned(), json!(AuthMethod::None));
    }
    if kind == Kind::Native {
        members.insert("application_type".to_owned(), Value::from("native"));
    }
    if kind.uses_redirects() {
        // RFC 9700 §2.1.1; public and native clients use it in any case (security.md AZ-5). Software that may not send it
        // would be locked out (interoperability.md IO-3).
        let pkce = match outline.software {
            Some(software) if !software.sends_pkce() => Pkce::Optional,
            _ => Pkce::Required,
        };
        members.insert("pkce".to_owned(), json!(pkce));
    }
    if let Some(uri) = addresses.post_logout_redirect_uri {
        members.insert("post_logout_redirect_uris".to_owned(), json!([uri]));
    }
    if let Some(uri) = addresses.backchannel_logout_uri {
        members.insert("backchannel_logout_uri".to_owned(), Value::from(uri));
    }
    document::definition(&members)
}

/// The addresses of a service: those that were typed, and those that follow from its software.
#[derive(Default)]
struct Addresses {
    redirect_uris: Vec<String>,
    post_logout_redirect_uri: Option<String>,
    backchannel_logout_uri: Option<String>,
}

fn of_software(kind: Kind, outline: &Outline) -> Result<Addresses, Vec<Problem>> {
    let typed = outline.redirect_uris.clone();
    let Some(software) = outline.software else {
        return Ok(Addresses {
            redirect_uris: typed,
            ..Addresses::default()
        });
    };
    let refused = |member, reason: &str| Err(vec![document::problem(member, reason.to_owned())]);
    if kind != Kind::Web {
        return refused("kind", "is web for this software");
    }
    let address = outline.client_uri.as_str();
    if address.is_empty() {
        return refused("client_uri", "is missing; the other addresses follow from it");
    }
    let mut redirect_uris = software.redirect_uris(address);
    redirect_uris.extend(
        typed
            .into_iter()
            .filter(|it| !software.redirect_uris(address).contains(it)),
    );
    Ok(Addresses {
        redirect_uris,
        post_logout_redirect_uri: software.post_logout_redirect_uri(address),
        // What is on this machine is told of no logout: such calls go by https.
        backchannel_logout_uri: software
            .backchannel_logout_uri(address)
            .filter(|it| it.starts_with("https://")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ClientId;
    use crate::oidc::clients::rules::check_definition;

    fn outline(kind: Kind) -> Outline {
        let uris: &[&str] = match kind {
            Kind::Web | Kind::SinglePage => &["https://a.example/cb"],
            Kind::Native => &["http://127.0.0.1/cb"],
            Kind::Machine | Kind::Device => &[],
        };
        Outline {
            client_name: "Events".into(),
            redirect_uris: uris.iter().map(|it| (*it).to_owned()).collect(),
            scope: if kind == Kind::Machine { "reports" } else { "" }.into(),
            offline: true,
            ..Outline::default()
        }
    }

    #[test]
    fn every_kind_keeps_the_rules() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            let definition = define(kind, &outline(kind)).expect("a definition");
            let found = check_definition(&ClientId::new("events"), &definition);
            assert!(found.is_ok(), "{kind:?}: {found:?}");
            let metadata = &definition.metadata;
            assert_eq!(
                metadata.uses_secret(),
                matches!(kind, Kind::Web | Kind::Machine),
                "{kind:?}"
            );
            assert_eq!(
                metadata.grant_types.contains(&GrantType::RefreshToken),
                kind != Kind::Machine,
                "{kind:?}"
            );
            assert_eq!(
                definition.settings.pkce == Pkce::Required,
                kind.uses_redirects(),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn every_software_keeps_the_rules() {
        for software in Software::ALL {
            let outline = Outline {
                client_name: "Events".into(),
                client_uri: software.example().into(),
                software: Some(software),
                ..Outline::default()
            };
            let definition = define(Kind::Web, &outline).expect("a definition");
            let found = check_definition(&ClientId::new("events"), &definition);
            assert!(found.is_ok(), "{software:?}: {found:?}");
            let pkce = definition.settings.pkce == Pkce::Required;
            assert_eq!(pkce, software.sends_pkce(), "{software:?}");
            let without = Outline {
                client_uri: String::new(),
                ..outline.clone()
            };
            for (kind, outline, member) in [
                (Kind::Machine, &outline, "kind"),
                (Kind::Web, &without, "client_uri"),
            ] {
                assert_eq!(define(kind, outline).expect_err("refused")[0].member, member);
            }
        }
    }

    #[test]
    fn what_a_kind_has_no_use_for_is_named() {
        for kind in [Kind::Machine, Kind::Device] {
            let with = Outline {
                redirect_uris: vec!["https://a.example/cb".into()],
                ..outline(kind)
            };
            let found = define(kind, &with).expect_err("no use");
            assert_eq!(found[0].member, "redirect_uris", "{kind:?}");
        }
        // A machine names its scope itself: there is none that fits all.
        let without = Outline {
            scope: String::new(),
            ..outline(Kind::Machine)
        };
        let definition = define(Kind::Machine, &without).expect("a definition");
        let found = check_definition(&ClientId::new("events"), &definition).expect_err("empty");
        assert_eq!(found[0].member, "scope");
    }
}
