//! An operation of the REST API: its address, who may call it, what it takes and gives, and the page and the command that
//! do the same. Router, OpenAPI document and the list of operations are all made from it, so that none says what the
//! others do not.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::call::{Call, Reply};
use crate::domain::powers::Power;
use crate::http::extract::form::FORM_BODY;
use crate::http::problem::Problem;

/// The method of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The schemas that a document names.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// A type of JSON, by its schema.
#[derive(Clone, Copy)]
pub struct Model {
    pub name: fn() -> Cow<'static, str>,
    pub collect: fn(&mut Schemas),
}

impl Model {
    pub const fn of<T: ToSchema>() -> Self {
        Self {
            name: T::name,
            collect: collect::<T>,
        }
    }
}

fn collect<T: ToSchema>(all: &mut Schemas) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}

/// The values of a parameter in the query.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Any text of so many characters.
    Text(usize),
    /// One of these.
    Choice(&'static [&'static str]),
    /// A number of rows, 1 to 100.
    Limit,
    /// The place from which a list goes on.
    Cursor,
}

/// A parameter in the query; none is required.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub about: &'static str,
    pub values: Values,
}

impl Parameter {
    pub const fn text(name: &'static str, longest: usize, about: &'static str) -> Self {
        let values = Values::Text(longest);
        Self { name, about, values }
    }

    pub const fn choice(name: &'static str, choices: &'static [&'static str], about: &'static str) -> Self {
        let values = Values::Choice(choices);
        Self { name, about, values }
    }

    /// The parameters of every list.
    pub const LIMIT: Self = Self {
        name: "limit",
        about: "How many rows, 1 to 100; 25 if it is left out.",
        values: Values::Limit,
    };
    pub const CURSOR: Self = Self {
        name: "cursor",
        about: "Where to go on: `next` of the rows before, with the same conditions.",
        values: Values::Cursor,
    };
}

/// The answer to a request that succeeds.
#[derive(Clone, Copy)]
pub enum Answer {
    /// 204
    Done,
    /// 200, with an `ETag`
    One(Model),
    /// 201, with a `Location` if the new thing has an address
    Created(Model),
    /// 200, rows with the cursor of the next
    List(Model),
}

/// How a page or a command does the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The pattern of the page's address, or the words of the command.
    At(&'static str),
    /// Several of them, for acts that belong together.
    Each(&'static [&'static str]),
    /// The reason why this door lacks it.
    Lacking(&'static str),
}

pub type Outcome = Result<Reply, Problem>;
pub type Handler = fn(Call) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;

pub struct Operation {
    /// The name for generated clients, unique.
    pub id: &'static str,
    pub verb: Verb,
    /// The pattern of the whole path.
    pub path: &'static str,
    pub power: Power,
    pub summary: &'static str,
    pub query: &'static [Parameter],
    pub body: Option<Model>,
    /// `true` if the body is a table, as `text/csv`.
    pub takes_table: bool,
    /// The largest body, in bytes.
    pub largest_body: usize,
    pub answer: Answer,
    /// `true` if it changes what somebody has read: `If-Match` is needed.
    pub needs_version: bool,
    /// The member of the answer that is a secret, shown once.
    pub secret: Option<&'static str>,
    pub page: Door,
    pub command: Door,
    pub handler: Handler,
}

impl Operation {
    /// An operation that reads one thing; others are written as what differs from it.
    pub const fn reading(id: &'static str, path: &'static str, power: Power, handler: Handler) -> Self {
        Self {
            id,
            verb: Verb::Get,
            path,
            power,
            summary: "",
            query: &[],
            body: None,
            takes_table: false,
            largest_body: FORM_BODY,
            answer: Answer::Done,
            needs_version: false,
            secret: None,
            page: Door::Lacking(""),
            command: Door::Lacking(""),
            handler,
        }
    }

    pub const fn takes_body(&self) -> bool {
        self.body.is_some() || self.takes_table
    }

    /// Returns the names of the holes in the path.
    pub fn holes(&self) -> impl Iterator<Item = &'static str> {
        self.path
            .split('/')
            .filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Returns the part of the path that names the kind of thing.
    pub fn tag(&self) -> &'static str {
        let below = self.path.strip_prefix("/api/v1/").unwrap_or(self.path);
        below.split('/').next().unwrap_or(below)
    }
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb.as_str(), self.path)
    }
}
