//! `dpop-negative-tests`: presents a sound token at the resource, with one thing wrong about its proof at a time.

use super::happy::expect_success;
use crate::fapi::{self, Context, Flow, Jwt, Key, resource};
use crate::report::Step;
use crate::run::Run;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use url::Url;

const RULE: &str = "DPoP proof (RFC 9449 §4.3, §7.1)";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    In,
    /// A refusal is a warning.
    BetterIn,
    Out,
}
use Wanted::{BetterIn, In, Out};

/// A mutation of the proof, its name, and what should come of it.
type Case = (&'static str, fn(&mut Jwt, &Context), Wanted);

const HOUR: i64 = 3600;

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("no typ", |it, _| it.drop_from_header("typ"), Out),
    ("no alg", |it, _| it.drop_from_header("alg"), Out),
    ("no jwk", |it, _| it.drop_from_header("jwk"), Out),
    ("no jti", |it, _| it.drop("jti"), Out),
    ("no htm", |it, _| it.drop("htm"), Out),
    ("no htu", |it, _| it.drop("htu"), Out),
    ("no iat", |it, _| it.drop("iat"), Out),
    ("no ath", |it, _| it.drop("ath"), Out),
    ("another typ", |it, _| it.header["typ"] = "JWT".into(), Out),
    ("alg none", |it, _| it.sign_with("none"), Out),
    ("a broken signature", |it, _| it.broken = true, Out),
    ("the private key in jwk", |it, _| it.header["jwk"] = it.key.private(), Out),
    ("another htm", |it, _| it.set("htm", "PUT"), Out),
    ("another htu", |it, context| it.set("htu", context.token.as_str()), Out),
    ("an htu with query and fragment", |it, context| it.set("htu", format!("{}?a=b#c", context.url)), In),
    ("another ath", |it, _| it.set("ath", URL_SAFE_NO_PAD.encode([7; 32])), Out),
    ("unknown members", |proof, _| {
        proof.header["unknown"] = "x".into();
        proof.set("unknown", json!({"a": [1]}));
    }, In),
    ("an htu in capitals", |it, context| it.set("htu", in_capitals(&context.url)), BetterIn),
    ("an htu with its usual port", |it, context| it.set("htu", with_port(&context.url)), BetterIn),
];

/// RFC 9449 §11.1: a provider that goes by nonces may ignore the time, so these are a warning there.
#[rustfmt::skip]
const TIMES: &[Case] = &[
    ("iat an hour ahead", |it, context| it.set("iat", context.now + HOUR), Out),
    ("iat an hour ago", |it, context| it.set("iat", context.now - HOUR), Out),
];

pub async fn negative(run: &mut Run) -> Step {
    let flow = fapi::flow(run)?;
    let own = expect_success(run, &flow).await?;
    let token = own.tokens.access_token;
    let nonces = own.resource.header("dpop-nonce").is_some();
    let times = TIMES
        .iter()
        .map(|&(what, mutation, wanted)| (what, mutation, if nonces { BetterIn } else { wanted }));
    for (what, mutation, wanted) in CASES.iter().copied().chain(times) {
        let mut mutated = flow.clone();
        mutated.resource.proof = mutation;
        expect(run, &mutated, &token, what, wanted).await?;
    }
    headers(run, &flow, &token).await?;
    if flow.own.proofs.is_rsa() {
        let mut mutated = flow.clone();
        mutated.resource.proof = |it, _| it.sign_with("RS256");
        expect(run, &mutated, &token, "RS256", Out).await?;
    }
    let mut other = flow.clone();
    other.resource.proof_key = Key::generate().ok();
    expect(run, &other, &token, "another key", Out).await?;
    let mut without_proof = flow.clone();
    without_proof.resource.proves = false;
    expect(run, &without_proof, &token, "no proof", Out).await?;
    without_proof.scheme = |_| "Bearer".into();
    expect(
        run,
        &without_proof,
        &token,
        "the scheme Bearer without a proof",
        Out,
    )
    .await?;
    expect(run, &flow, &token, "nothing wrong after all this", In).await
}

/// Sends the proof twice, as no JWT, and with a `jti` that was used before.
async fn headers(run: &mut Run, flow: &Flow, token: &str) -> Step {
    let mut odd = flow.clone();
    odd.resource.wrapped = |proof| vec![("dpop", proof.clone()), ("dpop", proof)];
    expect(run, &odd, token, "two headers", Out).await?;
    odd.resource.wrapped = |proof| vec![("dpop", proof.replace('.', ""))];
    expect(run, &odd, token, "no JWT", Out).await?;
    let mut named = flow.clone();
    named.resource.proof = |it, context| it.set("jti", context.once.as_str());
    expect(run, &named, token, "a jti", In).await?;
    let answer = resource(run, &named, token).await?;
    run.report.advise(matches!(answer.status, 400 | 401), RULE, || {
        format!("the same jti again: {}", answer.brief())
    });
    Ok(())
}

async fn expect(run: &mut Run, flow: &Flow, token: &str, what: &str, wanted: Wanted) -> Step {
    let answer = resource(run, flow, token).await?;
    let detail = || format!("{what}: {}", answer.brief());
    let is_in = fapi::is_accepted(run, flow, &answer);
    match wanted {
        In => run.report.require(is_in, RULE, detail),
        BetterIn => run.report.advise(is_in, RULE, detail),
        Out => fapi::expect_refusal(run, flow, &answer, (RULE, 400..=401), what),
    }
    Ok(())
}

fn in_capitals(url: &str) -> String {
    match Url::parse(url) {
        Ok(parsed) => {
            let origin = parsed.origin().ascii_serialization();
            url.replacen(&origin, &origin.to_ascii_uppercase(), 1)
        }
        Err(_) => url.to_owned(),
    }
}

/// Writes the usual port out. Returns the address as it is where the port is another.
fn with_port(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        return url.to_owned();
    };
    let (origin, host) = (
        parsed.origin().ascii_serialization(),
        parsed.host_str().unwrap_or_default(),
    );
    match (parsed.port(), parsed.port_or_known_default()) {
        (None, Some(port)) => url.replacen(&origin, &format!("{}://{host}:{port}", parsed.scheme()), 1),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_can_be_written_otherwise() {
        assert_eq!(in_capitals("https://op.example/Path"), "HTTPS://OP.EXAMPLE/Path");
        assert_eq!(
            with_port("https://op.example/path"),
            "https://op.example:443/path"
        );
        assert_eq!(
            with_port("https://op.example:8443/path"),
            "https://op.example:8443/path"
        );
    }
}
