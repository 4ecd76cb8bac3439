//! Makes the user that a service has for a person what it is to be now: as `person` shows them to this client, no more than
//! it may see, and closed when it may see nothing. The state is read when it is sent, so that what comes late is the newest.
//!
//! That a user may be there is noted before the service is asked to make one. A process that ends in between looks for the
//! user, and makes no second one.

use std::collections::HashSet;
use std::sync::Arc;

use sea_orm::DbErr;
use serde_json::Value;

use super::error::Error;
use super::person::show_each;
use super::reader::Reader;
use super::remote::{Failure as Refusal, Made, Server};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::client::Client;
use crate::domain::event_receiver::Receiver;
use crate::domain::scim_target::{ProvisionedPeople, RemoteUser};
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Subject};
use crate::oidc;
use crate::storage::visible_accounts::{self, Visible};
use crate::storage::{accounts, scim_resources, scim_targets};

/// Stands for the digest of a user that is closed.
const CLOSED: &str = "closed";

/// What a service is told.
#[derive(Debug)]
pub enum Change<'a> {
    /// Nothing: it shows that the way to it works.
    Test,
    /// A person may be another than the service knows.
    Person(&'a AccountId),
    /// An account is gone. The id of the user is known, unless the process ended before it was noted.
    Purged(&'a Subject, Option<&'a str>),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Told,
    /// The service has what it is to have.
    Nothing,
}

/// The reasons why a service is not told.
#[derive(Debug)]
pub enum Failure {
    Refusal(Refusal),
    Own(oidc::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Own(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Own(
            error
                .source
                .map_or_else(|| oidc::Error::internal(error.detail), |it| *it),
        )
    }
}

pub async fn deliver(
    app: &App,
    client: &Arc<Client>,
    (receiver, authorization): (&Receiver, &str),
    change: Change<'_>,
) -> Result<Done, Failure> {
    let base = receiver.endpoint.as_deref().unwrap_or_default();
    let server = Server::at(app, base, authorization)?;
    match change {
        Change::Test => {
            server.probe().await?;
            Ok(Done::Told)
        }
        Change::Purged(subject, id) => {
            let own = Reader::provisioned(client).id_of(app, subject);
            let id = match id {
                Some(id) => Some(id.to_owned()),
                None => server.find_own(&own).await?,
            };
            let Some(id) = id else {
                return Ok(Done::Nothing);
            };
            server.delete(&id).await?;
            Ok(Done::Told)
        }
        Change::Person(account) => {
            let push = Push {
                app,
                server: &server,
                receiver,
            };
            push.person(client, account).await
        }
    }
}

/// Returns whom a service is provisioned with: never more than the client sees.
pub(super) fn visible(reader: &Reader, people: ProvisionedPeople) -> Visible {
    match (reader.visible(), people) {
        (Visible::UsersOf(client, _), ProvisionedPeople::Used) => Visible::UsersOf(client, None),
        (all, _) => all,
    }
}

/// Returns what a service is sent of a user: nothing that is ours to say of resources, or that no client can write
/// (RFC 7643 §3.1, §4.1.2).
pub(super) fn sent(mut user: Value) -> Value {
    if let Some(members) = user.as_object_mut() {
        for name in ["id", "meta", "groups"] {
            members.remove(name);
        }
    }
    user
}

pub(super) fn digest(sent: &Value) -> String {
    Digest::of(sent.to_string().as_bytes()).as_str().to_owned()
}

/// Returns `true` if the service has something else of a person than it is to have.
pub(super) fn differs(stored: Option<&RemoteUser>, sent: &Value) -> bool {
    match stored {
        None => sent["active"] == true,
        Some(stored) => stored.remote_id.is_none() || stored.digest != digest(sent),
    }
}

/// Returns those of these users whose people are not to be known any more, and that are not closed.
pub(super) fn to_close(all: Vec<RemoteUser>, visible: &HashSet<AccountId>) -> Vec<AccountId> {
    let gone = all
        .into_iter()
        .filter(|it| it.digest != CLOSED && !visible.contains(&it.account));
    gone.map(|it| it.account).collect()
}

struct Push<'a> {
    app: &'a App,
    server: &'a Server<'a>,
    receiver: &'a Receiver,
}

