//! Reads all that decides whether what somebody presents is still worth something, by one statement: the session that it
//! was issued in, the account of its person, and the revocations of both, of the token and of its clients (security.md
//! G-10, ST-1, UI-5). Nearly every request of a service asks for it.

use sea_orm::sea_query::{Alias, BinOper, Expr, ExprTrait, JoinType, SelectStatement};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryResult, QueryTrait};

use super::accounts::account;
use super::constant;
use super::direct::{Cells, FromRow, Query, Reads};
use super::entities::account::{Column as AccountColumn, Entity as Accounts, Model as AccountModel};
use super::entities::revocation::{Column, Entity};
use super::entities::session::{Column as SessionColumn, Entity as Sessions, Model as SessionModel};
use super::revocations::{Descent, KEYS, OF_ACCOUNT, OF_EVERYBODY};
use super::sessions::session;
use crate::domain::account::Account;
use crate::domain::session::Session;
use crate::domain::{AccountId, SessionId, Sid, Subject, Time};

/// The person behind something that is presented, as of now.
#[derive(Debug)]
pub struct Standing {
    /// The session that it was found by.
    pub session: Option<Session>,
    pub account: Account,
    pub is_revoked: bool,
}

/// By what the person is found.
#[derive(Clone, Copy, Debug)]
pub enum Behind<'a> {
    /// A session that was not ended. It may have expired.
    Sid(&'a Sid),
    Session(&'a SessionId),
    Account(&'a AccountId),
    Subject(&'a Subject),
}

/// Returns the standing of what descends so; `None` if there is no such session or account any more.
pub async fn find(
    db: &impl Reads,
    behind: Behind<'_>,
    descent: &Descent<'_>,
) -> Result<Option<Standing>, DbErr> {
    static BY_SID: Query = Query::new();
    static BY_SESSION: Query = Query::new();
    static BY_ACCOUNT: Query = Query::new();
    static BY_SUBJECT: Query = Query::new();
    let keys = descent.keys();
    let [token, authorization, client, granted_to] = keys.each_ref().map(String::as_str);
    let with = |key| [token, authorization, client, granted_to, key];
    match behind {
        Behind::Sid(sid) => in_session(&BY_SID, db, SessionColumn::Sid, &with(sid.as_str()), descent).await,
        Behind::Session(id) => {
            in_session(&BY_SESSION, db, SessionColumn::Id, &with(id.as_str()), descent).await
        }
        Behind::Account(id) => {
            of_account(&BY_ACCOUNT, db, AccountColumn::Id, &with(id.as_str()), descent).await
        }
        Behind::Subject(sub) => {
            of_account(&BY_SUBJECT, db, AccountColumn::Sub, &with(sub.as_str()), descent).await
        }
    }
}

async fn in_session(
    query: &Query,
    db: &impl Reads,
    key: SessionColumn,
    values: &[&str; KEYS + 1],
    descent: &Descent<'_>,
) -> Result<Option<Standing>, DbErr> {
    let select = |values: &[&str]| {
        let mut select = Sessions::find()
            .find_also_related(Accounts)
            .filter(key.eq(values[KEYS]))
            .filter(SessionColumn::EndedAt.is_null())
            .filter(AccountColumn::Id.is_not_null())
            .into_query();
        join_revocations(&mut select, values);
        select
    };
    let found: Option<InSession> = query.one(db, values, select).await?;
    found
        .map(|InSession(row, person, revoked)| {
            Ok(Standing {
                session: Some(session(row)),
                account: account(person)?,
                is_revoked: revoked.end(descent),
            })
        })
        .transpose()
}

async fn of_account(
    query: &Query,
    db: &impl Reads,
    key: AccountColumn,
    values: &[&str; KEYS + 1],
    descent: &Descent<'_>,
) -> Result<Option<Standing>, DbErr> {
    let select = |values: &[&str]| {
        let mut select = Accounts::find().filter(key.eq(values[KEYS])).into_query();
        join_revocations(&mut select, values);
        select
    };
    let found: Option<OfAccount> = query.one(db, values, select).await?;
    found
        .map(|OfAccount(person, revoked)| {
            Ok(Standing {
                session: None,
                account: account(person)?,
                is_revoked: revoked.end(descent),
            })
        })
        .transpose()
}

/// The name by which the statement knows each revocation that may be there, and the moment of it.
const REVOCATIONS: [&str; KEYS + 2] = [
    "of_token",
    "of_authorization",
    "of_client",
    "of_granted_to",
    "of_account",
    "of_all",
];

/// Joins the revocations by their keys: those of `values` first, which are bound before the others, then that of the account
/// that is found, and that of everybody.
fn join_revocations(select: &mut SelectStatement, values: &[&str]) {
    let of_account = Expr::Constant(OF_ACCOUNT.into())
        .binary(BinOper::Custom("||"), Expr::col((Accounts, AccountColumn::Id)));
    let keys = values[..KEYS]
        .iter()
        .map(|it| Expr::val(*it))
        .chain([of_account, constant(OF_EVERYBODY)]);
    for (name, key) in REVOCATIONS.into_iter().zip(keys) {
        let of = Alias::new(name);
        select
            .expr_as(Expr::col((of.clone(), Column::RevokedAt)), of.clone())
            .join_as(
                JoinType::LeftJoin,
                Entity,
                of.clone(),
                Expr::col((of, Column::Id)).eq(key),
            );
    }
}

/// The moments of the revocations that there are, in the order of [`REVOCATIONS`].
struct Revoked([Option<Time>; KEYS + 2]);

impl Revoked {
    fn end(&self, descent: &Descent<'_>) -> bool {
        let [token, authorization, until @ ..] = self.0;
        descent.is_revoked_by([token, authorization], until)
    }
}

impl FromQueryResult for Revoked {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let mut moments = [None; KEYS + 2];
        for (moment, name) in moments.iter_mut().zip(REVOCATIONS) {
            *moment = row.try_get(prefix, name)?;
        }
        Ok(Self(moments))
    }
}

impl FromRow for Revoked {
    fn from_row(cells: &mut Cells<'_>) -> Result<Self, rusqlite::types::FromSqlError> {
        let mut moments = [None; KEYS + 2];
        for moment in &mut moments {
            *moment = cells.read()?;
        }
        Ok(Self(moments))
    }
}

struct InSession(SessionModel, AccountModel, Revoked);

impl FromQueryResult for InSession {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self(
            SessionModel::from_query_result(row, &format!("{prefix}A_"))?,
            AccountModel::from_query_result(row, &format!("{prefix}B_"))?,
            Revoked::from_query_result(row, prefix)?,
        ))
    }
}

impl FromRow for InSession {
    fn from_row(cells: &mut Cells<'_>) -> Result<Self, rusqlite::types::FromSqlError> {
        Ok(Self(
            SessionModel::from_row(cells)?,
            AccountModel::from_row(cells)?,
            Revoked::from_row(cells)?,
        ))
    }
}

struct OfAccount(AccountModel, Revoked);

impl FromQueryResult for OfAccount {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self(
            AccountModel::from_query_result(row, prefix)?,
            Revoked::from_query_result(row, prefix)?,
        ))
    }
}

impl FromRow for OfAccount {
    fn from_row(cells: &mut Cells<'_>) -> Result<Self, rusqlite::types::FromSqlError> {
        Ok(Self(AccountModel::from_row(cells)?, Revoked::from_row(cells)?))
    }
}
