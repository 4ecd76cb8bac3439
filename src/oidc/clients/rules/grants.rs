//! Checks that grants, response types and scope go together (RFC 7591 §2.1, RFC 6749 §4.4).

use super::problem::Problems;
use crate::domain::client::{AuthMethod, GrantType, Metadata, ResponseType};
use crate::domain::scope;

pub(super) fn check(problems: &mut Problems, metadata: &Metadata) {
    let public = metadata.token_endpoint_auth_method == Some(AuthMethod::None);
    let uses = |grant| metadata.grant_types.contains(&grant);
    problems.unless(!metadata.grant_types.is_empty(), "grant_types", "is empty");
    problems.unless(
        metadata
            .response_types
            .iter()
            .all(|it| ResponseType::ALL.contains(it)),
        "response_types",
        "holds a type that is not one of OpenID Connect",
    );
    // RFC 7591 §2.1: the two lists agree.
    problems.unless(
        !uses(GrantType::AuthorizationCode) || metadata.response_types.iter().any(|it| it.code),
        "response_types",
        "lacks a type with code, which the grant authorization_code needs",
    );
    problems.unless(
        !metadata.dpop_bound_access_tokens || !metadata.response_types.iter().any(|it| it.token),
        "dpop_bound_access_tokens",
        "what comes through the browser is bound to no key",
    );
    let tokens_by_browser = metadata.response_types.iter().any(|it| it.is_front_channel());
    problems.unless(
        !uses(GrantType::Implicit) || tokens_by_browser,
        "response_types",
        "lacks a type with id_token or token, which the grant implicit needs",
    );
    problems.unless(
        uses(GrantType::Implicit) || !tokens_by_browser,
        "grant_types",
        "lacks implicit, which a response type with id_token or token needs",
    );
    let codes = metadata
        .response_types
        .iter()
        .any(|it| it.code && it.is_front_channel());
    problems.unless(
        uses(GrantType::AuthorizationCode) || !codes,
        "grant_types",
        "lacks authorization_code, which a response type with code needs",
    );
    let of_people = [
        GrantType::AuthorizationCode,
        GrantType::DeviceCode,
        GrantType::Ciba,
    ];
    problems.unless(
        !uses(GrantType::RefreshToken) || of_people.into_iter().any(uses),
        "grant_types",
        "holds refresh_token without a grant that gives one",
    );
    problems.unless(
        !public || !uses(GrantType::ClientCredentials) && !uses(GrantType::TokenExchange),
        "grant_types",
        "holds client_credentials or token-exchange, which a client without credentials cannot use", // RFC 6749 §4.4
    );
    problems.unless(!metadata.scope.is_empty(), "scope", "is empty");
    let length = metadata.scope.to_string().len();
    problems.unless(length <= 1024, "scope", "is longer than 1024 characters");
    problems.unless(
        !metadata.scope.contains(scope::OFFLINE_ACCESS) || uses(GrantType::RefreshToken),
        "scope",
        "holds offline_access without the grant refresh_token",
    );
}
