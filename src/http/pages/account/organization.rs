//! `/account/organization`: what is in force, what waits, TIES rights; and `/change`, which asks the
//! sign-up's questions again (product.md; security.md AF-5, AF-7).

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::affiliations::lifecycle::{requests, withdrawal};
use crate::affiliations::{self, AffiliationDetail, ties};
use crate::domain::AffiliationId;
use crate::domain::account::Account;
use crate::domain::organization::OrganizationStatus;
use crate::http::pages::affiliation_refusal::refusal;
use crate::http::pages::organizations::{self, Answers};
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{
    AccountOrganization, AccountOrganizationChange, AffiliationView, Confirm, OrganizationQuestions,
    RightView,
};

/// The person's organization in the words of the page's language.
pub struct OwnOrganization {
    pub affiliation: Option<AffiliationView>,
    pub request: Option<AffiliationView>,
    pub rights: Vec<RightView>,
    overview: affiliations::Overview,
}

impl OwnOrganization {
    pub async fn of(ctx: &PageContext, account: &Account) -> Result<Self, PageError> {
        let overview = affiliations::overview(&ctx.app, &account.id).await?;
        let language = ctx.locale().as_str();
        let rights = overview.rights.iter().map(|(kind, right)| RightView {
            right: kind.name.clone(),
            label: kind.label(language).to_owned(),
            status: right
                .as_ref()
                .map_or("none", |it| it.status().as_str())
                .to_owned(),
            since: right.as_ref().and_then(|it| it.since()),
        });
        Ok(Self {
            affiliation: overview.current.as_ref().map(|it| affiliation_view(it, language)),
            request: overview.request.as_ref().map(|it| affiliation_view(it, language)),
            rights: rights.collect(),
            overview,
        })
    }

    fn page(self, form: FormState) -> AccountOrganization {
        AccountOrganization {
            form,
            affiliation: self.affiliation,
            request: self.request,
            rights: self.rights,
            can_request_ties: self.overview.can_request_ties,
            is_focal_point: self.overview.is_focal_point,
            deputy: self.overview.deputy.map(|it| (it.from, it.last())),
            can_change: self.overview.can_change,
        }
    }
}

fn affiliation_view(detail: &AffiliationDetail, language: &str) -> AffiliationView {
    let (affiliation, organization) = (&detail.affiliation, &detail.organization);
    let decision = affiliation.last_decision();
    AffiliationView {
        id: affiliation.id.as_str().to_owned(),
        organization: organization.name.clone(),
        acronym: organization.acronym.clone(),
        category: organization.category.as_str().to_owned(),
        membership_type: detail.its_type.name(language).to_owned(),
        member_state: organization.country.as_ref().map(|it| it.as_str().to_owned()),
        status: affiliation.status().as_str().to_owned(),
        since: decision.map_or(affiliation.requested_at, |it| it.at),
        reason: decision.and_then(|it| it.reason.clone()),
        proposed: organization.status == OrganizationStatus::Proposed,
        suspended: organization.status == OrganizationStatus::Suspended,
    }
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let overview = OwnOrganization::of(&ctx, person.account()).await?;
    ctx.page(&overview.page(ctx.form_or(FormState::default()))).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Act {
    action: String,
    affiliation_id: String,
    right: String,
}

/// Says what `withdraw` will do.
pub async fn confirm(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let Some(id) = ctx.given("affiliation_id") else {
        return ctx.show_elsewhere(paths::ACCOUNT_ORGANIZATION).await;
    };
    let overview = affiliations::overview(&ctx.app, &person.account().id).await?;
    let mut both = [overview.current, overview.request].into_iter().flatten();
    let detail = both
        .find(|it| it.affiliation.id.as_str() == id)
        .ok_or(PageError::NotFound)?;
    let page = if detail.affiliation.status().is_in_force() {
        Confirm::new(
            "affiliation",
            paths::ACCOUNT_ORGANIZATION,
            "withdraw",
            "account.organization.end",
        )
    } else {
        Confirm::new(
            "request",
            paths::ACCOUNT_ORGANIZATION,
            "withdraw",
            "account.organization.withdraw_request",
        )
    };
    let page = page.of(detail.organization.name).with("affiliation_id", &id);
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

pub async fn act(form: PageForm<Act>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let outcome = match fields.action.as_str() {
        "withdraw" => {
            let id = AffiliationId::new(fields.affiliation_id.as_str());
            withdrawal::withdraw(app, &context, &id)
                .await
                .map(|()| "affiliation_withdrawn")
        }
        "request_ties" => ties::request(app, &context, std::slice::from_ref(&fields.right))
            .await
            .map(|()| "request_sent"),
        _ => Err(affiliations::Error::Invalid([("action", "error.choose")].into())),
    };
    match outcome {
        Ok(done) => ctx.done(paths::ACCOUNT_ORGANIZATION, done).await,
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            ctx.again_as(status, form).await
        }
    }
}

pub async fn ask(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let form = ctx.form_or(FormState::default());
    let questions = organizations::questions(&ctx, &Answers::typed(&form)).await?;
    let page = change(&ctx, person.account(), form, questions).await?;
    ctx.page(&page).await
}

pub async fn submit(form: PageForm<Answers>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let fields = fields.without_signup()?;
    if fields.is_unfinished() {
        return ctx.again_as(StatusCode::OK, typed).await;
    }
    let (status, form) = match request(&ctx, &fields).await {
        Ok(()) => return ctx.done(paths::ACCOUNT_ORGANIZATION, "request_sent").await,
        Err(affiliations::Error::OpenRequest) => {
            let form = typed.notice("account.organization.already_open");
            (StatusCode::CONFLICT, form)
        }
        Err(affiliations::Error::InForce) => {
            (StatusCode::CONFLICT, typed.notice("account.organization.same"))
        }
        Err(affiliations::Error::TooManyRequests) => {
            let form = typed.notice("account.organization.too_many");
            (StatusCode::TOO_MANY_REQUESTS, form)
        }
        Err(error) => refusal(error, typed)?,
    };
    ctx.again_as(status, form).await
}

async fn request(ctx: &PageContext, fields: &Answers) -> Result<(), affiliations::Error> {
    let choice = affiliations::choose(&ctx.app, &fields.input()).await?;
    requests::change(&ctx.app, &ctx.actor_context(), &choice)
        .await
        .map(drop)
}

async fn change(
    ctx: &PageContext,
    account: &Account,
    form: FormState,
    questions: OrganizationQuestions,
) -> Result<AccountOrganizationChange, PageError> {
    let overview = affiliations::overview(&ctx.app, &account.id).await?;
    let in_force = overview
        .current
        .filter(|it| it.affiliation.status().is_in_force());
    Ok(AccountOrganizationChange {
        form,
        questions,
        current: in_force.map(|it| it.organization.name),
    })
}
