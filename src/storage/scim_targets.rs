//! Stores whom a service is provisioned with by SCIM, and how far the walk over all of them is. `signals` reads whom an act
//! concerns; `oidc::scim::walk` walks.

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::scim_target::{ActiveModel, Column, Entity, Model};
use super::entities::{account, affiliation, consent, event_receiver, scim_resource, service_use};
use super::{corrupt, is};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::event_receiver::ReceiverKind;
use crate::domain::scim_target::{ProvisionedPeople, ScimTarget, Walk};
use crate::domain::signal::ReceiverStatus;
use crate::domain::{AccountId, ClientId, OrganizationId, ReceiverId, Time};

/// Whom an act concerns.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    Person(&'a AccountId),
    /// A person, and what one service is to know of them.
    PersonAt(&'a AccountId, &'a ClientId),
    /// All who belong to an organization, or asked to.
    Members(&'a OrganizationId),
}

/// Whose walks begin again.
#[derive(Clone, Copy, Debug)]
pub enum Walks<'a> {
    OfReceiver(&'a ReceiverId),
    OfClient(&'a ClientId),
    All,
}

pub async fn insert(tx: &impl ConnectionTrait, target: &ScimTarget) -> Result<(), DbErr> {
    Entity::insert(ActiveModel {
        receiver_id: Set(target.receiver.to_string()),
        client_id: Set(target.client.to_string()),
        people: Set(target.people.as_str().to_owned()),
        walk: Set(written(&target.walk)?),
        walk_due_at: Set(target.walk_due_at),
        walked_at: Set(target.walked_at),
    })
    .exec_without_returning(tx)
    .await
    .map(drop)
}

pub async fn find(db: &impl ConnectionTrait, receiver: &ReceiverId) -> Result<Option<ScimTarget>, DbErr> {
    let row = Entity::find_by_id(receiver.as_str()).one(db).await?;
    row.map(from_row).transpose()
}

/// Lists the targets whose walk somebody may go on with, the longest waiting first.
pub async fn list_due(db: &impl ConnectionTrait, now: Time, most: u64) -> Result<Vec<ScimTarget>, DbErr> {
    let rows = Entity::find()
        .filter(Column::WalkDueAt.is_not_null())
        .filter(Column::WalkDueAt.lte(now))
        .order_by_asc(Column::WalkDueAt)
        .limit(most)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Moves a walk on, if it is still where it was read. Returns `false` if somebody else moved it.
pub async fn move_walk(
    db: &impl ConnectionTrait,
    seen: &ScimTarget,
    walk: &Walk,
    due_at: Option<Time>,
    walked_at: Option<Time>,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Walk, Expr::value(written(walk)?))
        .col_expr(Column::WalkDueAt, Expr::value(due_at))
        .col_expr(Column::WalkedAt, Expr::value(walked_at))
        .filter(Column::ReceiverId.eq(seen.receiver.as_str()))
        .filter(Column::Walk.eq(written(&seen.walk)?))
        .filter(Column::WalkDueAt.eq(seen.walk_due_at))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Begins walks again.
pub async fn begin_again(tx: &impl ConnectionTrait, whose: Walks<'_>, now: Time) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Walk, Expr::value(written(&Walk::Begin)?))
        .col_expr(Column::WalkDueAt, Expr::value(now));
    let update = match whose {
        Walks::OfReceiver(receiver) => update.filter(Column::ReceiverId.eq(receiver.as_str())),
        Walks::OfClient(client) => update.filter(Column::ClientId.eq(client.as_str())),
        Walks::All => update,
    };
    update.exec(tx).await.map(drop)
}

#[derive(FromQueryResult)]
struct Concerned {
    receiver_id: String,
    account_id: String,
}

/// Lists which targets are to be told of whom: those that provision more people than their users are told of everybody whom
/// an act concerns, the others of whom they have or may have.
pub async fn list_concerned(
    tx: &impl ConnectionTrait,
    whose: Whose<'_>,
) -> Result<Vec<(ReceiverId, AccountId)>, DbErr> {
    let target = |column: Column| Expr::col((Entity, column));
    let own = || Expr::col((account::Entity, account::Column::Id));
    let whom = match whose {
        Whose::Person(id) | Whose::PersonAt(id, _) => own().eq(id.as_str()),
        Whose::Members(organization) => {
            let open = [
                AffiliationStatus::Pending,
                AffiliationStatus::Approved,
                AffiliationStatus::SelfDeclared,
            ];
            let members = Query::select()
                .column(affiliation::Column::AccountId)
                .from(affiliation::Entity)
                .and_where(affiliation::Column::OrganizationId.eq(organization.as_str()))
                .and_where(affiliation::Column::Status.is_in(open.map(|it| it.as_str())))
                .to_owned();
            own().in_subquery(members)
        }
    };
    macro_rules! has {
        ($table:ident, $column:ident = $of:expr) => {
            Expr::exists(
                Query::select()
                    .expr(Expr::val(1))
                    .from($table::Entity)
                    .and_where(
                        Expr::col(($table::Entity, $table::Column::AccountId))
                            .equals((account::Entity, account::Column::Id)),
                    )
                    .and_where(Expr::col(($table::Entity, $table::Column::$column)).equals((Entity, $of)))
                    .to_owned(),
            )
        };
    }
    let mut select = Query::select();
    select
        .expr_as(target(Column::ReceiverId), "receiver_id")
        .expr_as(own(), "account_id")
        .from(Entity)
        .join(
            JoinType::InnerJoin,
            event_receiver::Entity,
            Expr::col((event_receiver::Entity, event_receiver::Column::Id))
                .equals((Entity, Column::ReceiverId)),
        )
        .join(JoinType::InnerJoin, account::Entity, whom)
        .and_where(is(event_receiver::Column::Kind, ReceiverKind::Scim.as_str()))
        .and_where(event_receiver::Column::Status.ne(ReceiverStatus::Disabled.as_str()))
        .cond_where(
            Condition::any()
                .add(target(Column::People).eq(ProvisionedPeople::Policy.as_str()))
                .add(has!(service_use, ClientId = Column::ClientId))
                .add(has!(consent, ClientId = Column::ClientId))
                .add(has!(scim_resource, ReceiverId = Column::ReceiverId)),
        );
    if let Whose::PersonAt(_, client) = whose {
        select.and_where(target(Column::ClientId).eq(client.as_str()));
    }
    let statement = tx.get_database_backend().build(&select);
    let found = Concerned::find_by_statement(statement).all(tx).await?;
    let found = found.into_iter();
    Ok(found
        .map(|it| (ReceiverId::new(it.receiver_id), AccountId::new(it.account_id)))
        .collect())
}

fn written(walk: &Walk) -> Result<String, DbErr> {
    serde_json::to_string(walk).map_err(|it| DbErr::Custom(it.to_string()))
}

fn from_row(row: Model) -> Result<ScimTarget, DbErr> {
    let known = (
        ProvisionedPeople::parse(&row.people),
        serde_json::from_str(&row.walk).ok(),
    );
    let (Some(people), Some(walk)) = known else {
        return Err(corrupt("scim_targets", &row.receiver_id));
    };
    Ok(ScimTarget {
        receiver: ReceiverId::new(row.receiver_id),
        client: ClientId::new(row.client_id),
        people,
        walk,
        walk_due_at: row.walk_due_at,
        walked_at: row.walked_at,
    })
}
