//! Sends one request: the client authenticates and proves its key, as the module wants it. `steps.rs` and `ciba.rs`
//! call here.

use super::{Actor, Auth, Call, Constraint, Context, Flow};
use crate::client::{ASSERTION_TYPE, random_text};
use crate::http::{Answer, encode};
use crate::run::Run;
use reqwest::Method;

pub const RESOURCE: &str = "protected resource (FAPI 2.0 Security Profile §5.3.4)";

/// A request of a client: who sends it, how it authenticates, where to and with what.
pub struct ClientRequest<'a> {
    pub actor: &'a Actor,
    pub call: &'a Call,
    pub method: &'a str,
    pub url: &'a str,
    pub form: Option<Vec<(String, String)>>,
    pub headers: Vec<(&'a str, String)>,
    pub access_token: Option<&'a str>,
}

/// Sends the request, and once more with a nonce if the provider asks for one (RFC 9449 §8).
pub async fn send(run: &mut Run, flow: &Flow, sent: ClientRequest<'_>) -> anyhow::Result<Answer> {
    let mut nonce: Option<String> = None;
    loop {
        let context = flow.context(&run.provider, sent.url);
        let mut form = sent.form.clone();
        if let Some(form) = form.as_mut().filter(|_| sent.call.authenticates) {
            authenticate(flow, &sent, &context, form)?;
        }
        let mut headers = sent.headers.clone();
        let interaction = uuid();
        headers.push(("x-fapi-interaction-id", interaction.clone()));
        if sent.call.proves && flow.fapi.constraint == Constraint::Dpop {
            let request = (sent.method, nonce.as_deref(), sent.access_token);
            let proof = flow.proof(sent.actor, sent.call, &context, request)?;
            headers.extend((sent.call.wrapped)(proof));
        }
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, it)| (*name, it.as_str())).collect();
        let http = if sent.call.presents_certificate {
            &sent.actor.http
        } else {
            &run.http
        };
        let method = Method::from_bytes(sent.method.as_bytes())?;
        let body = form.map(|it| encode(&it).into_bytes());
        let answer = http.send(method, sent.url, &headers, body).await?;
        if let Some(echo) = answer.header("x-fapi-interaction-id") {
            run.report.require(echo == interaction, RESOURCE, || {
                format!("x-fapi-interaction-id is {echo:?}, sent was {interaction:?}")
            });
        }
        let asks = answer.json().is_some_and(|it| it["error"] == "use_dpop_nonce")
            || answer
                .header("www-authenticate")
                .is_some_and(|it| it.contains("use_dpop_nonce"));
        let given = answer.header("dpop-nonce").map(str::to_owned);
        if !asks || nonce.is_some() || given.is_none() {
            return Ok(answer);
        }
        nonce = given;
    }
}

fn authenticate(
    flow: &Flow,
    sent: &ClientRequest<'_>,
    context: &Context,
    form: &mut Vec<(String, String)>,
) -> anyhow::Result<()> {
    let id = if sent.call.claims_to_be_other {
        &context.other.id
    } else {
        &sent.actor.id
    };
    if sent.call.claims_to_be_other || flow.fapi.auth == Auth::Mtls {
        form.retain(|(name, _)| name != "client_id");
        form.push(("client_id".into(), id.clone()));
    }
    if flow.fapi.auth == Auth::PrivateKeyJwt {
        let assertion = flow.assertion(sent.actor, sent.call, context)?;
        form.push(("client_assertion_type".into(), ASSERTION_TYPE.into()));
        form.push(("client_assertion".into(), assertion));
    }
    Ok(())
}

/// Returns a random UUID (RFC 9562, version 4).
fn uuid() -> String {
    let digits: Vec<char> = random_text(64)
        .bytes()
        .filter_map(|it| char::from_digit(u32::from(it) % 16, 16))
        .take(32)
        .collect();
    let part = |range: std::ops::Range<usize>| digits[range].iter().collect::<String>();
    format!(
        "{}-{}-4{}-a{}-{}",
        part(0..8),
        part(8..12),
        part(13..16),
        part(17..20),
        part(20..32)
    )
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub fn headers_of_a_form<'a>() -> Vec<(&'a str, String)> {
    vec![
        (FORM.0, FORM.1.to_owned()),
        ("accept", "application/json".to_owned()),
    ]
}

/// Posts a form of the first client to an address of the provider.
pub async fn post(
    run: &mut Run,
    flow: &Flow,
    call: &Call,
    url: &str,
    form: Vec<(String, String)>,
) -> anyhow::Result<Answer> {
    let sent = ClientRequest {
        actor: &flow.own,
        call,
        method: flow.method,
        url,
        form: Some(form),
        headers: headers_of_a_form(),
        access_token: None,
    };
    send(run, flow, sent).await
}
