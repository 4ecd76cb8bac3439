//! `/account/sessions`: lists where the person is signed in, with *log out there* (security.md SE-3).

use axum::response::Response;
use serde::Deserialize;

use crate::accounts::sessions;
use crate::domain::SessionId;
use crate::domain::browser::browser_in_words;
use crate::domain::session::Session;
use crate::http::pages::logout::leave;
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn};
use crate::oidc::end_session::After;
use crate::oidc::logout::frontchannel;
use crate::templates::FormState;
use crate::templates::pages::{AccountSessions, Confirm, SessionView};
use crate::{paths, places};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    session_id: String,
    action: String,
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let mut open = sessions::list(&ctx.app, &person.account().id).await?;
    // The session in which the person reads this comes first, the others as they were used.
    open.sort_by_key(|it| it.id != person.session().id);
    let sessions = open.iter().map(|it| view(it, Some(person.session()))).collect();
    ctx.page(&AccountSessions { sessions }).await
}

/// Shows a session; `read_in` is the one in which its person reads this.
pub(in crate::http::pages) fn view(session: &Session, read_in: Option<&Session>) -> SessionView {
    SessionView {
        id: session.id.as_str().to_owned(),
        current: read_in.is_some_and(|it| it.id == session.id),
        browser: browser_in_words(&session.user_agent),
        place: places::of(&session.network),
        network: session.network.clone(),
        signed_in_at: session.created_at,
        last_used_at: session.last_used_at,
    }
}

/// Says what `end` will do.
pub async fn confirm(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let page = match ctx.given("action").as_deref() {
        Some("end") => {
            let id = ctx.given("session_id").unwrap_or_default();
            let open = sessions::list(&ctx.app, &person.account().id).await?;
            let session = open.iter().find(|it| it.id.as_str() == id);
            let browser = browser_in_words(&session.ok_or(PageError::NotFound)?.user_agent);
            Confirm::new("session", paths::ACCOUNT_SESSIONS, "end", "account.sessions.end")
                .of(browser)
                .with("session_id", &id)
        }
        Some("end_others") => Confirm::new(
            "other_sessions",
            paths::ACCOUNT_SESSIONS,
            "end_others",
            "account.sessions.end_others",
        ),
        Some("end_everywhere") => Confirm::new(
            "everywhere",
            paths::ACCOUNT_SESSIONS,
            "end_everywhere",
            "account.sessions.end_everywhere",
        ),
        _ => return ctx.show_elsewhere(paths::ACCOUNT_SESSIONS).await,
    };
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

pub async fn end(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (app, context, account) = (&ctx.app, ctx.actor_context(), &person.account().id);
    let frames = frontchannel::frames(app, person.session()).await?;
    match fields.action.as_str() {
        "end" => {
            let id = SessionId::new(fields.session_id.as_str());
            if !sessions::end(app, &context, account, &id, "by_the_person").await? {
                // G-9
                return Err(if sessions::has_ended(app, account, &id).await? {
                    PageError::Conflict
                } else {
                    PageError::NotFound
                });
            }
            if id == person.session().id {
                return leave(ctx, frames, After::default()).await;
            }
            ctx.done(paths::ACCOUNT_SESSIONS, "session_ended").await
        }
        "end_others" => {
            sessions::end_others(app, &context, account, &person.session().id).await?;
            ctx.done(paths::ACCOUNT_SESSIONS, "sessions_ended").await
        }
        "end_everywhere" => {
            sessions::end_everywhere(app, &context, account).await?;
            leave(ctx, frames, After::default()).await
        }
        _ => Err(PageError::Invalid),
    }
}
