//! `/admin/keys`: the keys that sign, and the acts on them.

use serde::Serialize;

use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct KeyRow {
    pub kid: String,
    /// The algorithms that it signs with, and the first of them.
    pub algs: String,
    pub alg: &'static str,
    /// `announced`, `active`, `retired`, `gone`, `revoked`.
    pub state: &'static str,
    /// The time that its state is about: from which it signs, until which it is published, at which it was revoked.
    pub at: Time,
}

impl KeyRow {
    fn sample(state: &'static str) -> Self {
        Self {
            kid: format!("rsa-0123456789abcdefghij-{state}"),
            algs: "RS256, PS256".into(),
            alg: "RS256",
            state,
            at: samples::at(),
        }
    }
}

/// What happens next to the keys of some algorithms.
#[derive(Clone, Debug, Serialize)]
pub struct KeyOutlook {
    pub algs: String,
    pub alg: &'static str,
    pub signs_at: Time,
    /// `None` if the next key is announced already.
    pub announced_at: Option<Time>,
}

/// `/admin/keys?q=&alg=&state=&page=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminKeys {
    pub form: FormState,
    pub outlooks: Vec<KeyOutlook>,
    pub can_rotate_all: bool,
    pub rows: Vec<KeyRow>,
    pub paging: Paging,
}

impl Page for AdminKeys {
    const TEMPLATE: &'static str = "admin_keys";

    fn samples() -> Vec<Self> {
        let outlook = |announced_at| KeyOutlook {
            algs: "RS256, PS256".into(),
            alg: "RS256",
            signs_at: samples::at(),
            announced_at,
        };
        let page = |rows: Vec<KeyRow>, can_rotate_all| Self {
            form: FormState::new([("q", "rsa<&>"), ("alg", "ES256"), ("state", "retired")]),
            outlooks: vec![outlook(Some(samples::at())), outlook(None)],
            can_rotate_all,
            paging: Paging::new(2, 25, rows.len() as u64 * 20, "/admin/keys", &[]),
            rows,
        };
        let states = ["announced", "active", "retired", "gone", "revoked"];
        vec![
            page(states.map(KeyRow::sample).to_vec(), true),
            page(vec![], false),
        ]
    }
}

/// What is signed for a client.
#[derive(Clone, Debug, Serialize)]
pub struct KeyUse {
    /// `tokens`, `userinfo`, `authorization_responses`.
    pub of: &'static str,
    pub alg: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub struct KeyClientRow {
    pub id: String,
    pub name: String,
    pub enabled: bool,
    pub uses: Vec<KeyUse>,
}

/// `/admin/keys/{kid}?q=&page=`: the search is that of the services.
#[derive(Clone, Debug, Serialize)]
pub struct AdminKey {
    pub row: KeyRow,
    pub created_at: Time,
    pub active_from: Time,
    pub signs_until: Option<Time>,
    pub accepted_until: Option<Time>,
    pub published_until: Option<Time>,
    pub revoked_at: Option<Time>,
    /// The public key as it stands in the key set; `None` if it does no more.
    pub jwk: Option<String>,
    pub can_be_revoked: bool,
    pub can_be_rotated: bool,
    pub form: FormState,
    pub clients: Vec<KeyClientRow>,
    pub paging: Paging,
    /// The address of its records in the audit trail.
    pub trail: String,
}

impl Page for AdminKey {
    const TEMPLATE: &'static str = "admin_key";

    fn samples() -> Vec<Self> {
        let uses = [
            ("tokens", "RS256"),
            ("userinfo", "PS256"),
            ("authorization_responses", "PS256"),
        ];
        let client = |enabled| KeyClientRow {
            id: "shop<&>".into(),
            name: "ITU <Bookshop>".into(),
            enabled,
            uses: uses.map(|(of, alg)| KeyUse { of, alg }).to_vec(),
        };
        let page = |state, until: Option<Time>, clients: Vec<KeyClientRow>| Self {
            row: KeyRow::sample(state),
            created_at: samples::at(),
            active_from: samples::at(),
            signs_until: until,
            accepted_until: until,
            published_until: until,
            revoked_at: (state == "revoked").then(samples::at),
            jwk: until.map(|_| "{\n  \"kty\": \"RSA\"\n}".into()),
            can_be_revoked: state != "revoked" && state != "gone",
            can_be_rotated: state == "active",
            form: FormState::new([("q", "shop")]),
            paging: Paging::new(1, 25, clients.len() as u64 * 20, "/admin/keys/rsa-1", &[]),
            clients,
            trail: "/admin/audit?subject=key%3Arsa-1".into(),
        };
        let at = Some(samples::at());
        vec![
            page("active", at, vec![client(true), client(false)]),
            page("announced", None, vec![client(true)]),
            page("retired", at, vec![]),
            page("gone", None, vec![]),
            page("revoked", None, vec![]),
        ]
    }
}

/// A rotation to be confirmed.
#[derive(Clone, Debug, Serialize)]
pub struct KeyRotation {
    /// The algorithm as it was chosen; empty for all.
    pub alg: String,
    pub algs: String,
}

/// `/admin/keys/confirm` and `/admin/keys/{kid}/confirm`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminKeyConfirm {
    /// What is rotated, or else the key that is revoked.
    pub rotation: Option<KeyRotation>,
    pub row: Option<KeyRow>,
    /// That of the keys that the page is about.
    pub generation: i64,
    pub signs_from: Option<Time>,
    pub published_until: Option<Time>,
    pub clients: u64,
    pub form: FormState,
}

impl Page for AdminKeyConfirm {
    const TEMPLATE: &'static str = "admin_key_confirm";

    fn samples() -> Vec<Self> {
        let page = |rotation, row, signs_from| Self {
            rotation,
            row,
            generation: 3,
            signs_from,
            published_until: Some(samples::at()),
            clients: 12,
            form: FormState::default(),
        };
        let rotation = |alg: &str, algs: &str| {
            Some(KeyRotation {
                alg: alg.into(),
                algs: algs.into(),
            })
        };
        let at = Some(samples::at());
        vec![
            page(rotation("RS256", "RS256, PS256"), None, at),
            page(rotation("", "RS256, PS256, ES256, EdDSA"), None, at),
            page(None, Some(KeyRow::sample("active")), at),
            page(None, Some(KeyRow::sample("active")), None),
            page(None, Some(KeyRow::sample("announced")), None),
            Self {
                form: FormState::new([("reason", "<i>")]).error("reason", "error.required"),
                ..page(None, Some(KeyRow::sample("retired")), None)
            },
        ]
    }
}
