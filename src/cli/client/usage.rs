//! `itu-account client usage`: who logs in at a service, how often, and what goes wrong.

use serde_json::{Value, json};

use crate::app::App;
use crate::cli::console::Console;
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::oidc::clients;

pub async fn run(console: &Console, app: &App, context: &Context, id: &ClientId) -> anyhow::Result<()> {
    let usage = clients::usage(app, context, id).await?;
    let last = usage
        .last_login_at
        .map_or_else(|| "never".to_owned(), |it| it.to_string());
    let mut lines = vec![format!("people: {}", usage.people), format!("last login: {last}")];
    lines.extend(usage.days.iter().map(|(day, logins)| format!("{day}  {logins}")));
    let refused = usage.refused.iter();
    lines.extend(refused.map(|(kind, number)| format!("refused, {kind}: {number}")));
    let days = usage
        .days
        .iter()
        .map(|(day, logins)| json!({ "day": day, "logins": logins }));
    let refused = usage
        .refused
        .iter()
        .map(|(kind, number)| json!({ "kind": kind, "number": number }));
    let answer = json!({ "client_id": id, "people": usage.people, "last_login_at": usage.last_login_at,
        "days": days.collect::<Vec<Value>>(), "refused": refused.collect::<Vec<Value>>() });
    console.print(&answer, lines.join("\n"));
    Ok(())
}
