//! Runs the modules of the selected plans, each with a browser of its own: one by one, or side by side.

use crate::client::{AuthMethod, Client};
use crate::config::Config;
use crate::module::{Check, Module, Needs};
use crate::plans::Selected;
use crate::provider::Provider;
use crate::relying_party::RelyingParty;
use crate::report::{Outcome, Report, Step, Stop};
use crate::run::{Environment, Run};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Modules that wait for half a minute or a whole one and need no session then. They begin first, one after the other,
/// and wait beside the others.
const LONG_WAITS: [&str; 3] = [
    "oidcc-codereuse-30seconds",
    "fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code",
    "fapi2-security-profile-final-par-attempt-to-use-expired-request_uri",
];

pub struct Runner {
    pub environment: Environment,
    pub jobs: usize,
}

impl Runner {
    /// Runs the modules and returns their outcomes in the order of the plans.
    pub async fn run(&self, selected: &[Selected]) -> Vec<Outcome> {
        let permits = Arc::new(Semaphore::new(self.jobs.max(1)));
        let mut tasks = JoinSet::new();
        let waits_long = |it: &(usize, Selected)| LONG_WAITS.contains(&it.1.2.name);
        let all: Vec<(usize, Selected)> = selected.iter().copied().enumerate().collect();
        let (first, then): (Vec<_>, Vec<_>) = all.into_iter().partition(waits_long);
        for (at, selected) in first.into_iter().chain(then) {
            let environment = self.environment.clone();
            let permit = permits.clone().acquire_owned().await.ok();
            tasks.spawn(async move { (at, run_module(&environment, permit, selected).await) });
        }
        let mut outcomes = Vec::new();
        while let Some(finished) = tasks.join_next().await {
            match finished {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        outcomes.sort_by_key(|(at, _)| *at);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

async fn run_module(
    environment: &Environment,
    permit: Option<OwnedSemaphorePermit>,
    (plan, variant, module): Selected,
) -> Outcome {
    let begin = Instant::now();
    let mut run = Run::new(environment, *variant, permit);
    let (report, end) = match module.check {
        Check::Run(check) => {
            let end = match prepare(&mut run, module) {
                Ok(()) => check(&mut run).await,
                Err(stop) => Err(stop),
            };
            (run.report, end)
        }
        Check::RelyingParty(check) => match client_for(module.needs, &run.config, &run.provider) {
            Err(stop) => (Report::default(), Err(stop)),
            Ok(client) => {
                let mut rp = RelyingParty::new(run, client);
                let end = match prepare_client(&mut rp, module) {
                    Ok(()) => check(&mut rp).await,
                    Err(stop) => Err(stop),
                };
                rp.remove_registrations().await;
                (rp.run.report, end)
            }
        },
    };
    // A plan of one variant needs no other name.
    let part = (plan.variants.len() > 1).then_some(variant.name());
    Outcome::conclude((plan.name, part), module.name, report, end, begin.elapsed())
}

/// Judges the metadata, and stops a module for which nobody can log in.
fn prepare(run: &mut Run, module: &Module) -> Step {
    run.provider.clone().check(&mut run.report);
    if module.needs != Needs::Nothing {
        run.user()?;
    }
    Ok(())
}

fn prepare_client(rp: &mut RelyingParty, module: &Module) -> Step {
    rp.run.provider.clone().check(&mut rp.run.report);
    // A client of the module's own making is judged when it is there.
    if !matches!(module.needs, Needs::Registration | Needs::Site) {
        let (provider, method) = (rp.run.provider.clone(), rp.client.method.name());
        crate::checks::discovery::auth_method(&provider.metadata, method, &mut rp.run.report);
    }
    rp.run.user().map(drop)
}

fn client_for(needs: Needs, config: &Config, provider: &Provider) -> Result<Client, Stop> {
    let skip = |reason: &str| Stop::Skipped(reason.to_owned());
    let basic = || {
        let settings = config
            .client
            .as_ref()
            .ok_or_else(|| skip("the settings name no [client]"))?;
        Ok(Client::new(settings, AuthMethod::SecretBasic))
    };
    match needs {
        Needs::Registration | Needs::Site if provider.endpoint("registration_endpoint").is_none() => {
            Err(skip("the provider registers no clients"))
        }
        Needs::Nothing | Needs::Registration | Needs::Site | Needs::Fapi => {
            let nobody = crate::config::Client {
                client_id: String::new(),
                client_secret: String::new(),
                redirect_uri: String::new(),
                post_logout_redirect_uri: None,
            };
            Ok(Client::new(&nobody, AuthMethod::SecretBasic))
        }
        Needs::Client => basic(),
        Needs::TwoClients if config.client2.is_none() => Err(skip("the settings name no [client2]")),
        Needs::TwoClients => basic(),
        Needs::Logout => match &config.client {
            Some(client) if client.post_logout_redirect_uri.is_none() => {
                Err(skip("[client] has no post_logout_redirect_uri"))
            }
            _ => basic(),
        },
        Needs::SecretPost => {
            let settings = config
                .client_secret_post
                .as_ref()
                .ok_or_else(|| skip("the settings name no [client_secret_post]"))?;
            Ok(Client::new(settings, AuthMethod::SecretPost))
        }
    }
}
