//! Reads a secret from where a command names it: a file, standard input or a variable. Never from its arguments, which
//! everybody on the machine sees.

use anyhow::Context;

use super::client::input::read_text;
use crate::domain::secret::Secret;

pub(super) fn from_file(file: &str) -> anyhow::Result<Secret> {
    Ok(Secret::new(read_text(file)?.trim_end_matches(['\r', '\n'])))
}

#[expect(
    clippy::disallowed_methods,
    reason = "contract.md: whoever runs the command names the variable"
)]
pub(super) fn from_environment(name: &str) -> anyhow::Result<Secret> {
    let value = std::env::var(name).with_context(|| format!("the environment variable {name}"))?;
    Ok(Secret::new(value))
}
