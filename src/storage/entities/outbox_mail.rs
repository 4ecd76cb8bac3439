use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox_mails")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub created_at: ChronoDateTimeUtc,
    pub kind: String,
    pub recipient: String,
    /// The account that it was mailed for; `None` if there is none, or the release before wrote it.
    pub account_id: Option<String>,
    pub subject: String,
    /// The text; empty once the mail is sent, or what it holds opens nothing any more: it may hold a code or a link.
    pub text: String,
    pub html: String,
    pub unsubscribe: Option<String>,
    pub attempts: i32,
    pub next_attempt_at: Option<ChronoDateTimeUtc>,
    pub claimed_until: Option<ChronoDateTimeUtc>,
    pub sent_at: Option<ChronoDateTimeUtc>,
    pub failed_at: Option<ChronoDateTimeUtc>,
    pub last_error: Option<String>,
    /// The time from which the code or the link in it opens nothing; `None` if it holds none.
    pub void_at: Option<ChronoDateTimeUtc>,
    /// The time at which it was queued once more; `None` if it never was.
    pub queued_at: Option<ChronoDateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
