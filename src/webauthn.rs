//! Passkeys: the two ceremonies of Web Authentication (Level 3, §7.1 and §7.2), by `webauthn-rs`. The state of a
//! ceremony stays at the server and is text here, and so is a credential, for the stores. The device always verifies
//! its owner (user verification).
//!
//! §7.2, step 22 leaves to the relying party what a signature counter means that did not rise. Here the login fails and the
//! stored counter stays: of two copies of a key, the one behind never passes again. The signature was verified before, so
//! nobody without the key can bring this about. What else follows is decided in `accounts::second_factor::passkey`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use webauthn_rs::WebauthnBuilder;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, WebauthnError,
};

use crate::config::Issuer;
use crate::domain::aaguid::Aaguid;

/// The name of the service on devices.
const NAME: &str = "ITU User Account";

/// The longest id of a credential, in bytes (Level 3, §7.1).
const LONGEST_ID: usize = 1023;

/// The handle that names a person to their devices (§5.4.3), and reveals nothing else.
pub type UserHandle = [u8; 16];

#[derive(Debug)]
pub struct Webauthn(Option<webauthn_rs::Webauthn>);

/// A challenge to a device, and what its response is verified against.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Ceremony {
    /// The options for the browser, in JSON: `PublicKeyCredentialCreationOptions` or `…RequestOptions`, bytes in
    /// base64url.
    pub options: String,
    /// The state by which the answer is verified. It is kept at the server, and used once.
    state: String,
}

/// A new credential.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The id in base64url.
    pub id: String,
    /// The credential in JSON.
    pub data: String,
    /// The model of the authenticator, as it states it.
    pub aaguid: Option<Aaguid>,
}

/// Holds the answer of a device to a challenge, before it is verified.
#[derive(Debug)]
pub struct Assertion(PublicKeyCredential);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The issuer has no name, only an address: no browser makes passkeys for it.
    #[error("passkeys need an issuer with a host name")]
    NoName,
    /// The device's answer, or its form, is not as it should be.
    #[error("the answer of the device: {0}")]
    Refused(String),
    /// The signature is right, and the counter did not rise: the authenticator may have a copy.
    #[error("the signature counter did not rise")]
    SignCountRegressed,
    #[error("passkeys: {0}")]
    Failed(String),
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Refused(error.to_string())
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Failed(error.to_string())
}

/// Returns the RP ID, to which passkeys of this issuer are bound (§5.1.2): a host name. For an IP address browsers make
/// no passkeys.
pub fn rp_id(issuer: &Issuer) -> Option<&str> {
    issuer.url().domain()
}

impl Webauthn {
    pub fn new(issuer: &Issuer) -> Result<Self, Error> {
        let Some(name) = rp_id(issuer) else {
            return Ok(Self(None));
        };
        let built = WebauthnBuilder::new(name, issuer.url())
            .and_then(|it| it.rp_name(NAME).build())
            .map_err(failed)?;
        Ok(Self(Some(built)))
    }

    pub fn is_offered(&self) -> bool {
        self.0.is_some()
    }

    fn library(&self) -> Result<&webauthn_rs::Webauthn, Error> {
        self.0.as_ref().ok_or(Error::NoName)
    }

    /// Makes a challenge for a new passkey; devices that hold one of `excluded` (base64url) make none.
    pub fn begin_registration(
        &self,
        handle: UserHandle,
        email: &str,
        name: &str,
        excluded: &[String],
    ) -> Result<Ceremony, Error> {
        let begun = self
            .library()?
            .start_passkey_registration(Uuid::from_bytes(handle), email, name, None);
        let (challenge, state) = begun.map_err(failed)?;
        let mut options = json(&challenge.public_key)?;
        options["excludeCredentials"] = descriptors(excluded);
        // The device keeps it by itself if it can, so that it logs in without an address (§5.4.6).
        options["authenticatorSelection"]["residentKey"] = json!("preferred");
        ceremony(&options, &state)
    }

    pub fn finish_registration(&self, ceremony: &Ceremony, answer: &str) -> Result<Credential, Error> {
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(refused)?;
        let state: PasskeyRegistration = serde_json::from_str(&ceremony.state).map_err(failed)?;
        let made = self.library()?.finish_passkey_registration(&answer, &state);
        let passkey = made.map_err(refused)?;
        if passkey.cred_id().len() > LONGEST_ID {
            return Err(refused("its identifier is too long"));
        }
        Ok(Credential {
            id: URL_SAFE_NO_PAD.encode(passkey.cred_id()),
            data: serde_json::to_string(&passkey).map_err(failed)?,
            aaguid: aaguid_of(&answer.response.attestation_object),
        })
    }

    /// Makes a challenge for one of these credentials (base64url), or for whichever the device has for this place.
    pub fn begin_authentication(&self, allowed: &[String]) -> Result<Ceremony, Error> {
        let begun = self.library()?.start_discoverable_authentication();
        let (challenge, state) = begun.map_err(failed)?;
        let mut options = json(&challenge.public_key)?;
        options["allowCredentials"] = descriptors(allowed);
        ceremony(&options, &state)
    }

    /// Verifies the assertion, and returns the credential as it is to be kept now, with its counter (§7.2, step 22).
    pub fn finish_authentication(
        &self,
        ceremony: &Ceremony,
        assertion: &Assertion,
        credential: &str,
    ) -> Result<String, Error> {
        let mut passkey: Passkey = serde_json::from_str(credential).map_err(failed)?;
        let state: DiscoverableAuthentication = serde_json::from_str(&ceremony.state).map_err(failed)?;
        let result = self
            .library()?
            .finish_discoverable_authentication_v2(&assertion.0, state, &passkey)
            .map_err(|error| match error {
                WebauthnError::CredentialPossibleCompromise => Error::SignCountRegressed,
                other => refused(other),
            })?;
        passkey.update_credential(&result);
        serde_json::to_string(&passkey).map_err(failed)
    }
}

impl Assertion {
    pub fn read(answer: &str) -> Result<Self, Error> {
        serde_json::from_str(answer).map(Self).map_err(refused)
    }

    /// Returns the id of the credential in base64url.
    pub fn credential_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.get_credential_id())
    }

    /// Returns the handle of the passkey's owner, as the device states it.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.0.get_user_unique_id()
    }
}

/// Returns the AAGUID of an attestation object (§6.5.4). In the authenticator data it follows the hash of the RP ID, the flags
/// and the counter (§6.1).
fn aaguid_of(attestation_object: &[u8]) -> Option<Aaguid> {
    let Ok(serde_cbor_2::Value::Map(members)) = serde_cbor_2::from_slice(attestation_object) else {
        return None;
    };
    let Some(serde_cbor_2::Value::Bytes(data)) = members.get(&serde_cbor_2::Value::Text("authData".into()))
    else {
        return None;
    };
    data.get(37..)?.first_chunk().copied().map(Aaguid::new)
}

fn json(options: &impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(options).map_err(failed)
}

fn descriptors(ids: &[String]) -> Value {
    ids.iter()
        .map(|id| json!({"type": "public-key", "id": id}))
        .collect()
}

fn ceremony(options: &Value, state: &impl serde::Serialize) -> Result<Ceremony, Error> {
    Ok(Ceremony {
        options: options.to_string(),
        state: serde_json::to_string(state).map_err(failed)?,
    })
}
