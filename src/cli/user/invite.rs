//! `itu-account user invite`: mails people who were taken over, in waves and at a rate.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::errors::in_words;
use crate::accounts::invitations;
use crate::app::App;
use crate::cli::console::Console;
use crate::domain::actor::Context;

#[derive(Debug, Args)]
pub struct Arguments {
    /// How many people to mail now; the next wave goes on with those after them
    #[arg(long, value_name = "PEOPLE")]
    wave: u64,
    /// How many mails a minute
    #[arg(long, value_name = "MAILS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    rate: u32,
}

/// Mails some people at a time, and waits in between. Ended by whatever, the same command goes on where it was.
pub(super) async fn run(
    console: &Console,
    app: &App,
    context: &Context,
    arguments: Arguments,
) -> anyhow::Result<()> {
    let (at_once, gap) = steps(arguments.rate);
    let mut mailed = 0;
    let mut next = tokio::time::interval(gap);
    while mailed < arguments.wave {
        next.tick().await;
        let most = at_once.min(arguments.wave - mailed);
        let done = invitations::mail_next(app, context, most)
            .await
            .map_err(in_words)?;
        mailed += done.mailed;
        if done.found == 0 {
            break;
        }
    }
    let waiting = invitations::count_waiting(app).await.map_err(in_words)?;
    console.print(
        &json!({ "mailed": mailed, "waiting": waiting }),
        format!("{mailed} mailed, {waiting} are still to be invited"),
    );
    Ok(())
}

/// Returns how many people are mailed together, and how long after that the next are: once a second, or less often.
fn steps(rate: u32) -> (u64, Duration) {
    let at_once = rate.div_ceil(60).min(invitations::BATCH);
    (at_once.into(), Duration::from_mins(1) * at_once / rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_are_spread_over_the_minute() {
        for rate in [1, 7, 60, 61, 300, 1_200, 60_000] {
            let (at_once, gap) = steps(rate);
            let a_minute = 60.0 / gap.as_secs_f64() * f64::from(u32::try_from(at_once).unwrap());
            assert!(
                (a_minute - f64::from(rate)).abs() < 0.01 * f64::from(rate),
                "{rate}: {a_minute}"
            );
            assert!(gap >= Duration::from_millis(10), "{rate}");
        }
    }
}
