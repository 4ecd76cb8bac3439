//! Records the statements that tests send, and refuses those that no code may send.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sea_orm::{DbBackend, Statement};

/// The statements that were sent to one database: each text once, with its last values.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<Mutex<Sent>>);

#[derive(Debug, Default)]
struct Sent {
    by_text: BTreeMap<String, Statement>,
    number: usize,
}

/// Texts that no statement may have. The first four make SQLite plan a prepared statement again each time: a bound
/// `LIMIT`, and a bound value that a partial index has in its condition. The last is what an empty list becomes: its
/// caller could have left the query out.
const BOUND: [&str; 5] = [
    "LIMIT ?",
    r#""affiliations"."status" = ?"#,
    r#""ties_rights"."status" = ?"#,
    r#""accounts"."role" <> ?"#,
    "WHERE ? = ?",
];

impl Statements {
    pub(super) fn see(&self, statement: &Statement) {
        if statement.db_backend == DbBackend::Sqlite {
            for bound in BOUND {
                assert!(!statement.sql.contains(bound), "{bound} in {}", statement.sql);
            }
        }
        let mut sent = self.0.lock().expect("nobody panics with it");
        sent.by_text.insert(statement.sql.clone(), statement.clone());
        sent.number += 1;
    }

    /// Returns how many were sent since the last `take`, each as often as it was.
    pub fn sent(&self) -> usize {
        self.0.lock().expect("nobody panics with it").number
    }

    /// Takes the statements that were sent since the last call.
    pub fn take(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics with it"))
            .by_text
            .into_values()
            .collect()
    }
}
