//! `/account/history`: shows what happened in the account, and how affiliation and TIES rights came to be as they are
//! (security.md LG-1). Which records a person may see, and in which words, is decided in the rooms.

use axum::response::Response;

use crate::accounts::history::{self, Entry, Topic};
use crate::affiliations::history::{self as affiliation_history, AffiliationHistory, Step};
use crate::app::App;
use crate::domain::message::Message;
use crate::domain::ties::RightType;
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError, SignedIn};
use crate::paths;
use crate::templates::pages::{
    AccountHistory, AccountOrganizationHistory, AffiliationHistoryView, AffiliationStepView, HistoryRow,
};

pub async fn show(ctx: PageContext, person: SignedIn, query: ListQuery) -> Result<Response, PageError> {
    let topic = match query.get("show") {
        "" => None,
        typed => Some(Topic::parse(typed).ok_or(PageError::NotFound)?),
    };
    let found = history::list(&ctx.app, person.session(), topic, query.page()?).await?;
    let page = AccountHistory {
        form: query.form(&["show"]),
        topics: Topic::ALL.iter().map(|it| it.as_str().to_owned()).collect(),
        days: history::DAYS,
        rows: found.entries.iter().map(|it| row(&ctx.app, it)).collect(),
        paging: paging(&found, paths::ACCOUNT_HISTORY, &query, &["show"]),
    };
    ctx.page(&page).await
}

pub(in crate::http::pages) fn row(app: &App, entry: &Entry) -> HistoryRow {
    let what = Message::new(entry.what);
    HistoryRow {
        at: entry.at,
        topic: entry.topic.as_str().to_owned(),
        what: match &entry.client {
            // A client that is gone is still shown, by what is left of it.
            Some(id) => what.with(
                "service",
                app.registry
                    .find(id.as_str())
                    .map_or_else(|| id.to_string(), |it| it.name().to_owned()),
            ),
            None => what,
        },
        failed: entry.failed,
        current: entry.current,
        by: entry.by.map(|it| it.as_str().to_owned()),
        browser: entry.browser.clone(),
        network: entry.network.clone(),
    }
}

pub async fn show_affiliations(
    ctx: PageContext,
    person: SignedIn,
    query: ListQuery,
) -> Result<Response, PageError> {
    let account = &person.account().id;
    let found = affiliation_history::history(&ctx.app, account, query.page()?).await?;
    let language = ctx.locale().as_str();
    let view = |it: &AffiliationHistory| affiliation(it, &found.kinds, language);
    let page = AccountOrganizationHistory {
        affiliations: found.affiliations.iter().map(view).collect(),
        paging: paging(&found, paths::ACCOUNT_HISTORY_ORGANIZATION, &query, &[]),
    };
    ctx.page(&page).await
}

fn affiliation(history: &AffiliationHistory, kinds: &[RightType], language: &str) -> AffiliationHistoryView {
    let organization = history.organization.as_ref();
    AffiliationHistoryView {
        organization: organization.map_or_else(
            || history.affiliation.organization.to_string(),
            |it| it.name.clone(),
        ),
        acronym: organization.and_then(|it| it.acronym.clone()),
        status: history.affiliation.status().as_str().to_owned(),
        steps: history.steps.iter().map(|it| step(it, kinds, language)).collect(),
    }
}

fn step(step: &Step, kinds: &[RightType], language: &str) -> AffiliationStepView {
    let what = Message::new(step.what);
    let label = |right: &String| {
        let kind = kinds.iter().find(|it| it.name == *right);
        kind.map_or(right.as_str(), |it| it.label(language)).to_owned()
    };
    AffiliationStepView {
        at: step.at,
        what: match &step.right {
            Some(right) => what.with("right", label(right)),
            None => what,
        },
        by: step.by.map(|it| it.as_str().to_owned()),
        reason: step.reason.clone(),
    }
}
