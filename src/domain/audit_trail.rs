//! The hash chain of the audit trail (ARCHITECTURE.md, decision 13): what a seal covers, and what may be emptied of a
//! sealed entry without breaking it. `audit` makes and verifies seals, `storage` keeps them.
//!
//! A seal has the digest of the one before it, the parts of the entry that never change, and a salted digest of each part
//! that may be emptied. Emptying takes the content and its salt away together; the salted digest stays, so the chain
//! stays as it is, and nobody finds the content from it by trying.

use chrono::{SecondsFormat, SubsecRound};
use serde_json::{Value, json};

use super::Time;
use super::organization::words;
use super::secret::Digest;

/// The beginning of the object of an entry about an address that has no account.
const ADDRESS: &str = "address:";
/// The object of such an entry after the deletion of the account that had the address.
pub const DELETED_ADDRESS: &str = "address:deleted";

/// One entry, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: i64,
    pub at: Time,
    pub actor: String,
    /// The office of the actor; empty if an earlier release wrote the entry.
    pub acted_as: String,
    pub action: String,
    pub object: String,
    pub account: Option<String>,
    pub organization: Option<String>,
    pub success: bool,
    pub reason: Option<String>,
    /// JSON, as it was written.
    pub before: Option<String>,
    pub after: Option<String>,
    pub network: String,
    pub browser: String,
    pub request_id: String,
}

words! {
    /// A part of an entry that is emptied when the account of a person is deleted (security.md ST-4).
    Part {
        /// The client network, the browser and the request id.
        Traces = "traces",
        /// The reason: what somebody typed.
        Reason = "reason",
        /// The object, if it is an address.
        Object = "object",
    }
}

impl Entry {
    /// Returns the content of a part; `None` if there is nothing in it.
    fn content(&self, part: Part) -> Option<String> {
        match part {
            Part::Traces => {
                let traces = [&*self.network, &*self.browser, &*self.request_id];
                (traces != ["", "", ""]).then(|| json!(traces).to_string())
            }
            Part::Reason => self.reason.clone(),
            Part::Object => self.object.starts_with(ADDRESS).then(|| self.object.clone()),
        }
    }

    /// Returns `true` if the part is as the deletion of an account leaves it.
    fn is_emptied(&self, part: Part) -> bool {
        match part {
            Part::Object => self.object == DELETED_ADDRESS,
            _ => self.content(part).is_none(),
        }
    }

    /// Returns what changed, as JSON; text that is no JSON is a string.
    pub fn before(&self) -> Option<Value> {
        self.before.as_deref().map(parse)
    }

    pub fn after(&self) -> Option<Value> {
        self.after.as_deref().map(parse)
    }

    /// Returns the entry as an export gives it, with its seal if it has one.
    pub fn to_json(&self, seal: Option<&Seal>) -> Value {
        json!({
            "id": self.id,
            "at": self.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "actor": self.actor,
            "acted_as": self.acted_as,
            "action": self.action,
            "object": self.object,
            "account_id": self.account,
            "organization_id": self.organization,
            "success": self.success,
            "reason": self.reason,
            "before": self.before(),
            "after": self.after(),
            "network": self.network,
            "browser": self.browser,
            "request_id": self.request_id,
            "seal": seal.map(Seal::to_json),
        })
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// The salted digest of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    pub digest: String,
    /// `None` if the part was emptied.
    pub salt: Option<String>,
    /// The entry that records that the part was emptied.
    pub emptied_by: Option<i64>,
}

impl Commitment {
    fn of(part: Part, salt: String, content: &str) -> Self {
        Self {
            digest: Self::digest(part, &salt, content),
            salt: Some(salt),
            emptied_by: None,
        }
    }

    fn digest(part: Part, salt: &str, content: &str) -> String {
        digest_of(&json!(["itu-account audit part 1", part, salt, content]))
    }
}

/// What verification finds about a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It is as it was sealed.
    Intact,
    /// It was emptied, as this entry has to say.
    Emptied {
        by: Option<i64>,
    },
    Changed,
}

