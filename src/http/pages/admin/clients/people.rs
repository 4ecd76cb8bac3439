//! `/admin/clients/{id}/people`: whom the access policy of a service lets in, and what the service would get of one person, who
//! is named by the address. That the person was looked at is recorded.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::answers::refused;
use crate::domain::ClientId;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::message::Message;
use crate::domain::scope::Scope;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::oidc::access_policy::Lack;
use crate::oidc::claims::Claims;
use crate::oidc::clients::{self, ClaimsPreview, ClientError, Whom};
use crate::templates::pages::{AdminClientPeople, PersonLetIn, PreviewedClaim, PreviewedPerson};

const FIELDS: [&str; 2] = ["q", "scope"];

pub async fn show(ctx: PageContext, Path(id): Path<String>, query: ListQuery) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let id = ClientId::new(id);
    let client = clients::read(app, &context, &id).await.map_err(refused)?;
    let access = clients::preview_access(app, &context, &id)
        .await
        .map_err(refused)?;
    let mut page = AdminClientPeople {
        id: id.to_string(),
        name: client.name().to_owned(),
        is_open: access.is_open,
        number: access.number,
        is_more: access.is_more,
        people: access.people.iter().map(let_in).collect(),
        scopes: client.scope().iter().map(str::to_owned).collect(),
        form: query.form(&FIELDS),
        person: None,
    };
    let address = query.get("q").trim();
    if address.is_empty() {
        return ctx.page(&page).await;
    }
    let scope = Some(query.get("scope").trim()).filter(|it| !it.is_empty());
    let asked = match scope.map(Scope::parse).transpose() {
        Ok(asked) => asked,
        Err(_) => return wrong(&ctx, page, "scope", "error.invalid").await,
    };
    let Ok(email) = EmailAddress::parse(address) else {
        return wrong(&ctx, page, "q", "error.email").await;
    };
    let whom = Whom::Email(&email);
    match clients::preview_claims(app, &context, &id, (&whom, asked.as_ref())).await {
        Ok(found) => {
            page.person = Some(previewed(&found));
            ctx.page(&page).await
        }
        Err(ClientError::NoAccount) => wrong(&ctx, page, "q", "admin.client_owners.no_account").await,
        Err(other) => Err(refused(other)),
    }
}

async fn wrong(
    ctx: &PageContext,
    mut page: AdminClientPeople,
    field: &'static str,
    message: &'static str,
) -> Result<Response, PageError> {
    page.form = page.form.error(field, message);
    ctx.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

fn let_in(account: &Account) -> PersonLetIn {
    PersonLetIn {
        account_id: account.id.to_string(),
        name: account.profile.full_name(),
        email: account.email.as_str().to_owned(),
    }
}

fn previewed(found: &ClaimsPreview) -> PreviewedPerson {
    let lacks = found.refused.iter().flat_map(|it| &it.lacks);
    PreviewedPerson {
        who: let_in(&found.account),
        sub: found.sub.to_string(),
        scope: found.scope.to_string(),
        lacks: lacks.map(lack).collect(),
        id_token: stated(&found.id_token),
        userinfo: stated(&found.userinfo),
        withheld: found
            .withheld
            .iter()
            .map(|it| (it.claim, it.scope, it.reason.as_str()))
            .collect(),
    }
}

/// Says what a person lacks to be let in.
pub(super) fn lack(lack: &Lack) -> Message {
    match lack {
        Lack::Affiliation => Message::new("admin.client_people.lack.affiliation"),
        Lack::MembershipType(types) => {
            Message::new("admin.client_people.lack.membership_type").with("values", types.join(", "))
        }
        Lack::TiesRights(rights) => {
            Message::new("admin.client_people.lack.ties_rights").with("values", rights.join(", "))
        }
    }
}

fn stated(claims: &Claims) -> Vec<PreviewedClaim> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let claim = |(name, value): (&String, &Value)| PreviewedClaim {
        name: name.clone(),
        value: text(value),
    };
    claims.iter().map(claim).collect()
}
