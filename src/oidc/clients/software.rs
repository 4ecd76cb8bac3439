//! Common software that people log in to, by what it asks of a provider (interoperability.md): the addresses that follow
//! from the address of the service, and whether it sends PKCE with the settings of `handover`.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    Indico,
    Pretix,
    /// Mailman 3 and other software with django-allauth.
    Allauth,
    MozillaDjangoOidc,
    ModAuthOpenidc,
    Nextcloud,
    Grafana,
    GitLab,
    Moodle,
    WordPress,
    Spring,
    /// Keycloak that leads its own people here, as a broker.
    Keycloak,
}

impl Software {
    pub const ALL: [Self; 12] = [
        Self::Indico,
        Self::Pretix,
        Self::Allauth,
        Self::MozillaDjangoOidc,
        Self::ModAuthOpenidc,
        Self::Nextcloud,
        Self::Grafana,
        Self::GitLab,
        Self::Moodle,
        Self::WordPress,
        Self::Spring,
        Self::Keycloak,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Indico => "indico",
            Self::Pretix => "pretix",
            Self::Allauth => "allauth",
            Self::MozillaDjangoOidc => "mozilla_django_oidc",
            Self::ModAuthOpenidc => "mod_auth_openidc",
            Self::Nextcloud => "nextcloud",
            Self::Grafana => "grafana",
            Self::GitLab => "gitlab",
            Self::Moodle => "moodle",
            Self::WordPress => "wordpress",
            Self::Spring => "spring",
            Self::Keycloak => "keycloak",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }

    /// Returns its name, which is the same in all languages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Indico => "Indico",
            Self::Pretix => "pretix",
            Self::Allauth => "Mailman 3 (django-allauth)",
            Self::MozillaDjangoOidc => "mozilla-django-oidc",
            Self::ModAuthOpenidc => "Apache (mod_auth_openidc)",
            Self::Nextcloud => "Nextcloud (user_oidc)",
            Self::Grafana => "Grafana",
            Self::GitLab => "GitLab",
            Self::Moodle => "Moodle",
            Self::WordPress => "WordPress (OpenID Connect Generic)",
            Self::Spring => "Spring Boot",
            Self::Keycloak => "Keycloak",
        }
    }

    /// Returns an address of the service, as it is to be given.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Indico => "https://indico.example.org",
            Self::Pretix => "https://pretix.example.org/organizer",
            Self::Allauth => "https://lists.example.org",
            Self::ModAuthOpenidc => "https://www.example.org/members",
            Self::MozillaDjangoOidc | Self::Spring => "https://app.example.org",
            Self::Nextcloud => "https://cloud.example.org",
            Self::Grafana => "https://grafana.example.org",
            Self::GitLab => "https://gitlab.example.org",
            Self::Moodle => "https://moodle.example.org",
            Self::WordPress => "https://blog.example.org",
            Self::Keycloak => "https://keycloak.example.org/realms/main",
        }
    }

    /// Returns what follows the address in the redirect URIs that it sends, the usual one first.
    const fn callbacks(self) -> &'static [&'static str] {
        match self {
            Self::Indico => &["/multipass/authlib/itu"],
            Self::Pretix => &["/account/login/1/return"],
            Self::Allauth => &["/accounts/oidc/itu/login/callback/"],
            Self::MozillaDjangoOidc => &["/oidc/callback/"],
            Self::ModAuthOpenidc => &["/redirect_uri"],
            Self::Nextcloud => &["/apps/user_oidc/code", "/index.php/apps/user_oidc/code"],
            Self::Grafana => &["/login/generic_oauth"],
            Self::GitLab => &["/users/auth/openid_connect/callback"],
            Self::Moodle => &["/admin/oauth2callback.php"],
            Self::WordPress => &["/wp-admin/admin-ajax.php?action=openid-connect-authorize"],
            Self::Spring => &["/login/oauth2/code/itu"],
            Self::Keycloak => &["/broker/itu/endpoint"],
        }
    }

    /// Returns the redirect URIs of a service at this address.
    pub fn redirect_uris(self, address: &str) -> Vec<String> {
        let address = address.trim_end_matches('/');
        self.callbacks()
            .iter()
            .map(|it| format!("{address}{it}"))
            .collect()
    }

    /// Returns where it has people sent after a logout, if it supports RP-initiated logout.
    pub fn post_logout_redirect_uri(self, address: &str) -> Option<String> {
        let path = match self {
            Self::Indico | Self::Nextcloud | Self::ModAuthOpenidc | Self::Spring | Self::WordPress => "/",
            Self::Grafana => "/login",
            Self::Keycloak => "/broker/itu/endpoint/logout_response",
            Self::Pretix | Self::Allauth | Self::MozillaDjangoOidc | Self::GitLab | Self::Moodle => {
                return None;
            }
        };
        Some(format!("{}{path}", address.trim_end_matches('/')))
    }

    /// Returns where it takes logout tokens (OpenID Connect Back-Channel Logout 1.0).
    pub fn backchannel_logout_uri(self, address: &str) -> Option<String> {
        let path = match self {
            Self::Nextcloud => "/apps/user_oidc/backchannel-logout/itu",
            Self::Keycloak => "/protocol/openid-connect/logout/backchannel-logout",
            Self::ModAuthOpenidc => "/redirect_uri?logout=backchannel",
            _ => return None,
        };
        Some(format!("{}{path}", address.trim_end_matches('/')))
    }

    /// Returns `true` if it sends PKCE with the settings that it is handed, whichever of its releases is in use.
    pub const fn sends_pkce(self) -> bool {
        matches!(
            self,
            Self::Indico
                | Self::Allauth
                | Self::ModAuthOpenidc
                | Self::Grafana
                | Self::GitLab
                | Self::Keycloak
        )
    }

    /// Recognizes the software and the address of its service by a redirect URI.
    pub fn recognize(redirect_uris: &[String]) -> Option<(Self, String)> {
        let found = redirect_uris.iter().find_map(|uri| {
            let by = |software: Self| {
                let address = software
                    .callbacks()
                    .iter()
                    .rev()
                    .find_map(|it| uri.strip_suffix(it))?;
                Some((software, address.to_owned()))
            };
            Self::ALL.into_iter().find_map(by).or_else(|| pretix(uri))
        });
        found.filter(|(_, address)| address.contains("://"))
    }
}

/// Recognizes pretix by the form of its address: the number is that of the provider there.
fn pretix(uri: &str) -> Option<(Software, String)> {
    let (address, rest) = uri.split_once("/account/login/")?;
    let number = rest.strip_suffix("/return")?;
    let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| (Software::Pretix, address.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_recognized_by_what_it_sends() {
        for software in Software::ALL {
            assert_eq!(Software::parse(software.as_str()), Some(software));
            for slash in ["", "/"] {
                let address = format!("{}{slash}", software.example());
                let uris = software.redirect_uris(&address);
                for uri in &uris {
                    let found = Software::recognize(std::slice::from_ref(uri));
                    assert_eq!(found, Some((software, software.example().to_owned())), "{uri}");
                }
            }
        }
        let other = |uri: &str| Software::recognize(&[uri.to_owned()]);
        let pretix = other("https://pretix.example.org/itu/account/login/27/return");
        assert_eq!(
            pretix,
            Some((Software::Pretix, "https://pretix.example.org/itu".to_owned()))
        );
        assert_eq!(other("https://a.example/account/login/x/return"), None);
        assert_eq!(other("https://a.example/callback"), None);
    }
}
