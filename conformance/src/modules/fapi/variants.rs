//! Lists the variants that the plans of FAPI 2.0 and of FAPI-CIBA run in. `plans.rs` uses them.

use crate::fapi::{Auth, Constraint, FapiVariant};
use crate::variant::Variant;

const fn variant(name: &'static str, auth: Auth, constraint: Constraint, openid: bool) -> FapiVariant {
    FapiVariant {
        name,
        auth,
        constraint,
        openid,
        signed: false,
        client_credentials: false,
        ping: false,
    }
}

/// Names variants as the suite does; the first two words say how the clients are registered.
#[rustfmt::skip]
const WAYS: [FapiVariant; 8] = [
    variant("private_key_jwt dpop openid_connect", Auth::PrivateKeyJwt, Constraint::Dpop, true),
    variant("private_key_jwt dpop plain_oauth", Auth::PrivateKeyJwt, Constraint::Dpop, false),
    variant("private_key_jwt mtls openid_connect", Auth::PrivateKeyJwt, Constraint::Mtls, true),
    variant("private_key_jwt mtls plain_oauth", Auth::PrivateKeyJwt, Constraint::Mtls, false),
    variant("mtls dpop openid_connect", Auth::Mtls, Constraint::Dpop, true),
    variant("mtls dpop plain_oauth", Auth::Mtls, Constraint::Dpop, false),
    variant("mtls mtls openid_connect", Auth::Mtls, Constraint::Mtls, true),
    variant("mtls mtls plain_oauth", Auth::Mtls, Constraint::Mtls, false),
];

const fn plain(at: usize) -> Variant {
    const PLAIN: &[FapiVariant; 8] = &WAYS;
    Variant::fapi(&PLAIN[at])
}

const fn signed(at: usize) -> Variant {
    const SIGNED: &[FapiVariant; 8] = &{
        let mut all = WAYS;
        let mut at = 0;
        while at < all.len() {
            all[at].signed = true;
            at += 1;
        }
        all
    };
    Variant::fapi(&SIGNED[at])
}

const CLIENT_CREDENTIALS: &FapiVariant = &FapiVariant {
    client_credentials: true,
    ..variant(
        "private_key_jwt dpop fapi_client_credentials_grant",
        Auth::PrivateKeyJwt,
        Constraint::Dpop,
        false,
    )
};

#[rustfmt::skip]
pub const SECURITY_PROFILE: &[Variant] = &[
    plain(0), plain(1), plain(2), plain(3), plain(4), plain(5), plain(6), plain(7), Variant::fapi(CLIENT_CREDENTIALS),
];

/// `signed_non_repudiation` and `jarm` together.
#[rustfmt::skip]
pub const MESSAGE_SIGNING: &[Variant] = &[
    signed(0), signed(1), signed(2), signed(3), signed(4), signed(5), signed(6), signed(7),
];

const fn ciba(name: &'static str, auth: Auth, ping: bool) -> FapiVariant {
    FapiVariant {
        name,
        auth,
        constraint: Constraint::Mtls,
        openid: true,
        signed: true,
        client_credentials: false,
        ping,
    }
}

/// Names variants as the suite does; the first two words say how the clients are registered.
#[rustfmt::skip]
pub const CIBA: &[Variant] = &[
    Variant::fapi(&ciba("private_key_jwt poll", Auth::PrivateKeyJwt, false)),
    Variant::fapi(&ciba("mtls poll", Auth::Mtls, false)),
    Variant::fapi(&ciba("private_key_jwt ping", Auth::PrivateKeyJwt, true)),
    Variant::fapi(&ciba("mtls ping", Auth::Mtls, true)),
];
