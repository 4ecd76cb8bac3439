//! The steps of CIBA, from the client that asks to the person who decides: OpenID Connect Client-Initiated Backchannel
//! Authentication §7 to §11, FAPI-CIBA §5.2. The table of `modules/fapi/ciba` uses them.

use crate::checks::common::{entropy, json_error, measured_entropy, seconds};
use crate::client::{Request, random_text};
use crate::fapi::{self, Flow, FlowEnd, Grant, RESOURCE, TokenOutcome, post};
use crate::http::Answer;
use crate::journey::{Decision, decide};
use crate::report::{Step, Stop};
use crate::run::Run;
use crate::site::ReceivedRequest;
use anyhow::Context;
use std::time::Duration;

pub const REQUEST_RULE: &str = "backchannel authentication request (CIBA §7.3)";
pub const TOKEN: &str = "token request (CIBA §11)";
const PING: &str = "ping (CIBA §10.2)";
const GRANT: &str = "urn:openid:params:grant-type:ciba";
const ENDPOINT: &str = "backchannel_authentication_endpoint";

/// The answer to a request that the provider accepted.
pub struct Acknowledgement {
    pub id: String,
    pub expires_in: i64,
    pub interval: u64,
}

/// The answer that must follow a module's change.
#[derive(Clone, Copy, Debug)]
pub enum ExpectedAnswer {
    Tokens,
    TokensOrRefused(&'static [&'static str]),
    /// A refusal at once, with the status that fits the code.
    Refused(&'static [&'static str]),
    /// A refusal at once, with 401.
    Unauthorized(&'static [&'static str]),
    /// A refusal by the token endpoint.
    RefusedTokens(&'static [&'static str]),
    /// The token endpoint waits for the person; a refusal is a warning.
    Pending,
}

/// A module in one line: a change of a sound request, and the answer that must follow.
pub struct Row {
    pub change: fn(&mut Flow),
    pub expected: ExpectedAnswer,
}

/// Declares a module of a table: `ciba!("-name", [PrivateKeyJwt], |flow| …, ExpectedAnswer::…)`.
macro_rules! ciba {
    ($name:literal, [$($only:ident),*], $change:expr, $expected:expr) => {
        $crate::module::Module {
            name: concat!("fapi-ciba-id1", $name),
            needs: $crate::module::Needs::Fapi,
            on: &["code"],
            only: &[$($crate::fapi::Restriction::$only),*],
            check: $crate::module::Check::Run(|run| Box::pin($crate::fapi::ciba::Row { change: $change, expected: $expected }.carry_out(run))),
        }
    };
}
pub(crate) use ciba;

/// Returns the flow of the first client: a signed request, a message to compare, and for ping a notification token.
pub fn flow(run: &mut Run) -> Step<Flow> {
    let mut flow = fapi::flow(run)?;
    let hint = run.user()?.login;
    ask_for_person(&mut flow, &hint);
    flow.typed = false;
    Ok(flow)
}

fn ask_for_person(flow: &mut Flow, hint: &str) {
    flow.request = Request { params: Vec::new() }
        .with("scope", flow.fapi.scope())
        .with("login_hint", hint)
        .with("binding_message", random_text(8));
    if flow.fapi.ping {
        flow.request.set("client_notification_token", random_text(40));
    }
}

/// Returns the flow of the second client, which asks for an expiry and, for ping, has a token of the greatest length.
pub fn for_second_client(flow: &Flow) -> Flow {
    let mut other = flow.for_second_client();
    let hint = flow.request.get("login_hint").unwrap_or_default().to_owned();
    ask_for_person(&mut other, &hint);
    if other.fapi.ping {
        other.request.set("client_notification_token", random_text(1024));
    }
    other.object = |jwt, _| jwt.set("requested_expiry", 300);
    other
}

impl Row {
    pub async fn carry_out(self, run: &mut Run) -> Step {
        let mut flow = flow(run)?;
        (self.change)(&mut flow);
        listen(run, &flow, 204, "", "");
        let answer = send_request(run, &flow).await?;
        match self.expected {
            ExpectedAnswer::Refused(codes) => refusal(run, &answer, codes),
            ExpectedAnswer::Unauthorized(codes) => {
                json_error(&answer, &[401], codes, REQUEST_RULE, &mut run.report)
            }
            ExpectedAnswer::TokensOrRefused(codes) if answer.status != 200 => refusal(run, &answer, codes),
            ExpectedAnswer::Tokens | ExpectedAnswer::TokensOrRefused(_) => {
                let acknowledged = read_acknowledgement(run, &answer)?;
                grant_and_redeem(run, &flow, &acknowledged).await?;
            }
            ExpectedAnswer::RefusedTokens(codes) => {
                let acknowledged = read_acknowledgement(run, &answer)?;
                let answer = poll(run, &flow, &acknowledged.id).await?;
                let of_the_client = answer.json().is_some_and(|it| it["error"] == "invalid_client");
                let status: &[u16] = if of_the_client { &[400, 401] } else { &[400] };
                json_error(&answer, status, codes, TOKEN, &mut run.report);
            }
            ExpectedAnswer::Pending => {
                let acknowledged = read_acknowledgement(run, &answer)?;
                let answer = poll(run, &flow, &acknowledged.id).await?;
                let waits = error_of(&answer).is_some_and(|it| PENDING.contains(&it.as_str()));
                run.report.advise(waits, TOKEN, || answer.brief());
            }
        }
        Ok(())
    }
}

