//! Reads lines as they are written: CSV with a header by name, or JSON Lines; nothing is judged here.

use std::fmt;

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

pub(super) fn read_csv(text: &str) -> Vec<Line<(u64, Row)>> {
    let rows = match tables::read(text, &COLUMNS) {
        Ok(rows) => rows,
        Err(problem) => return vec![Err(problem)],
    };
    rows.into_iter()
        .map(|row| {
            let row = row?;
            let read = Row::of(&row.cells).map_err(|error| Problem {
                line: row.line,
                reason: error.to_string(),
            });
            Ok((row.line, read?))
        })
        .collect()
}

impl Row {
    fn of(cells: &[(usize, String)]) -> Result<Self, csv::Error> {
        let header: csv::StringRecord = cells.iter().map(|(column, _)| COLUMNS[*column]).collect();
        let record: csv::StringRecord = cells.iter().map(|(_, cell)| cell.as_str()).collect();
        record.deserialize(Some(&header))
    }
}

pub(super) fn read_json_lines(text: &str) -> Vec<Line<(u64, Row)>> {
    (1..)
        .zip(text.lines())
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(line, text)| match serde_json::from_str(text) {
            Ok(row) => Ok((line, row)),
            Err(error) => Err(Problem {
                line,
                reason: error.to_string(),
            }),
        })
        .collect()
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
