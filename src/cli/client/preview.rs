//! `itu-account client claims` and `client access`: what a service would get of a person, and whom it lets in.

use anyhow::anyhow;
use serde_json::{Value, json};

use crate::app::App;
use crate::cli::console::Console;
use crate::domain::ClientId;
use crate::domain::account::EmailAddress;
use crate::domain::actor::Context;
use crate::domain::scope::Scope;
use crate::oidc::access_policy::Lack;
use crate::oidc::clients::{self, Whom};

pub async fn claims(
    console: &Console,
    app: &App,
    context: &Context,
    (id, email, scope): (&ClientId, &str, Option<&str>),
) -> anyhow::Result<()> {
    let email = EmailAddress::parse(email).map_err(|_| anyhow!("this is no e-mail address"))?;
    let asked = scope.map(Scope::parse).transpose()?;
    let of = (&Whom::Email(&email), asked.as_ref());
    let found = clients::preview_claims(app, context, id, of).await?;
    let lacks: Vec<String> = found.refused.iter().flat_map(|it| &it.lacks).map(lack).collect();
    let withheld = found.withheld.iter();
    let withheld: Vec<Value> = withheld
        .map(|it| json!({ "claim": it.claim, "scope": it.scope, "reason": it.reason.as_str() }))
        .collect();
    let mut lines = vec![format!("sub: {}", found.sub), format!("scope: {}", found.scope)];
    lines.extend(lacks.iter().map(|it| format!("not let in: {it}")));
    lines.push(format!("id_token: {}", Value::Object(found.id_token.clone())));
    lines.push(format!("userinfo: {}", Value::Object(found.userinfo.clone())));
    let missing = found.withheld.iter();
    lines.extend(missing.map(|it| format!("missing: {} ({}: {})", it.claim, it.scope, it.reason)));
    let answer = json!({ "client_id": id, "account_id": found.account.id.as_str(), "sub": found.sub.as_str(),
        "scope": found.scope.to_string(), "let_in": found.refused.is_none(), "lacks": lacks,
        "id_token": found.id_token, "userinfo": found.userinfo, "withheld": withheld });
    console.print(&answer, lines.join("\n"));
    Ok(())
}

fn lack(lack: &Lack) -> String {
    match lack {
        Lack::Affiliation => "no approved affiliation".to_owned(),
        Lack::MembershipType(types) => format!("none of the membership types {}", types.join(", ")),
        Lack::TiesRights(rights) => format!("without the TIES rights {}", rights.join(", ")),
    }
}

pub async fn access(console: &Console, app: &App, context: &Context, id: &ClientId) -> anyhow::Result<()> {
    let found = clients::preview_access(app, context, id).await?;
    let mut lines = vec![match (found.is_open, found.is_more) {
        (true, _) => "everybody with an account".to_owned(),
        (_, true) => format!("more than {} people", found.number),
        _ => format!("{} people", found.number),
    }];
    let people = found.people.iter();
    lines.extend(people.map(|it| format!("{}  {}", it.email.as_str(), it.profile.full_name())));
    let people = found.people.iter();
    let people: Vec<Value> = people
        .map(|it| json!({ "account_id": it.id.as_str(), "email": it.email.as_str() }))
        .collect();
    let answer = json!({ "client_id": id, "open": found.is_open, "number": found.number, "more": found.is_more,
        "people": people });
    console.print(&answer, lines.join("\n"));
    Ok(())
}
