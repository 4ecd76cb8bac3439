//! Reads the configuration for every command, and prints results.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::config::{self, Config};

/// The format of printed results.
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

    /// Returns the file of the settings, which may not be there.
    pub fn settings_file(&self) -> PathBuf {
        self.file.clone().unwrap_or_else(|| PathBuf::from(config::FILE))
    }

    /// Prints one result, as JSON or as the given line.
    pub fn print(&self, json: &serde_json::Value, text: impl std::fmt::Display) {
        // A reader that closed the pipe (`| head`) has seen enough.
        let _ = match self.format {
            Format::Json => writeln!(std::io::stdout(), "{json}"),
            Format::Text => writeln!(std::io::stdout(), "{text}"),
        };
    }
}
