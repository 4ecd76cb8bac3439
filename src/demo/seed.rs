//! Writes sample organizations, a person for each role, and the three clients. Each step is done once and may be
//! interrupted: the next start finds what is missing.

use serde_json::json;

use super::services::Kind;
use super::settings::Settings;
use crate::accounts::administrators::{self, Found};
use crate::accounts::import::{AccountsFile, Format};
use crate::affiliations::accounts_import::{self, LineOutcome, Mode, Outcome, Run};
use crate::affiliations::directory::csv;
use crate::affiliations::focal_points;
use crate::app::App;
use crate::domain::OrganizationId;
use crate::domain::account::EmailAddress;
use crate::domain::actor::Context;
use crate::domain::difference::Unnamed;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::oidc::clients::{self, ClientDocument};

/// The password of every sample person. Whoever reaches the demo's loopback port may use it.
pub const PASSWORD: &str = "Lake-Geneva-1865!";

const ADMINISTRATOR: &str = "admin@itu.example";
const FOCAL_POINTS: [(&str, &str); 2] = [
    ("adm-kr", "focal.kr@msn.example"),
    ("sec-altel", "focal.ch@altel.example"),
];

/// The sample people, by address and role, for the screen.
pub const PEOPLE: [(&str, &str); 7] = [
    ("admin@itu.example", "ITU administrator"),
    (
        "focal.kr@msn.example",
        "Focal Point of a Member State's administration",
    ),
    ("focal.ch@altel.example", "Focal Point of a Sector Member"),
    (
        "delegate@msn.example",
        "delegate, affiliation approved, with TIES rights",
    ),
    (
        "engineer@altel.example",
        "engineer, affiliation approved, without TIES rights",
    ),
    ("newcomer@msn.example", "affiliation pending"),
    ("reader@hbl.example", "no member"),
];

pub async fn directory(app: &App) -> anyhow::Result<()> {
    csv::import(app, &Context::operator(), include_bytes!("organizations.csv")).await?;
    Ok(())
}

pub async fn people(app: &App) -> anyhow::Result<()> {
    let operator = Context::operator();
    let file = AccountsFile::of_bytes(Format::Csv, include_bytes!("people.csv")).with_verified_addresses();
    let mut refused = Vec::new();
    let mut reporter = |outcomes: &[LineOutcome]| {
        let is_refused = |it: &&LineOutcome| matches!(it.outcome, Outcome::Refused(_));
        refused.extend(outcomes.iter().filter(is_refused).cloned());
        Ok(())
    };
    accounts_import::import(app, &operator, &file, &Run::new(Mode::All), &mut reporter).await?;
    anyhow::ensure!(refused.is_empty(), "the sample people: {refused:?}");
    if let Found::Account(administrator) = administrators::find(app, ADMINISTRATOR).await?
        && administrator.role != Role::Administrator
    {
        administrators::promote(app, &operator, &administrator).await?;
    }
    for (organization, email) in FOCAL_POINTS {
        let email = EmailAddress::parse(email).map_err(|e| anyhow::anyhow!("{email}: {e:?}"))?;
        focal_points::appoint(
            app,
            &operator,
            &OrganizationId::new(organization),
            &focal_points::Whom::Email(&email),
        )
        .await?;
    }
    Ok(())
}

pub async fn clients(app: &App, settings: &Settings) -> anyhow::Result<()> {
    let mut documents = Vec::new();
    for kind in Kind::ALL {
        let origin = settings.origin(kind);
        let document = ClientDocument::read(&json!({
            "client_id": kind.client_id(),
            "client_name": kind.name(),
            "client_uri": origin,
            "first_party": true,
            "redirect_uris": [format!("{origin}/callback")],
            "post_logout_redirect_uris": [format!("{origin}/")],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": format!("openid {}", Kind::SCOPES.join(" ")),
        }))
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        documents.push((document, Some(Secret::new(settings.secret(kind)))));
    }
    clients::apply(app, &Context::operator(), &documents, Unnamed::Kept).await?;
    Ok(())
}
