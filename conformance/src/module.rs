//! A module has a name in the Foundation's suite, needs, variants that it runs in, and the function
//! that carries it out. The files of `modules/` declare them, the runner runs them.

use crate::fapi::Restriction;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use crate::run::Run;
use crate::variant::Variant;
use std::pin::Pin;

/// The settings and services that a module cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The metadata only.
    Nothing,
    /// A registered client and a person who logs in.
    Client,
    /// The client, and `client2`.
    TwoClients,
    /// The client `client_secret_post`.
    SecretPost,
    /// A client whose logout address is registered.
    Logout,
    /// Clients of its own making.
    Registration,
    /// Clients of its own making, and a document that the provider fetches from it.
    Site,
    /// Two clients of FAPI.
    Fapi,
}

type Checking<'a> = Pin<Box<dyn Future<Output = Step> + Send + 'a>>;

/// A module of OpenID Connect is a relying party; the others read metadata, or bring clients of FAPI along.
#[derive(Clone, Copy)]
pub enum Check {
    Run(for<'a> fn(&'a mut Run) -> Checking<'a>),
    RelyingParty(for<'a> fn(&'a mut RelyingParty) -> Checking<'a>),
}

#[derive(Clone, Copy)]
pub struct Module {
    pub name: &'static str,
    pub needs: Needs,
    /// The response types that the suite runs it for.
    pub on: &'static [&'static str],
    /// The variants of FAPI that the suite runs it for; empty means all.
    pub only: &'static [Restriction],
    pub check: Check,
}

impl Module {
    pub fn runs_in(&self, variant: &Variant) -> bool {
        let fits = |only: &Restriction| variant.fapi.is_some_and(|it| only.fits(it));
        self.on.contains(&variant.response_type) && self.only.iter().all(fits)
    }
}

/// Every response type of OpenID Connect Core §3.
pub const ALL: &[&str] = &[
    "code",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];

/// A row of a table: the suite's name, what the module needs, and the function that carries it out.
macro_rules! module {
    (@check Nothing, $check:path) => { $crate::module::Check::Run(|it| Box::pin($check(it))) };
    (@check Fapi, $check:path) => { $crate::module::Check::Run(|it| Box::pin($check(it))) };
    (@check $needs:ident, $check:path) => { $crate::module::Check::RelyingParty(|it| Box::pin($check(it))) };
    ($name:literal, $needs:ident, $check:path) => {
        $crate::module::module!($name, $needs, $check, $crate::module::ALL)
    };
    ($name:literal, $needs:ident, $check:path, $on:expr) => {
        $crate::module::Module {
            name: $name,
            needs: $crate::module::Needs::$needs,
            on: $on,
            only: &[],
            check: $crate::module::module!(@check $needs, $check),
        }
    };
}
pub(crate) use module;
