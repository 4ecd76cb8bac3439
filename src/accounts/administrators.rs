//! Makes administrators, for the command `user create-admin` (security.md AD-3).

use super::{Error, NewPassword, Result, former_addresses, new_password, sessions};
use crate::app::App;
use crate::domain::account::{Account, EmailAddress, Status};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::profile::{FieldErrors, Gender, Language, ProfessionalRole, Profile};
use crate::domain::role::Role;
use crate::domain::{AccountId, Subject, Time, text};
use crate::random;
use crate::storage::account_deletions;
use crate::storage::accounts::{self, NewAccount};

/// Says whether the account had to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    New,
    /// An account existed: it has the role now, and its password stays (PW-7).
    Promoted,
    /// Nothing was done: the account is suspended, or it will be deleted at this time.
    NotActive {
        delete_at: Option<Time>,
    },
}

/// Says what an address that the operator writes leads to (SU-2).
#[derive(Debug)]
pub enum Found {
    Account(Box<Account>),
    /// The account that this one would be a second of: it differs in its `+tag`, and is another address.
    HeldAs(EmailAddress),
    Nobody,
}

/// Returns the account of `email` as it is written but for case, or who keeps a new account from having it.
pub async fn find(app: &App, email: &str) -> Result<Found> {
    let email = parse(email)?;
    let db = app.db.read();
    if let Some(account) = accounts::find_by_email(db, &email.key()).await? {
        return Ok(Found::Account(Box::new(account)));
    }
    let holder = accounts::find_holder(db, &email.unique_key()).await?;
    Ok(holder.map_or(Found::Nobody, |it| Found::HeldAs(it.email)))
}

/// Makes an administrator of an account that exists and is active: nobody counts on one that is about to go.
pub async fn promote(app: &App, context: &Context, account: &Account) -> Result<Made> {
    app.write(context, async |tx| {
        accounts::lock(tx, &account.id).await?;
        let found = accounts::find(tx, &account.id).await?.ok_or(Error::Conflict)?;
        if !found.is_active() {
            let deletion = account_deletions::find(tx, &account.id).await?;
            return Ok(Made::NotActive {
                delete_at: deletion.map(|it| it.delete_at),
            });
        }
        if !accounts::update_role(tx, &account.id, account.role, Role::Administrator).await? {
            return Err(Error::Conflict); // G-9
        }
        let event = Event::new(Action::RoleChanged, format!("account:{}", account.id))
            .change(account.role.as_str(), Role::Administrator.as_str());
        tx.record(event).await?;
        // A change of rights asks for a new login (SE-2).
        sessions::end_all_but(tx, &account.id, None, "role").await?;
        Ok(Made::Promoted)
    })
    .await
}

/// An administrator for whom there is no account yet, as the operator writes it.
#[derive(Clone, Copy)]
pub struct NewAdministrator<'a> {
    pub email: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub password: &'a str,
}

/// Makes a new account for an administrator, whose address the operator vouches for.
pub async fn create(app: &App, context: &Context, new: NewAdministrator<'_>) -> Result<Made> {
    let email = parse(new.email)?;
    let mut errors = FieldErrors::new();
    let first_name =
        text::line(new.first_name, 100).map_err(|it| Error::field("first_name", it.message()))?;
    let last_name = text::line(new.last_name, 100).map_err(|it| Error::field("last_name", it.message()))?;
    let names = [first_name.as_str(), last_name.as_str()];
    let password = NewPassword {
        password: new.password,
        confirmation: new.password,
    };
    let Some(password) = password.choose(app, &mut errors, Some(&email), &names) else {
        return Err(Error::Fields(errors));
    };
    let hash = new_password::hash(app, &password).await?;
    let now = app.clock.now();
    let account = Account {
        id: AccountId::new(random::id()),
        sub: Subject::new(random::id()),
        email,
        email_verified: true,
        profile: Profile {
            first_name,
            last_name,
            title: None,
            gender: Gender::Undisclosed,
            job_title: String::new(),
            professional_role: ProfessionalRole::Administration,
        },
        role: Role::Administrator,
        status: Status::Active,
        newsletter: false,
        language: Language::En,
        terms_version: None,
        privacy_version: None,
        created_at: now,
        updated_at: now,
    };
    app.write(context, async |tx| {
        if accounts::find_holder(tx, &account.email.unique_key())
            .await?
            .is_some()
        {
            return Err(Error::Conflict); // G-9: somebody signed up meanwhile.
        }
        let new = NewAccount {
            account: account.clone(),
            password_hash: Some(hash.clone()),
            terms_accepted_at: None,
            imported_at: None,
        };
        accounts::insert(tx, new).await?;
        former_addresses::take(tx, &[&account.email]).await?;
        let event = Event::new(Action::RoleChanged, format!("account:{}", account.id))
            .change(serde_json::Value::Null, Role::Administrator.as_str());
        tx.record(event).await?;
        Ok(Made::New)
    })
    .await
}

fn parse(email: &str) -> Result<EmailAddress> {
    EmailAddress::parse(email).map_err(|_| Error::field("email", "error.email"))
}
