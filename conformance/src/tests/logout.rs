//! The mock's logout, and how it notifies clients of one.

use super::mock::{Fault, KEYS, Mock, Params, page, redirect};
use super::registry::posted;
use super::wire::{Reply, Request};
use crate::checks::common::now;
use crate::checks::id_token::apart;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jws::{self, RS256};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

/// It has one person in one browser.
pub const SID: &str = "sid-1";
pub const BROWSER_STATE: &str = "state=browser-1; Path=/";

impl Mock {
    /// Answers a bare request, or one whose hint is sound, with a page to confirm by a click; every other with an error page.
    pub fn logout(&self, request: &Request) -> Reply {
        let hint = request.get("id_token_hint");
        let verifier = RS256.verifier_from_der(KEYS[0].to_der_public_key()).unwrap();
        let sound = hint.is_some_and(|it| jws::deserialize_compact(it, &verifier).is_ok());
        let address = request
            .get("post_logout_redirect_uri")
            .filter(|it| !it.is_empty());
        let registration = self.registration_of(hint);
        let registered = self
            .clients
            .iter()
            .any(|it| it.post_logout_redirect_uri.as_deref() == address)
            || registration["post_logout_redirect_uris"][0].as_str() == address;
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
        self.notify(&registration);
        let mut reply = match address {
            Some(address) => self.sent_on(request, address, &registration),
            None => page(200, "You are logged out"),
        };
        if !self.is(Fault::KeepsBrowserState) {
            reply
                .headers
                .push(("Set-Cookie", "state=; Path=/; Max-Age=0".into()));
        }
        reply
    }

    /// Redirects to the address; by a page with a frame, for a client with a front-channel logout address.
    fn sent_on(&self, request: &Request, address: &str, registration: &Value) -> Reply {
        let mut url = Url::parse(address).unwrap();
        let invented = self.is(Fault::InventsState).then_some("invented");
        let state = request.get("state").filter(|it| !it.is_empty()).or(invented);
        if let Some(state) = state.filter(|_| !self.is(Fault::LosesState)) {
            url.query_pairs_mut().append_pair("state", state);
        }
        let front = registration["frontchannel_logout_uri"].as_str();
        let Some(front) = front.filter(|_| !self.is(Fault::SilentFrontChannel)) else {
            return redirect(&url);
        };
        let sid = self.notified_sid(Fault::OtherSidInFrame);
        let mut frame = Url::parse(front).unwrap();
        frame
            .query_pairs_mut()
            .extend_pairs([("iss", self.issuer.as_str()), ("sid", sid)]);
        if self.is(Fault::ChattyFrame) {
            frame.query_pairs_mut().append_pair("sub", "alice-1");
        }
        let text = format!("<iframe src=\"{frame}\"></iframe><a href=\"{url}\">Go on</a>");
        page(200, &text.replace('&', "&amp;"))
    }

    /// Returns the registration of the client that the hint was for.
    fn registration_of(&self, hint: Option<&str>) -> Value {
        let claims = hint.and_then(apart).map(|it| it.claims).unwrap_or_default();
        let id = claims["aud"].as_str().unwrap_or_default();
        self.registration(id).unwrap_or_default()
    }

    fn notified_sid(&self, fault: Fault) -> &'static str {
        if self.is(fault) { "sid-2" } else { SID }
    }

    fn notify(&self, registration: &Value) {
        let address = registration["backchannel_logout_uri"].as_str();
        let Some(address) = address.filter(|_| !self.is(Fault::SilentBackChannel)) else {
            return;
        };
        let mut claims = json!({"iss": self.issuer, "aud": registration["client_id"], "iat": now(), "jti": "1",
            "sid": self.notified_sid(Fault::OtherSidInLogoutToken),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}}});
        if self.is(Fault::NonceInLogoutToken) {
            claims["nonce"] = json!("n");
        }
        let token = self.sign(&claims);
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", &token)
            .finish();
        posted(address, &form);
    }

    pub fn logout_metadata(&self) -> Value {
        json!({
            "check_session_iframe": format!("{}/session", self.issuer),
            "frontchannel_logout_supported": true,
            "frontchannel_logout_session_supported": !self.is(Fault::NoLogoutSessions),
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": !self.is(Fault::NoLogoutSessions),
        })
    }

    /// Answers at `check_session_iframe`; nobody here would run its script.
    pub fn session_page(&self) -> Reply {
        let script = if self.is(Fault::FrameWithoutScript) {
            ""
        } else {
            "<script></script>"
        };
        let mut reply = page(200, script);
        if self.is(Fault::CannotBeFramed) {
            reply.headers.push(("X-Frame-Options", "DENY".into()));
        }
        reply
    }

    pub fn session_state(&self, params: &Params) -> Option<(&'static str, String)> {
        let origin = Url::parse(&params["redirect_uri"]).unwrap().origin();
        let browser = if self.is(Fault::ForeignSessionState) {
            "browser-2"
        } else {
            "browser-1"
        };
        let text = format!(
            "{} {} {browser} salt",
            params["client_id"],
            origin.ascii_serialization()
        );
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
        (!self.is(Fault::NoSessionState)).then(|| ("session_state", format!("{hash}.salt")))
    }
}
