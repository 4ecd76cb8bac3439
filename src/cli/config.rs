//! `config`: what can be set.

use clap::Subcommand;

use crate::config::SAMPLE;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a commented, complete configuration
    Sample,
}

pub(super) fn run(command: &Command) {
    match command {
        Command::Sample => print!("{SAMPLE}"),
    }
}
