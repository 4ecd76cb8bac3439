//! The command line of the driver of the OpenID Foundation's conformance suite.

use clap::Parser;
use conformance::suite;
use std::process::ExitCode;

/// Drives the OpenID Foundation's conformance suite, which has to be running, against an issuer
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    arguments: suite::Suite,
}

#[tokio::main]
async fn main() -> ExitCode {
    // Fails only if a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match suite::run(Cli::parse().arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
