//! What all lists have: the request for one page of them, and the answer (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::{Error, Result, ScimType};
use crate::domain::scim::{Condition, Filter, Projection, ResourceType, Target};
use crate::jose;

/// The most resources of a page (security.md AD-4), and of one without a count.
pub const MOST: u64 = 100;

/// The most resources that are looked at one by one.
pub const MOST_LOOKED_AT: u64 = 1000;

/// The most resources that a page skips; those further on are reached from page to page.
pub const MOST_SKIPPED: u64 = 10_000;

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// The page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// By its number, from 1.
    Index(u64),
    /// By the cursor of the page before; empty for the first page.
    Cursor(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRequest {
    pub filter: Option<String>,
    pub sort_by: Option<String>,
    pub descending: bool,
    pub begin: Begin,
    pub count: u64,
    pub projection: Projection,
}

impl ListRequest {
    /// Reads the parameters of a query.
    pub fn of_query(query: &BTreeMap<String, String>) -> Result<Self> {
        let text = |name: &str| query.get(name).cloned();
        let number = |name: &str| -> Result<Option<i64>> {
            let Some(text) = query.get(name) else {
                return Ok(None);
            };
            let read = text.parse().map(Some);
            read.map_err(|_| Error::bad(ScimType::InvalidValue, format!("{name} must be a whole number")))
        };
        Self {
            filter: text("filter"),
            sort_by: text("sortBy"),
            descending: false,
            begin: begin(number("startIndex")?, text("cursor"))?,
            count: count(number("count")?),
            projection: projection(query)?,
        }
        .sorted(query.get("sortOrder").map(String::as_str))
    }

    /// Reads a search request (RFC 7644 §3.4.3).
    pub fn of_json(body: &Value) -> Result<Self> {
        let Some(body) = body.as_object() else {
            return Err(Error::bad(ScimType::InvalidSyntax, "The body must be an object"));
        };
        require_schema(body, SEARCH)?;
        let wrong =
            |name: &str, what: &str| Error::bad(ScimType::InvalidValue, format!("{name} must be {what}"));
        let text = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(name, "a string")),
        };
        let number = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| wrong(name, "a whole number")),
        };
        let list = |name: &str| -> Result<Vec<String>> {
            let value = body.get(name).cloned().unwrap_or(Value::Null);
            if value.is_null() {
                return Ok(Vec::new());
            }
            serde_json::from_value(value).map_err(|_| wrong(name, "a list of strings"))
        };
        let projection = Projection {
            attributes: list("attributes")?,
            excluded: list("excludedAttributes")?,
        };
        Self {
            filter: text("filter")?,
            sort_by: text("sortBy")?,
            descending: false,
            begin: begin(number("startIndex")?, text("cursor")?)?,
            count: count(number("count")?),
            projection: checked(projection)?,
        }
        .sorted(text("sortOrder")?.as_deref())
    }

    fn sorted(self, order: Option<&str>) -> Result<Self> {
        let descending = match order {
            None | Some("ascending") => false,
            Some("descending") => true,
            Some(_) => {
                let detail = "sortOrder must be ascending or descending";
                return Err(Error::bad(ScimType::InvalidValue, detail));
            }
        };
        Ok(Self { descending, ..self })
    }

    /// Returns the condition that its filter is for a type, where resources of `others` are searched as well.
    pub fn condition(
        &self,
        kind: &'static ResourceType,
        others: &[&'static ResourceType],
    ) -> Result<Option<Condition>> {
        let Some(filter) = &self.filter else {
            return Ok(None);
        };
        let filter = Filter::parse(filter)?;
        Ok(Some(Condition::resolve(&filter, kind, others)?))
    }

    /// Returns the attribute that it is sorted by.
    pub fn sorting(&self, kind: &'static ResourceType) -> Result<Option<Target>> {
        let Some(path) = &self.sort_by else {
            return Ok(None);
        };
        let target = kind.resolve(path).filter(|it| it.attribute.is_some());
        let unknown = || Error::bad(ScimType::InvalidPath, format!("There is no attribute {path}"));
        target.map(Some).ok_or_else(unknown)
    }
}

/// Reads the parameters that choose attributes, of a list or of one resource.
pub fn projection(query: &BTreeMap<String, String>) -> Result<Projection> {
    let list = |name: &str| -> Vec<String> {
        let text = query.get(name).map_or("", String::as_str);
        let names = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        names.map(str::to_owned).collect()
    };
    checked(Projection {
        attributes: list("attributes"),
        excluded: list("excludedAttributes"),
    })
}

