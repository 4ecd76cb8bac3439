//! Sends the requests of a flow, each with the checks that the suite makes there, one by one or all of them.

use super::calls::{ClientRequest, RESOURCE, headers_of_a_form, post, send};
use super::{Flow, endpoint, flow::missing};
use crate::browser::RedirectResult;
use crate::checks::common::{entropy, seconds};
use crate::checks::{id_token, jarm, response, token as tokens, userinfo};
use crate::html::Page;
use crate::http::Answer;
use crate::journey::Journey;
use crate::report::Step;
use crate::run::Run;
use crate::variant::Placement;

pub const PAR: &str = "pushed authorization request (RFC 9126 §2.2)";
const ID_TOKEN: &str = "ID token of FAPI 2.0 (Security Profile §5.4.1)";
const YEAR: i64 = 365 * 24 * 3600;

/// The end of a flow.
pub enum FlowEnd {
    Par(Answer),
    Callback(response::Response),
    Page(Box<Page>),
    Token(Answer),
    /// The server closes a connection that presents no certificate.
    Tls(String),
    Resource(Answer),
    Done(Box<Grant>),
}

pub struct Grant {
    pub request_uri: String,
    pub code: String,
    pub tokens: tokens::Tokens,
    pub id_token: Option<id_token::IdToken>,
    pub resource: Answer,
}

pub async fn push(run: &mut Run, flow: &Flow) -> Step<Answer> {
    const NAME: &str = "pushed_authorization_request_endpoint";
    let url = endpoint(&run.provider, &flow.fapi, NAME).ok_or_else(|| missing(NAME))?;
    let mut form = if flow.signs {
        let object = flow.request_object(&flow.context(&run.provider, &url))?;
        vec![
            ("client_id".into(), flow.own.id.clone()),
            ("request".into(), object),
        ]
    } else {
        flow.request.params.clone()
    };
    form.extend(flow.beside_object.iter().cloned());
    Ok(post(run, flow, &flow.par, &url, form).await?)
}

/// Reads the `request_uri` of a request that was accepted, and how many seconds it lasts.
pub fn read_request_uri(run: &mut Run, answer: &Answer) -> Step<(String, i64)> {
    if answer.status != 201 {
        let detail = format!("HTTP 201 was expected: {}", answer.brief());
        return Err(run.report.stop(PAR, detail));
    }
    run.report
        .require(answer.media_type() == "application/json", PAR, || {
            format!("the answer is {:?}, not application/json", answer.media_type())
        });
    let body = answer.json().unwrap_or_default();
    let Some(uri) = body["request_uri"].as_str().filter(|it| !it.is_empty()) else {
        return Err(run.report.stop(PAR, "there is no request_uri"));
    };
    entropy("request_uri", uri, &mut run.report);
    let lasts = seconds(&body["expires_in"]).filter(|_| body["expires_in"].is_number());
    let sound = lasts.is_some_and(|it| (5..=YEAR).contains(&it));
    run.report.require(sound, PAR, || {
        format!("expires_in is {}, not 5 seconds to a year", body["expires_in"])
    });
    Ok((uri.to_owned(), lasts.unwrap_or(60)))
}

/// Opens the authorization endpoint with the reference, or with the request itself.
pub async fn open(run: &mut Run, flow: &Flow, request_uri: Option<&str>) -> Step<Journey> {
    let endpoint = run.endpoint("authorization_endpoint")?;
    let url = match request_uri {
        Some(uri) => flow.opened.clone().with("request_uri", uri).url(&endpoint),
        None => flow.request.url(&endpoint),
    };
    if flow.opens_twice {
        let first = run.browser.open(&url).await?;
        run.report
            .require(matches!(first, RedirectResult::Page(_)), PAR, || {
                "the first visit went through without a login".into()
            });
    }
    let start = run.browser.open(&url).await?;
    run.complete_journey(start).await
}

/// Reads and judges the response at the client. Returns `None` if the journey ended on a page.
pub fn read_response(run: &mut Run, flow: &Flow, journey: &Journey) -> Step<Option<response::Response>> {
    let Some(redirect) = journey.returned() else {
        return Ok(None);
    };
    let redirect_uri = flow.request.get("redirect_uri");
    let signed = flow.request.get("response_mode") == Some("jwt");
    let expected = response::Expected {
        redirect_uri: redirect_uri.unwrap_or(&flow.own.redirect_uri),
        placement: Placement::Query,
        state: flow.request.get("state"),
        issuer: &run.provider.issuer,
        // FAPI 2.0 §5.3.2.2 requires `iss`, whatever the metadata announces.
        iss_announced: true,
        forgotten: flow.forgotten,
    };
    let is_plain = flow.forgotten && redirect.url.query_pairs().any(|(name, _)| name == "error");
    if !signed || is_plain {
        return Ok(Some(response::read(redirect, &expected, &mut run.report)));
    }
    let client_id = flow.own.id.clone();
    let jwks = run.provider.jwks.clone();
    jarm::read(redirect, &expected, &client_id, &jwks, &mut run.report).map(Some)
}