/// The place of an entry in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// From 1, without a gap, in the order of sealing.
    pub position: i64,
    /// The id of the entry.
    pub entry: i64,
    pub sealed_at: Time,
    pub traces: Option<Commitment>,
    pub reason: Option<Commitment>,
    pub object: Option<Commitment>,
    /// The digest of all of this and of the digest before it.
    pub digest: String,
}

impl Seal {
    /// Seals an entry after the one that has the digest `previous`. Each part has a salt of its own, so that what stays of
    /// one says nothing about another.
    pub fn new(
        entry: &Entry,
        position: i64,
        sealed_at: Time,
        previous: &str,
        salt: impl Fn() -> String,
    ) -> Self {
        let commit = |part: Part| {
            let content = entry.content(part)?;
            Some(Commitment::of(part, salt(), &content))
        };
        let mut seal = Self {
            position,
            entry: entry.id,
            sealed_at: sealed_at.trunc_subsecs(6),
            traces: commit(Part::Traces),
            reason: commit(Part::Reason),
            object: commit(Part::Object),
            digest: String::new(),
        };
        seal.digest = seal.digest_after(previous, entry);
        seal
    }

    /// Returns the digest that this seal has to have after `previous` if it is of this entry.
    pub fn digest_after(&self, previous: &str, entry: &Entry) -> String {
        let object = match entry.content(Part::Object) {
            Some(_) => ADDRESS,
            None => &*entry.object,
        };
        let committed = |part: Part| self.part(part).map(|it| &*it.digest);
        digest_of(&json!([
            "itu-account audit seal 1",
            previous,
            self.position,
            self.sealed_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            entry.id,
            entry.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            entry.actor,
            entry.acted_as,
            entry.action,
            object,
            entry.account,
            entry.organization,
            entry.success,
            entry.before,
            entry.after,
            committed(Part::Traces),
            committed(Part::Reason),
            committed(Part::Object),
        ]))
    }

    pub fn part(&self, part: Part) -> Option<&Commitment> {
        match part {
            Part::Traces => self.traces.as_ref(),
            Part::Reason => self.reason.as_ref(),
            Part::Object => self.object.as_ref(),
        }
    }

    /// Compares a part of the entry with what was sealed of it.
    pub fn verify_part(&self, part: Part, entry: &Entry) -> PartState {
        let content = entry.content(part);
        let is_intact = match (self.part(part), &content) {
            (None, None) => true,
            (
                Some(Commitment {
                    digest,
                    salt: Some(salt),
                    ..
                }),
                Some(content),
            ) => *digest == Commitment::digest(part, salt, content),
            _ => false,
        };
        match self.part(part) {
            _ if is_intact => PartState::Intact,
            Some(Commitment {
                salt: None,
                emptied_by,
                ..
            }) if entry.is_emptied(part) => PartState::Emptied { by: *emptied_by },
            _ => PartState::Changed,
        }
    }

    fn to_json(&self) -> Value {
        let committed = |part: Part| self.part(part).map(|it| &*it.digest);
        json!({
            "position": self.position,
            "sealed_at": self.sealed_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "digest": self.digest,
            "traces": committed(Part::Traces),
            "reason": committed(Part::Reason),
            "object": committed(Part::Object),
        })
    }
}

fn digest_of(text: &Value) -> String {
    Digest::of(text.to_string().as_bytes()).as_str().to_owned()
}

words! {
    /// The two ends of the chain that are kept beside it.
    End {
        /// The last seal that retention has removed: what follows it is there.
        Start = "start",
        /// The newest seal.
        Head = "head",
    }
}

/// A place in the chain: a position and its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub position: i64,
    pub digest: String,
}

impl Place {
    /// The place before the first seal.
    pub fn origin() -> Self {
        Self {
            position: 0,
            digest: digest_of(&json!("itu-account audit trail")),
        }
    }

