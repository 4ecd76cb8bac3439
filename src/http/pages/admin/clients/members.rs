//! The fields of the form that edits a client: one for each member of its metadata and of the settings of administrators,
//! under the member's own name. What is in the fields is for `member_values`, what may be in them for the rules of the room.
//! Two groups of members share fields, as one of the group excludes the others or needs them: the name of a certificate
//! (RFC 8705 §2.1.2), and an encryption with its content encryption. So the whole form keeps within the fields that a
//! form may have (security.md DS-1).

use crate::domain::client::{
    AccessTokenFormat, ApplicationType, AuthMethod, ContentEncryption, DeliveryMode, EncryptionAlg,
    GrantType, IdTokenClaims, Pkce, Profile, RequestObjectAlg, SigningAlg, SubjectType,
};

pub(super) const CERTIFICATE: &str = "tls_client_auth";
pub(super) const CERTIFICATE_VALUE: &str = "tls_client_auth_value";
pub(super) const CERTIFICATE_NAMES: [&str; 5] = [
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
];

/// The way in which a member is typed or chosen.
#[derive(Clone, Copy)]
pub(super) enum Input {
    Text,
    /// Several values, one on each line.
    Lines,
    Json,
    Number,
    Flag,
    /// One of the values, or none of them.
    Choice(fn() -> Vec<String>),
    /// One of the values.
    Always(fn() -> Vec<String>),
    /// Any of the values.
    Boxes(fn() -> Vec<String>),
}

impl Input {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Lines => "lines",
            Self::Json => "json",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Choice(_) => "choice",
            Self::Always(_) => "always",
            Self::Boxes(_) => "boxes",
        }
    }

    pub(super) fn options(self) -> Vec<String> {
        match self {
            Self::Choice(options) | Self::Always(options) | Self::Boxes(options) => options(),
            _ => Vec::new(),
        }
    }
}

pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) input: Input,
}

pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

const fn field(name: &'static str, input: Input) -> Field {
    Field { name, input }
}

fn names<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn signatures() -> Vec<String> {
    names(SigningAlg::ALL)
}

/// Returns each encryption, and each with its content encryption: `RSA-OAEP-256 A256GCM`.
fn encryptions() -> Vec<String> {
    let with_content = |alg: &EncryptionAlg| {
        let (alg, contents) = (alg.to_string(), names(ContentEncryption::ALL));
        let pairs = contents.into_iter().map(|enc| format!("{alg} {enc}"));
        [alg.clone()].into_iter().chain(pairs).collect::<Vec<_>>()
    };
    EncryptionAlg::ALL.iter().flat_map(with_content).collect()
}

pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "service",
        fields: &[
            field("client_name", Input::Text),
            field("client_uri", Input::Text),
            field("logo_uri", Input::Text),
            field("policy_uri", Input::Text),
            field("tos_uri", Input::Text),
            field("contacts", Input::Lines),
        ],
    },
    Section {
        name: "login",
        fields: &[
            field("redirect_uris", Input::Lines),
            field("scope", Input::Text),
            field("grant_types", Input::Boxes(|| names(GrantType::ALL))),
            field("response_types", Input::Lines),
            field("application_type", Input::Always(|| names(ApplicationType::ALL))),
            field("pkce", Input::Always(|| names(Pkce::ALL))),
            field("initiate_login_uri", Input::Text),
            field("default_max_age", Input::Number),
            field("require_auth_time", Input::Flag),
            field("default_acr_values", Input::Lines),
        ],
    },
    Section {
        name: "authentication",
        fields: &[
            field(
                "token_endpoint_auth_method",
                Input::Choice(|| names(AuthMethod::ALL)),
            ),
            field("token_endpoint_auth_signing_alg", Input::Choice(signatures)),
            field("jwks_uri", Input::Text),
            field("jwks", Input::Json),
            field(
                CERTIFICATE,
                Input::Choice(|| CERTIFICATE_NAMES.map(str::to_owned).to_vec()),
            ),
            field(CERTIFICATE_VALUE, Input::Text),
            field("dpop_bound_access_tokens", Input::Flag),
            field("tls_client_certificate_bound_access_tokens", Input::Flag),
        ],
    },
    Section {
        name: "access",
        fields: &[
            field("first_party", Input::Flag),
            field(
                "access_policy.affiliation",
                Input::Choice(|| vec!["approved".into()]),
            ),
            field("access_policy.membership_types", Input::Lines),
            field("access_policy.ties_rights", Input::Lines),
            field("profile", Input::Always(|| names(Profile::ALL))),
        ],
    },
    Section {
        name: "tokens",
        fields: &[
            field("id_token_claims", Input::Choice(|| names(IdTokenClaims::ALL))),
            field("subject_type", Input::Always(|| names(SubjectType::ALL))),
            field("sector_identifier_uri", Input::Text),
            field("id_token_signed_response_alg", Input::Choice(signatures)),
            field("id_token_encrypted_response_alg", Input::Choice(encryptions)),
            field("userinfo_signed_response_alg", Input::Choice(signatures)),
            field("userinfo_encrypted_response_alg", Input::Choice(encryptions)),
            field(
                "access_token_format",
                Input::Always(|| names(AccessTokenFormat::ALL)),
            ),
            field("resources", Input::Lines),
            field("protected_resources", Input::Lines),
            field("introspect_all", Input::Flag),
        ],
    },
    Section {
        name: "logout",
        fields: &[
            field("post_logout_redirect_uris", Input::Lines),
            field("backchannel_logout_uri", Input::Text),
            field("backchannel_logout_session_required", Input::Flag),
            field("frontchannel_logout_uri", Input::Text),
            field("frontchannel_logout_session_required", Input::Flag),
        ],
    },
    Section {
        name: "requests",
        fields: &[
            field("require_pushed_authorization_requests", Input::Flag),
            field("require_signed_request_object", Input::Flag),
            field(
                "request_object_signing_alg",
                Input::Choice(|| names(RequestObjectAlg::ALL)),
            ),
            field("request_uris", Input::Lines),
            field("authorization_signed_response_alg", Input::Choice(signatures)),
            field("authorization_encrypted_response_alg", Input::Choice(encryptions)),
            field("authorization_details_types", Input::Lines),
        ],
    },
    Section {
        name: "ciba",
        fields: &[
            field(
                "backchannel_token_delivery_mode",
                Input::Choice(|| names(DeliveryMode::ALL)),
            ),
            field("backchannel_client_notification_endpoint", Input::Text),
            field(
                "backchannel_authentication_request_signing_alg",
                Input::Choice(signatures),
            ),
        ],
    },
];

