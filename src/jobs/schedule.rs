//! Lists each job with its interval. A rule is in its room; a job only calls it. Several nodes run the same job at
//! once, and the rooms are written so that this does no harm.

use std::time::Duration;

use super::job::Job;
use super::runner::{self, Running};
use super::sweep::sweep;
use crate::app::App;
use crate::domain::AccountId;
use crate::keys::{RotationError, rotation};
use crate::{accounts, affiliations, audit, mail, oidc};

pub const ALL: &[Job] = &[
    Job {
        name: "refresh",
        every: Duration::from_secs(1),
        run: |app| Box::pin(async move { refresh(&app).await }),
    },
    Job {
        name: "mail",
        every: Duration::from_secs(1),
        run: |app| Box::pin(async move { deliver_mail(&app).await }),
    },
    // LO-3
    Job {
        name: "logout",
        every: Duration::from_secs(1),
        run: |app| Box::pin(async move { deliver_logouts(&app).await }),
    },
    Job {
        name: "pings",
        every: Duration::from_secs(1),
        run: |app| Box::pin(async move { deliver_pings(&app).await }),
    },
    // EV-3: a service hears within two seconds.
    Job {
        name: "events",
        every: Duration::from_millis(200),
        run: |app| Box::pin(async move { begin_events(&app).await }),
    },
    Job {
        name: "provisioning",
        every: Duration::from_secs(1),
        run: |app| Box::pin(async move { find_people_to_provision(&app).await }),
    },
    Job {
        name: "global revocations",
        every: Duration::from_secs(1),
        run: |app| Box::pin(async move { revoke_globally(&app).await }),
    },
    Job {
        name: "use of clients",
        every: Duration::from_secs(10),
        run: |app| Box::pin(async move { store_use_of_clients(&app).await }),
    },
    Job {
        name: "data downloads",
        every: Duration::from_secs(2),
        run: |app| Box::pin(async move { build_data_downloads(&app).await }),
    },
    // AD-12: a view that is over shows nothing; this says so in the trail.
    Job {
        name: "account views",
        every: Duration::from_secs(5),
        run: |app| Box::pin(async move { end_account_views(&app).await }),
    },
    // LG-5
    Job {
        name: "audit",
        every: Duration::from_secs(5),
        run: |app| Box::pin(async move { seal_audit_trail(&app).await }),
    },
    Job {
        name: "daily counts",
        every: Duration::from_mins(1),
        run: |app| Box::pin(async move { count_days(&app).await }),
    },
    // Every ten minutes one of the nodes counts.
    Job {
        name: "acceptances",
        every: Duration::from_mins(1),
        run: |app| Box::pin(async move { count_acceptances(&app).await }),
    },
    Job {
        name: "deletions",
        every: Duration::from_secs(30),
        run: |app| Box::pin(async move { delete_accounts(&app).await }),
    },
    // PW-10
    Job {
        name: "recoveries",
        every: Duration::from_mins(1),
        run: |app| Box::pin(async move { recover_accounts(&app).await }),
    },
    // DS-3: pending rows are purged every minute.
    Job {
        name: "sweep",
        every: Duration::from_mins(1),
        run: |app| Box::pin(async move { sweep(&app).await }),
    },
    // AF-5: a digest is due an hour after the mail before it.
    Job {
        name: "digests",
        every: Duration::from_mins(1),
        run: |app| Box::pin(async move { digests(&app).await }),
    },
    // G-10: a membership ends within a minute of its last day.
    Job {
        name: "memberships",
        every: Duration::from_mins(1),
        run: |app| Box::pin(async move { memberships(&app).await }),
    },
    // AF-8: what a term allowed has ended with it; this says so.
    Job {
        name: "deputies",
        every: Duration::from_mins(1),
        run: |app| Box::pin(async move { deputies(&app).await }),
    },
    // After an upgrade there may be a million accounts without; a start does not wait for them.
    Job {
        name: "search words",
        every: Duration::from_mins(1),
        run: |app| Box::pin(async move { search_words(&app).await }),
    },
    Job {
        name: "reminders",
        every: Duration::from_mins(15),
        run: |app| Box::pin(async move { reminders(&app).await }),
    },
    // Due on Monday at 06:00 UTC; found within a quarter of an hour.
    Job {
        name: "weekly digests",
        every: Duration::from_mins(15),
        run: |app| Box::pin(async move { weekly_digests(&app).await }),
    },
    Job {
        name: "keys",
        every: Duration::from_mins(10),
        run: |app| Box::pin(async move { keys(&app).await }),
    },
];