    /// Returns the text that authenticates this as an end of the chain, under a key that the database does not have.
    pub fn authenticated(&self, end: End) -> String {
        format!("{end}\n{}\n{}", self.position, self.digest)
    }
}

impl From<&Seal> for Place {
    fn from(seal: &Seal) -> Self {
        Self {
            position: seal.position,
            digest: seal.digest.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            id: 7,
            at: chrono::DateTime::UNIX_EPOCH,
            actor: "visitor".into(),
            acted_as: "visitor".into(),
            action: "session.sign_in_failed".into(),
            object: "address:abc".into(),
            account: None,
            organization: None,
            success: false,
            reason: Some("wrong password".into()),
            before: None,
            after: Some("{}".into()),
            network: "192.0.2.1".into(),
            browser: "Firefox".into(),
            request_id: "r".into(),
        }
    }

    fn seal(entry: &Entry) -> Seal {
        Seal::new(entry, 1, entry.at, &Place::origin().digest, || "salt".into())
    }

    /// Returns the parts of the changed entry that do not hold, and whether the chain does.
    fn verify(seal: &Seal, entry: &Entry) -> (Vec<Part>, bool) {
        let changed = |part: &&Part| seal.verify_part(**part, entry) == PartState::Changed;
        let changed = Part::ALL.iter().filter(changed).copied().collect();
        let holds = seal.digest_after(&Place::origin().digest, entry) == seal.digest;
        (changed, holds)
    }

    #[test]
    fn every_change_of_an_entry_is_seen() {
        // LG-5
        let (entry, seal) = (entry(), seal(&entry()));
        assert_eq!(verify(&seal, &entry), (vec![], true));
        type Change = fn(&mut Entry);
        let changes: [(Change, &[Part]); 15] = [
            (|it| it.id += 1, &[]),
            (|it| it.at += chrono::Duration::microseconds(1), &[]),
            (|it| it.actor = "system".into(), &[]),
            (|it| it.acted_as.clear(), &[]),
            (|it| it.action = "session.sign_in".into(), &[]),
            (|it| it.object = "account:abc".into(), &[Part::Object]),
            (|it| it.account = Some("a".into()), &[]),
            (|it| it.organization = Some("o".into()), &[]),
            (|it| it.success = true, &[]),
            (|it| it.before = Some("{}".into()), &[]),
            (|it| it.after = None, &[]),
            (|it| it.object = "address:abd".into(), &[Part::Object]),
            (|it| it.reason = Some("other".into()), &[Part::Reason]),
            (|it| it.network = "192.0.2.2".into(), &[Part::Traces]),
            (|it| it.request_id.clear(), &[Part::Traces]),
        ];
        for (number, (change, parts)) in changes.into_iter().enumerate() {
            let mut changed = entry.clone();
            change(&mut changed);
            let (found, holds) = verify(&seal, &changed);
            let of_chain = number < 11;
            assert_eq!((found.as_slice(), holds), (parts, !of_chain), "change {number}");
        }
    }

    #[test]
    fn a_part_is_emptied_with_its_salt_alone() {
        // LG-5, ST-4
        let (mut entry, mut seal) = (entry(), seal(&entry()));
        entry.object = DELETED_ADDRESS.into();
        entry.reason = None;
        for field in [&mut entry.network, &mut entry.browser, &mut entry.request_id] {
            field.clear();
        }
        assert_eq!(verify(&seal, &entry), (Part::ALL.to_vec(), true));
        for commitment in [&mut seal.traces, &mut seal.reason, &mut seal.object] {
            let commitment = commitment.as_mut().expect("a part");
            commitment.salt = None;
            commitment.emptied_by = Some(9);
        }
        for part in Part::ALL {
            let state = seal.verify_part(*part, &entry);
            assert_eq!(state, PartState::Emptied { by: Some(9) }, "{part}");
        }
        assert_eq!(verify(&seal, &entry), (vec![], true));
        entry.reason = Some("put in its place".into());
        assert_eq!(verify(&seal, &entry), (vec![Part::Reason], true));
    }
}
