//! One unit of work: a transaction with who acts in it and when, in which the change, its audit record and its mails
//! are written together (security.md ST-2).
//!
//! Doors do not use it: they call a room, and the room calls [`App::write`]. Decisions are not made here.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::Duration;
use sea_orm::prelude::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::app::App;
use crate::audit;
use crate::domain::Time;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::event::Event;
use crate::mail::{self, Email, Recipient, outbox};
use crate::signals;
use crate::storage::{IsBusy, Reads, Transaction};
use crate::telemetry::metrics::Recorded;
use crate::templates::{MailTemplate, Opens};

/// A transaction that [`App::write`] began, and ends. Storage functions take it as their connection.
#[derive(Debug)]
pub struct Tx {
    app: App,
    context: Context,
    now: Time,
    transaction: Transaction,
    /// What this attempt recorded, for the counters.
    recorded: Arc<Mutex<Vec<Recorded>>>,
}

impl App {
    /// Runs `work` in one transaction as the actor of `context`. Commits when it returns `Ok`; repeats it, three times at
    /// most, when the database was busy or could not serialize (security.md ST-3).
    ///
    /// `work` may run several times: it touches nothing but the transaction. All repetitions have the same `now`.
    pub async fn write<T, E, F>(&self, context: &Context, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&Tx) -> Result<T, E> + Clone,
        E: From<DbErr> + IsBusy,
    {
        if context.is_view {
            // security.md AD-12: no page that a view shows writes; one that did would act as the person.
            let refused = "a view of an account changes nothing";
            return Err(DbErr::Custom(refused.to_owned()).into());
        }
        let now = self.clock.now();
        let recorded = Arc::<Mutex<Vec<_>>>::default();
        let enter = |transaction| {
            // What an attempt before recorded was undone.
            lock(&recorded).clear();
            Tx {
                app: self.clone(),
                context: context.clone(),
                now,
                transaction,
                recorded: Arc::clone(&recorded),
            }
        };
        let outcome = self.db.write_as(enter, work).await?;
        for it in lock(&recorded).iter() {
            self.metrics.recorded(it);
        }
        Ok(outcome)
    }
}

impl Tx {
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Returns who acts, and through which door.
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the time of the whole unit of work.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Writes the event into the audit trail (security.md LG-1).
    ///
    /// Services hear of it, if it concerns a person who used them (security.md EV-1).
    pub async fn record(&self, event: Event) -> Result<(), DbErr> {
        self.record_in(&self.context, event).await
    }

    async fn record_in(&self, context: &Context, event: Event) -> Result<(), DbErr> {
        self.signals().record(context, &event).await?;
        lock(&self.recorded).push(Recorded::from(&event));
        audit::record(self, self.now, context, event).await
    }

    /// Returns the outbox of what services hear.
    pub fn signals(&self) -> signals::Outbox<'_, Self> {
        signals::Outbox {
            tx: self,
            keys: &self.app.keys,
            now: self.now,
        }
    }

    /// Records an act of a person whom this unit of work has verified: its context still names a visitor.
    pub async fn record_as(&self, person: &Account, event: Event) -> Result<(), DbErr> {
        self.record_in(&self.context.as_person(&person.id, person.role), event)
            .await
    }

    /// Writes an e-mail to a person into the outbox, in their language.
    pub async fn mail<M: MailTemplate>(&self, to: &Account, mail: &M) -> Result<(), mail::Error> {
        self.mail_to(to.into(), mail).await
    }

    /// Writes an e-mail to a person at an address that their account had, or shall have.
    pub async fn mail_at<M: MailTemplate>(
        &self,
        to: &Account,
        email: &EmailAddress,
        mail: &M,
    ) -> Result<(), mail::Error> {
        let to = Recipient {
            email,
            ..Recipient::from(to)
        };
        self.mail_to(to, mail).await
    }

    /// Writes an e-mail into the outbox.
    pub async fn mail_to<M: MailTemplate>(&self, to: Recipient<'_>, mail: &M) -> Result<(), mail::Error> {
        self.mail_later(to, mail, Duration::zero()).await
    }

    /// Writes an e-mail into the outbox that leaves after a while.
    pub async fn mail_later<M: MailTemplate>(
        &self,
        to: Recipient<'_>,
        mail: &M,
        delay: Duration,
    ) -> Result<(), mail::Error> {
        let accounts = &self.app.config.accounts;
        let opens_for = match mail.opens() {
            Opens::Nothing => None,
            Opens::Code => Duration::from_std(accounts.email_code).ok(),
            Opens::ResetLink => Duration::from_std(accounts.password_reset).ok(),
            Opens::Link(time) => Some(time),
        };
        let email = Email {
            delay,
            opens_for,
            ..Email::render(&self.app.templates, to, mail)?
        };
        outbox::enqueue(self, &self.app.mailer, &self.app.keys, self.now, &email).await
    }
}

fn lock(recorded: &Mutex<Vec<Recorded>>) -> std::sync::MutexGuard<'_, Vec<Recorded>> {
    recorded.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Tx> for Transaction {
    fn from(tx: Tx) -> Self {
        tx.transaction
    }
}

impl Reads for Tx {}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.transaction.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.transaction.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.transaction.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.transaction.query_all_raw(statement).await
    }
}