pub(super) fn fields() -> impl Iterator<Item = &'static Field> {
    SECTIONS.iter().flat_map(|it| it.fields)
}

/// Returns the member that goes with an encryption, if the field is one: its content encryption.
pub(super) fn content_encryption(field: &str) -> Option<String> {
    let stem = field.strip_suffix("_encrypted_response_alg")?;
    Some(format!("{stem}_encrypted_response_enc"))
}

/// Returns the names in the standards of the members of a field.
pub(super) fn members_of(field: &str) -> Vec<String> {
    let mut members = vec![field.to_owned()];
    members.extend(content_encryption(field));
    if field == CERTIFICATE {
        members = CERTIFICATE_NAMES.map(str::to_owned).to_vec();
    }
    members
}

/// Returns the field that a problem of this member is shown at.
pub(super) fn field_of(member: &str) -> Option<&'static str> {
    if CERTIFICATE_NAMES.contains(&member) {
        return Some(CERTIFICATE_VALUE);
    }
    if member == "access_policy" {
        return Some("access_policy.affiliation");
    }
    let is_there = |it: &&str| *it == member || content_encryption(it).as_deref() == Some(member);
    fields().map(|it| it.name).find(is_there)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::{AdministratorSettings, Metadata};

    /// Members that no administrator sets: the product writes one, and of the other it accepts its default alone.
    const ELSEWHERE: [&str; 2] = ["administered", "backchannel_user_code_parameter"];

    #[test]
    fn every_member_has_a_field_and_its_help() {
        let known: Vec<String> = fields().flat_map(|it| members_of(it.name)).collect();
        let policy = [
            "access_policy.affiliation",
            "access_policy.membership_types",
            "access_policy.ties_rights",
        ];
        for member in Metadata::MEMBERS.iter().chain(AdministratorSettings::MEMBERS) {
            let has = known.iter().any(|it| it == member);
            let is_policy =
                *member == "access_policy" && policy.iter().all(|it| known.iter().any(|k| k == it));
            assert!(has || is_policy || ELSEWHERE.contains(member), "{member}");
            assert!(
                ELSEWHERE.contains(member) || field_of(member).is_some(),
                "{member}"
            );
        }
        for field in fields() {
            let key = format!("admin.member.{}", field.name);
            assert!(crate::i18n::exists(&key), "{key}");
        }
        for section in SECTIONS {
            let key = format!("admin.client_edit.section.{}", section.name);
            assert!(crate::i18n::exists(&key), "{key}");
        }
    }

    #[test]
    fn a_form_with_everything_ticked_is_not_too_large() {
        // DS-1: 64 fields, of which the form's token and the version are two.
        let boxes: usize = fields()
            .map(|it| match it.input {
                Input::Boxes(options) => options().len(),
                _ => 1,
            })
            .sum();
        assert!(boxes + 2 <= 64, "{boxes}");
    }
}
