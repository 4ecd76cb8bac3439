//! The error of this room: files that are refused as a whole, each problem with its file and line, or an error of the room
//! that a file belongs to.

use std::fmt;

use sea_orm::DbErr;

use crate::accounts;
use crate::affiliations;
use crate::affiliations::directory::csv::ImportError;
use crate::oidc::clients::{ClientError, Problem};
use crate::storage::IsBusy;
use crate::tables;

/// A file, and what is wrong with it; with its line, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    pub file: String,
    pub reason: String,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.reason)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}", listed(.0))]
    Refused(Vec<FileProblem>),
    #[error(transparent)]
    Accounts(#[from] accounts::Error),
    #[error(transparent)]
    Affiliations(#[from] affiliations::Error),
    #[error(transparent)]
    Clients(ClientError),
}

/// Describes the first forty of them.
fn listed(problems: &[FileProblem]) -> String {
    const MOST: usize = 40;
    let mut text: Vec<String> = problems.iter().take(MOST).map(ToString::to_string).collect();
    if problems.len() > MOST {
        text.push(format!("and {} more", problems.len() - MOST));
    }
    text.join("\n")
}

/// Says of which file the problems of lines are.
pub(super) fn in_file(file: &str, problems: Vec<tables::Problem>) -> Vec<FileProblem> {
    let problem = |it: tables::Problem| FileProblem {
        file: file.to_owned(),
        reason: it.to_string(),
    };
    problems.into_iter().map(problem).collect()
}

/// Says of which file the problems of clients are; they have their lines.
pub(super) fn of_clients(file: &str, problems: Vec<Problem>) -> Vec<FileProblem> {
    let problem = |it: Problem| FileProblem {
        file: file.to_owned(),
        reason: it.to_string(),
    };
    problems.into_iter().map(problem).collect()
}

/// Returns the problems of a file, if the error is about its lines.
pub(super) fn of_import(file: &str, error: ImportError) -> Result<Vec<FileProblem>, Error> {
    match error {
        ImportError::Lines(problems) => Ok(in_file(file, problems)),
        ImportError::Room(error) => Err(error.into()),
    }
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Invalid(problems) => Self::Refused(of_clients(super::files::CLIENTS, problems)),
            other => Self::Clients(other),
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Affiliations(error.into())
    }
}

impl IsBusy for Error {
    fn is_busy(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::Accounts(error) => error.is_busy(),
            Self::Affiliations(error) => error.is_busy(),
            Self::Clients(error) => error.is_busy(),
        }
    }
}
