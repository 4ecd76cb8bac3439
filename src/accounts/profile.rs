//! Changes what the person may change about the account.

use super::{Error, Result, newsletter};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::newsletter::{ConsentPage, StoppedBy};
use crate::domain::profile::{Language, Profile, ProfileInput};
use crate::storage::accounts::{self, ProfileUpdate};

/// Only these fields are writable (security.md G-3); the trail says which changed, not to what.
#[derive(Clone, Debug)]
pub struct Changes<'a> {
    pub profile: ProfileInput<'a>,
    pub language: Language,
    pub newsletter: bool,
    /// The language of the page.
    pub page_language: Language,
}

pub async fn change(app: &App, context: &Context, account: &Account, changes: Changes<'_>) -> Result<()> {
    let profile = Profile::parse(&changes.profile).map_err(Error::Fields)?;
    let new = ProfileUpdate {
        profile: &profile,
        language: changes.language,
        newsletter: changes.newsletter,
    };
    let changed = changed_fields(account, new);
    if changed.is_empty() {
        return Ok(());
    }
    app.write(context, async |tx| {
        if changes.newsletter && !account.newsletter {
            let (page, language) = (ConsentPage::Profile, changes.page_language);
            let consent = newsletter::consent(tx.context(), tx.now(), page, language);
            newsletter::subscribe(tx, account, &consent).await?;
        } else if !changes.newsletter && account.newsletter {
            newsletter::stop(tx, account, StoppedBy::Profile).await?;
        }
        if !accounts::update_profile(tx, &account.id, new, tx.now()).await? {
            return Err(Error::Conflict);
        }
        let event = Event::new(Action::ProfileChanged, format!("account:{}", account.id));
        tx.record(event.because(changed.join(" "))).await?;
        Ok(())
    })
    .await
}

fn changed_fields(account: &Account, new: ProfileUpdate<'_>) -> Vec<&'static str> {
    let (old, profile) = (&account.profile, new.profile);
    [
        ("first_name", old.first_name != profile.first_name),
        ("last_name", old.last_name != profile.last_name),
        ("title", old.title != profile.title),
        ("gender", old.gender != profile.gender),
        ("job_title", old.job_title != profile.job_title),
        (
            "professional_role",
            old.professional_role != profile.professional_role,
        ),
        ("language", account.language != new.language),
        ("newsletter", account.newsletter != new.newsletter),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect()
}
