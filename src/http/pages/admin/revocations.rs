//! `/admin/revocations`: an administrator ends all tokens that were issued until a moment: chooses whose, reads how much
//! ends, and sees what has ended. The rules are in `oidc::global_revocation`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{NaiveDateTime, SubsecRound};
use serde::Deserialize;

use crate::accounts::Error;
use crate::domain::Time;
use crate::domain::global_revocation::{Ended, GlobalRevocation, GlobalRevocationId, RevocationTarget};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm, Tick, refused};
use crate::oidc::global_revocation::{self, MOST_COUNTED, Order};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{
    AdminRevocation, AdminRevocationConfirm, AdminRevocations, EndedView, RevocationRow,
};

const FILTERS: [&str; 1] = ["q"];

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let page = page_of_list(&ctx, &query, query.form(&FILTERS)).await?;
    ctx.page(&page).await
}

async fn page_of_list(
    ctx: &PageContext,
    query: &ListQuery,
    form: FormState,
) -> Result<AdminRevocations, PageError> {
    let found =
        global_revocation::list(&ctx.app, &ctx.actor_context(), query.get("q"), query.page()?).await?;
    Ok(AdminRevocations {
        form,
        rows: found.rows.iter().map(row).collect(),
        paging: paging(&found, paths::ADMIN_REVOCATIONS, query, &FILTERS),
    })
}

/// Says what a revocation will end; without one that can be, the page on which it is chosen comes again.
pub async fn confirm(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let given = |name: &str| ctx.given(name).unwrap_or_default();
    let [kind, target, until, sessions] = AdminRevocations::FIELDS.map(given);
    let chosen = Chosen {
        kind: &kind,
        target: &target,
        until: &until,
        sessions: sessions == "on",
    };
    match confirmation(&ctx, &chosen).await {
        Ok(page) => ctx.page(&page).await,
        Err(Error::Fields(wrong)) => {
            let typed = [
                ("kind", kind.as_str()),
                ("target", &target),
                ("until", &until),
                ("sessions", &sessions),
            ];
            let form = refused(FormState::new(typed), wrong);
            let page = page_of_list(&ctx, &query, form).await?;
            ctx.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(other) => Err(other.into()),
    }
}

/// A revocation as it is chosen.
struct Chosen<'a> {
    kind: &'a str,
    target: &'a str,
    until: &'a str,
    sessions: bool,
}

async fn confirmation(ctx: &PageContext, chosen: &Chosen<'_>) -> Result<AdminRevocationConfirm, Error> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let target = global_revocation::find_target(app, &context, chosen.kind, chosen.target).await?;
    let until = moment(chosen.until)?;
    if until.is_some_and(|it| it > app.clock.now()) {
        return Err(Error::field("until", "admin.revocations.future"));
    }
    let ends = global_revocation::preview(app, &context, &target, until).await?;
    let ends_sessions = chosen.sessions && target.has_sessions();
    let is_cut = [ends.people, ends.grants, ends.sessions].contains(&MOST_COUNTED);
    Ok(AdminRevocationConfirm {
        kind: target.kind(),
        name: global_revocation::name(app, &target).await?,
        target: target.id().to_owned(),
        until,
        typed_until: chosen.until.trim().to_owned(),
        ends: EndedView {
            people: matches!(target, RevocationTarget::Organization(_)).then_some(ends.people),
            sessions: ends_sessions.then_some(ends.sessions),
            grants: ends.grants,
        },
        most: is_cut.then_some(MOST_COUNTED),
        form: ctx.form_or(FormState::default()),
    })
}

/// Reads a moment as it is typed, in UTC; nothing typed is none.
fn moment(typed: &str) -> Result<Option<Time>, Error> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let forms = [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
    ];
    let read = forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(typed, form).ok());
    match read {
        Some(moment) => Ok(Some(moment.and_utc().trunc_subsecs(0))),
        None => Err(Error::field("until", "admin.revocations.moment")),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    kind: String,
    target: String,
    until: String,
    sessions: Tick,
    reason: String,
    action: String,
}

pub async fn revoke(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    match begin(&ctx, &fields).await {
        Ok(begun) => {
            ctx.done(&paths::admin_revocation(&begun.id), "tokens_revoked")
                .await
        }
        Err(Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(other) => Err(other.into()),
    }
}

async fn begin(ctx: &PageContext, fields: &Fields) -> Result<GlobalRevocation, Error> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let target = global_revocation::find_target(app, &context, &fields.kind, &fields.target).await?;
    if fields.action != "revoke" {
        return Err(Error::field("action", "error.choose"));
    }
    let order = Order {
        target,
        until: moment(&fields.until)?,
        ends_sessions: fields.sessions.is_on(),
        reason: fields.reason.clone(),
    };
    global_revocation::revoke(app, &context, &order).await
}

/// Shows what a revocation has ended so far.
pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let found = global_revocation::find(app, &context, &GlobalRevocationId::new(id)).await?;
    let page = AdminRevocation {
        row: row(&found),
        name: global_revocation::name(app, &found.target).await?,
        until: found.until,
        completed_at: found.completed_at,
        trail: paths::with_parameter(paths::ADMIN_AUDIT, "subject", &found.target.object()),
    };
    ctx.page(&page).await
}

fn row(of: &GlobalRevocation) -> RevocationRow {
    let Ended {
        people,
        sessions,
        grants,
    } = of.ended;
    RevocationRow {
        id: of.id.to_string(),
        kind: of.target.kind(),
        target: of.target.id().to_owned(),
        requested_at: of.requested_at,
        is_completed: of.completed_at.is_some(),
        ended: EndedView {
            people: of.target.has_sessions().then_some(people),
            sessions: of.ends_sessions.then_some(sessions),
            grants,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_may_be_typed() {
        for typed in [
            "2026-11-30 10:00",
            " 2026-11-30T10:00 ",
            "2026-11-30 10:00:00",
            "2026-11-30T10:00:00Z",
        ] {
            let read = moment(typed).expect("a moment").expect("typed");
            assert_eq!(read.to_rfc3339(), "2026-11-30T10:00:00+00:00", "{typed}");
        }
        assert_eq!(moment("").expect("none"), None);
        assert!(moment("yesterday").is_err() && moment("2026-11-31 10:00").is_err());
    }
}
