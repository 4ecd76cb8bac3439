//! The file of a person's data. It is written as it is read from the database, and read as it is decompressed: some hundred
//! rows are in memory at once, however long the audit trail is. `data_download` seals, stores and opens it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, BufReader, Cursor, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Error, Result};
use crate::domain::{AccountId, OrganizationId, Time};
use crate::storage::personal_data::{Table, WITHHELD};

/// The name of the form of the file, with its version.
const FORMAT: &str = "itu-account-personal-data/1";
/// The records of a table that a page shows; the file has all.
const SHOWN: usize = 50;
/// The bytes that are decompressed at once.
const CHUNK: usize = 64 * 1024;

/// A column that is named and not given.
#[derive(Serialize)]
struct Withheld {
    table: &'static str,
    column: &'static str,
    /// `secret`, `another_person`, `this_file`.
    reason: &'static str,
}

/// The names of what rows have the identifier of.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Names {
    pub organizations: BTreeMap<String, String>,
    pub services: BTreeMap<String, String>,
}

/// A file on its way: each row has a line of its own.
pub(super) struct Writer {
    out: GzEncoder<Vec<u8>>,
    /// The table that is being written, and whether it has a row.
    table: Option<(&'static str, bool)>,
    /// What the rows name by their identifiers.
    pub(super) clients: BTreeSet<String>,
    pub(super) organizations: BTreeSet<OrganizationId>,
}

impl Writer {
    pub(super) fn begin(issuer: &str, account: &AccountId, now: Time) -> Result<Self> {
        let mut writer = Self {
            out: GzEncoder::new(Vec::new(), Compression::default()),
            table: None,
            clients: BTreeSet::new(),
            organizations: BTreeSet::new(),
        };
        writer.text("{")?;
        writer.member("format", &FORMAT)?;
        writer.member("issuer", issuer)?;
        writer.member("account", account.as_str())?;
        writer.member("made_at", &now)?;
        writer.text("\n\"tables\": {")?;
        Ok(writer)
    }

    /// Writes a table, or a part of one; its parts come one after the other.
    pub(super) fn table(&mut self, part: &Table) -> Result<()> {
        let mut has_row = match self.table {
            Some((name, has_row)) if name == part.name => has_row,
            before => {
                self.text(if before.is_some() { "\n],\n" } else { "\n" })?;
                self.value(part.name)?;
                self.text(": [")?;
                false
            }
        };
        for row in &part.rows {
            self.text(if has_row { ",\n" } else { "\n" })?;
            self.value(row)?;
            has_row = true;
            self.clients.extend(client_of(row).map(str::to_owned));
            let organization = row.get("organization_id").and_then(Value::as_str);
            self.organizations.extend(organization.map(OrganizationId::new));
        }
        self.table = Some((part.name, has_row));
        Ok(())
    }

    /// Ends the file, and returns it in its compressed form.
    pub(super) fn end(mut self, names: &Names) -> Result<Vec<u8>> {
        let withheld = WITHHELD.iter().map(|(table, column, reason)| Withheld {
            table,
            column,
            reason: reason.as_str(),
        });
        let withheld: Vec<_> = withheld.collect();
        self.text("\n]\n},")?;
        self.member("withheld", &withheld)?;
        self.text("\n\"names\": ")?;
        self.value(names)?;
        self.text("\n}\n")?;
        self.out.finish().map_err(Error::failed)
    }

    fn text(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).map_err(Error::failed)
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<()> {
        serde_json::to_writer(&mut self.out, value).map_err(Error::failed)
    }

    /// Writes a member of the object, with others after it.
    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        self.text("\n")?;
        self.value(name)?;
        self.text(": ")?;
        self.value(value)?;
        self.text(",")
    }
}

/// Returns the client that a row names, or that a record of the trail is about.
pub fn client_of(row: &Map<String, Value>) -> Option<&str> {
    let text = |column: &str| row.get(column).and_then(Value::as_str);
    let recorded = || {
        ["object", "actor"]
            .into_iter()
            .find_map(|it| text(it)?.strip_prefix("client:"))
    };
    text("client_id").or_else(recorded)
}

/// A file that is there, in its compressed form.
#[derive(Debug)]
pub struct DataFile(pub(super) Vec<u8>);

/// What a page shows of the file.
#[derive(Debug, Deserialize)]
pub struct Excerpt {
    pub made_at: Time,
    pub tables: BTreeMap<String, Newest>,
    pub names: Names,
}

/// The newest rows of a table, the oldest of them first.
#[derive(Debug, Default)]
pub struct Newest {
    /// The number of all rows.
    pub count: u64,
    pub rows: VecDeque<Map<String, Value>>,
}

impl DataFile {
    /// Returns the JSON in parts.
    pub fn into_parts(self) -> impl Iterator<Item = io::Result<Vec<u8>>> {
        let mut content = GzDecoder::new(Cursor::new(self.0));
        std::iter::from_fn(move || {
            let mut part = Vec::new();
            let read = (&mut content).take(CHUNK as u64).read_to_end(&mut part);
            match read {
                Ok(0) => None,
                Ok(_) => Some(Ok(part)),
                Err(error) => Some(Err(error)),
            }
        })
    }

    /// Reads what a page shows.
    pub async fn excerpt(self) -> Result<Excerpt> {
        let read = move || {
            serde_json::from_reader::<_, Excerpt>(BufReader::new(GzDecoder::new(Cursor::new(self.0))))
        };
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(Error::failed)?.map_err(Error::failed)
    }
}

impl<'de> Deserialize<'de> for Newest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Rows;

        impl<'de> Visitor<'de> for Rows {
            type Value = Newest;

            fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.write_str("the rows of a table")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> std::result::Result<Newest, A::Error> {
                let mut newest = Newest::default();
                while let Some(row) = rows.next_element()? {
                    newest.count += 1;
                    if newest.rows.len() == SHOWN {
                        newest.rows.pop_front();
                    }
                    newest.rows.push_back(row);
                }
                Ok(newest)
            }
        }

        deserializer.deserialize_seq(Rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(name: &'static str, ids: std::ops::Range<u64>) -> Table {
        let row = |id| Map::from_iter([("id".to_owned(), Value::from(id))]);
        Table {
            name,
            columns: vec!["id"],
            rows: ids.map(row).collect(),
        }
    }

    #[tokio::test]
    async fn a_file_that_comes_in_parts_is_one() {
        let account = AccountId::new("a");
        let mut writer = Writer::begin("https://id.example.test", &account, Time::UNIX_EPOCH).unwrap();
        for part in [
            rows("accounts", 0..1),
            rows("events", 0..0),
            rows("events", 0..70),
            rows("events", 70..9000),
            rows("sessions", 0..0),
        ] {
            writer.table(&part).unwrap();
        }
        let file = writer.end(&Names::default()).unwrap();
        let parts: Vec<_> = DataFile(file.clone())
            .into_parts()
            .map(|it| it.unwrap())
            .collect();
        assert!(parts.len() > 1 && parts.iter().all(|it| it.len() <= CHUNK));
        let whole: Value = serde_json::from_slice(&parts.concat()).unwrap();
        assert_eq!(whole["tables"]["events"].as_array().unwrap().len(), 9000);
        assert_eq!(whole["tables"]["sessions"], Value::Array(Vec::new()));
        let excerpt = DataFile(file).excerpt().await.unwrap();
        let events = &excerpt.tables["events"];
        assert_eq!((events.count, events.rows.len()), (9000, SHOWN));
        assert_eq!(events.rows[0]["id"], 8950);
        assert_eq!(excerpt.tables["sessions"].count, 0);
    }
}
