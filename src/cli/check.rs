//! `check`: reads the configuration, connects to database, Redis and SMTP, and prints what is wrong. It writes nothing.

use anyhow::bail;
use serde_json::json;

use super::console::Console;
use super::unsafe_settings::unsafe_settings;
use crate::accounts::foreign_hash;
use crate::app::App;
use crate::config::Config;

pub(super) async fn run(console: &Console) -> anyhow::Result<()> {
    let config = console.config()?;
    let mut problems = unsafe_settings(&config);
    problems.extend(App::problems(&config).await);
    if problems.is_empty() {
        problems.extend(unverifiable_passwords(&config).await?);
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

/// Names the people to whom every password is wrong.
async fn unverifiable_passwords(config: &Config) -> anyhow::Result<Option<String>> {
    let Some(stored) = App::look_at_passwords(config).await? else {
        return Ok(None);
    };
    let found = foreign_hash::find_unverifiable(&stored).await?;
    Ok(found.map(|it| {
        format!(
            "the stored password hashes of {} accounts (account {} is the first) cannot be verified: is [keys] \
             master_key_file the key that they were made with? Otherwise these people need a new password",
            it.accounts, it.first
        )
    }))
}
