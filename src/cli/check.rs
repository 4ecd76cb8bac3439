//! `check`: reads the configuration, reaches database, Redis and SMTP, prints what is wrong.

use anyhow::bail;
use serde_json::json;

use super::{Console, serve};
use crate::app::App;
use crate::clock::Clock;

pub(super) async fn run(console: &Console) -> anyhow::Result<()> {
    let config = console.config()?;
    let mut problems = serve::unsafe_settings(&config);
    match App::open(config, Clock::System).await {
        Err(error) => problems.push(error.to_string()),
        Ok(app) => {
            if let Err(error) = app.db.ping().await {
                problems.push(format!("the database does not answer: {error}"));
            }
            if let Err(error) = app.mailer.ping().await {
                problems.push(format!("mail cannot be sent: {error}"));
            }
        }
    }
    for problem in &problems {
        console.print(&json!({ "problem": problem }), problem);
    }
    match problems.len() {
        0 => console.print(&json!({ "problems": 0 }), "everything is in order"),
        1 => bail!("one problem"),
        many => bail!("{many} problems"),
    }
    Ok(())
}