/// Starts all jobs. They end with `Running::stop`.
pub fn start(app: &App) -> Running {
    runner::start(app, ALL)
}

/// Reads what other nodes and commands changed (security.md G-10, DR-6).
pub async fn refresh(app: &App) -> anyhow::Result<()> {
    rotation::refresh(app).await?;
    app.registry.refresh(app.db.read()).await?;
    app.refresh_documents().await?;
    Ok(())
}

pub async fn deliver_mail(app: &App) -> anyhow::Result<()> {
    let now = || app.clock.now();
    mail::outbox::deliver(&app.db, &app.keys, &app.mailer, now, &app.stopping).await?;
    Ok(())
}

/// Sends logout tokens to services for sessions that ended (security.md LO-3).
pub async fn deliver_logouts(app: &App) -> anyhow::Result<()> {
    oidc::logout::backchannel::deliver(app).await?;
    Ok(())
}

/// Pings services whose authentication requests were decided (CIBA §10.2).
pub async fn deliver_pings(app: &App) -> anyhow::Result<()> {
    oidc::backchannel_authentication::deliver(app).await?;
    Ok(())
}

/// Begins to send what services wait for. No round waits for the senders of the one before: a slow service delays none.
async fn begin_events(app: &App) -> anyhow::Result<()> {
    oidc::shared_signals::begin_round(app).await?.detach_all();
    Ok(())
}

/// Sends what services wait for, and waits until they have answered.
pub async fn deliver_events(app: &App) -> anyhow::Result<()> {
    oidc::shared_signals::begin_round(app).await?.join_all().await;
    Ok(())
}

/// Stores how often clients were used since the last time.
pub async fn store_use_of_clients(app: &App) -> anyhow::Result<()> {
    oidc::clients::store_counts(app).await?;
    Ok(())
}

/// Goes on with the walks over all whom services are provisioned with by SCIM.
pub async fn find_people_to_provision(app: &App) -> anyhow::Result<()> {
    let noted = oidc::scim::walk::go_on(app).await;
    noted.map(drop).map_err(|it| anyhow::anyhow!("{}", it.detail))
}

/// Records the end of views of accounts that are over.
pub async fn end_account_views(app: &App) -> anyhow::Result<()> {
    accounts::viewing::end_over(app).await?;
    Ok(())
}

/// Removes what global revocations have ended.
pub async fn revoke_globally(app: &App) -> anyhow::Result<()> {
    oidc::global_revocation::work(app).await?;
    Ok(())
}

/// Seals what was written into the audit trail since the last time (security.md LG-5).
pub async fn seal_audit_trail(app: &App) -> anyhow::Result<()> {
    audit::seal(&app.db, &app.keys, app.clock.now(), &app.stopping).await?;
    Ok(())
}

/// Counts what the overview of administrators shows by day.
pub async fn count_days(app: &App) -> anyhow::Result<()> {
    audit::daily_counts::count(&app.db, app.clock.now(), &app.stopping).await?;
    Ok(())
}

/// Counts who accepted the Terms of Use and the Privacy Notice, for those who operate the platform.
pub async fn count_acceptances(app: &App) -> anyhow::Result<()> {
    accounts::terms_versions::count(app).await?;
    Ok(())
}

