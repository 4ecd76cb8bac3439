//! The login of a person, and its names in tokens: a class (`acr`, OpenID Connect Core §2, the profiles of REFEDS),
//! methods (`amr`, RFC 8176), and a time (`auth_time`).

use super::Time;

/// The class of a login, by contract.md's names. A later one implies an earlier one, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acr {
    /// One factor was used: the password.
    Password,
    /// Two factors of different kinds were used.
    SecondFactor,
    /// A passkey, which no other site can ask for in our name.
    Passkey,
}

impl Acr {
    pub const ALL: [Self; 3] = [Self::Password, Self::SecondFactor, Self::Passkey];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "https://refeds.org/profile/sfa",
            Self::SecondFactor => "https://refeds.org/profile/mfa",
            Self::Passkey => "phr",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }
}

/// A factor that verifies a person beside the password, or in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A code from the list that was shown once.
    RecoveryCode,
    /// A passkey after the password.
    Passkey,
    /// A passkey alone: the device has verified its owner (Web Authentication, user verification).
    PasskeyAlone,
}

impl Factor {
    pub const ALL: [Self; 4] = [Self::Totp, Self::RecoveryCode, Self::Passkey, Self::PasskeyAlone];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
            Self::PasskeyAlone => "passkey_alone",
        }
    }

    pub const fn acr(self) -> Acr {
        match self {
            Self::Totp | Self::RecoveryCode => Acr::SecondFactor,
            Self::Passkey | Self::PasskeyAlone => Acr::Passkey,
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }
}

/// A second factor that was presented, and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondProof {
    pub factor: Factor,
    pub at: Time,
}

/// Everything that was presented at a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The time at which the password was right, or the passkey in its place.
    pub authenticated_at: Time,
    pub second_factor: Option<SecondProof>,
}

impl Proof {
    pub fn password(at: Time) -> Self {
        Self {
            authenticated_at: at,
            second_factor: None,
        }
    }

    pub fn passkey(at: Time) -> Self {
        let factor = Factor::PasskeyAlone;
        Self {
            authenticated_at: at,
            second_factor: Some(SecondProof { factor, at }),
        }
    }
}

/// The claims of a login in tokens.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Authentication {
    /// The time at which the person last entered the password, or used a passkey in its place: the older of two
    /// proofs, if they came apart.
    pub auth_time: Time,
    pub acr: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
}

impl Authentication {
    pub fn new(auth_time: Time, acr: Acr, factor: Option<Factor>) -> Self {
        // RFC 8176 §2: `mfa` goes beside the method that was used; a recovery code has no name there, nor the way in
        // which a device verifies its owner.
        let amr: &[&str] = match factor {
            None => &["pwd"],
            Some(Factor::Totp) => &["pwd", "otp", "mfa"],
            Some(Factor::RecoveryCode) => &["pwd", "mfa"],
            Some(Factor::Passkey) => &["pwd", "pop", "user", "mfa"],
            Some(Factor::PasskeyAlone) => &["pop", "user", "mfa"],
        };
        Self {
            auth_time,
            acr: acr.as_str().to_owned(),
            amr: amr.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    /// Replaces the class by one that the service asked for and that the login implies, too.
    pub fn with_acr(mut self, acr: Acr) -> Self {
        self.acr = acr.as_str().to_owned();
        self
    }
}

/// The classes that a request asks for, any of which will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedAcr<'a> {
    /// The classes in order of preference (OpenID Connect Core §3.1.2.1); none: no wish.
    pub values: Vec<&'a str>,
    /// `true` if one of them is a condition: without it the login has failed (Core §5.5.1.1).
    pub essential: bool,
}

impl WantedAcr<'_> {
    /// Returns the first of them that a login of class `held` is, or implies too; without a wish `held` itself.
    pub fn met_by(&self, held: Acr) -> Option<Acr> {
        if self.values.is_empty() {
            return Some(held);
        }
        let supported = self.values.iter().filter_map(|it| Acr::parse(it));
        supported.into_iter().find(|it| *it <= held)
    }

    /// Returns `true` if some login at this provider can be one of them.
    pub fn is_supported(&self) -> bool {
        self.values.is_empty() || self.values.iter().any(|it| Acr::parse(it).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_class_that_the_login_satisfies_is_stated() {
        let (sfa, mfa) = (Acr::Password.as_str(), Acr::SecondFactor.as_str());
        let met = |values: &[&str], held| {
            let wanted = WantedAcr {
                values: values.to_vec(),
                essential: false,
            };
            wanted.met_by(held)
        };
        assert_eq!(met(&[mfa, sfa], Acr::Password), Some(Acr::Password)); // any one listed
        assert_eq!(met(&[mfa, sfa], Acr::SecondFactor), Some(Acr::SecondFactor));
        assert_eq!(met(&[sfa, mfa], Acr::SecondFactor), Some(Acr::Password)); // in order of preference
        assert_eq!(met(&["phrh", mfa], Acr::Password), None);
        assert_eq!(met(&["phr", mfa], Acr::SecondFactor), Some(Acr::SecondFactor));
        assert_eq!(met(&["phr", mfa], Acr::Passkey), Some(Acr::Passkey));
        assert_eq!(met(&[mfa], Acr::Passkey), Some(Acr::SecondFactor)); // it proves that, too
        assert_eq!(met(&["1"], Acr::SecondFactor), None);
        assert_eq!(met(&[], Acr::Password), Some(Acr::Password));
    }

    #[test]
    fn methods_are_those_of_the_registry() {
        let amr = |factor| Authentication::new(Time::UNIX_EPOCH, Acr::SecondFactor, factor).amr;
        assert_eq!(amr(None), ["pwd"]);
        assert_eq!(amr(Some(Factor::Totp)), ["pwd", "otp", "mfa"]);
        assert_eq!(amr(Some(Factor::RecoveryCode)), ["pwd", "mfa"]);
        assert_eq!(amr(Some(Factor::Passkey)), ["pwd", "pop", "user", "mfa"]);
        assert_eq!(amr(Some(Factor::PasskeyAlone)), ["pop", "user", "mfa"]);
    }
}
