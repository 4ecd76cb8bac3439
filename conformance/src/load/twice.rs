//! What must not be used twice, used twice at the same time, and what was revoked, used. Behind a load balancer each request
//! may reach another node.

use super::service::Outcome;
use super::worker::Worker;
use anyhow::{Result, bail, ensure};
use serde_json::Value;

/// Redeems a code twice at the same time. RFC 6749 §4.1.2: one gets tokens at most, and these end.
pub async fn redeems_a_code_twice(worker: &mut Worker) -> Result<()> {
    let returned = worker.obtains_code_for_refresh().await?;
    let (one, two) = tokio::join!(worker.redeems(&returned), worker.redeems(&returned));
    let outcomes = [one?, two?];
    let refused = outcomes.iter().any(|it| matches!(it, Outcome::Refused(_)));
    let Some(tokens) = only_one(outcomes, &["access_token", "refresh_token"])? else {
        return Ok(());
    };
    worker.belongs(&returned, &tokens)?;
    if refused {
        is_ended(worker, &tokens).await?;
    }
    Ok(())
}

/// Uses a refresh token twice at the same time. One is its successor, which both may
/// get, and it is good: two tabs are no theft.
pub async fn uses_a_refresh_token_twice(worker: &mut Worker) -> Result<()> {
    if worker.refresh_token.is_empty() {
        worker.begins_a_family().await?;
    }
    let (one, two) = tokio::join!(worker.shows_refresh_token(), worker.shows_refresh_token());
    let tokens = only_one([one?, two?], &["refresh_token"]).inspect_err(|_| worker.refresh_token.clear())?;
    let Some(tokens) = tokens else {
        worker.refresh_token.clear();
        bail!("neither of two uses of a refresh token brought tokens");
    };
    worker.takes(Outcome::Tokens(tokens))
}

/// Revokes a refresh token, which is refused at once, with all that came with it.
pub async fn revokes(worker: &mut Worker) -> Result<()> {
    let returned = worker.obtains_code_for_refresh().await?;
    let tokens = worker.redeems(&returned).await?.into_tokens()?;
    worker.belongs(&returned, &tokens)?;
    let refresh_token = tokens["refresh_token"].as_str().unwrap_or_default();
    ensure!(!refresh_token.is_empty(), "the scope brought no refresh token");
    worker.service.revokes(refresh_token).await?;
    is_ended(worker, &tokens).await
}

/// Returns the tokens that two requests brought: those of one, or of both if these members are the same. What one of them
/// brought is lost with an answer that did not come.
fn only_one(outcomes: [Outcome; 2], same: &[&str]) -> Result<Option<Value>> {
    let mut found: Option<Value> = None;
    let mut lost = None;
    for outcome in outcomes {
        match outcome {
            Outcome::Tokens(tokens) => {
                let is_same = |it: &Value| same.iter().all(|name| it[*name] == tokens[*name]);
                ensure!(found.as_ref().is_none_or(is_same), "two sets of tokens for one");
                found = Some(tokens);
            }
            Outcome::Refused(_) => {}
            Outcome::Unanswered(error) => lost = Some(error),
        }
    }
    match lost {
        Some(error) => Err(error),
        None => Ok(found),
    }
}

/// Demands that no token of these is good any more.
async fn is_ended(worker: &Worker, tokens: &Value) -> Result<()> {
    let access_token = tokens["access_token"].as_str().unwrap_or_default();
    let said = worker.service.introspects(access_token).await?;
    ensure!(said["active"] == false, "an access token outlived its end");
    Ok(())
}