/// Removes the second factors of accounts whose recovery through the ServiceDesk has waited its time.
pub async fn recover_accounts(app: &App) -> anyhow::Result<()> {
    accounts::assisted_recovery::complete_due(app).await?;
    Ok(())
}

/// Builds what people requested of their data.
pub async fn build_data_downloads(app: &App) -> anyhow::Result<()> {
    accounts::data_download::build_due(app).await?;
    Ok(())
}

/// Reminds people whose account is to be deleted soon, and deletes those whose time is over (security.md ST-4). One that
/// cannot be deleted, or reminded of, stops no other.
pub async fn delete_accounts(app: &App) -> anyhow::Result<()> {
    accounts::deletion::remind(app).await?;
    let mut last = None;
    loop {
        let part = accounts::erasure::list_due(app, last.as_ref()).await?;
        for due in &part {
            if app.stopping.is_cancelled() {
                return Ok(());
            }
            if let Err(error) = delete_account(app, &due.account).await {
                tracing::error!(account = due.account.as_str(), %error, "an account was not deleted");
            }
        }
        last = part.into_iter().last();
        if last.is_none() {
            return Ok(());
        }
    }
}

async fn delete_account(app: &App, account: &AccountId) -> anyhow::Result<()> {
    if accounts::erasure::begin(app, account).await? {
        affiliations::departure::end(app, account).await?;
        if accounts::erasure::erase(app, account).await? {
            tracing::info!(account = account.as_str(), "an account was deleted");
        }
    }
    Ok(())
}

/// Sends digests of requests that came within the hour after a mail about another one.
async fn digests(app: &App) -> anyhow::Result<()> {
    affiliations::notifications::send_digests(app).await?;
    Ok(())
}

/// Writes the words by which organizations and accounts are found, where an earlier release left none.
async fn search_words(app: &App) -> anyhow::Result<()> {
    let organizations = affiliations::directory::search_words::write_missing(app).await?;
    let accounts = accounts::search_words::write_missing(app).await?;
    if organizations + accounts > 0 {
        tracing::info!(organizations, accounts, "words for searches written");
    }
    Ok(())
}

/// Ends memberships whose last day has passed (product.md).
async fn memberships(app: &App) -> anyhow::Result<()> {
    let ended = affiliations::directory::status::end_overdue(app).await?;
    if ended > 0 {
        tracing::info!(ended, "memberships ended");
    }
    Ok(())
}

/// Ends the terms of deputies that are over (security.md AF-8).
async fn deputies(app: &App) -> anyhow::Result<()> {
    let ended = affiliations::deputies::end_overdue(app).await?;
    if ended > 0 {
        tracing::info!(ended, "terms of deputies ended");
    }
    Ok(())
}

/// Reminds Focal Points and administrators of requests that wait (product.md).
async fn reminders(app: &App) -> anyhow::Result<()> {
    let reminded = affiliations::notifications::remind(app).await?;
    if reminded > 0 {
        tracing::info!(reminded, "reminders written");
    }
    Ok(())
}

/// Sums up the week for those who hold an office (product.md).
pub async fn weekly_digests(app: &App) -> anyhow::Result<()> {
    let written = affiliations::notifications::send_weekly_digests(app).await?;
    if written > 0 {
        tracing::info!(written, "weekly digests written");
    }
    Ok(())
}

/// Announces the next keys in time and removes the files of the last ones (JW-6).
async fn keys(app: &App) -> anyhow::Result<()> {
    match rotation::rotate_when_due(app).await {
        Ok(made) if made.is_empty() => {}
        Ok(made) => {
            let kids: Vec<_> = made.iter().map(|it| it.kid.as_str()).collect();
            tracing::info!(?kids, "new signing keys are announced");
        }
        // Another node rotated them.
        Err(RotationError::Raced) => {}
        Err(error) => return Err(error.into()),
    }
    rotation::sweep(app)?;
    Ok(())
}
