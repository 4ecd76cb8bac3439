//! Counts the use of clients, day by day. A process counts in memory and stores the sums every few seconds, so that no login
//! waits for it and none writes to the same row as the one beside it; what a process that is killed has not stored is lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
};

use super::batches;
use super::database::Database;
use super::entities::client_count::{ActiveModel, Column, Entity};
use crate::domain::ClientId;
use crate::domain::client_use::CountedUse;

type Key = (ClientId, NaiveDate, CountedUse);

/// The counts of this process that are not stored yet. Only registered clients are counted, so there are never many.
#[derive(Clone, Debug, Default)]
pub struct ClientCounters(Arc<Mutex<HashMap<Key, u64>>>);

/// How often something happened on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientCount {
    pub day: NaiveDate,
    pub counted: CountedUse,
    pub number: u64,
}

impl ClientCounters {
    pub fn count(&self, client: &ClientId, day: NaiveDate, counted: CountedUse) {
        self.add((client.clone(), day, counted), 1);
    }

    fn add(&self, key: Key, number: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(key).or_default() += number;
    }

    /// Returns what is not stored yet of a client.
    pub fn of_client(&self, client: &ClientId) -> Vec<ClientCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.iter().filter(|((of, ..), _)| of == client);
        own.map(|((_, day, counted), number)| ClientCount {
            day: *day,
            counted: *counted,
            number: *number,
        })
        .collect()
    }

    /// Stores what was counted since the last time, in one transaction. What cannot be stored is tried again.
    pub async fn store(&self, db: &Database) -> Result<(), DbErr> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if taken.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<(&Key, &u64)> = taken.iter().collect();
        // Processes that store at once lock rows in one order.
        rows.sort_by(|one, other| order(one.0).cmp(&order(other.0)));
        let stored = db
            .write(async |tx| {
                for (key, number) in &rows {
                    add(tx, key, **number).await?;
                }
                Ok::<_, DbErr>(())
            })
            .await;
        if stored.is_err() {
            for (key, number) in taken {
                self.add(key, number);
            }
        }
        stored
    }
}

fn order((client, day, counted): &Key) -> (&str, NaiveDate, &'static str) {
    (client.as_str(), *day, counted.as_str())
}

async fn add(tx: &impl ConnectionTrait, (client, day, counted): &Key, number: u64) -> Result<(), DbErr> {
    let row = ActiveModel {
        client_id: Set(client.to_string()),
        day: Set(*day),
        kind: Set(counted.as_str().to_owned()),
        number: Set(i64::try_from(number).unwrap_or(i64::MAX)),
    };
    let more = Expr::col((Alias::new("excluded"), Column::Number));
    let sum = OnConflict::columns([Column::ClientId, Column::Day, Column::Kind])
        .value(Column::Number, Expr::col((Entity, Column::Number)).add(more))
        .to_owned();
    Entity::insert(row)
        .on_conflict(sum)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Lists what is stored of a client since a day.
pub async fn list_since(
    db: &impl ConnectionTrait,
    client: &ClientId,
    day: NaiveDate,
) -> Result<Vec<ClientCount>, DbErr> {
    let rows = Entity::find()
        .filter(Column::ClientId.eq(client.as_str()))
        .filter(Column::Day.gte(day))
        .order_by_asc(Column::Day)
        .all(db)
        .await?;
    // A kind of another release is not shown.
    let count = |row: super::entities::client_count::Model| {
        Some(ClientCount {
            day: row.day,
            counted: CountedUse::parse(&row.kind)?,
            number: u64::try_from(row.number).unwrap_or_default(),
        })
    };
    Ok(rows.into_iter().filter_map(count).collect())
}

/// Deletes what is stored of a client.
pub async fn delete_of_client(tx: &impl ConnectionTrait, client: &ClientId) -> Result<(), DbErr> {
    let own = Entity::delete_many().filter(Column::ClientId.eq(client.as_str()));
    own.exec(tx).await.map(drop)
}

/// Deletes a batch of what is older than a day, and returns how many rows went.
pub async fn delete_before(db: &Database, day: NaiveDate) -> Result<u64, DbErr> {
    let old = Condition::all().add(Column::Day.lt(day));
    db.write(async |tx| batches::delete::<Entity, NaiveDate>(tx, Column::Day, old.clone()).await)
        .await
}
