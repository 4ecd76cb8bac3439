//! What is remembered of a list between its pages: where the next one begins, so that no page has to walk past those
//! before it. A cursor (RFC 9865) is the place itself, sealed; for pages by number the
//! place is kept for as long as programs take to ask for the next one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result, ScimType};
use super::listing::ListRequest;
use super::reader::Reader;
use crate::app::App;
use crate::domain::Time;
use crate::domain::secret::Digest;
use crate::oidc;
use crate::storage::ephemeral::Kind;
use crate::storage::visible_accounts::Place;

/// The life of a cursor, and of the place of a page by number.
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The purpose for which the key of cursors is derived.
const CURSOR: &str = "scim_cursor";

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Past so many resources.
    Past(u64),
    /// After a place, past so many resources.
    After(Place, u64),
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    list: String,
    position: Position,
    expires_at: Time,
}

/// A list of one client: what it is filtered and sorted by, whatever its pages.
pub struct List<'a> {
    app: &'a App,
    name: String,
}

impl<'a> List<'a> {
    pub fn new(app: &'a App, reader: &Reader, kind: &str, request: &ListRequest) -> Self {
        let parts = (
            kind,
            reader.client.id.as_str(),
            reader.reads_everybody,
            &request.filter,
            &request.sort_by,
            request.descending,
        );
        let parts = serde_json::to_vec(&parts).unwrap_or_default();
        let name = Digest::of(&parts).as_str().to_owned();
        Self { app, name }
    }

    /// Returns the cursor of the page that begins there.
    pub fn cursor(&self, position: Position) -> Result<String> {
        let cursor = Cursor {
            list: self.name.clone(),
            position,
            expires_at: self.app.clock.now() + LIFETIME,
        };
        let cursor = serde_json::to_vec(&cursor).map_err(oidc::Error::internal)?;
        let sealed = self.app.keys.seal(CURSOR, &cursor);
        Ok(sealed.map_err(oidc::Error::internal)?)
    }

    /// Reads a cursor of this list; the empty one is its beginning.
    pub fn read(&self, cursor: &str) -> Result<Position> {
        if cursor.is_empty() {
            return Ok(Position::Past(0));
        }
        let opened = self.app.keys.open(CURSOR, cursor);
        let read = opened.and_then(|it| serde_json::from_slice::<Cursor>(&it).ok());
        let Some(read) = read.filter(|it| it.list == self.name) else {
            return Err(Error::bad(
                ScimType::InvalidCursor,
                "The cursor is not one of this list",
            ));
        };
        if read.expires_at <= self.app.clock.now() {
            let detail = "The cursor is too old: begin the list anew";
            return Err(Error::bad(ScimType::ExpiredCursor, detail));
        }
        Ok(read.position)
    }

    /// Keeps the place before the resource with this number.
    pub async fn keep_place(&self, number: u64, place: &Place) -> Result<()> {
        let value = serde_json::to_vec(place).map_err(oidc::Error::internal)?;
        let key = format!("{} {number}", self.name);
        Ok(self
            .app
            .ephemeral
            .put(Kind::ListPlace, &key, &value, LIFETIME)
            .await?)
    }

    pub async fn find_place(&self, number: u64) -> Result<Option<Place>> {
        let key = format!("{} {number}", self.name);
        let found = self.app.ephemeral.get(Kind::ListPlace, &key).await?;
        Ok(found.and_then(|it| serde_json::from_slice(&it).ok()))
    }
}
