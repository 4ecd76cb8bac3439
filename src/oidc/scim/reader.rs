//! Whom a client sees, and what of each person (contract.md, "SCIM").
//!
//! A client sees the people who used its service; one with an access policy sees those, too, whom the policy lets in,
//! ahead of their first login. A client that asks people for their consent sees those who gave it, and of each what they
//! agreed to. A client with the power over accounts sees everybody, and may suspend.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::Result;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::{Client, SubjectType};
use crate::domain::powers::{Area, Power};
use crate::domain::scope::{self, Scope};
use crate::domain::{AccountId, Subject};
use crate::limits::Limit;
use crate::oidc::resource::Holder;
use crate::oidc::{self, subject};
use crate::storage::consents;
use crate::storage::visible_accounts::Visible;

/// A client that reads by SCIM.
#[derive(Clone, Debug)]
pub struct Reader {
    pub client: Arc<Client>,
    /// `true` if it sees every account.
    pub reads_everybody: bool,
    /// `true` if its token is for writing.
    pub writes: bool,
    /// `true` if it may suspend accounts.
    pub suspends: bool,
}

impl Reader {
    /// Returns a client as the one that people are provisioned to: it reads nothing itself, and has no power by a token.
    pub fn provisioned(client: &Arc<Client>) -> Self {
        Self {
            client: Arc::clone(client),
            reads_everybody: false,
            writes: false,
            suspends: false,
        }
    }

    pub fn visible(&self) -> Visible {
        let client = &self.client;
        if self.reads_everybody {
            return Visible::Everybody;
        }
        if !client.is_first_party() {
            return Visible::ConsentedTo(client.id.clone());
        }
        let policy = &client.settings.access_policy;
        Visible::UsersOf(client.id.clone(), (!policy.is_open()).then(|| policy.clone()))
    }

    /// Returns the scope about people that the client has for all of them, or `None` if that depends on the person.
    pub fn common_scope(&self) -> Option<Scope> {
        if self.reads_everybody {
            return Some(scope::STANDARD.into_iter().collect());
        }
        self.client.is_first_party().then(|| self.client.scope().clone())
    }

    /// Returns `true` if `userName` is the address of everybody whom the client sees.
    pub fn gets_addresses(&self) -> bool {
        self.common_scope().is_some_and(|it| it.contains(scope::EMAIL))
    }

    /// Returns the scope of what each of these people is shown with. Whoever has none is not shown.
    pub async fn scopes(&self, app: &App, accounts: &[AccountId]) -> Result<HashMap<AccountId, Scope>> {
        if let Some(common) = self.common_scope() {
            return Ok(accounts.iter().map(|it| (it.clone(), common.clone())).collect());
        }
        let given = consents::list_of_client(app.db.read(), &self.client.id, accounts).await?;
        let registered = self.client.scope();
        let given = given.into_iter();
        Ok(given
            .map(|it| (it.account, it.scope.limited_to(registered)))
            .collect())
    }

    /// Returns the `id` of a person: the `sub` that the client gets at a login.
    pub fn id_of(&self, app: &App, subject: &Subject) -> String {
        subject::for_client(app, &self.client, subject).to_string()
    }

    /// Returns `true` if an `id` leads to its person by an index.
    pub fn has_public_ids(&self) -> bool {
        self.client.metadata.subject_type == SubjectType::Public
    }
}

/// Returns who reads with an admitted token (RFC 7644 §2): the client itself, never a person.
pub async fn of(app: &App, holder: &Holder, context: &Context) -> Result<Reader> {
    if holder.account.is_some() {
        let detail = "The access token must be one of the client itself";
        return Err(oidc::Error::insufficient_scope(detail)
            .of_client(&holder.client.id)
            .into());
    }
    let counted = app.limits.count(Limit::Scim, holder.client.id.as_str()).await;
    counted.map_err(oidc::Error::from)?;
    let has = |power| context.actor.has(power);
    let writes = holder.token.scope.contains(scope::SCIM);
    Ok(Reader {
        client: Arc::clone(&holder.client),
        reads_everybody: has(Power::Read(Area::Accounts)),
        suspends: writes && has(Power::Change(Area::Accounts)),
        writes,
    })
}
