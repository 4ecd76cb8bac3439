//! `/focal-point/{organization}/history`: what was decided in the organization, by whom, with before and after (security.md AF-6,
//! LG-1).

use axum::extract::Path;
use axum::response::Response;
use serde_json::Value;

use crate::affiliations::organization_history::{self, Deed, Topic};
use crate::affiliations::{history, roster, ties};
use crate::domain::OrganizationId;
use crate::domain::event::Action;
use crate::domain::message::Message;
use crate::domain::ties::RightType;
use crate::http::pages::affiliation_rows::workspace;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::paths;
use crate::templates::pages::{DeedRow, FocalPointHistory, Period};

pub async fn list(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let id = OrganizationId::new(organization);
    let topic = match query.get("show") {
        "" => None,
        other => Some(Topic::parse(other).ok_or(PageError::NotFound)?),
    };
    let (app, context) = (&ctx.app, ctx.actor_context());
    let after = query.get("after");
    let found = organization_history::list(app, &context, &id, topic, after, 0).await?;
    let organization = roster::organization(app, &context, &id).await?;
    let kinds = ties::kinds(app).await?;
    let path = paths::focal_point_history(&id);
    let path = match topic {
        Some(topic) => paths::with_parameter(&path, "show", topic.as_str()),
        None => path,
    };
    let page = FocalPointHistory {
        organization: workspace(&ctx, &organization).await?,
        form: query.form(&["show"]),
        topics: Topic::ALL.map(Topic::as_str).to_vec(),
        rows: found
            .deeds
            .iter()
            .filter_map(|it| row(&ctx, it, &kinds))
            .collect(),
        older: found.next.map(|it| paths::with_parameter(&path, "after", &it)),
        newest: Some(path).filter(|_| !after.is_empty()),
    };
    ctx.page(&page).await
}

fn row(ctx: &PageContext, deed: &Deed, kinds: &[RightType]) -> Option<DeedRow> {
    let word = |state: &Option<Value>, member: &str| {
        let text = state.as_ref()?.get(member)?.as_str()?;
        Some(text.to_owned())
    };
    let language = ctx.locale().as_str();
    let right = word(&deed.after, "right").or_else(|| word(&deed.before, "right"));
    let label = right.map(|right| {
        let kind = kinds.iter().find(|it| it.name == right);
        kind.map_or(right.clone(), |it| it.label(language).to_owned())
    });
    let what = match (deed.action, &label) {
        (Action::TiesRequested, Some(label)) => Message::new("history.ties.requested").with("right", label),
        (Action::TiesGranted, Some(label)) => Message::new("history.ties.granted").with("right", label),
        (Action::TiesRefused, Some(label)) => Message::new("history.ties.refused").with("right", label),
        (Action::TiesRevoked, Some(label)) => Message::new("history.ties.revoked").with("right", label),
        (action, _) => Message::new(history::wording(action)?),
    };
    Some(DeedRow {
        at: deed.at,
        what,
        is_ties: label.is_some(),
        person: deed.person.as_ref().and_then(|it| it.name.clone()),
        is_about_somebody: deed.person.is_some(),
        actor: deed.actor.as_ref().and_then(|it| it.name.clone()),
        office: deed.office.map(|it| it.as_str()),
        reason: deed.reason.clone(),
        before: word(&deed.before, "status"),
        after: word(&deed.after, "status"),
        period_before: period(&deed.before),
        period_after: period(&deed.after),
    })
}

/// Returns the days of an absence or of a deputy.
fn period(state: &Option<Value>) -> Option<Period> {
    let day = |member: &str| {
        let text = state.as_ref()?.get(member)?.as_str()?;
        let day: chrono::NaiveDate = text.parse().ok()?;
        Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
    };
    Some(Period {
        from: day("from")?,
        until: day("until")?,
    })
}
