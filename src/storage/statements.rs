//! For tests: which statements were sent. What no statement may do is refused when it is sent, by whichever test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sea_orm::{DbBackend, Statement};

/// The statements of one database, each text once, with the values that came with it last.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<Mutex<BTreeMap<String, Statement>>>);

/// What makes SQLite plan a prepared statement anew whenever it is run: a bound `LIMIT`, and a bound value in a
/// comparison that a partial index has in its own condition.
/// Last, what an empty list becomes: who asks for none of them need not ask.
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
        self.0
            .lock()
            .expect("nobody panics with it")
            .insert(statement.sql.clone(), statement.clone());
    }

    /// Takes what was sent since it was last asked.
    pub fn take(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics with it"))
            .into_values()
            .collect()
    }
}
