//! `config sample`: prints every setting with its default.

use std::io::Write;

use clap::Subcommand;

use crate::config::SAMPLE;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a commented, complete configuration
    Sample,
}

pub(super) fn run(command: &Command) {
    match command {
        // A reader that closed the pipe (`| head`) has seen enough.
        Command::Sample => drop(std::io::stdout().write_all(SAMPLE.as_bytes())),
    }
}
