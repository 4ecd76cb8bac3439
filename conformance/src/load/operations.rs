//! What services and people do, and how often each in the mixture.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Discovery,
    Jwks,
    ClientCredentials,
    Introspection,
    Userinfo,
    Refresh,
    SingleSignOn,
    Login,
    SignUp,
    CodeTwice,
    RefreshTwice,
    Revocation,
}

impl Operation {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Jwks => "jwks",
            Self::ClientCredentials => "client-credentials",
            Self::Introspection => "introspection",
            Self::Userinfo => "userinfo",
            Self::Refresh => "refresh",
            Self::SingleSignOn => "single-sign-on",
            Self::Login => "login",
            Self::SignUp => "sign-up",
            Self::CodeTwice => "code-twice",
            Self::RefreshTwice => "refresh-twice",
            Self::Revocation => "revocation",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Of a hundred: 80 single sign-ons, 10 refreshes, 5 logins with the password, 5 sign-ups
    Mixed,
    /// What `--record` is for. Of a hundred: 60 single sign-ons, 10 refreshes, 5 each of logins, sign-ups, claims read, codes
    /// redeemed twice at the same time, refresh tokens used twice at the same time, and revocations
    Drill,
    /// The metadata
    Discovery,
    /// The keys
    Jwks,
    /// A token for the client itself
    ClientCredentials,
    /// The introspection of a live access token
    Introspection,
    /// The claims for a live access token
    Userinfo,
    /// A refresh token after another
    Refresh,
    /// From the request of a service to its tokens, by a session
    SingleSignOn,
    /// The same in a new browser, with the password
    Login,
    /// The forms of a sign-up, to the page that asks for the code of the mail (ITU User Account)
    SignUp,
}

impl Workload {
    /// Returns the `n`-th operation of a worker.
    pub const fn operation(self, n: usize) -> Operation {
        match self {
            Self::Mixed => mixed(n),
            Self::Drill => drill(n),
            Self::Discovery => Operation::Discovery,
            Self::Jwks => Operation::Jwks,
            Self::ClientCredentials => Operation::ClientCredentials,
            Self::Introspection => Operation::Introspection,
            Self::Userinfo => Operation::Userinfo,
            Self::Refresh => Operation::Refresh,
            Self::SingleSignOn => Operation::SingleSignOn,
            Self::Login => Operation::Login,
            Self::SignUp => Operation::SignUp,
        }
    }

    /// Returns `true` if the people have to be logged in before.
    pub const fn needs_session(self) -> bool {
        matches!(
            self,
            Self::Mixed
                | Self::Drill
                | Self::Introspection
                | Self::Userinfo
                | Self::Refresh
                | Self::SingleSignOn
        )
    }
}

/// Spreads the operations evenly: every twentieth is a login, every twentieth a sign-up, two of twenty are refreshes.
const fn mixed(n: usize) -> Operation {
    match n % 20 {
        4 | 14 => Operation::Refresh,
        9 => Operation::Login,
        19 => Operation::SignUp,
        _ => Operation::SingleSignOn,
    }
}

/// The mixture, with something else in place of a quarter of its single sign-ons.
const fn drill(n: usize) -> Operation {
    match n % 20 {
        2 => Operation::CodeTwice,
        7 => Operation::RefreshTwice,
        12 => Operation::Revocation,
        17 => Operation::Userinfo,
        _ => mixed(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixture_is_what_it_says() {
        use Operation as It;
        let number = |workload: Workload, of: It| {
            let all = (0..100).map(|it| workload.operation(it));
            all.filter(|it| *it == of).count()
        };
        let numbers = |workload, of: [It; 4]| of.map(|it| number(workload, it));
        let common = [It::SingleSignOn, It::Refresh, It::Login, It::SignUp];
        assert_eq!(numbers(Workload::Mixed, common), [80, 10, 5, 5]);
        assert_eq!(numbers(Workload::Drill, common), [60, 10, 5, 5]);
        let others = [It::CodeTwice, It::RefreshTwice, It::Revocation, It::Userinfo];
        assert_eq!(numbers(Workload::Drill, others), [5; 4]);
    }
}
