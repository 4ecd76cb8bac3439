//! `/focal-point/{organization}/office`: who holds the offices of the organization, days on which a Focal Point is away,
//! deputies, and the handover of the office. What cannot be taken back goes by a page that says what will happen.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use crate::affiliations::focal_points::Whom;
use crate::affiliations::offices::{self, Holder, Offices};
use crate::affiliations::{self, absences, deputies, digest_preference, handover};
use crate::domain::account::{Account, EmailAddress};
use crate::domain::message::FieldErrors;
use crate::domain::office::Term;
use crate::domain::powers::Area;
use crate::domain::{AccountId, OrganizationId};
use crate::http::pages::affiliation_refusal::{conflict_if_gone, refusal};
use crate::http::pages::affiliation_rows::workspace;
use crate::http::pages::{PageContext, PageError, PageForm};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{Confirm, DigestChoice, FocalPointOffice, OfficeRow};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Act {
    action: String,
    account_id: String,
    away_from: String,
    away_until: String,
    email: String,
    from: String,
    until: String,
    colleague: String,
}

pub async fn show(ctx: PageContext, Path(organization): Path<String>) -> Result<Response, PageError> {
    let found = find(&ctx, &OrganizationId::new(organization)).await?;
    ctx.page(&view(&ctx, &found, ctx.form_or(FormState::default())).await?)
        .await
}

/// What an act came to.
enum Done {
    /// It was done: the text `flash.…`.
    Here(&'static str),
    /// It was done, and the person sees the pages of the organization no more.
    Away(&'static str),
    /// It needs to be confirmed there.
    Confirm(String),
}

pub async fn act(Path(organization): Path<String>, form: PageForm<Act>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let id = OrganizationId::new(organization);
    let path = paths::focal_point_office(&id);
    match outcome(&ctx, &id, &fields).await {
        Ok(Done::Here(done)) => ctx.done(&path, done).await,
        Ok(Done::Away(done)) => ctx.done(paths::ACCOUNT_ORGANIZATION, done).await,
        Ok(Done::Confirm(to)) => Ok(ctx.redirect(&to)),
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            conflict_if_gone(find(&ctx, &id).await)?;
            ctx.again_as(status, form).await
        }
    }
}

async fn outcome(ctx: &PageContext, id: &OrganizationId, fields: &Act) -> Result<Done, affiliations::Error> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let account = AccountId::new(fields.account_id.as_str());
    let whom = Whom::Account(&account);
    let is_own = context.actor.account() == Some(&account);
    match fields.action.as_str() {
        "away" => {
            let absence = Term::parse(
                ("away_from", &fields.away_from),
                ("away_until", &fields.away_until),
                app.clock.now(),
            );
            let absence = absence.map_err(affiliations::Error::Invalid)?;
            absences::enter(app, &context, id, &account, absence).await?;
            Ok(Done::Here("absence_entered"))
        }
        "back" => {
            absences::end(app, &context, id, &account).await?;
            Ok(Done::Here("absence_ended"))
        }
        "stop_digest" => {
            digest_preference::set(app, &context, id, &account, false).await?;
            Ok(Done::Here("weekly_digest_stopped"))
        }
        "resume_digest" => {
            digest_preference::set(app, &context, id, &account, true).await?;
            Ok(Done::Here("weekly_digest_resumed"))
        }
        // The address comes first, and leads to the page that says what will happen; then the account.
        "name" if fields.account_id.is_empty() => {
            let person = match parse(&fields.email, "email") {
                Ok(email) => deputies::candidate(app, &context, id, &Whom::Email(&email)).await,
                Err(error) => Err(error),
            };
            let (person, _) = both(person, term(ctx, fields))?;
            let to = confirmation_of(id, "name", &person);
            let to = paths::with_parameter(&to, "from", &fields.from);
            Ok(Done::Confirm(paths::with_parameter(&to, "until", &fields.until)))
        }
        "name" => {
            deputies::name(app, &context, id, &whom, term(ctx, fields)?).await?;
            Ok(Done::Here("deputy_named"))
        }
        "end" => {
            deputies::end(app, &context, id, &account).await?;
            // Whoever ends the own term may be a Focal Point of nothing then.
            Ok(if is_own {
                Done::Away("own_term_ended")
            } else {
                Done::Here("deputy_ended")
            })
        }
        "hand_over" => {
            let own = context.actor.account().ok_or(affiliations::Error::NotFound)?;
            if fields.account_id.is_empty() {
                let email = parse(&fields.colleague, "colleague")?;
                let person = handover::candidate(app, &context, id, own, &Whom::Email(&email)).await?;
                return Ok(Done::Confirm(confirmation_of(id, "hand_over", &person)));
            }
            handover::hand_over(app, &context, id, own, &whom).await?;
            Ok(if context.actor.administers(Area::Organizations) {
                Done::Here("handed_over")
            } else {
                Done::Away("handed_over")
            })
        }
        _ => Err(affiliations::Error::Invalid([("action", "error.choose")].into())),
    }
}

