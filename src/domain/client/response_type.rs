//! Response types: the parts of an answer of the authorization endpoint.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The words of `response_type`, which come in any order (OAuth 2.0 Multiple Response Type Encoding §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResponseType {
    pub code: bool,
    pub id_token: bool,
    pub token: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a response type of OpenID Connect")]
pub struct BadResponseType;

impl ResponseType {
    pub const CODE: Self = Self {
        code: true,
        id_token: false,
        token: false,
    };

    /// The response types of OpenID Connect Core §3: `token` alone says nothing of who the person is.
    pub const ALL: [Self; 6] = [
        Self::CODE,
        Self::front_channel(false, true, false),
        Self::front_channel(false, true, true),
        Self::front_channel(true, true, false),
        Self::front_channel(true, false, true),
        Self::front_channel(true, true, true),
    ];

    const fn front_channel(code: bool, id_token: bool, token: bool) -> Self {
        Self {
            code,
            id_token,
            token,
        }
    }

    pub fn parse(value: &str) -> Result<Self, BadResponseType> {
        let mut response_type = Self {
            code: false,
            id_token: false,
            token: false,
        };
        for word in value.split(' ') {
            let seen = match word {
                "code" => &mut response_type.code,
                "id_token" => &mut response_type.id_token,
                "token" => &mut response_type.token,
                _ => return Err(BadResponseType),
            };
            if std::mem::replace(seen, true) {
                return Err(BadResponseType);
            }
        }
        Ok(response_type)
    }

    /// Returns `true` if something but a code comes back through the browser.
    pub fn is_front_channel(self) -> bool {
        self.id_token || self.token
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.code, "code"),
            (self.id_token, "id_token"),
            (self.token, "token"),
        ];
        let named: Vec<&str> = words.into_iter().filter(|it| it.0).map(|it| it.1).collect();
        f.write_str(&named.join(" "))
    }
}

impl TryFrom<String> for ResponseType {
    type Error = BadResponseType;

    fn try_from(value: String) -> Result<Self, BadResponseType> {
        Self::parse(&value)
    }
}

impl From<ResponseType> for String {
    fn from(response_type: ResponseType) -> Self {
        response_type.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_response_type_come_in_any_order() {
        let one = ResponseType::parse("token code id_token").expect("good");
        assert_eq!(one.to_string(), "code id_token token");
        for bad in ["", "code code", "code  token", "Code", "none x", "code "] {
            assert_eq!(ResponseType::parse(bad), Err(BadResponseType), "{bad}");
        }
    }
}
