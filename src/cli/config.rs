//! `config`: prints what others are set up by: the settings of this program with their defaults, the rules of Prometheus, a
//! dashboard of Grafana.

use std::io::Write;

use clap::Subcommand;

use crate::config::SAMPLE;
use crate::telemetry::metrics::{ALERTS, DASHBOARD};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a commented, complete configuration
    Sample,
    /// Print alert rules for Prometheus
    Alerts,
    /// Print a dashboard for Grafana
    Dashboard,
}

pub(super) fn run(command: &Command) {
    let text = match command {
        Command::Sample => SAMPLE,
        Command::Alerts => ALERTS,
        Command::Dashboard => DASHBOARD,
    };
    // A reader that closed the pipe (`| head`) has seen enough.
    drop(std::io::stdout().write_all(text.as_bytes()));
}
