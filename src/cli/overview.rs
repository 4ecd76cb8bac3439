//! `overview`: how the deployment fares. It prints what the first page of administrators shows.

use super::console::Console;
use crate::app::App;
use crate::clock::Clock;
use crate::deployment::{self, Overview};
use crate::domain::Time;
use crate::domain::actor::Context;

pub(super) async fn run(console: &Console) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let found = deployment::overview(&app, &Context::operator()).await?;
    console.print(&serde_json::to_value(&found)?, in_words(&found));
    Ok(())
}

fn in_words(found: &Overview) -> String {
    let mut lines = vec![
        format!(
            "requests without a Focal Point: {}{}, {} of them for 7 days or more",
            found.requests.number,
            since(found.requests.oldest),
            found.requests.overdue
        ),
        format!(
            "proposed organizations: {}{}",
            found.proposals.number,
            since(found.proposals.oldest)
        ),
        format!(
            "mails: {} queued{}, {} given up",
            found.mail.queued,
            since(found.mail.oldest),
            found.mail.given_up
        ),
        format!("events given up: {}", found.events.dead),
    ];
    lines.extend(found.events.receivers.iter().map(|it| {
        format!(
            "  {} {}: {}, {} failures, {} given up",
            it.client, it.id, it.status, it.failures, it.dead
        )
    }));
    lines.extend(found.signing_keys.iter().map(|it| {
        let late = if it.is_late { ", overdue" } else { "" };
        format!("next key {}: signs from {}{late}", it.family, date(it.signs_from))
    }));
    lines.extend(found.services.iter().map(|it| {
        let client = it.client.as_ref().map_or("(none registered)", |id| id.as_str());
        format!("errors of {client} in 24 hours: {}", it.errors)
    }));
    lines.extend(
        found
            .late
            .iter()
            .map(|it| format!("late: {} since {}", it.job, date(it.since))),
    );
    lines.push("day         sign-ups  logins  failed  refused requests  failed clients".into());
    lines.extend(found.days.iter().map(|it| {
        format!(
            "{}  {:>8}  {:>6}  {:>6}  {:>16}  {:>14}",
            it.day, it.sign_ups, it.logins, it.failed_logins, it.refused_requests, it.failed_clients
        )
    }));
    lines.join("\n")
}

fn since(oldest: Option<Time>) -> String {
    oldest.map_or_else(String::new, |it| format!(" since {}", date(it)))
}

fn date(at: Time) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
