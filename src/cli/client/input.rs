//! Reads the text that an option names: of a file, or of standard input for `-`. `client` and `members` call this.

use std::io::Read;

use anyhow::Context as _;

pub(in crate::cli) fn read_text(file: &str) -> anyhow::Result<String> {
    if file != "-" {
        return std::fs::read_to_string(file).with_context(|| file.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("standard input")?;
    Ok(text)
}