const PENDING: [&str; 2] = ["authorization_pending", "slow_down"];

fn error_of(answer: &Answer) -> Option<String> {
    answer.json()?["error"].as_str().map(str::to_owned)
}

/// Requires a refusal. CIBA §13: each code has its status.
fn refusal(run: &mut Run, answer: &Answer, codes: &'static [&'static str]) {
    let status = match error_of(answer).as_deref() {
        Some("invalid_client") => 401,
        Some("access_denied") => 403,
        _ => 400,
    };
    json_error(answer, &[status], codes, REQUEST_RULE, &mut run.report);
}

/// Listens for pings of the client, and answers them so.
pub fn listen(run: &Run, flow: &Flow, status: u16, headers: &str, body: &str) {
    let token = flow.request.get("client_notification_token");
    if let (Ok(site), Some(token)) = (run.site(), token) {
        site.listen_to(token, status, headers, body);
    }
}

pub async fn send_request(run: &mut Run, flow: &Flow) -> Step<Answer> {
    let url = fapi::endpoint(&run.provider, &flow.fapi, ENDPOINT);
    let Some(url) = url else {
        return Err(run.report.stop("metadata", format!("{ENDPOINT} is missing")));
    };
    let form = if flow.signs {
        let object = flow.request_object(&flow.context(&run.provider, &url))?;
        vec![("request".to_owned(), object)]
    } else {
        flow.request.params.clone()
    };
    Ok(post(run, flow, &flow.par, &url, form).await?)
}

pub fn read_acknowledgement(run: &mut Run, answer: &Answer) -> Step<Acknowledgement> {
    let body = answer.json().unwrap_or_default();
    if answer.status != 200 || !body["auth_req_id"].is_string() {
        let detail = format!("HTTP 200 with an auth_req_id was expected: {}", answer.brief());
        return Err(run.report.stop(REQUEST_RULE, detail));
    }
    run.report
        .require(answer.media_type() == "application/json", REQUEST_RULE, || {
            format!("the answer is {:?}, not application/json", answer.media_type())
        });
    let id = body["auth_req_id"].as_str().unwrap_or_default();
    let legal = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
    run.report.require(id.chars().all(legal), REQUEST_RULE, || {
        format!("auth_req_id is {id:?}")
    });
    entropy("auth_req_id", id, &mut run.report);
    let measured = measured_entropy(id);
    run.report.advise(measured > 160.0, REQUEST_RULE, || {
        format!("auth_req_id measures {measured:.0} bits, more than 160 are recommended")
    });
    let expires_in = seconds(&body["expires_in"]).filter(|it| *it > 0);
    run.report.require(expires_in.is_some(), REQUEST_RULE, || {
        format!("expires_in is {}", body["expires_in"])
    });
    let interval = seconds(&body["interval"]);
    let sound = body.get("interval").is_none() || interval.is_some_and(|it| it > 0);
    run.report.require(sound, REQUEST_RULE, || {
        format!("interval is {}", body["interval"])
    });
    Ok(Acknowledgement {
        id: id.to_owned(),
        expires_in: expires_in.unwrap_or(60),
        interval: interval.unwrap_or(5).unsigned_abs(),
    })
}

pub fn redemption(id: &str) -> [(String, String); 2] {
    let form = [("grant_type", GRANT), ("auth_req_id", id)];
    form.map(|(name, it)| (name.to_owned(), it.to_owned()))
}

pub async fn poll(run: &mut Run, flow: &Flow, id: &str) -> Step<Answer> {
    match fapi::token(run, flow, &redemption(id)).await? {
        TokenOutcome::Answered(answer) => Ok(answer),
        TokenOutcome::NoConnection(detail) => Err(run.report.stop(TOKEN, detail)),
    }
}

/// Polls, and requires the answer that nobody has decided yet.
pub async fn expect_pending(run: &mut Run, flow: &Flow, acknowledged: &Acknowledgement) -> Step {
    let answer = poll(run, flow, &acknowledged.id).await?;
    json_error(&answer, &[400], &PENDING, TOKEN, &mut run.report);
    Ok(())
}

