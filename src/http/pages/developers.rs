//! `/developers` and below, for service owners: how to connect, with the values of this installation; sample code; claims;
//! errors; logout. The values are those of the discovery document, and nothing is listed that is not there.

use axum::response::Response;
use serde_json::{Map, Value};

use super::developer_samples::{CLAIMS, SAMPLES};
use super::{PageContext, PageError};
use crate::domain::scope;
use crate::domain::{claim, scope::OPENID};
use crate::oidc::{Code, discovery, endpoints, jwks};
use crate::templates::pages::{
    DeveloperClaims, DeveloperCode, DeveloperErrors, DeveloperLogout, Developers, ErrorCode, MetadataMember,
    SampleCode, ScopeClaims, SigningKey,
};

/// The scopes of the samples: enough to know who somebody is, and where they belong.
const SCOPES: [&str; 4] = [OPENID, scope::PROFILE, scope::EMAIL, scope::ITU_MEMBERSHIP];

pub async fn overview(ctx: PageContext) -> Result<Response, PageError> {
    let metadata = metadata(&ctx);
    let single = metadata.iter().filter_map(|(name, value)| {
        let values = vec![value.as_str()?.to_owned()];
        Some(member(name, values))
    });
    let lists = metadata.iter().filter_map(|(name, value)| {
        let values = value.as_array()?.iter();
        let values = values.filter_map(|it| it.as_str().map(str::to_owned)).collect();
        Some(member(name, values))
    });
    let page = Developers {
        issuer: ctx.app.config.issuer.as_str().to_owned(),
        discovery: ctx.app.config.issuer.at(endpoints::OPENID_CONFIGURATION),
        scopes: scope::STANDARD.map(str::to_owned).to_vec(),
        values: single.collect(),
        lists: lists.collect(),
        keys: keys(&ctx),
    };
    ctx.page(&page).await
}

fn member(name: &str, values: Vec<String>) -> MetadataMember {
    MetadataMember {
        name: name.to_owned(),
        values,
    }
}

/// Returns the discovery document as it is served.
fn metadata(ctx: &PageContext) -> Map<String, Value> {
    serde_json::from_slice(&discovery::document(&ctx.app.config).body).unwrap_or_default()
}

fn keys(ctx: &PageContext) -> Vec<SigningKey> {
    let document: Value = serde_json::from_slice(&jwks::document(&ctx.app).body).unwrap_or_default();
    let text = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let keys = document["keys"].as_array().into_iter().flatten();
    let keys = keys.map(|it| SigningKey {
        kid: text(it, "kid"),
        alg: text(it, "alg"),
    });
    keys.collect()
}

pub async fn code(ctx: PageContext) -> Result<Response, PageError> {
    let issuer = ctx.app.config.issuer.as_str();
    let samples = SAMPLES.iter().map(|(id, name, code)| SampleCode {
        id,
        name,
        code: code
            .replace("ISSUER", issuer)
            .replace("SCOPES_COMMA", &SCOPES.join(","))
            .replace("SCOPES", &SCOPES.join(" ")),
    });
    let page = DeveloperCode {
        samples: samples.collect(),
    };
    ctx.page(&page).await
}

pub async fn claims(ctx: PageContext) -> Result<Response, PageError> {
    let openid = ScopeClaims {
        scope: OPENID,
        claims: vec!["sub"],
    };
    let others = claim::BY_SCOPE.iter().map(|(scope, claims)| ScopeClaims {
        scope,
        claims: claims.to_vec(),
    });
    let page = DeveloperClaims {
        scopes: std::iter::once(openid).chain(others).collect(),
        sample: CLAIMS.trim_end().to_owned(),
    };
    ctx.page(&page).await
}

pub async fn errors(ctx: PageContext) -> Result<Response, PageError> {
    let codes = Code::ALL.iter().map(|it| ErrorCode {
        code: it.as_str(),
        status: it.status(),
    });
    let page = DeveloperErrors {
        codes: codes.collect(),
    };
    ctx.page(&page).await
}

pub async fn logout(ctx: PageContext) -> Result<Response, PageError> {
    let metadata = metadata(&ctx);
    let value = |name: &str| {
        metadata
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let page = DeveloperLogout {
        end_session_endpoint: value("end_session_endpoint"),
        userinfo_endpoint: value("userinfo_endpoint"),
    };
    ctx.page(&page).await
}
