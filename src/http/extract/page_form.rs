//! A form of one of our pages. Before the handler runs it is known that the browser sent it from a page
//! of ours (security.md BR-1), that it is well-formed, and that it has no field but its own (G-2, G-3).

use std::collections::BTreeMap;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, MapDeserializer};

use super::form::{self, FORM_BODY, FormError};
use super::visit::{Visit, is_handle};
use crate::app::App;
use crate::http::error::PageError;
use crate::templates::FormState;

/// The fields as they were sent. `T` has `#[serde(default, deny_unknown_fields)]` and a `String` for each
/// field: what is missing is empty, and what empty means is for the room to say.
#[derive(Debug)]
pub struct PageForm<T> {
    pub visit: Visit,
    pub fields: T,
    /// To show the form again with what was typed; never passwords or codes.
    pub typed: FormState,
}

impl<T: DeserializeOwned> FromRequest<App> for PageForm<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let mut visit = Visit::from_request_parts(&mut parts, app).await?;
        check_origin(&parts.headers, app.config.issuer.as_str())?;
        let pairs = form::read(Request::from_parts(parts, body), FORM_BODY).await?;
        let mut map = pairs.unique(&[])?;
        if !map.remove("csrf").is_some_and(|it| visit.is_csrf(&it)) {
            return Err(PageError::FormExpired);
        }
        // Where the page stands: see `pages::flow` and `pages::destination`.
        if let Some(handle) = map.remove("request").filter(|it| is_handle(it)) {
            visit.request = Some(handle);
        }
        if let Some(next) = map.remove("next") {
            visit.next = Some(next);
        }
        let typed = FormState::new(map.iter().filter(|(name, _)| !is_secret(name)));
        let fields = deserialize(map)?;
        Ok(Self { visit, fields, typed })
    }
}

fn deserialize<T: DeserializeOwned>(map: BTreeMap<String, String>) -> Result<T, FormError> {
    T::deserialize(MapDeserializer::<_, ValueError>::new(map.into_iter()))
        .map_err(|_| FormError::UnknownField)
}

/// What is never written into a page again.
fn is_secret(name: &str) -> bool {
    name.contains("password") || matches!(name, "code" | "otp" | "token")
}

/// BR-1: `Sec-Fetch-Site: same-origin` decides; else `Origin`, if there is one, is ours.
fn check_origin(headers: &HeaderMap, issuer: &str) -> Result<(), PageError> {
    let site = headers.get("sec-fetch-site").map(|it| it.as_bytes());
    match site {
        Some(b"same-origin") => Ok(()),
        Some(b"cross-site" | b"same-site") => Err(PageError::ForeignForm),
        _ => match headers.get(header::ORIGIN) {
            Some(origin) if origin.as_bytes() != issuer.as_bytes() => Err(PageError::ForeignForm),
            _ => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_from_a_page_of_ours() {
        // BR-1
        let check = |fields: &[(&'static str, &'static str)]| {
            let map = fields
                .iter()
                .map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()))
                .collect();
            check_origin(&map, "https://id.example").is_ok()
        };
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[]) && check(&[("origin", "https://id.example")]));
        assert!(!check(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://id.example")
        ]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(!check(&[("origin", "https://evil.example")]) && !check(&[("origin", "null")]));
    }

    #[test]
    fn a_form_has_its_own_fields_only() {
        // G-2, G-3
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Fields {
            email: String,
        }
        let of = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        assert_eq!(deserialize::<Fields>(of("email")).unwrap().email, "x");
        assert!(deserialize::<Fields>(of("role")).is_err());
        assert!(deserialize::<Fields>(BTreeMap::new()).unwrap().email.is_empty());
    }
}
