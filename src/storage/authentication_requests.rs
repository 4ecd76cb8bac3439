//! Requests of services to people who are elsewhere (CIBA). Each moves by conditional writes, so that one
//! decision counts and one redemption (security.md G-8, G-9).

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::authentication_request::{ActiveModel, Column, Entity, Model};
use super::{batches, corrupt};
use crate::domain::backchannel_authentication::{AuthenticationRequest, Stage};
use crate::domain::scope::Scope;
use crate::domain::secret::Digest;
use crate::domain::{AccountId, AuthenticationRequestId, ClientId, Time};

const TABLE: &str = "authentication_requests";
const MOST_LISTED: u64 = 50;

/// A client that is to be notified of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePing {
    pub id: AuthenticationRequestId,
    pub client: ClientId,
    /// The sealed content, as it was given to `insert`.
    pub sealed: String,
    pub expires_at: Time,
    /// The attempts before this one.
    pub attempts: i32,
    due_at: Time,
}

/// Inserts a request. `ping` is the sealed content of the notification that follows its decision.
pub async fn insert(
    tx: &impl ConnectionTrait,
    request: &AuthenticationRequest,
    ping: Option<String>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(request.id.to_string()),
        digest: Set(request.digest.as_str().to_owned()),
        client_id: Set(request.client_id.to_string()),
        account_id: Set(request.account.as_ref().map(ToString::to_string)),
        scope: Set(request.scope.to_string()),
        resources: Set(request.resources.join(" ")),
        details: Set(serde_json::to_string(&request.details).map_err(|it| DbErr::Json(it.to_string()))?),
        acr_values: Set(request.acr_values.join(" ")),
        binding_message: Set(request.binding_message.clone()),
        requested_at: Set(request.requested_at),
        expires_at: Set(request.expires_at),
        state: Set(request.stage.as_str().to_owned()),
        decided_at: Set(None),
        granted: Set(None),
        ping: Set(ping),
        ping_attempts: Set(0),
        ping_due_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx).await.map(drop)
}

pub async fn find_by_digest(
    db: &impl ConnectionTrait,
    digest: &Digest,
) -> Result<Option<AuthenticationRequest>, DbErr> {
    let found = Entity::find()
        .filter(Column::Digest.eq(digest.as_str()))
        .one(db)
        .await?;
    found.map(from_row).transpose()
}

/// Finds one of the person's own requests.
pub async fn find_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: &AuthenticationRequestId,
) -> Result<Option<AuthenticationRequest>, DbErr> {
    let found = Entity::find_by_id(id.to_string())
        .filter(Column::AccountId.eq(account.as_str()))
        .one(db)
        .await?;
    found.map(from_row).transpose()
}

/// Lists the person's requests, the newest first: those that wait, and those of the last time that do not.
pub async fn list_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Vec<AuthenticationRequest>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .order_by_desc(Column::RequestedAt)
        .order_by_asc(Column::Id)
        .limit(MOST_LISTED)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Counts the requests that wait for the person.
pub async fn count_waiting(db: &impl ConnectionTrait, account: &AccountId, now: Time) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::State.eq(Stage::Waiting.as_str()))
        .filter(Column::ExpiresAt.gt(now))
        .count(db)
        .await
}

/// Stores the person's decision. Returns `false` if it was made already, or comes too late.
pub async fn decide(
    tx: &impl ConnectionTrait,
    id: &AuthenticationRequestId,
    stage: &Stage,
    now: Time,
) -> Result<bool, DbErr> {
    let granted = match stage {
        Stage::Allowed(grant) => {
            Some(serde_json::to_string(grant).map_err(|it| DbErr::Json(it.to_string()))?)
        }
        _ => None,
    };
    let decided = Entity::update_many()
        .col_expr(Column::State, Expr::value(stage.as_str()))
        .col_expr(Column::Granted, Expr::value(granted))
        .col_expr(Column::DecidedAt, Expr::value(now))
        // A client that is pinged at all is pinged now.
        .col_expr(
            Column::PingDueAt,
            Expr::case(Column::Ping.is_not_null(), Expr::value(now))
                .finally(Expr::value(Option::<Time>::None))
                .into(),
        )
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::State.eq(Stage::Waiting.as_str()))
        .filter(Column::ExpiresAt.gt(now))
        .exec(tx)
        .await?;
    Ok(decided.rows_affected == 1)
}

