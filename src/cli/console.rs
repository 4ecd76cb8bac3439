//! What every command is given: the configuration file, and where results go.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::config::Config;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}

pub struct Console {
    pub file: Option<PathBuf>,
    pub format: Format,
}

impl Console {
    pub fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(self.file.as_deref())?)
    }

    /// One result: as JSON, or as the line given.
    pub fn print(&self, json: &serde_json::Value, text: impl std::fmt::Display) {
        // A reader that has gone (`| head`) has seen enough.
        let _ = match self.format {
            Format::Json => writeln!(std::io::stdout(), "{json}"),
            Format::Text => writeln!(std::io::stdout(), "{text}"),
        };
    }
}