/// Returns how long to wait between two polls. The mock of unit tests has no interval.
pub fn pause(acknowledged: &Acknowledgement) -> Duration {
    Duration::from_secs(if cfg!(test) {
        0
    } else {
        acknowledged.interval.max(5) + 1
    })
}

/// Decides as the person, on the page of their account.
pub async fn decide_at_page(run: &mut Run, flow: &Flow, decision: Decision) -> Step {
    let page = run.config.ciba.as_ref().and_then(|it| it.approval_page.clone());
    let page = page.ok_or_else(|| Stop::Skipped("the settings name no [ciba] approval_page".into()))?;
    let user = run.user()?;
    let message = flow.request.get("binding_message").unwrap_or_default();
    decide(&mut run.browser, &page, &user, message, decision)
        .await
        .with_context(|| format!("nothing could be decided at {page}"))?;
    Ok(())
}

/// Waits for the ping and checks it. Returns `None` by poll.
pub async fn expect_ping(
    run: &mut Run,
    flow: &Flow,
    acknowledged: &Acknowledgement,
) -> Step<Option<ReceivedRequest>> {
    let Some(token) = flow.request.get("client_notification_token") else {
        return Ok(None);
    };
    let site = run.site()?;
    let patience = Duration::from_secs(if cfg!(test) { 1 } else { 30 });
    let Some(request) = site.wait_for(token, patience).await else {
        return Err(run.report.stop(PING, "the client was not pinged"));
    };
    let kind = request.header("content-type").unwrap_or_default();
    let json = kind.split(';').next().unwrap_or_default().trim() == "application/json";
    run.report.require(request.method == "POST" && json, PING, || {
        format!("JSON by POST was expected: {} {kind:?}", request.method)
    });
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
    let alone = serde_json::json!({"auth_req_id": acknowledged.id});
    run.report.require(body == alone, PING, || {
        format!("auth_req_id alone was expected: {body}")
    });
    Ok(Some(request))
}

/// Waits for the ping, or by poll for the interval.
pub async fn wait_until_notified(run: &mut Run, flow: &Flow, acknowledged: &Acknowledgement) -> Step {
    if expect_ping(run, flow, acknowledged).await?.is_none() {
        run.wait_briefly(pause(acknowledged)).await;
    }
    Ok(())
}

/// Goes on from the acknowledgement: the person allows, the client redeems and uses the tokens.
pub async fn grant_and_redeem(run: &mut Run, flow: &Flow, acknowledged: &Acknowledgement) -> Step<Grant> {
    expect_pending(run, flow, acknowledged).await?;
    run.wait_briefly(pause(acknowledged)).await;
    expect_pending(run, flow, acknowledged).await?;
    decide_at_page(run, flow, Decision::Allow).await?;
    wait_until_notified(run, flow, acknowledged).await?;
    redeem(run, flow, acknowledged).await
}

pub async fn redeem(run: &mut Run, flow: &Flow, acknowledged: &Acknowledgement) -> Step<Grant> {
    const ID: &str = "urn:openid:params:jwt:claim:auth_req_id";
    let answer = poll(run, flow, &acknowledged.id).await?;
    let cache = answer
        .header("cache-control")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let (tokens, id_token) = fapi::read_tokens(run, flow, &answer, Some(&acknowledged.id))?;
    run.report.require(cache.contains("no-store"), TOKEN, || {
        format!("Cache-Control is {cache:?}")
    });
    if let Some(token) = &id_token {
        let claim = token.claims.get(ID);
        run.report
            .require(claim.is_none_or(|it| *it == acknowledged.id), TOKEN, || {
                format!("{ID} is {claim:?}")
            });
        for name in ["c_hash", "s_hash"] {
            run.report.advise(token.claims.get(name).is_none(), TOKEN, || {
                format!("the ID token has {name}")
            });
        }
    }
    let end = fapi::use_tokens(run, flow, tokens, id_token, (None, acknowledged.id.clone())).await?;
    let FlowEnd::Done(granted) = end else {
        return Err(run.report.stop(RESOURCE, "the resource refuses the token"));
    };
    let answer = &granted.resource;
    // FAPI 1.0 Part 1 §6.2.1: the header is always there and like a UUID. `calls.rs` has verified that it is ours.
    let id = answer.header("x-fapi-interaction-id").unwrap_or_default();
    let is_uuid = id.len() == 36 && id.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    run.report
        .require(is_uuid, RESOURCE, || format!("x-fapi-interaction-id is {id:?}"));
    run.report
        .require(answer.media_type() == "application/json", RESOURCE, || {
            format!("the answer is {:?}, not application/json", answer.media_type())
        });
    Ok(*granted)
}
