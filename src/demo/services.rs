//! The three sites of the demo: events, bookshop, mailing lists. Each listens on a port of its own, keeps its visitors
//! in memory under a cookie name of its own (cookies ignore ports), and reacts to what the provider states about a
//! person's membership.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::relying_party::{Membership, Pending, Registration, RelyingParty, SignedIn};
use crate::random;

/// The kind of a site. Its texts are in `templates/demo/service.html`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Events,
    Bookshop,
    MailingLists,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Events, Self::Bookshop, Self::MailingLists];

    pub fn client_id(self) -> &'static str {
        match self {
            Self::Events => "demo-events",
            Self::Bookshop => "demo-bookshop",
            Self::MailingLists => "demo-mailing-lists",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "ITU Events",
            Self::Bookshop => "ITU Bookshop",
            Self::MailingLists => "ITU Mailing Lists",
        }
    }

    pub const SCOPES: &'static [&'static str] = &["profile", "email", "offline_access", "itu_membership"];

    fn cookie(self) -> &'static str {
        match self {
            Self::Events => "demo_events",
            Self::Bookshop => "demo_bookshop",
            Self::MailingLists => "demo_lists",
        }
    }
}

/// The access that a site gives to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// A member may register for the member's delegation, buy at the member's price, subscribe.
    Member,
    /// Anybody has this access: the person requested no affiliation to a member.
    Public,
    /// The Focal Point has not decided yet.
    Pending,
    /// The person is affiliated, but lacks the TIES right that this site needs.
    MissingTies,
}

impl Access {
    pub fn of(kind: Kind, membership: &Membership) -> Self {
        match membership.affiliation_status.as_deref() {
            Some("pending") => Self::Pending,
            Some("approved")
                if kind == Kind::MailingLists
                    && !membership.ties_rights.iter().any(|it| it == "mailing_lists") =>
            {
                Self::MissingTies
            }
            Some("approved") if membership.membership_type.is_some() => Self::Member,
            _ => Self::Public,
        }
    }
}

#[derive(Debug, Default)]
struct Visitor {
    pending: HashMap<String, Pending>,
    person: Option<SignedIn>,
}

#[derive(Debug)]
struct Site {
    kind: Kind,
    registration: Registration,
    http: reqwest::Client,
    provider: OnceCell<RelyingParty>,
    visitors: Mutex<HashMap<String, Visitor>>,
}

/// Returns the router of a site. It fetches the provider's metadata at the first login.
pub fn router(kind: Kind, registration: Registration, http: reqwest::Client) -> Router {
    let site = Site {
        kind,
        registration,
        http,
        provider: OnceCell::new(),
        visitors: Mutex::default(),
    };
    Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/refresh", post(refresh))
        .route("/logout", post(logout))
        .with_state(Arc::new(site))
}

impl Site {
    async fn provider(&self) -> Result<&RelyingParty, super::relying_party::Error> {
        self.provider
            .get_or_try_init(|| RelyingParty::discover(self.registration.clone(), self.http.clone()))
            .await
    }

    fn with_visitor<T>(&self, id: &str, act: impl FnOnce(&mut Visitor) -> T) -> T {
        let mut visitors = self.visitors.lock().unwrap_or_else(PoisonError::into_inner);
        act(visitors.entry(id.to_owned()).or_default())
    }

    fn visitor_of(&self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
        let id = cookies
            .split("; ")
            .find_map(|it| it.strip_prefix(self.kind.cookie())?.strip_prefix('='))?;
        (id.len() == 43).then(|| id.to_owned())
    }

    fn set_cookie(&self, id: &str) -> [(header::HeaderName, String); 1] {
        [(
            header::SET_COOKIE,
            format!("{}={id}; Path=/; HttpOnly; SameSite=Lax", self.kind.cookie()),
        )]
    }

    fn person(&self, headers: &HeaderMap) -> Option<(String, SignedIn)> {
        let id = self.visitor_of(headers)?;
        let person = self.with_visitor(&id, |it| it.person.clone())?;
        Some((id, person))
    }

