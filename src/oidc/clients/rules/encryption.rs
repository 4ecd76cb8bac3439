//! Checks what a client is to be sent encrypted, and the key that it must have for that (OpenID Connect Dynamic Client
//! Registration §2, JARM §3; security.md JW-6).

use super::problem::Problems;
use crate::domain::client::{ContentEncryption, EncryptionAlg, Metadata};
use crate::jose::ClientKeys;

pub(super) fn check(problems: &mut Problems, metadata: &Metadata) {
    let members = [
        (
            "id_token_encrypted_response_alg",
            metadata.id_token_encrypted_response_alg,
            "id_token_encrypted_response_enc",
            metadata.id_token_encrypted_response_enc,
        ),
        (
            "userinfo_encrypted_response_alg",
            metadata.userinfo_encrypted_response_alg,
            "userinfo_encrypted_response_enc",
            metadata.userinfo_encrypted_response_enc,
        ),
        (
            "authorization_encrypted_response_alg",
            metadata.authorization_encrypted_response_alg,
            "authorization_encrypted_response_enc",
            metadata.authorization_encrypted_response_enc,
        ),
    ];
    let keys = metadata.jwks.as_ref().and_then(|it| ClientKeys::parse(it).ok());
    for (alg_member, alg, enc_member, enc) in members {
        match alg {
            Some(alg) => key_for(problems, metadata, keys.as_ref(), alg_member, alg),
            None => without_alg(problems, alg_member, enc_member, enc),
        }
    }
}

fn key_for(
    problems: &mut Problems,
    metadata: &Metadata,
    keys: Option<&ClientKeys>,
    member: &str,
    alg: EncryptionAlg,
) {
    problems.unless(
        metadata.jwks.is_some() || metadata.jwks_uri.is_some(),
        member,
        "needs a key of the client, in jwks or at jwks_uri",
    );
    let reason = match alg {
        EncryptionAlg::RsaOaep256 => "needs an RSA key for encryption, and jwks holds none",
        EncryptionAlg::EcdhEs => "needs an EC key on P-256 for encryption, and jwks holds none",
    };
    let fits = keys.is_none_or(|it| it.can_be_encrypted_to_by(alg));
    problems.unless(fits, member, reason);
}

fn without_alg(problems: &mut Problems, alg_member: &str, member: &str, enc: Option<ContentEncryption>) {
    if enc.is_some() {
        problems.add(member, format!("needs {alg_member} beside it"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::ClientId;
    use crate::domain::client::Definition;
    use crate::oidc::clients::rules::check_definition;

    #[test]
    fn an_encryption_needs_the_clients_key_for_it() {
        let p256 = json!({"kty": "EC", "crv": "P-256", "use": "enc",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
        let for_signatures = {
            let mut key = p256.clone();
            key["use"] = "sig".into();
            key
        };
        let problems = |more: serde_json::Value| {
            let mut metadata = json!({"client_name": "A", "redirect_uris": ["https://a.example/cb"]});
            for (name, value) in more.as_object().expect("an object") {
                metadata[name] = value.clone();
            }
            let definition: Definition = serde_json::from_value(metadata).expect("a definition");
            let found = check_definition(&ClientId::new("a"), &definition);
            let found = found.err().unwrap_or_default();
            found.into_iter().map(|it| it.member).collect::<Vec<_>>()
        };
        for what in ["id_token", "userinfo", "authorization"] {
            let (alg, enc) = (
                format!("{what}_encrypted_response_alg"),
                format!("{what}_encrypted_response_enc"),
            );
            for good in [
                json!({&alg: "ECDH-ES", "jwks": {"keys": [p256]}}),
                json!({&alg: "ECDH-ES", &enc: "A256GCM", "jwks": {"keys": [p256]}}),
                json!({&alg: "RSA-OAEP-256", "jwks_uri": "https://a.example/jwks"}),
            ] {
                assert!(problems(good.clone()).is_empty(), "{good}");
            }
            for (bad, member) in [
                (json!({&alg: "ECDH-ES"}), &alg),
                (json!({&alg: "RSA-OAEP-256", "jwks": {"keys": [p256]}}), &alg),
                (json!({&alg: "ECDH-ES", "jwks": {"keys": [for_signatures]}}), &alg),
                (json!({&enc: "A256GCM", "jwks": {"keys": [p256]}}), &enc),
            ] {
                assert_eq!(problems(bad.clone()), [member.as_str()], "{bad}"); // JW-6
            }
        }
    }
}
