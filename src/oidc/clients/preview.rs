//! What a client would get of a person, and whom its access policy would let in: for administrators who set a service up, before
//! anybody logs in. The claims are read by `oidc::claims`, the policy is judged by `oidc::access_policy`, as at a login. Opening
//! a person is recorded as opening their account is (security.md AD-10).

use super::ClientError;
use super::authority::require_overseer;
use super::lookup::find;
use super::owners::{Whom, person as person_of};
use crate::accounts::{self, person, staff};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::claim::{self, ClaimsRequest};
use crate::domain::client::Client;
use crate::domain::organization::words;
use crate::domain::scope::{self, Scope};
use crate::domain::{ClientId, Subject};
use crate::oidc::access_policy::{self, AccessRefused};
use crate::oidc::claims::{self, Claims};
use crate::oidc::subject;
use crate::storage::visible_accounts::{self, From, Selection, Sorting, Visible};

/// The most people who are counted; of more it is only said that they are more.
pub const MOST_COUNTED: u64 = 1000;
/// The people who are listed.
const LISTED: u64 = 25;

words! {
    /// The reason why a client does not get a claim at userinfo.
    Withheld {
        /// The scope value is not registered for the client.
        NotRegistered = "not_registered",
        /// The scope value was not asked for.
        NotAsked = "not_asked",
        /// A user name that is an address needs the scope value `email`, too.
        NeedsEmail = "needs_email",
        /// There is no value for this person: it is not set, or there is no affiliation.
        NoValue = "no_value",
    }
}

/// A claim that the client does not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithheldClaim {
    pub claim: &'static str,
    /// The scope value that grants it.
    pub scope: &'static str,
    pub reason: Withheld,
}

/// What a client would get of one person.
#[derive(Clone, Debug)]
pub struct ClaimsPreview {
    pub account: Account,
    /// The scope that would be granted: what was asked for, within what is registered.
    pub scope: Scope,
    pub sub: Subject,
    /// `None` if the policy of the client lets the person in.
    pub refused: Option<AccessRefused>,
    pub id_token: Claims,
    pub userinfo: Claims,
    pub withheld: Vec<WithheldClaim>,
}

/// Reads what the client would get of the person for this scope; `None`: for all that is registered. It is recorded that
/// the person was looked at.
pub async fn preview_claims(
    app: &App,
    context: &Context,
    id: &ClientId,
    (whom, asked): (&Whom<'_>, Option<&Scope>),
) -> Result<ClaimsPreview, ClientError> {
    require_overseer(app, context, id).await?;
    staff::require_reader(app, context)
        .await
        .map_err(|it| of_accounts(it, id))?;
    let client = find(app, id).await?;
    let db = app.db.read();
    let account = person_of(db, whom).await?;
    let scope = asked.unwrap_or(client.scope()).limited_to(client.scope());
    let request = ClaimsRequest::default();
    let names = claims::for_userinfo(&scope, &request);
    let in_id_token = claims::for_id_token(&client, &scope, &request);
    let oidc = |error: crate::oidc::Error| ClientError::Failed(error.to_string());
    let userinfo = claims::values(db, &names, &account).await.map_err(oidc)?;
    let preview = ClaimsPreview {
        sub: subject::for_client(app, &client, &account.sub),
        refused: access_policy::check(db, &client, &account.id)
            .await
            .map_err(oidc)?,
        id_token: claims::values(db, &in_id_token, &account).await.map_err(oidc)?,
        withheld: withheld(&client, &scope, &userinfo),
        userinfo,
        scope,
        account,
    };
    let viewed = person::record_view(app, context, &preview.account).await;
    viewed.map_err(|it| of_accounts(it, id))?;
    Ok(preview)
}

fn of_accounts(error: accounts::Error, id: &ClientId) -> ClientError {
    match error {
        accounts::Error::Storage(source) => source.into(),
        accounts::Error::NotFound | accounts::Error::SecondFactorRequired => ClientError::Unknown(id.clone()),
        other => ClientError::Failed(other.to_string()),
    }
}

fn withheld(client: &Client, granted: &Scope, stated: &Claims) -> Vec<WithheldClaim> {
    let all = claim::BY_SCOPE.iter();
    let all = all.flat_map(|(value, claims)| claims.iter().map(move |claim| (*value, *claim)));
    all.filter(|(_, claim)| !stated.contains_key(*claim))
        .map(|(value, claim)| WithheldClaim {
            claim,
            scope: value,
            reason: match claim {
                _ if !client.scope().contains(value) => Withheld::NotRegistered,
                _ if !granted.contains(value) => Withheld::NotAsked,
                "preferred_username" if !granted.contains(scope::EMAIL) => Withheld::NeedsEmail,
                _ => Withheld::NoValue,
            },
        })
        .collect()
}

/// Whom the access policy of a client lets in.
#[derive(Clone, Debug)]
pub struct AccessPreview {
    /// `true` if there is no policy: everybody with an account may enter.
    pub is_open: bool,
    /// How many, [`MOST_COUNTED`] at the most.
    pub number: u64,
    /// `true` if there are more.
    pub is_more: bool,
    /// The first of them, by address.
    pub people: Vec<Account>,
}

/// Finds whom the policy of a client lets in, by indexes.
pub async fn preview_access(
    app: &App,
    context: &Context,
    id: &ClientId,
) -> Result<AccessPreview, ClientError> {
    require_overseer(app, context, id).await?;
    staff::require_reader(app, context)
        .await
        .map_err(|it| of_accounts(it, id))?;
    let client = find(app, id).await?;
    let policy = client.settings.access_policy.clone();
    let nobody = AccessPreview {
        is_open: policy.is_open(),
        number: 0,
        is_more: false,
        people: Vec::new(),
    };
    if policy.is_open() {
        return Ok(nobody);
    }
    let db = app.db.read();
    let visible = Visible::NamedBy(policy);
    if let Some(mut few) = visible_accounts::list_few(db, &visible, MOST_COUNTED).await? {
        // Whoever is suspended or leaving enters no service.
        few.retain(Account::is_active);
        few.sort_by_cached_key(|it| it.email.key().as_str().to_owned());
        let number = few.len() as u64;
        few.truncate(LISTED as usize);
        return Ok(AccessPreview {
            number,
            people: few,
            ..nobody
        });
    }
    let by_address = Selection {
        visible,
        is_narrow: false,
        sorting: Sorting::UserName,
        descending: false,
        prefix: None,
        changed_from: None,
        changed_to: None,
    };
    let mut people = visible_accounts::list(db, &by_address, &From::Offset(0), LISTED).await?;
    people.retain(Account::is_active);
    Ok(AccessPreview {
        number: MOST_COUNTED,
        is_more: true,
        people,
        ..nobody
    })
}