    fn page(&self, person: Option<&SignedIn>, notice: Option<&str>) -> Response {
        #[derive(Serialize)]
        struct Page<'a> {
            kind: Kind,
            name: &'static str,
            issuer: &'a str,
            access: Option<Access>,
            display_name: Option<&'a str>,
            email: Option<&'a str>,
            membership: Option<&'a Membership>,
            claims: Option<String>,
            notice: Option<&'a str>,
        }
        let page = Page {
            kind: self.kind,
            name: self.kind.name(),
            issuer: &self.registration.issuer,
            access: person.map(|it| Access::of(self.kind, &it.membership)),
            display_name: person.and_then(|it| it.name.as_deref()),
            email: person.and_then(|it| it.email.as_deref()),
            membership: person.map(|it| &it.membership),
            claims: person.and_then(|it| serde_json::to_string_pretty(&it.claims).ok()),
            notice,
        };
        let mut environment = minijinja::Environment::new();
        let rendered = environment
            .add_template("service.html", include_str!("../../templates/demo/service.html"))
            .and_then(|()| {
                environment
                    .get_template("service.html")?
                    .render(minijinja::value::Serde(&page))
            });
        match rendered {
            Ok(html) => Html(html).into_response(),
            Err(error) => failure(&error),
        }
    }
}

/// Answers when the provider cannot be used. A demo shows the reason on its page.
fn failure(error: &dyn std::error::Error) -> Response {
    (
        StatusCode::BAD_GATEWAY,
        format!("The login service does not answer as it should.\n\n{error}"),
    )
        .into_response()
}

async fn home(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let person = site.person(&headers);
    site.page(person.as_ref().map(|(_, it)| it), None)
}

async fn login(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let id = site.visitor_of(&headers).unwrap_or_else(random::token);
    match site.provider().await {
        Err(error) => failure(&error),
        Ok(provider) => {
            let (url, state, pending) = provider.authorize();
            site.with_visitor(&id, |it| it.pending.insert(state, pending));
            (site.set_cookie(&id), Redirect::to(&url)).into_response()
        }
    }
}

#[derive(Deserialize)]
struct Callback {
    state: String,
    code: Option<String>,
    error: Option<String>,
}

async fn callback(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Query(answer): Query<Callback>,
) -> Response {
    let Some(id) = site.visitor_of(&headers) else {
        return Redirect::to("/").into_response();
    };
    let Some(pending) = site.with_visitor(&id, |it| it.pending.remove(&answer.state)) else {
        return Redirect::to("/").into_response();
    };
    let Some(code) = answer.code else {
        let notice = match answer.error.as_deref() {
            Some("access_denied") => "You are not logged in: the login was cancelled or access was refused.",
            _ => "You are not logged in: the login service could not complete the request.",
        };
        return site.page(None, Some(notice));
    };
    let signed_in = match site.provider().await {
        Ok(provider) => provider.redeem(code, pending).await,
        Err(error) => Err(error),
    };
    match signed_in {
        Err(error) => failure(&error),
        Ok(person) => {
            // The cookie is new at login, so that a value that was planted before opens nothing.
            let fresh = random::token();
            site.with_visitor(&fresh, |it| it.person = Some(person));
            (site.set_cookie(&fresh), Redirect::to("/")).into_response()
        }
    }
}

async fn refresh(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let Some((id, person)) = site.person(&headers) else {
        return Redirect::to("/").into_response();
    };
    let renewed = match site.provider().await {
        Ok(provider) => provider.refresh(&person).await,
        Err(error) => Err(error),
    };
    match renewed {
        Ok(person) => {
            site.with_visitor(&id, |it| it.person = Some(person));
            Redirect::to("/").into_response()
        }
        Err(super::relying_party::Error::Refused(_)) => {
            site.with_visitor(&id, |it| it.person = None);
            site.page(None, Some("Your login has ended. Please log in again."))
        }
        Err(error) => failure(&error),
    }
}

async fn logout(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let Some((id, person)) = site.person(&headers) else {
        return Redirect::to("/").into_response();
    };
    site.visitors
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&id);
    match site
        .provider()
        .await
        .and_then(|provider| provider.logout(&person))
    {
        Ok(url) => Redirect::to(&url).into_response(),
        Err(error) => failure(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_affiliation_is_no_membership() {
        let mut membership = Membership {
            affiliation_status: Some("pending".into()),
            ..Membership::default()
        };
        assert_eq!(Access::of(Kind::Events, &membership), Access::Pending);
        membership.affiliation_status = Some("approved".into());
        membership.membership_type = Some("member_state".into());
        assert_eq!(Access::of(Kind::Events, &membership), Access::Member);
        assert_eq!(Access::of(Kind::MailingLists, &membership), Access::MissingTies);
        membership.ties_rights = vec!["mailing_lists".into()];
        assert_eq!(Access::of(Kind::MailingLists, &membership), Access::Member);
        membership.affiliation_status = Some("self_declared".into());
        assert_eq!(Access::of(Kind::Events, &membership), Access::Public);
    }
}