/// The outcome of a request to the token endpoint.
pub enum TokenOutcome {
    Answered(Answer),
    /// The connection failed, which is one way to refuse a client that presents no certificate; the reason.
    NoConnection(String),
}

/// Sends a request to the token endpoint.
pub async fn token(run: &mut Run, flow: &Flow, form: &[(String, String)]) -> Step<TokenOutcome> {
    let url =
        endpoint(&run.provider, &flow.fapi, "token_endpoint").ok_or_else(|| missing("token_endpoint"))?;
    let actor = if flow.redeemed_by_other {
        &flow.other
    } else {
        &flow.own
    };
    let sent = ClientRequest {
        actor,
        call: &flow.token,
        method: "POST",
        url: &url,
        form: Some(form.to_vec()),
        headers: headers_of_a_form(),
        access_token: None,
    };
    match send(run, flow, sent).await {
        Ok(answer) => Ok(TokenOutcome::Answered(answer)),
        Err(error) if !flow.token.presents_certificate => {
            Ok(TokenOutcome::NoConnection(format!("{error:#}")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads a token response of FAPI 2.0 and the ID token in it.
pub fn read_tokens(
    run: &mut Run,
    flow: &Flow,
    answer: &Answer,
    code: Option<&str>,
) -> Step<(tokens::Tokens, Option<id_token::IdToken>)> {
    let found = tokens::read_as(answer, flow.fapi.scheme(), &mut run.report)?;
    if !flow.fapi.openid || flow.fapi.client_credentials {
        run.report.require(found.id_token.is_none(), ID_TOKEN, || {
            "there is one, for which nobody asked".into()
        });
        return Ok((found, None));
    }
    let Some(raw) = &found.id_token else {
        return match code {
            Some(_) => Err(run.report.stop(ID_TOKEN, "there is no id_token")),
            None => Ok((found, None)),
        };
    };
    let expected = id_token::Expected {
        issuer: &run.provider.issuer,
        client_id: &flow.own.id,
        nonce: flow.request.get("nonce"),
        access_token: Some(&found.access_token),
        code,
    };
    let token = id_token::read(raw, &run.provider.jwks, &expected, &mut run.report)?;
    of_fapi(run, &token);
    Ok((found, Some(token)))
}

fn of_fapi(run: &mut Run, token: &id_token::IdToken) {
    let alg = token.header["alg"].as_str().unwrap_or_default();
    run.report.require(PERMITTED.contains(&alg), ID_TOKEN, || {
        format!("it is signed by {alg:?}")
    });
    run.report.require(token.header["kid"].is_string(), ID_TOKEN, || {
        "its header has no kid".into()
    });
}

/// FAPI 2.0 Security Profile §5.4.1
pub const PERMITTED: [&str; 4] = ["PS256", "ES256", "EdDSA", "Ed25519"];

/// Calls the protected resource.
pub async fn resource(run: &mut Run, flow: &Flow, access_token: &str) -> Step<Answer> {
    let url = resource_url(run, flow)?;
    let scheme = (flow.scheme)(flow.fapi.scheme());
    let sent = ClientRequest {
        actor: &flow.own,
        call: &flow.resource,
        method: "GET",
        url: &url,
        form: None,
        headers: vec![
            ("accept", flow.accept.to_owned()),
            ("authorization", format!("{scheme} {access_token}")),
        ],
        access_token: Some(access_token),
    };
    Ok(send(run, flow, sent).await?)
}

pub fn resource_url(run: &Run, flow: &Flow) -> Step<String> {
    let set = run.config.fapi.as_ref().and_then(|it| it.resource.clone());
    let found = set.or_else(|| endpoint(&run.provider, &flow.fapi, "userinfo_endpoint"));
    found.ok_or_else(|| missing("userinfo_endpoint"))
}

/// Returns `true` if the resource accepted the token. Where userinfo has to do as the resource, it refuses a token
/// without `openid` by `insufficient_scope` (OpenID Connect Core §5.3.1); it verifies the scope last, so that counts
/// as accepted.
pub fn is_accepted(run: &Run, flow: &Flow, answer: &Answer) -> bool {
    let own = run.config.fapi.as_ref().is_some_and(|it| it.resource.is_some());
    let lacks_openid = !flow.fapi.openid || flow.fapi.client_credentials;
    matches!(answer.status, 200 | 201)
        || answer.status == 403
            && !own
            && lacks_openid
            && answer
                .header("www-authenticate")
                .is_some_and(|it| it.contains("insufficient_scope"))
}

/// Requires that the resource refused the token. Where userinfo has to do as the resource and verifies the scope first,
/// its answer shows nothing, and is a warning.
pub fn expect_refusal(
    run: &mut Run,
    flow: &Flow,
    answer: &Answer,
    (rule, statuses): (&'static str, std::ops::RangeInclusive<u16>),
    what: &str,
) {
    let detail = || format!("{what}: {}", answer.brief());
    if answer.status == 403 && is_accepted(run, flow, answer) {
        let why = "userinfo asks for the scope first; a `resource` in the settings would tell more";
        run.report.warn(rule, format!("{} ({why})", detail()));
        return;
    }
    run.report
        .require(statuses.contains(&answer.status), rule, detail);
}

/// Judges an answer of the resource that accepted the token.
fn judge_resource(run: &mut Run, flow: &Flow, answer: &Answer, sub: Option<&str>) -> Step {
    run.report.require(answer.header("date").is_some(), RESOURCE, || {
        "there is no Date".into()
    });
    let own = run.config.fapi.as_ref().is_some_and(|it| it.resource.is_some());
    if answer.status == 200 && !own && flow.fapi.openid {
        userinfo::read(answer, sub, &mut run.report)?;
    }
    Ok(())
}

/// Runs the flow to its end or to the first refusal.
pub async fn run_flow(run: &mut Run, flow: &Flow) -> Step<FlowEnd> {
    let mut request_uri = None;
    if flow.pushes {
        let answer = push(run, flow).await?;
        if answer.status != 201 {
            return Ok(FlowEnd::Par(answer));
        }
        request_uri = Some(read_request_uri(run, &answer)?.0);
    }
    let journey = open(run, flow, request_uri.as_deref()).await?;
    let Some(response) = read_response(run, flow, &journey)? else {
        return Ok(match journey.end {
            RedirectResult::Page(page) => FlowEnd::Page(page),
            RedirectResult::Returned(_) => FlowEnd::Callback(response::Response::default()),
        });
    };
    let Some(code) = response.get("code").map(str::to_owned) else {
        return Ok(FlowEnd::Callback(response));
    };
    entropy("code", &code, &mut run.report);
    let form = flow.redemption.clone().with("code", code.as_str()).params;
    let answer = match token(run, flow, &form).await? {
        TokenOutcome::Answered(answer) if answer.status == 200 => answer,
        TokenOutcome::Answered(answer) => return Ok(FlowEnd::Token(answer)),
        TokenOutcome::NoConnection(detail) => return Ok(FlowEnd::Tls(detail)),
    };
    let (tokens, id_token) = read_tokens(run, flow, &answer, Some(&code))?;
    use_tokens(run, flow, tokens, id_token, (request_uri, code)).await
}

pub async fn use_tokens(
    run: &mut Run,
    flow: &Flow,
    tokens: tokens::Tokens,
    id_token: Option<id_token::IdToken>,
    (request_uri, code): (Option<String>, String),
) -> Step<FlowEnd> {
    let answer = resource(run, flow, &tokens.access_token).await?;
    if !is_accepted(run, flow, &answer) {
        return Ok(FlowEnd::Resource(answer));
    }
    let sub = id_token.as_ref().and_then(|it| it.claims["sub"].as_str());
    judge_resource(run, flow, &answer, sub)?;
    Ok(FlowEnd::Done(Box::new(Grant {
        request_uri: request_uri.unwrap_or_default(),
        code,
        tokens,
        id_token,
        resource: answer,
    })))
}

/// Sends the token in the query, where every log on the way would keep it. The resource must refuse it.
pub async fn refuse_in_query(run: &mut Run, flow: &Flow, url: &str, own: &Grant) -> Step {
    const QUERY: &str = "no access token in the query (FAPI 2.0 Security Profile §5.3.4)";
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}access_token={}", own.tokens.access_token);
    let answer = flow.own.http.get(&url, &[("accept", "application/json")]).await?;
    run.report
        .require(matches!(answer.status, 400 | 401), QUERY, || answer.brief());
    Ok(())
}

/// Runs the flow of client credentials (RFC 6749 §4.4).
pub async fn client_credentials(run: &mut Run, flow: &Flow) -> Step<FlowEnd> {
    let form = [("grant_type".to_owned(), "client_credentials".to_owned())];
    let answer = match token(run, flow, &form).await? {
        TokenOutcome::Answered(answer) if answer.status == 200 => answer,
        TokenOutcome::Answered(answer) => return Ok(FlowEnd::Token(answer)),
        TokenOutcome::NoConnection(detail) => return Ok(FlowEnd::Tls(detail)),
    };
    let (tokens, id_token) = read_tokens(run, flow, &answer, None)?;
    use_tokens(run, flow, tokens, id_token, (None, String::new())).await
}
