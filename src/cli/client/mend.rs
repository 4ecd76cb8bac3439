//! `itu-account client mend`: ends a weakness of the report by the change that it offers.

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::app::App;
use crate::cli::console::Console;
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::oidc::clients::{self, Topic};

#[derive(Debug, Args)]
pub struct Arguments {
    id: String,
    /// The topic of the finding, as the report names it
    topic: String,
    /// The value of the finding, for topics that can be found several times
    #[arg(long, default_value = "")]
    value: String,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(
    console: &Console,
    app: &App,
    context: &Context,
    arguments: Arguments,
) -> anyhow::Result<()> {
    let id = ClientId::new(arguments.id);
    let topic = Topic::parse(&arguments.topic).context("this is no topic of the report")?;
    let of = (topic, arguments.value.as_str());
    let client = clients::read(app, context, &id).await?;
    let Some(mend) = clients::find_mend(app, context, &client, of).await? else {
        bail!("the report of {id} has no such finding, or no mend of it");
    };
    if !arguments.dry_run {
        clients::apply_mend(app, context, (&id, client.version()), of).await?;
    }
    let shown = |side: &Option<Value>| side.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
    let lines = mend.changes.iter();
    let lines = lines.map(|it| format!("{}: {} -> {}", it.member, shown(&it.before), shown(&it.after)));
    let answer = json!({ "client_id": id, "mended": !arguments.dry_run, "changes": mend.changes });
    console.print(&answer, lines.collect::<Vec<_>>().join("\n"));
    Ok(())
}
