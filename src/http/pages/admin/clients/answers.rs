//! The answers that the pages of clients share: a form that the rules refuse, a client that is not there, a new secret.

use axum::response::Response;

use crate::domain::client::Client;
use crate::domain::message::Message;
use crate::domain::powers::Area;
use crate::http::outcome::Outcome;
use crate::http::pages::{PageContext, PageError};
use crate::oidc::clients::{self, ClientError, Issued, Problem, Software};
use crate::paths;
use crate::templates::pages::{ClientSettings, NewSecret};
use crate::templates::{FormChoice, FormState};

impl PageContext {
    /// Returns `true` if whoever looks is an administrator, and `false` for an owner of the client at hand. What either may do
    /// the room decides; the page offers no more than that.
    pub(super) fn administers_clients(&self) -> bool {
        self.actor_context().actor.administers(Area::Clients)
    }
}

pub(super) fn refused(error: ClientError) -> PageError {
    match error {
        ClientError::Unknown(_) => PageError::NotFound,
        ClientError::ReauthenticationNeeded => PageError::StaleLogin,
        other => PageError::internal(other),
    }
}

/// Returns the form as it was typed, with each problem at the field of its member. The reasons are those of the rules, in
/// the words of the standards.
pub(super) fn with_problems(
    typed: FormState,
    problems: Vec<Problem>,
    field_of: impl Fn(&str) -> Option<&'static str>,
) -> FormState {
    let message = |problem: &Problem| {
        Message::new("mark.pair")
            .with("label", &problem.member)
            .with("value", &problem.reason)
    };
    let mut form = typed;
    for problem in problems {
        match field_of(&problem.member) {
            Some(field) => form.add_error(field, message(&problem)),
            // What no field of this form can mend is said above it.
            None => form = form.notice(message(&problem)),
        }
    }
    form
}

/// Leads to the page that shows the secret that was just made, to the account that made it. No page shows it later
/// (security.md AD-2).
pub(super) async fn show_issued(
    ctx: &PageContext,
    issued: &Issued,
    done: &'static str,
) -> Result<Response, PageError> {
    let id = &issued.client.id;
    match &issued.secret {
        None => ctx.done(&paths::admin_client(id), done).await,
        Some(secret) => {
            let content = NewSecret {
                secret: secret.expose().to_owned(),
                done: format!("flash.{done}"),
            };
            ctx.show_at(&paths::admin_client_secret(id), Outcome::of(&content)?)
                .await
        }
    }
}

/// Returns the common software to choose from, each with one more fact.
pub(super) fn choices(fact: impl Fn(Software) -> &'static str) -> Vec<FormChoice> {
    let all = Software::ALL.into_iter();
    all.map(|it| FormChoice::new(it.as_str(), format!("{}: {}", it.name(), fact(it))))
        .collect()
}

/// Returns what is to be configured at the service: for the software that is chosen on the page, else for the one that its
/// addresses are of.
pub(super) fn settings(ctx: &PageContext, client: &Client, secret: Option<&str>) -> ClientSettings {
    let software = match ctx.query("software") {
        Some(chosen) => Software::parse(&chosen),
        None => Software::recognize(&client.metadata.redirect_uris).map(|it| it.0),
    };
    let handover = clients::handover(&ctx.app, client, software, secret);
    ClientSettings {
        software: software.map(Software::as_str).unwrap_or_default(),
        options: Software::ALL
            .map(|it| FormChoice::new(it.as_str(), it.name()))
            .to_vec(),
        place: handover.place,
        fields: handover.fields,
        file: handover.file,
        placeholder: (secret.is_none() && client.metadata.uses_secret()).then_some(clients::SECRET),
    }
}
