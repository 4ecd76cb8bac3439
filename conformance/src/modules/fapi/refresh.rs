//! Refresh tokens of FAPI 2.0 (Security Profile §5.3.2.1): they are bound to the client, work again half a minute after
//! they were replaced, and do not depend on the key of the first proof. CIBA uses the same checks.

use super::happy::expect_success;
use crate::checks::common::json_error;
use crate::checks::token::Tokens;
use crate::fapi::{self, Auth, Constraint, Flow, Grant, Key, TokenOutcome};
use crate::http::Answer;
use crate::report::{Step, Stop};
use crate::run::Run;
use std::time::Duration;

const RULE: &str = "refresh (FAPI 2.0 Security Profile §5.3.2.1, OpenID Connect Core §12.2)";
const WITHOUT_PROOF: &str = "a refresh without proof (FAPI 2.0 Security Profile §5.3.2.1)";
const NOBODY: &str = "a refresh without client authentication (RFC 6749 §6)";
const FOREIGN: &str = "the refresh token of another client (RFC 6749 §5.2)";

type Form = Vec<(String, String)>;

fn form(token: &str, scope: &str) -> Form {
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("scope", scope),
    ];
    let owned = pairs.map(|(name, it)| (name.to_owned(), it.to_owned()));
    owned.into_iter().collect()
}

pub async fn check(run: &mut Run) -> Step {
    let mut first = fapi::flow(run)?;
    let scope = offline(run, &mut first);
    let own = expect_success(run, &first).await?;
    let Some(token) = own.tokens.refresh_token.clone() else {
        let listed = run.provider.list("grant_types_supported").unwrap_or_default();
        let promised = listed.contains(&"refresh_token");
        run.report.advise(!promised, RULE, || {
            "grant_types_supported lists refresh_token, but none was issued".into()
        });
        return Err(Stop::Skipped("no refresh token was issued".into()));
    };
    let token = refresh_by_another_key(run, &first, &own, &token, &scope).await?;
    without_proof(run, &first, &form(&token, &scope)).await?;

    let mut second = first.for_second_client();
    let scope = offline(run, &mut second);
    let theirs = expect_success(run, &second).await?;
    let Some(foreign) = theirs.tokens.refresh_token.clone() else {
        return Err(run
            .report
            .stop(RULE, "the second client was given no refresh token"));
    };
    let foreign = refresh_by_another_key(run, &second, &theirs, &foreign, &scope).await?;
    refuse_foreign(run, &first, &foreign, &scope).await
}

/// Presents the refresh token of another client.
pub async fn refuse_foreign(run: &mut Run, flow: &Flow, token: &str, scope: &str) -> Step {
    let answer = sent(run, flow, &form(token, scope)).await?;
    json_error(&answer, &[400], &["invalid_grant"], FOREIGN, &mut run.report);
    Ok(())
}

fn offline(run: &Run, flow: &mut Flow) -> String {
    let supported = run.provider.list("scopes_supported").unwrap_or_default();
    let mut scope = flow.fapi.scope().to_owned();
    if supported.contains(&"offline_access") {
        scope.push_str(" offline_access");
        flow.request.set("prompt", "consent"); // OpenID Connect Core §11
    }
    flow.request.set("scope", scope.as_str());
    flow.opened.set("scope", scope.as_str());
    scope
}

async fn sent(run: &mut Run, flow: &Flow, form: &Form) -> Step<Answer> {
    match fapi::token(run, flow, form).await? {
        TokenOutcome::Answered(answer) => Ok(answer),
        TokenOutcome::NoConnection(detail) => Err(run.report.stop(RULE, detail)),
    }
}

/// Refreshes by another key than the first, since a confidential client is identified by its authentication. Returns
/// the refresh token to go on with.
pub async fn refresh_by_another_key(
    run: &mut Run,
    flow: &Flow,
    own: &Grant,
    token: &str,
    scope: &str,
) -> Step<String> {
    let mut flow = flow.clone();
    if flow.fapi.constraint == Constraint::Dpop {
        flow.own.proofs = Key::generate()?;
    }
    let fresh = refreshed(run, &flow, own, &form(token, scope)).await?;
    let current = fresh.refresh_token.unwrap_or_else(|| token.to_owned());
    if current != token {
        // The answer may have been lost, so the old token must work for a while.
        let pause = if cfg!(test) { 0 } else { 30 };
        run.wait(Duration::from_secs(pause)).await;
        refreshed(run, &flow, own, &form(token, scope)).await?;
    }
    Ok(current)
}

async fn refreshed(run: &mut Run, flow: &Flow, own: &Grant, form: &Form) -> Step<Tokens> {
    let answer = sent(run, flow, form).await?;
    let cache = answer
        .header("cache-control")
        .unwrap_or_default()
        .to_ascii_lowercase();
    // A nonce is optional here, but it is the old one if it is there.
    let mut flow = flow.clone();
    let raw = answer.json().unwrap_or_default()["id_token"].clone();
    let nonce = raw.as_str().and_then(crate::checks::id_token::apart);
    if nonce.is_some_and(|it| it.claims.get("nonce").is_none()) {
        flow.drop("nonce");
    }
    let (fresh, id_token) = fapi::read_tokens(run, &flow, &answer, None)?;
    run.report.require(cache.contains("no-store"), RULE, || {
        format!("the answer of a refresh has Cache-Control {cache:?}")
    });
    run.report
        .require(fresh.access_token != own.tokens.access_token, RULE, || {
            "the access token is the old one".into()
        });
    if let (Some(old), Some(new)) = (&own.id_token, &id_token) {
        for name in ["iss", "sub", "aud", "auth_time", "azp"] {
            let (before, after) = (&old.claims[name], &new.claims[name]);
            run.report.require(before == after, RULE, || {
                format!("{name} was {before} and is {after}")
            });
        }
    }
    let answer = fapi::resource(run, &flow, &fresh.access_token).await?;
    let good = fapi::is_accepted(run, &flow, &answer);
    run.report.require(good, RULE, || {
        format!("the new token does not work: {}", answer.brief())
    });
    Ok(fresh)
}

/// Refreshes without the client's authentication, then without what the tokens are bound to.
async fn without_proof(run: &mut Run, flow: &Flow, form: &Form) -> Step {
    const CLIENT: [&str; 3] = ["invalid_client", "invalid_grant", "invalid_request"];
    const PROOF: [&str; 3] = ["invalid_request", "invalid_grant", "invalid_dpop_proof"];
    let is_the_same = (flow.fapi.auth, flow.fapi.constraint) == (Auth::Mtls, Constraint::Mtls);
    if !is_the_same {
        let mut nobody = flow.clone();
        match flow.fapi.auth {
            Auth::PrivateKeyJwt => nobody.token.authenticates = false,
            Auth::Mtls => nobody.token.presents_certificate = false,
        }
        if let TokenOutcome::Answered(answer) = fapi::token(run, &nobody, form).await? {
            json_error(&answer, &[400, 401], &CLIENT, NOBODY, &mut run.report);
        }
    }
    let mut bare = flow.clone();
    let (status, codes): (&[u16], &[&str]) = match flow.fapi.constraint {
        Constraint::Dpop => {
            bare.token.proves = false;
            (&[400], &PROOF)
        }
        Constraint::Mtls => {
            bare.token.presents_certificate = false;
            (&[400, 401], &CLIENT)
        }
    };
    if let TokenOutcome::Answered(answer) = fapi::token(run, &bare, form).await? {
        json_error(&answer, status, codes, WITHOUT_PROOF, &mut run.report);
    }
    Ok(())
}
