//! What becomes of a form that came without a proof of work (security.md DS-5): it is counted for its network, and the
//! mail that it asks for leaves later, the later the more of them there were. Nobody is refused for the want of a script
//! until the network has sent many.

use chrono::Duration;

use super::Result;
use crate::app::App;
use crate::domain::actor::{Actor, Context};
use crate::limits::Limit;
use crate::proof_of_work::Effort;

/// The delay of a mail for each form without work that the network has sent in a window.
const STEP: Duration = Duration::seconds(15);
/// The longest delay. A page names it: `form.mail_later`.
const MOST: Duration = Duration::minutes(2);

/// Counts a form that asks for a mail, and returns how long the mail waits. A form that came with work waits for
/// nothing, nor does the operator's. DS-6: one with a filled-in decoy field counts and waits like any other, so that a
/// program cannot tell by the page, the limit or the next challenge that its form was refused.
pub(super) async fn mail_delay(app: &App, context: &Context, effort: Effort) -> Result<Duration> {
    if !effort.is_lacking() || matches!(context.actor, Actor::Operator) {
        return Ok(Duration::zero());
    }
    let count = app
        .limits
        .count_up(Limit::FormsWithoutWork, &context.network)
        .await?;
    // A code is to be valid for most of its time when it arrives.
    let most = app.config.accounts.email_code / 4;
    let most = Duration::from_std(most).unwrap_or(MOST).min(MOST);
    Ok((STEP * i32::try_from(count).unwrap_or(i32::MAX / 15)).min(most))
}
