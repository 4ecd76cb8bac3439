//! Reads lines as they are written, one after the other: CSV with a header by name, or JSON Lines; nothing is judged
//! here.

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::Problem;
use crate::tables;

pub const COLUMNS: [&str; 13] = [
    "email",
    "first_name",
    "last_name",
    "title",
    "gender",
    "job_title",
    "professional_role",
    "language",
    "organization_id",
    "affiliation_status",
    "ties_rights",
    "password_hash",
    "created_at",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    JsonLines,
}

/// A line as it was written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Row {
    #[serde(deserialize_with = "text_or_null")]
    pub email: String,
    #[serde(deserialize_with = "text_or_null")]
    pub first_name: String,
    #[serde(deserialize_with = "text_or_null")]
    pub last_name: String,
    #[serde(deserialize_with = "text_or_null")]
    pub title: String,
    #[serde(deserialize_with = "text_or_null")]
    pub gender: String,
    #[serde(deserialize_with = "text_or_null")]
    pub job_title: String,
    #[serde(deserialize_with = "text_or_null")]
    pub professional_role: String,
    #[serde(deserialize_with = "text_or_null")]
    pub language: String,
    #[serde(deserialize_with = "text_or_null")]
    pub organization_id: String,
    #[serde(deserialize_with = "text_or_null")]
    pub affiliation_status: String,
    /// Separated by `;`; in JSON an array too.
    #[serde(deserialize_with = "list_or_text")]
    pub ties_rights: String,
    #[serde(deserialize_with = "text_or_null")]
    pub password_hash: String,
    #[serde(deserialize_with = "text_or_null")]
    pub created_at: String,
}

pub(super) type Line<T> = std::result::Result<T, Problem>;

/// The rows of a file.
pub(super) enum Rows<R: Read> {
    Csv(tables::Rows<R>),
    JsonLines(JsonLines<R>),
    /// There is no header.
    Unreadable(Option<Problem>),
}

impl<R: Read> Rows<R> {
    pub(super) fn open(format: Format, file: R) -> Self {
        match format {
            Format::Csv => tables::Rows::open(file, &COLUMNS)
                .map_or_else(|problem| Self::Unreadable(Some(problem)), Self::Csv),
            Format::JsonLines => Self::JsonLines(JsonLines {
                reader: BufReader::new(file),
                line: 0,
                is_over: false,
            }),
        }
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Line<(u64, Row)>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Csv(rows) => {
                let row = rows.next()?;
                Some(row.and_then(|row| match Row::of(&row.cells) {
                    Ok(cells) => Ok((row.line, cells)),
                    Err(error) => Err(Problem {
                        line: row.line,
                        reason: error.to_string(),
                    }),
                }))
            }
            Self::JsonLines(lines) => lines.next(),
            Self::Unreadable(problem) => problem.take().map(Err),
        }
    }
}

/// The longest line; the longest record is a tenth of it.
const LONGEST_LINE: u64 = 64 * 1024;

pub(super) struct JsonLines<R: Read> {
    reader: BufReader<R>,
    line: u64,
    is_over: bool,
}

impl<R: Read> JsonLines<R> {
    /// Returns the next line that has something, or `None` at the end.
    fn next(&mut self) -> Option<Line<(u64, Row)>> {
        while !self.is_over {
            self.line += 1;
            let line = self.line;
            let wrong = |reason: String| Some(Err(Problem { line, reason }));
            let mut bytes = Vec::new();
            match self
                .reader
                .by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut bytes)
            {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    self.is_over = true;
                    return wrong(error.to_string());
                }
            }
            if bytes.len() as u64 == LONGEST_LINE && !bytes.ends_with(b"\n") {
                self.is_over = self.reader.skip_until(b'\n').is_err();
                return wrong("the line is longer than 64 KiB".to_owned());
            }
            let Ok(text) = std::str::from_utf8(&bytes) else {
                return wrong("not UTF-8".to_owned());
            };
            let text = text
                .strip_prefix('\u{feff}')
                .filter(|_| line == 1)
                .unwrap_or(text);
            if text.trim().is_empty() {
                continue;
            }
            return match serde_json::from_str(text) {
                Ok(row) => Some(Ok((line, row))),
                Err(error) => wrong(error.to_string()),
            };
        }
        None
    }
}

impl Row {
    fn of(cells: &[(usize, String)]) -> Result<Self, csv::Error> {
        let header: csv::StringRecord = cells.iter().map(|(column, _)| COLUMNS[*column]).collect();
        let record: csv::StringRecord = cells.iter().map(|(_, cell)| cell.as_str()).collect();
        record.deserialize(Some(&header))
    }
}

fn text_or_null<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    Ok(Option::<String>::deserialize(from)?.unwrap_or_default())
}

fn list_or_text<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    struct Either;

    impl<'de> de::Visitor<'de> for Either {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array of names, or names separated by ;")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_unit<E: de::Error>(self) -> std::result::Result<String, E> {
            Ok(String::new())
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut names: A) -> std::result::Result<String, A::Error> {
            let mut all: Vec<String> = Vec::new();
            while let Some(name) = names.next_element()? {
                all.push(name);
            }
            Ok(all.join(";"))
        }
    }

    from.deserialize_any(Either)
}