fn parse(typed: &str, field: &'static str) -> Result<EmailAddress, affiliations::Error> {
    EmailAddress::parse(typed).map_err(|_| affiliations::Error::Invalid([(field, "error.email")].into()))
}

fn term(ctx: &PageContext, fields: &Act) -> Result<Term, affiliations::Error> {
    let (from, until) = (("from", fields.from.as_str()), ("until", fields.until.as_str()));
    Term::parse(from, until, ctx.app.clock.now()).map_err(affiliations::Error::Invalid)
}

/// Returns both, or what is wrong with either of them.
fn both<A, B>(
    one: Result<A, affiliations::Error>,
    other: Result<B, affiliations::Error>,
) -> Result<(A, B), affiliations::Error> {
    use affiliations::Error::Invalid;
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(Invalid(one)), Err(Invalid(other))) => {
            let mut all = FieldErrors::new();
            all.extend(one);
            all.extend(other);
            Err(Invalid(all))
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

fn confirmation_of(id: &OrganizationId, action: &str, person: &Account) -> String {
    let to = paths::focal_point_office_confirm(id);
    let to = paths::with_parameter(&to, "action", action);
    paths::with_parameter(&to, "account_id", person.id.as_str())
}

/// Says what `act` will do.
pub async fn confirm(ctx: PageContext, Path(organization): Path<String>) -> Result<Response, PageError> {
    let id = OrganizationId::new(organization);
    let found = find(&ctx, &id).await?;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let path = paths::focal_point_office(&id);
    let given = |name| ctx.given(name).unwrap_or_default();
    let account = AccountId::new(given("account_id"));
    let whom = Whom::Account(&account);
    let action = given("action");
    let named = |it: &Account| format!("{} ({})", it.profile.full_name(), it.email.as_str());
    let page = match action.as_str() {
        "name" => {
            let (from, until) = (given("from"), given("until"));
            let term = Term::parse(("from", &from), ("until", &until), app.clock.now());
            let Ok(term) = term else {
                return ctx.show_elsewhere(&path).await;
            };
            let person = match deputies::candidate(app, &context, &id, &whom).await {
                Err(affiliations::Error::Invalid(_)) => return ctx.failed(&path, "already_decided").await,
                other => other?,
            };
            let mut page = Confirm::new("name_deputy", &path, "name", "office.name")
                .of(named(&person))
                .with("from", &from)
                .with("until", &until);
            page.term = Some((term.from, term.last()));
            page
        }
        "end" => {
            let mut deputies = found.deputies.iter();
            let Some(deputy) = deputies.find(|it| it.account.id == account) else {
                return ctx.show_elsewhere(&path).await;
            };
            Confirm::new("end_deputy", &path, "end", "office.end").of(named(&deputy.account))
        }
        "hand_over" => {
            let own = context.actor.account().ok_or(PageError::NotFound)?;
            let person = match handover::candidate(app, &context, &id, own, &whom).await {
                Err(affiliations::Error::Invalid(_)) => return ctx.failed(&path, "already_decided").await,
                other => other?,
            };
            Confirm::new("hand_over", &path, "hand_over", "office.hand_over").of(named(&person))
        }
        _ => return ctx.show_elsewhere(&path).await,
    };
    let page = page
        .within(&found.organization.name)
        .with("account_id", account.as_str());
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

async fn find(ctx: &PageContext, id: &OrganizationId) -> Result<Offices, PageError> {
    Ok(offices::list(&ctx.app, &ctx.actor_context(), id).await?)
}

async fn view(ctx: &PageContext, found: &Offices, form: FormState) -> Result<FocalPointOffice, PageError> {
    let own = found.focal_points.iter().find(|it| it.own);
    let reader = own.or_else(|| found.deputies.iter().find(|it| it.own));
    Ok(FocalPointOffice {
        organization: workspace(ctx, &found.organization).await?,
        form,
        own: own.map(|it| it.account.id.to_string()),
        digest: reader.map(|it| DigestChoice {
            account_id: it.account.id.to_string(),
            is_wanted: it.wants_digest,
        }),
        focal_points: found.focal_points.iter().map(row).collect(),
        deputies: found.deputies.iter().map(row).collect(),
        may_change: found.may_change,
        is_administrator: ctx.actor_context().actor.administers(Area::Organizations),
        is_somebody_there: found.is_somebody_there,
    })
}

/// Returns the row of a Focal Point or of a deputy.
pub fn row(it: &Holder) -> OfficeRow {
    OfficeRow {
        account_id: it.account.id.to_string(),
        name: it.account.profile.full_name(),
        email: it.account.email.as_str().to_owned(),
        since: it.since,
        term: it.term.map(|it| (it.from, it.last())),
        is_now: it.is_now,
        own: it.own,
    }
}