/// Spends an allowed request. Returns `true` to one of any number of redemptions.
pub async fn spend(db: &impl ConnectionTrait, id: &AuthenticationRequestId) -> Result<bool, DbErr> {
    let spent = Entity::update_many()
        .col_expr(Column::State, Expr::value("spent"))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::State.eq("allowed"))
        .exec(db)
        .await?;
    Ok(spent.rows_affected == 1)
}

/// Lists the clients that may be notified now, the longest waiting first.
pub async fn list_due_pings(db: &impl ConnectionTrait, now: Time, most: u64) -> Result<Vec<DuePing>, DbErr> {
    let rows = Entity::find()
        .filter(Column::PingDueAt.lte(now))
        .order_by_asc(Column::PingDueAt)
        .limit(most)
        .all(db)
        .await?;
    let due = rows.into_iter().filter_map(|row| {
        Some(DuePing {
            id: AuthenticationRequestId::new(row.id),
            client: ClientId::new(row.client_id),
            sealed: row.ping?,
            expires_at: row.expires_at,
            attempts: row.ping_attempts,
            due_at: row.ping_due_at?,
        })
    });
    Ok(due.collect())
}

/// Counts an attempt, the next of which is due at `next` should nothing more be heard of this one. Returns `false` if
/// another node makes it.
pub async fn claim_ping(db: &impl ConnectionTrait, ping: &DuePing, next: Time) -> Result<bool, DbErr> {
    let claimed = Entity::update_many()
        .col_expr(Column::PingAttempts, Expr::col(Column::PingAttempts).add(1))
        .col_expr(Column::PingDueAt, Expr::value(next))
        .filter(Column::Id.eq(ping.id.as_str()))
        .filter(Column::PingDueAt.eq(ping.due_at))
        .exec(db)
        .await?;
    Ok(claimed.rows_affected == 1)
}

/// Forgets the ping of a client that was notified, or cannot be.
pub async fn end_ping(db: &impl ConnectionTrait, id: &AuthenticationRequestId) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::PingDueAt, Expr::value(Option::<Time>::None))
        .col_expr(Column::Ping, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(id.as_str()))
        .exec(db)
        .await
        .map(drop)
}

/// Forgets what expired before `before`.
pub async fn delete_expired(db: &impl ConnectionTrait, before: Time) -> Result<u64, DbErr> {
    let over = Condition::all().add(Column::ExpiresAt.lt(before));
    batches::delete::<Entity, String>(db, Column::Id, over).await
}

fn from_row(row: Model) -> Result<AuthenticationRequest, DbErr> {
    let unreadable = || corrupt(TABLE, &row.id);
    let grant = || {
        let text = row.granted.as_deref().ok_or_else(unreadable)?;
        serde_json::from_str(text).map_err(|_| unreadable())
    };
    let stage = match row.state.as_str() {
        "waiting" => Stage::Waiting,
        "denied" => Stage::Denied,
        "allowed" => Stage::Allowed(grant()?),
        "spent" => Stage::Spent(grant()?),
        _ => return Err(unreadable()),
    };
    let details = serde_json::from_str(&row.details).map_err(|_| unreadable())?;
    let scope = Scope::parse(&row.scope).map_err(|_| unreadable())?;
    Ok(AuthenticationRequest {
        id: AuthenticationRequestId::new(row.id),
        digest: Digest::stored(row.digest),
        client_id: ClientId::new(row.client_id),
        account: row.account_id.map(AccountId::new),
        scope,
        resources: row.resources.split_whitespace().map(str::to_owned).collect(),
        details,
        acr_values: row.acr_values.split_whitespace().map(str::to_owned).collect(),
        binding_message: row.binding_message,
        requested_at: row.requested_at,
        expires_at: row.expires_at,
        stage,
    })
}
