//! A device that holds a passkey, by its own hand (Web Authentication §6): it makes one for a page, and answers.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ISSUER, Page};

/// §6.1: the user is present, and verified.
const PRESENT_AND_VERIFIED: u8 = 0b0000_0101;
const PRESENT: u8 = 0b0000_0001;
const CREDENTIAL_INCLUDED: u8 = 0b0100_0000;

#[derive(Clone)]
pub struct Authenticator {
    key: EcKey<Private>,
    id: [u8; 16],
    /// The owner, as the page named them when the passkey was made.
    owner: String,
    /// The signature counter as the last answer had it.
    pub counter: u32,
    /// Its model, as it states it (§6.5.1); zero states none.
    pub aaguid: [u8; 16],
    /// The flags that it sets about its owner.
    pub flags: u8,
    /// The origin of the page, as the browser states it.
    pub origin: String,
}

impl Authenticator {
    pub fn new() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
        Self {
            key: EcKey::generate(&group).expect("a key"),
            id: itu_account::random::bytes(),
            owner: String::new(),
            counter: 0,
            aaguid: [0; 16],
            flags: PRESENT_AND_VERIFIED,
            origin: ISSUER.to_owned(),
        }
    }

    /// Returns the same device, which no longer verifies its owner.
    pub fn touched_only(&self) -> Self {
        Self {
            flags: PRESENT,
            ..self.clone()
        }
    }

    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.id)
    }

    /// Returns the challenge that the page sends to devices, as its script reads it.
    pub fn question(page: &Page) -> Value {
        let question = page.attribute_of("form[data-passkey]", "data-passkey");
        let question = question.unwrap_or_else(|| panic!("nothing is asked: {}", page.text()));
        serde_json::from_str(&question).expect("JSON")
    }

    /// §7.1: returns the answer to a page that asks for a new passkey.
    pub fn creates(&mut self, question: &Value) -> String {
        question["user"]["id"]
            .as_str()
            .expect("an owner")
            .clone_into(&mut self.owner);
        let client_data = self.client_data("webauthn.create", question);
        let mut data = self.data(&question["rp"]["id"], CREDENTIAL_INCLUDED);
        data.extend(self.aaguid);
        data.extend((self.id.len() as u16).to_be_bytes());
        data.extend(self.id);
        data.extend(self.public_key());
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend((data.len() as u16).to_be_bytes());
        object.extend(data);
        self.answer(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
        }))
    }

    /// §7.2: returns the answer to a page that asks for a passkey.
    pub fn answers(&mut self, question: &Value) -> String {
        self.counter = self.counter.wrapping_add(1);
        let client_data = self.client_data("webauthn.get", question);
        let data = self.data(&question["rpId"], 0);
        let key = PKey::from_ec_key(self.key.clone()).expect("a key");
        let mut signer = openssl::sign::Signer::new(MessageDigest::sha256(), &key).expect("a signer");
        signer.update(&data).expect("data");
        signer.update(&Sha256::digest(&client_data)).expect("data");
        self.answer(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signer.sign_to_vec().expect("a signature")),
            "userHandle": self.owner,
        }))
    }

    fn answer(&self, response: Value) -> String {
        json!({"id": self.id(), "rawId": self.id(), "type": "public-key", "response": response, "extensions": {}})
            .to_string()
    }

    fn client_data(&self, kind: &str, question: &Value) -> String {
        json!({"type": kind, "challenge": question["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    fn data(&self, place: &Value, more: u8) -> Vec<u8> {
        let mut data = Sha256::digest(place.as_str().expect("a place")).to_vec();
        data.push(self.flags | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Encodes the key as COSE (RFC 9053 §7.1.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    fn public_key(&self) -> Vec<u8> {
        let (mut x, mut y) = (BigNum::new().expect("a number"), BigNum::new().expect("a number"));
        let mut context = BigNumContext::new().expect("a context");
        let point = self.key.public_key();
        point
            .affine_coordinates(self.key.group(), &mut x, &mut y, &mut context)
            .expect("a point");
        let mut out = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        out.extend(x.to_vec_padded(32).expect("32 bytes"));
        out.extend(b"\x22\x58\x20");
        out.extend(y.to_vec_padded(32).expect("32 bytes"));
        out
    }
}
