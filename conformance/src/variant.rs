//! A variant is what a plan fixes for its modules: response type and response mode, and for FAPI how clients
//! authenticate and how tokens are bound. Plans list variants and a run carries one. Nothing here names a module.

use crate::fapi::FapiVariant;

/// The place where the authorization response belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    Query,
    Fragment,
    FormPost,
}

#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub response_type: &'static str,
    /// Sent as the parameter `response_mode`; none: the default of the response type.
    pub response_mode: Option<&'static str>,
    /// Set for the plans of FAPI.
    pub fapi: Option<&'static FapiVariant>,
}

impl Variant {
    pub const fn plain(response_type: &'static str) -> Self {
        Self {
            response_type,
            response_mode: None,
            fapi: None,
        }
    }

    pub const fn form_post(response_type: &'static str) -> Self {
        Self {
            response_mode: Some("form_post"),
            ..Self::plain(response_type)
        }
    }

    pub const fn fapi(fapi: &'static FapiVariant) -> Self {
        Self {
            fapi: Some(fapi),
            ..Self::plain("code")
        }
    }

    pub fn placement(&self) -> Placement {
        match self.response_mode {
            Some("form_post") => Placement::FormPost,
            _ if self.has("id_token") || self.has("token") => Placement::Fragment,
            _ => Placement::Query,
        }
    }

    /// Returns `true` if the response type has this word.
    pub fn has(&self, word: &str) -> bool {
        self.response_type.split(' ').any(|it| it == word)
    }

    /// Names the variant among those of its plan.
    pub fn name(&self) -> &'static str {
        self.fapi.map_or(self.response_type, |it| it.name)
    }

    /// Returns `true` if the response brings an access token, at once or for its code.
    pub fn has_access_token(&self) -> bool {
        self.has("code") || self.has("token")
    }
}
