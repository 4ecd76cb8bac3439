//! `check`: reads the configuration, connects to database, Redis and SMTP, and prints what is wrong. It writes nothing.

use anyhow::bail;
use serde_json::json;

use super::console::Console;
use super::unsafe_settings::unsafe_settings;
use crate::app::App;

pub(super) async fn run(console: &Console) -> anyhow::Result<()> {
    let config = console.config()?;
    let mut problems = unsafe_settings(&config);
    problems.extend(App::problems(&config).await);
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
