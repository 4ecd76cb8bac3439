//! `scim-target`: the SCIM servers of services, whose users are made what people are (contract.md).

use anyhow::Context as _;
use clap::Subcommand;

use super::client::GivenSecret;
use super::console::Console;
use super::receiver::{Command, What, run, said};
use crate::app::App;
use crate::clock::Clock;
use crate::domain::actor::Context;
use crate::domain::scim_target::ProvisionedPeople;
use crate::domain::{ClientId, ReceiverId};
use crate::oidc::shared_signals::{self as signals, NewScimTarget};

#[derive(Debug, Subcommand)]
pub(super) enum ScimTargetCommand {
    /// Register the SCIM server of a service; all whom it is to know are made its users
    Add {
        client: String,
        /// The https address before /Users
        endpoint: String,
        /// Whom: those who used it, or also whom its access policy lets in
        #[arg(long, value_name = "PEOPLE", default_value = "used", value_parser = people)]
        people: ProvisionedPeople,
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
        #[command(flatten)]
        token: GivenSecret,
    },
    /// Replace the bearer token by which the service knows us
    SetToken {
        id: String,
        #[command(flatten)]
        token: GivenSecret,
    },
    #[command(flatten)]
    Any(Command),
}

fn people(text: &str) -> Result<ProvisionedPeople, String> {
    ProvisionedPeople::parse(text).ok_or_else(|| "it is neither used nor policy".to_owned())
}

pub(super) async fn run_scim_target(console: &Console, command: ScimTargetCommand) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    let given = |token: &GivenSecret| {
        let token = token.read()?;
        token.context("give the token with --secret-file or --secret-env")
    };
    match command {
        ScimTargetCommand::Any(command) => run(console, &app, command, What::ScimTargets).await,
        ScimTargetCommand::Add {
            client,
            endpoint,
            people,
            description,
            token,
        } => {
            let new = NewScimTarget {
                client: ClientId::new(client),
                endpoint,
                token: given(&token)?,
                people,
                description,
            };
            let receiver = signals::add_scim_target(&app, &context, new).await?;
            said(console, &receiver, "is registered");
            Ok(())
        }
        ScimTargetCommand::SetToken { id, token } => {
            let token = given(&token)?;
            let receiver = signals::set_token(&app, &context, &ReceiverId::new(id), &token).await?;
            said(console, &receiver, "has the new token");
            Ok(())
        }
    }
}
