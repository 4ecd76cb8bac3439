//! The words of the people of an organization, by which it finds them among all that it has. They are those of the accounts,
//! once for each organization that a person is or was affiliated with; the database itself keeps them so, whoever writes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::m0010_affiliations_rules::{Does, Rule};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Whoever writes the words of an account has changed its row in the same transaction, so a row that is written here too makes
/// one wait for the other on PostgreSQL. Neither misses what the other adds then.
const WAIT: &str = "UPDATE accounts SET search_fold = search_fold WHERE id = NEW.account_id";

const ADD: &str = "INSERT INTO affiliation_words (organization_id, word, account_id) \
    SELECT NEW.organization_id, word, account_id FROM account_words WHERE account_id = NEW.account_id \
    ON CONFLICT DO NOTHING";

const RULES: [Rule; 3] = [
    Rule {
        name: "affiliations_begin_with_words",
        moment: "AFTER INSERT",
        table: "affiliations",
        when: "1 = 1",
        does: Does::Run(&[WAIT, ADD]),
    },
    Rule {
        name: "affiliations_move_with_words",
        moment: "AFTER UPDATE",
        table: "affiliations",
        when: "NEW.organization_id <> OLD.organization_id",
        does: Does::Run(&[
            WAIT,
            ADD,
            "DELETE FROM affiliation_words WHERE organization_id = OLD.organization_id \
             AND account_id = OLD.account_id AND NOT EXISTS (SELECT 1 FROM affiliations a \
             WHERE a.account_id = OLD.account_id AND a.organization_id = OLD.organization_id)",
        ]),
    },
    Rule {
        name: "account_words_of_affiliations",
        moment: "AFTER INSERT",
        table: "account_words",
        when: "1 = 1",
        does: Does::Run(&[
            "INSERT INTO affiliation_words (organization_id, word, account_id) \
             SELECT organization_id, NEW.word, NEW.account_id FROM affiliations WHERE account_id = NEW.account_id \
             ON CONFLICT DO NOTHING",
        ]),
    },
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let backend = manager.get_database_backend();
        let (collation, kind) = match backend {
            DbBackend::Postgres => ("COLLATE \"C\"", ""),
            _ => ("COLLATE BINARY", "WITHOUT ROWID"),
        };
        let table = format!(
            "CREATE TABLE affiliation_words (\
             organization_id varchar NOT NULL, \
             word varchar {collation} NOT NULL, \
             account_id varchar NOT NULL, \
             PRIMARY KEY (organization_id, word, account_id), \
             FOREIGN KEY (word, account_id) REFERENCES account_words (word, account_id) ON DELETE CASCADE) {kind}"
        );
        let index = "CREATE INDEX affiliation_words_by_account ON affiliation_words (account_id, word)";
        let first = "INSERT INTO affiliation_words (organization_id, word, account_id) \
             SELECT DISTINCT a.organization_id, w.word, w.account_id \
             FROM affiliations a JOIN account_words w ON w.account_id = a.account_id";
        let rules = RULES.iter().flat_map(|it| it.create(backend));
        // The rules are there before the words are read, so that none is missed that an earlier release writes meanwhile.
        let all = [table].into_iter().chain(rules);
        for statement in all.chain([first.to_owned(), index.to_owned()]) {
            db.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for rule in RULES
            .iter()
            .flat_map(|it| it.remove(manager.get_database_backend()))
        {
            db.execute_unprepared(&rule).await?;
        }
        manager
            .drop_table(Table::drop().table("affiliation_words").to_owned())
            .await
    }
}
