//! The first administrator, made at the console (security.md AD-3).

use super::{Error, Result, signup};
use crate::app::App;
use crate::audit;
use crate::domain::account::{Account, Email, Status};
use crate::domain::actor::{Context, Role};
use crate::domain::event::{Action, Event};
use crate::domain::profile::{FieldErrors, Gender, Language, ProfessionalRole, Profile};
use crate::domain::{AccountId, Subject, text};
use crate::random;
use crate::storage::accounts::{self, NewAccount};

/// Whether the account had to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    New,
    /// There was one: it has the role now, and its password stays (PW-7).
    Promoted,
}

/// The account of `email`, if there is one.
pub async fn find(app: &App, email: &str) -> Result<Option<Account>> {
    let email = parse(email)?;
    Ok(accounts::find_by_unique_key(app.db.read(), &email.unique_key()).await?)
}

/// Makes an administrator of an account that exists.
pub async fn promote(app: &App, context: &Context, account: &Account) -> Result<Made> {
    let now = app.clock.now();
    app.db
        .write(async |tx| {
            accounts::update_role(tx, &account.id, Role::Administrator).await?;
            let event = Event::new(Action::RoleChanged, format!("account:{}", account.id))
                .change(account.role.as_str(), Role::Administrator.as_str());
            audit::record(tx, now, context, event).await?;
            // A change of rights asks for a new login (SE-2).
            super::sessions::end_all_but(tx, now, context, &account.id, None, "role").await?;
            Ok(Made::Promoted)
        })
        .await
}

/// Makes a new account for an administrator, whose address the operator vouches for.
pub async fn create(
    app: &App,
    context: &Context,
    email: &str,
    first_name: &str,
    last_name: &str,
    password: &str,
) -> Result<Made> {
    let email = parse(email)?;
    let mut errors = FieldErrors::new();
    let first_name = text::line(first_name, 100).map_err(|it| Error::field("first_name", it.message()))?;
    let last_name = text::line(last_name, 100).map_err(|it| Error::field("last_name", it.message()))?;
    let names = [first_name.as_str(), last_name.as_str()];
    let Some(password) = signup::new_password(&mut errors, password, password, Some(&email), &names) else {
        return Err(Error::Fields(errors));
    };
    let hash = app.hashing.hash(&password).await?;
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
        created_at: now,
        updated_at: now,
    };
    app.db
        .write(async |tx| {
            let new = NewAccount {
                account: account.clone(),
                password_hash: Some(hash.clone()),
                terms_accepted_at: None,
            };
            accounts::insert(tx, new).await?;
            let event = Event::new(Action::RoleChanged, format!("account:{}", account.id))
                .change(serde_json::Value::Null, Role::Administrator.as_str());
            audit::record(tx, now, context, event).await?;
            Ok(Made::New)
        })
        .await
}

fn parse(email: &str) -> Result<Email> {
    Email::parse(email).map_err(|_| Error::field("email", "error.email"))
}
