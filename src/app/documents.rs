//! The documents as the database has them: those of files, and those that were published. A publication raises a counter in its
//! transaction, by which every process sees it.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr};

use super::App;
use crate::documents::Documents;
use crate::storage::cache_versions::{self, DOCUMENTS};
use crate::storage::published_documents;

impl App {
    /// Returns the documents as they are to a transaction: what it accepts is judged by them.
    pub async fn documents_in(&self, db: &impl ConnectionTrait) -> Result<Arc<Documents>, DbErr> {
        let current = self.documents.current();
        // The number is read first: a change between the two reads is then read once more, never missed.
        let generation = cache_versions::current(db, DOCUMENTS).await?;
        if generation == current.generation() {
            return Ok(current);
        }
        let published = published_documents::list(db).await?;
        let read = self.documents.with(published, generation);
        let broken = |it: String| DbErr::Custom(format!("a published document cannot be read: {it}"));
        Ok(Arc::new(read.map_err(broken)?))
    }

    /// Reads the documents again if some were published since.
    pub async fn refresh_documents(&self) -> Result<(), DbErr> {
        let read = self.documents_in(self.db.read()).await?;
        self.documents.keep(&read);
        Ok(())
    }
}
