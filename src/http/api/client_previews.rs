//! `/api/v1/clients/{id}/claims-preview` and `/access-preview`: what a client would get of a person, and whom its access policy
//! lets in (security.md AD-10).

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::call::{Call, Reply, bad};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter};
use crate::domain::ClientId;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::powers::{Area, Power};
use crate::domain::scope::Scope;
use crate::oidc::access_policy::{AccessRefused, Lack};
use crate::oidc::clients::{self, Whom};
use crate::paths;

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Reads what a client would get of a person, and why a claim is missing; that the person was looked at is \
                  recorded",
        query: &[
            Parameter::text("email", 254, "The address of the person."),
            Parameter::text(
                "scope",
                1024,
                "The scope that is asked for; all that is registered if it is left out.",
            ),
        ],
        answer: Answer::One(Model::of::<ClaimsPreview>()),
        page: Door::At(paths::ADMIN_CLIENT_PEOPLE),
        command: Door::At("client claims"),
        ..Operation::reading(
            "previewClientClaims",
            "/api/v1/clients/{id}/claims-preview",
            Power::Read(Area::Accounts),
            |call| Box::pin(claims(call)),
        )
    },
    Operation {
        summary: "Counts whom the access policy of a client lets in, and lists the first",
        answer: Answer::One(Model::of::<AccessPreview>()),
        page: Door::At(paths::ADMIN_CLIENT_PEOPLE),
        command: Door::At("client access"),
        ..Operation::reading(
            "previewClientAccess",
            "/api/v1/clients/{id}/access-preview",
            Power::Read(Area::Accounts),
            |call| Box::pin(access(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
struct ClaimsPreview {
    account_id: String,
    sub: String,
    /// What would be granted.
    scope: String,
    /// `true` if the access policy lets the person in.
    let_in: bool,
    lacks: Vec<LackOfPerson>,
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    id_token: Map<String, Value>,
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    userinfo: Map<String, Value>,
    withheld: Vec<WithheldClaim>,
}

#[derive(Serialize, ToSchema)]
struct LackOfPerson {
    /// `affiliation`, `membership_type` or `ties_rights`
    kind: String,
    /// The types of which one is required, or the rights that are missing.
    values: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct WithheldClaim {
    claim: String,
    /// The scope value that grants it.
    scope: String,
    /// `not_registered`, `not_asked`, `needs_email` or `no_value`
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct AccessPreview {
    /// `true` if there is no policy: everybody with an account may enter.
    open: bool,
    number: u64,
    /// `true` if there are more than `number`.
    more: bool,
    /// The first of them, by address.
    people: Vec<PersonLetIn>,
}

#[derive(Serialize, ToSchema)]
struct PersonLetIn {
    account_id: String,
    name: String,
    email: String,
}

impl From<&Account> for PersonLetIn {
    fn from(account: &Account) -> Self {
        Self {
            account_id: account.id.to_string(),
            name: account.profile.full_name(),
            email: account.email.as_str().to_owned(),
        }
    }
}

fn lacks(refused: Option<&AccessRefused>) -> Vec<LackOfPerson> {
    let lacks = refused.into_iter().flat_map(|it| &it.lacks);
    let of = |kind: &str, values: &[String]| LackOfPerson {
        kind: kind.to_owned(),
        values: values.to_vec(),
    };
    lacks
        .map(|it| match it {
            Lack::Affiliation => of("affiliation", &[]),
            Lack::MembershipType(types) => of("membership_type", types),
            Lack::TiesRights(rights) => of("ties_rights", rights),
        })
        .collect()
}

async fn claims(call: Call) -> Outcome {
    let id = ClientId::new(call.id());
    let email = EmailAddress::parse(call.given("email")).map_err(|_| bad("email"))?;
    let asked = Some(call.given("scope")).filter(|it| !it.is_empty());
    let asked = asked.map(Scope::parse).transpose().map_err(|_| bad("scope"))?;
    let of = (&Whom::Email(&email), asked.as_ref());
    let found = clients::preview_claims(&call.app, &call.context, &id, of).await?;
    let withheld = found.withheld.iter().map(|it| WithheldClaim {
        claim: it.claim.to_owned(),
        scope: it.scope.to_owned(),
        reason: it.reason.as_str().to_owned(),
    });
    Reply::one(&ClaimsPreview {
        account_id: found.account.id.to_string(),
        sub: found.sub.to_string(),
        scope: found.scope.to_string(),
        let_in: found.refused.is_none(),
        lacks: lacks(found.refused.as_ref()),
        withheld: withheld.collect(),
        id_token: found.id_token,
        userinfo: found.userinfo,
    })
}

async fn access(call: Call) -> Outcome {
    let id = ClientId::new(call.id());
    let found = clients::preview_access(&call.app, &call.context, &id).await?;
    Reply::one(&AccessPreview {
        open: found.is_open,
        number: found.number,
        more: found.is_more,
        people: found.people.iter().map(PersonLetIn::from).collect(),
    })
}