impl Push<'_> {
    async fn person(&self, client: &Arc<Client>, id: &AccountId) -> Result<Done, Failure> {
        let db = self.app.db.read();
        let found = (
            scim_targets::find(db, &self.receiver.id).await?,
            accounts::find(db, id).await?,
        );
        // The target was deleted in the same moment, or the account: then its user is deleted there by itself.
        let (Some(target), Some(account)) = found else {
            return Ok(Done::Nothing);
        };
        let stored = scim_resources::find(db, &self.receiver.id, id).await?;
        let reader = Reader::provisioned(client);
        match self.shown(&reader, target.people, &account).await? {
            Some(user) => self.provide(stored, id, sent(user)).await,
            None => {
                let own = reader.id_of(self.app, &account.sub);
                self.close(stored, &own).await
            }
        }
    }

    async fn shown(
        &self,
        reader: &Reader,
        people: ProvisionedPeople,
        account: &Account,
    ) -> Result<Option<Value>, Failure> {
        let subjects = std::slice::from_ref(&account.sub);
        let visible = visible(reader, people);
        let found = visible_accounts::list_by_subjects(self.app.db.read(), &visible, subjects).await?;
        let shown = show_each(self.app, reader, &found).await?;
        Ok(shown.into_iter().next().map(|it| it.1))
    }

    async fn provide(
        &self,
        stored: Option<RemoteUser>,
        account: &AccountId,
        user: Value,
    ) -> Result<Done, Failure> {
        if !differs(stored.as_ref(), &user) {
            return Ok(Done::Nothing);
        }
        let known = stored.as_ref().and_then(|it| it.remote_id.as_deref());
        if let Some(id) = known
            && self.server.replace(id, &user).await?
        {
            return self.note(account, id, digest(&user)).await;
        }
        let text = |name: &str| user[name].as_str().unwrap_or_default().to_owned();
        let (own, name) = (text("externalId"), text("userName"));
        let mut id = match (&stored, known) {
            // A process ended before it had noted the id.
            (Some(_), None) => self.server.find(&own, &name).await?,
            _ => None,
        };
        if id.is_none() {
            // Nobody is made there who is closed at once.
            if user["active"] != true {
                scim_resources::delete(&self.app.db, &self.receiver.id, account).await?;
                return Ok(Done::Nothing);
            }
            self.begin(account).await?;
            match self.server.create(&user).await? {
                Made::User(id) => return self.note(account, &id, digest(&user)).await,
                Made::Somehow => id = self.server.find(&own, &name).await?,
            }
        }
        let refused = |why: &str| Failure::Refusal(Refusal::Refused(why.to_owned()));
        let Some(id) = id else {
            return Err(refused("it has a user of this name, and does not find it"));
        };
        if !self.server.replace(&id, &user).await? {
            return Err(refused("it found a user, and has none with its id"));
        }
        self.note(account, &id, digest(&user)).await
    }

    /// Closes the user of somebody whom the client may not see any more.
    async fn close(&self, stored: Option<RemoteUser>, own: &str) -> Result<Done, Failure> {
        let Some(stored) = stored.filter(|it| it.digest != CLOSED) else {
            return Ok(Done::Nothing);
        };
        let id = match stored.remote_id {
            Some(id) => Some(id),
            None => self.server.find_own(own).await?,
        };
        if let Some(id) = id
            && self.server.close(&id, own).await?
        {
            return self.note(&stored.account, &id, CLOSED.to_owned()).await;
        }
        scim_resources::delete(&self.app.db, &self.receiver.id, &stored.account).await?;
        Ok(Done::Nothing)
    }

    async fn begin(&self, account: &AccountId) -> Result<(), Failure> {
        let (app, now) = (self.app, self.app.clock.now());
        scim_resources::begin(&app.db, &self.receiver.id, account, now).await?;
        let begun = RemoteUser {
            receiver: self.receiver.id.clone(),
            account: account.clone(),
            remote_id: None,
            digest: String::new(),
        };
        Ok(scim_resources::update(&app.db, &begun, now).await?)
    }

    async fn note(&self, account: &AccountId, id: &str, digest: String) -> Result<Done, Failure> {
        let user = RemoteUser {
            receiver: self.receiver.id.clone(),
            account: account.clone(),
            remote_id: Some(id.to_owned()),
            digest,
        };
        scim_resources::update(&self.app.db, &user, self.app.clock.now()).await?;
        Ok(Done::Told)
    }
}
