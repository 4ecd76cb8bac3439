//! The command line of the checker.

use clap::{Parser, Subcommand};
use conformance::{check, load, timing};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Checks an OpenID provider from outside")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the modules of one or all plans against an issuer
    Check(check::Check),
    /// Lists the plans and their modules
    List,
    /// Does what services and people do, many at a time, and says how fast the answers came
    Load(load::Load),
    /// Asks the provider what became of all that `load --record` was told
    Verify(load::verify::Verify),
    /// Measures whether the forms answer as fast for an address without account as for one with
    Timing(timing::Timing),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Fails only if a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = match Cli::parse().command {
        Command::Check(arguments) => check::carry_out(arguments).await,
        Command::Load(arguments) => load::run(arguments).await,
        Command::Verify(arguments) => load::verify::run(arguments).await,
        Command::Timing(arguments) => timing::run(&arguments).await.map(|()| true),
        Command::List => {
            check::list();
            Ok(true)
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
