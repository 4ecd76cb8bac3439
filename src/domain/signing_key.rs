//! Our signing keys: announced, in use, retired (security.md JW-6). A key is announced a while before it signs, so that
//! services have it by then, and stays published until its last token has expired.

use std::time::Duration;

use super::Time;
use super::client::SigningAlg;

/// The kinds of key that we keep; each signs with one or two algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    Rsa,
    P256,
    Ed25519,
}

impl Family {
    pub const ALL: [Self; 3] = [Self::Rsa, Self::P256, Self::Ed25519];

    pub const fn of(alg: SigningAlg) -> Self {
        match alg {
            SigningAlg::RS256 | SigningAlg::PS256 => Self::Rsa,
            SigningAlg::ES256 => Self::P256,
            SigningAlg::EdDSA => Self::Ed25519,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::P256 => "p256",
            Self::Ed25519 => "ed25519",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }

    /// Returns the algorithms that it signs with.
    pub fn algorithms(self) -> impl Iterator<Item = SigningAlg> {
        SigningAlg::ALL
            .iter()
            .copied()
            .filter(move |it| Self::of(*it) == self)
    }
}

/// The database's record of a key; the key itself is in the keys directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    pub kid: String,
    pub family: Family,
    pub created_at: Time,
    /// The time from which it signs, until the next one of its family does.
    pub active_from: Time,
    pub revoked_at: Option<Time>,
}

/// The stages in the life of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// The key is published and does not sign yet.
    Announced,
    Active,
    /// The key is published until then for what it has signed.
    Retired {
        until: Time,
    },
    /// The key is published no longer.
    Gone,
    Revoked,
}

impl KeyState {
    /// The names of all states.
    pub const NAMES: [&'static str; 5] = ["announced", "active", "retired", "gone", "revoked"];

    pub fn is_published(self) -> bool {
        matches!(self, Self::Announced | Self::Active | Self::Retired { .. })
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Active => "active",
            Self::Retired { .. } => "retired",
            Self::Gone => "gone",
            Self::Revoked => "revoked",
        }
    }
}

impl SigningKey {
    /// Returns its state among all keys; `keep` is how long a key stays published after it has last signed.
    pub fn state(&self, all: &[Self], now: Time, keep: Duration) -> KeyState {
        if self.revoked_at.is_some() {
            return KeyState::Revoked;
        }
        if self.active_from > now {
            return KeyState::Announced;
        }
        let successor = all
            .iter()
            .filter(|it| it.family == self.family && it.kid != self.kid && it.revoked_at.is_none())
            .filter(|it| (it.active_from, &it.kid) > (self.active_from, &self.kid))
            .map(|it| it.active_from)
            .min();
        match successor {
            Some(at) if at + keep <= now => KeyState::Gone,
            Some(at) if at <= now => KeyState::Retired { until: at + keep },
            _ => KeyState::Active,
        }
    }
}

/// Returns the families whose next key is due: the newest one's time to sign ends within the announcement.
pub fn due(all: &[SigningKey], now: Time, rotate_every: Duration, announce: Duration) -> Vec<Family> {
    Family::ALL
        .into_iter()
        .filter(|family| {
            newest(all, *family).is_none_or(|it| it.active_from + rotate_every <= now + announce)
        })
        .collect()
}

/// The change to the next key of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextKey {
    /// The time from which it signs.
    pub signs_at: Time,
    /// `false` if it is still to be announced, an announcement's time before.
    pub is_announced: bool,
}

/// Returns when the next key of a family takes over: the one that is announced, or the one that will be when it is due.
pub fn next(
    all: &[SigningKey],
    family: Family,
    now: Time,
    rotate_every: Duration,
    announce: Duration,
) -> NextKey {
    let announced = all
        .iter()
        .filter(|it| it.family == family && it.revoked_at.is_none())
        .map(|it| it.active_from)
        .filter(|it| *it > now)
        .min();
    let due = || newest(all, family).map_or(now, |it| it.active_from + rotate_every);
    NextKey {
        signs_at: announced.unwrap_or_else(|| due().max(now + announce)),
        is_announced: announced.is_some(),
    }
}

/// Returns the key of a family that signs last, announced or active.
pub fn newest(all: &[SigningKey], family: Family) -> Option<&SigningKey> {
    all.iter()
        .filter(|it| it.family == family && it.revoked_at.is_none())
        .max_by_key(|it| it.active_from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Time {
        chrono::DateTime::from_timestamp(1_800_000_000 + hours * 3600, 0).expect("valid")
    }

    fn key(kid: &str, from: i64) -> SigningKey {
        SigningKey {
            kid: kid.into(),
            family: Family::P256,
            created_at: at(from - 24),
            active_from: at(from),
            revoked_at: None,
        }
    }

    #[test]
    fn a_key_is_announced_active_retired_and_gone() {
        let keep = Duration::from_hours(25);
        let all = [key("old", 0), key("new", 100)];
        let state = |hours| [&all[0], &all[1]].map(|it| it.state(&all, at(hours), keep));
        assert_eq!(state(80), [KeyState::Active, KeyState::Announced]); // JW-6
        assert_eq!(
            state(100),
            [KeyState::Retired { until: at(125) }, KeyState::Active]
        ); // JW-6
        assert_eq!(state(125), [KeyState::Gone, KeyState::Active]); // JW-6
    }

    #[test]
    fn a_revoked_key_leaves_its_predecessor_in_use() {
        let mut new = key("new", 100);
        new.revoked_at = Some(at(101));
        let all = [key("old", 0), new];
        assert_eq!(all[0].state(&all, at(102), Duration::ZERO), KeyState::Active);
        assert_eq!(all[1].state(&all, at(102), Duration::ZERO), KeyState::Revoked);
    }

    #[test]
    fn the_next_key_is_due_an_announcement_before_the_change() {
        let (every, announce) = (Duration::from_hours(2160), Duration::from_hours(24));
        let all = [key("only", 0)];
        assert!(!due(&all, at(2135), every, announce).contains(&Family::P256));
        assert!(due(&all, at(2136), every, announce).contains(&Family::P256)); // JW-6
    }

    #[test]
    fn the_next_key_is_the_announced_one_or_comes_when_it_is_due() {
        let (every, announce) = (Duration::from_hours(2160), Duration::from_hours(24));
        let look = |all: &[SigningKey], hours| next(all, Family::P256, at(hours), every, announce);
        let of = |hours, is_announced| NextKey {
            signs_at: at(hours),
            is_announced,
        };
        let mut all = vec![key("one", 0)];
        assert_eq!(look(&all, 10), of(2160, false));
        assert_eq!(look(&all, 3000), of(3024, false), "overdue: nothing was running");
        all.push(key("two", 100));
        assert_eq!(look(&all, 10), of(100, true));
        assert_eq!(look(&all, 100), of(2260, false));
        all[1].revoked_at = Some(at(50));
        assert_eq!(look(&all, 60), of(2160, false));
    }
}
