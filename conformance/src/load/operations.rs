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
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Of a hundred: 80 single sign-ons, 10 refreshes, 5 logins with the password, 5 sign-ups
    Mixed,
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
            Self::Mixed | Self::Introspection | Self::Userinfo | Self::Refresh | Self::SingleSignOn
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixture_is_what_it_says() {
        let number = |of: Operation| {
            let all = (0..100).map(|it| Workload::Mixed.operation(it));
            all.filter(|it| *it == of).count()
        };
        assert_eq!(number(Operation::SingleSignOn), 80);
        assert_eq!(number(Operation::Refresh), 10);
        assert_eq!((number(Operation::Login), number(Operation::SignUp)), (5, 5));
    }
}
