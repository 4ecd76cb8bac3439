//! The mock's logout.

use super::mock::{Fault, KEYS, Mock, page, redirect};
use super::wire::{Reply, Request};
use josekit::jws::{self, RS256};
use url::Url;

impl Mock {
    /// A bare request and one whose hint is sound are confirmed by a click; everything else is an error page.
    pub fn logout(&self, request: &Request) -> Reply {
        let hint = request.get("id_token_hint");
        let verifier = RS256.verifier_from_der(KEYS[0].to_der_public_key()).unwrap();
        let sound = hint.is_some_and(|it| jws::deserialize_compact(it, &verifier).is_ok());
        let address = request
            .get("post_logout_redirect_uri")
            .filter(|it| !it.is_empty());
        let registered = self
            .clients
            .iter()
            .any(|it| it.post_logout_redirect_uri.as_deref() == address);
        let refused = (hint.is_some_and(|it| !it.is_empty()) || address.is_some())
            && !sound
            && !self.is(Fault::AnyHint);
        if refused || address.is_some() && !registered && !self.is(Fault::AnyRedirectUri) {
            return page(400, "this cannot be done");
        }
        if request.get("confirmed").is_none() {
            let field = |name: &str| {
                let value = request.get(name).unwrap_or_default();
                format!("<input type=hidden name={name} value=\"{value}\">")
            };
            let fields = ["id_token_hint", "post_logout_redirect_uri", "state"]
                .map(field)
                .concat();
            let buttons =
                "<button name=stay value=1>No, stay</button><button name=confirmed value=1>Log out</button>";
            return page(
                200,
                &format!("<form method=post action=/logout>{fields}{buttons}</form>"),
            );
        }
        if !self.is(Fault::KeepsSession) {
            self.memory.lock().unwrap().sessions.clear();
        }
        let Some(address) = address else {
            return page(200, "You are logged out");
        };
        let mut url = Url::parse(address).unwrap();
        let invented = self.is(Fault::InventsState).then_some("invented");
        let state = request.get("state").filter(|it| !it.is_empty()).or(invented);
        if let Some(state) = state.filter(|_| !self.is(Fault::LosesState)) {
            url.query_pairs_mut().append_pair("state", state);
        }
        redirect(&url)
    }
}
