//! `/account/profile`: names, work, language, newsletter.

use axum::response::Response;
use serde::Deserialize;

use crate::accounts::profile::Changes;
use crate::accounts::{self, newsletter};
use crate::domain::account::Account;
use crate::domain::newsletter::Consent;
use crate::domain::profile::{Language, ProfileInput};
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn, Tick, refused};
use crate::i18n::Locale;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AccountProfile, ConsentView};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    first_name: String,
    last_name: String,
    single_name: Tick,
    title: String,
    gender: String,
    job_title: String,
    professional_role: String,
    language: String,
    newsletter: Tick,
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let account = person.account();
    let subscription = newsletter::find(&ctx.app, &account.id).await?;
    let consent = subscription.filter(|it| account.newsletter && it.stopped.is_none());
    let page = AccountProfile {
        form: ctx.form_or(as_it_is(account)),
        email: account.email.as_str().to_owned(),
        consent: consent.map(|it| view(it.consent)),
    };
    ctx.page(&page).await
}

pub async fn save(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let account = person.account();
    let Some(language) = Language::parse(&fields.language) else {
        let form = refused(typed, [("language", "error.choose")]).notice("error.form");
        return ctx.again(form).await;
    };
    let changes = Changes {
        profile: ProfileInput {
            first_name: &fields.first_name,
            last_name: &fields.last_name,
            single_name: fields.single_name.is_on(),
            title: &fields.title,
            gender: &fields.gender,
            job_title: &fields.job_title,
            professional_role: &fields.professional_role,
        },
        language,
        newsletter: fields.newsletter.is_on(),
        page_language: ctx.locale().into(),
    };
    match accounts::profile::change(&ctx.app, &ctx.actor_context(), account, changes).await {
        Ok(()) => ctx.done(paths::ACCOUNT_PROFILE, "saved").await,
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong).notice("error.form")).await,
        Err(other) => Err(other.into()),
    }
}

fn view(consent: Consent) -> ConsentView {
    ConsentView {
        given_at: consent.given_at,
        page: consent.page.as_str().to_owned(),
        language: Locale::from(consent.language).own_name().to_owned(),
        words: consent.words,
        network: consent.network,
    }
}

fn as_it_is(account: &Account) -> FormState {
    let profile = &account.profile;
    FormState::new([
        ("first_name", profile.first_name.as_str()),
        ("last_name", &profile.last_name),
        ("single_name", if profile.has_single_name() { "on" } else { "" }),
        ("title", profile.title.map_or("", |it| it.as_str())),
        ("gender", profile.gender.as_str()),
        ("job_title", &profile.job_title),
        ("professional_role", profile.professional_role.as_str()),
        ("language", account.language.as_str()),
        ("newsletter", if account.newsletter { "on" } else { "" }),
    ])
}
