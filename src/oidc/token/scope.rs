//! The scope of tokens: what was granted and is still registered, and what a request leaves of it (RFC 6749 §6;
//! security.md G-10, TK-5).

use crate::domain::account::Account;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::powers;
use crate::domain::scope::Scope;
use crate::oidc::mismatch::Mismatch;
use crate::oidc::{Error, Result};

/// Returns what was granted and is still registered, and the person may grant (G-10, AD-1).
pub fn in_force(client: &Client, grant: &Grant, account: &Account) -> Result<Scope> {
    let scope = powers::grantable(&grant.scope.limited_to(client.scope()), account.role);
    if scope.is_empty() && !grant.scope.is_empty() {
        Err(Error::unusable_grant(
            "nothing of its scope is registered any more, or the person's to grant",
        ))
    } else {
        Ok(scope)
    }
}

/// Refuses a scope that was not granted (RFC 6749 §6). A narrower answer leaves the grant as it is.
pub fn narrowed(granted: &Scope, asked: Option<&str>) -> Result<Scope> {
    let Some(asked) = asked else {
        return Ok(granted.clone());
    };
    let asked = Scope::parse(asked).map_err(|it| Error::invalid_scope(it.to_string()))?;
    if asked.is_empty() || !asked.is_within(granted) {
        let mismatch = Mismatch::new("scope", asked.to_string(), granted.iter());
        Err(Error::invalid_scope("The scope is wider than what was granted").about(mismatch))
    } else {
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_only_shrinks() {
        let scope = |text| Scope::parse(text).expect("a scope");
        let granted = scope("openid email offline_access");
        assert_eq!(narrowed(&granted, None).expect("all"), granted);
        assert_eq!(
            narrowed(&granted, Some("email openid")).expect("less"),
            scope("openid email")
        );
        for bad in ["openid profile", " ", "op\\en"] {
            assert!(narrowed(&granted, Some(bad)).is_err(), "{bad}"); // TK-5
        }
    }
}