/// RFC 7644 §3.9: the two exclude each other.
fn checked(projection: Projection) -> Result<Projection> {
    if projection.attributes.is_empty() || projection.excluded.is_empty() {
        Ok(projection)
    } else {
        let detail = "attributes and excludedAttributes exclude each other";
        Err(Error::bad(ScimType::InvalidValue, detail))
    }
}

fn begin(index: Option<i64>, cursor: Option<String>) -> Result<Begin> {
    match (index, cursor) {
        (Some(_), Some(_)) => {
            let detail = "startIndex and cursor exclude each other";
            Err(Error::bad(ScimType::InvalidValue, detail))
        }
        (None, Some(cursor)) => Ok(Begin::Cursor(cursor)),
        // RFC 7644 §3.4.2.4: a value below 1 is 1, a count below 0 is 0.
        (index, None) => Ok(Begin::Index(index.unwrap_or(1).max(1).unsigned_abs())),
    }
}

fn count(count: Option<i64>) -> u64 {
    count.map_or(MOST, |it| it.max(0).unsigned_abs().min(MOST))
}

/// Reads the body of a request: an object of JSON whose names are unique (security.md G-1, DS-1).
pub fn parse(body: &[u8]) -> Result<Value> {
    let wrong = || {
        Error::bad(
            ScimType::InvalidSyntax,
            "The body must be an object of JSON, each name once",
        )
    };
    jose::strict_object(body).map(Value::Object).ok_or_else(wrong)
}

/// Refuses a message that does not say that it is of this schema (RFC 7644 §3.1).
pub fn require_schema(body: &Map<String, Value>, schema: &str) -> Result<()> {
    let schemas = body.get("schemas").and_then(Value::as_array);
    let is_there = |all: &Vec<Value>| {
        all.iter()
            .filter_map(Value::as_str)
            .any(|it| it.eq_ignore_ascii_case(schema))
    };
    if schemas.is_some_and(is_there) {
        Ok(())
    } else {
        let detail = format!("The body must have the schema {schema}");
        Err(Error::bad(ScimType::InvalidSyntax, detail))
    }
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub resources: Vec<Value>,
    pub total: u64,
    /// The number of its first resource, where pages are asked for by number.
    pub start: Option<u64>,
    pub next_cursor: Option<String>,
}

impl Page {
    pub fn of(resources: Vec<Value>, total: u64, begin: &Begin) -> Self {
        let start = match begin {
            Begin::Index(index) => Some(*index),
            Begin::Cursor(_) => None,
        };
        Self {
            resources,
            total,
            start,
            next_cursor: None,
        }
    }

    pub fn into_json(self) -> Value {
        let mut page = json!({
            "schemas": [LIST],
            "totalResults": self.total,
            "itemsPerPage": self.resources.len(),
            "Resources": self.resources,
        });
        if let Some(start) = self.start {
            page["startIndex"] = start.into();
        }
        if let Some(cursor) = self.next_cursor {
            page["nextCursor"] = cursor.into();
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_query(pairs: &[(&str, &str)]) -> Result<ListRequest> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ListRequest::of_query(&pairs.collect())
    }

    #[test]
    fn numbers_out_of_bounds_are_the_nearest_within() {
        // RFC 7644 §3.4.2.4
        let all = of_query(&[("startIndex", "-3"), ("count", "-1")]).expect("a request");
        assert_eq!((all.begin, all.count), (Begin::Index(1), 0));
        let many = of_query(&[("count", "100000")]).expect("a request");
        assert_eq!(many.count, MOST); // AD-4
        for bad in [
            [("count", "ten"), ("a", "b")],
            [("startIndex", "1.5"), ("a", "b")],
            [("sortOrder", "up"), ("a", "b")],
            [("attributes", "id"), ("excludedAttributes", "name")],
            [("startIndex", "1"), ("cursor", "")],
        ] {
            let error = of_query(&bad).expect_err("refused");
            assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{bad:?}");
        }
    }

    #[test]
    fn a_search_request_says_the_same_as_a_query() {
        let query = of_query(&[
            ("filter", "title pr"),
            ("sortBy", "id"),
            ("sortOrder", "descending"),
            ("attributes", "id, userName"),
            ("cursor", ""),
            ("count", "5"),
        ]);
        let body = json!({"schemas": [SEARCH], "filter": "title pr", "sortBy": "id", "sortOrder": "descending",
            "attributes": ["id", "userName"], "cursor": "", "count": 5});
        assert_eq!(
            ListRequest::of_json(&body).expect("JSON"),
            query.expect("a query")
        );
        for bad in [json!({}), json!([]), json!({"schemas": [SEARCH], "filter": 1})] {
            assert!(ListRequest::of_json(&bad).is_err(), "{bad}");
        }
    }
}
