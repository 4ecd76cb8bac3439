//! The mail after a subscription to the newsletter.

use serde::Serialize;

use crate::domain::Time;
use crate::paths;
use crate::templates::MailTemplate;

/// The mail with the link by which the newsletter is stopped, in its text and in its head (RFC 8058).
#[derive(Clone, Serialize)]
pub struct NewsletterSubscribed {
    pub name: String,
    pub at: Time,
    /// The token of `/newsletter/stop/{token}`.
    pub token: String,
}

impl std::fmt::Debug for NewsletterSubscribed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewsletterSubscribed").finish_non_exhaustive()
    }
}

impl MailTemplate for NewsletterSubscribed {
    const NAME: &'static str = "newsletter_subscribed";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John <i>Doe</i>".into(),
            at: crate::clock::from_unix(1_772_623_800).unwrap_or_default(),
            token: "nl_0123456789.0123456789".into(),
        }]
    }

    fn unsubscribe(&self) -> Option<String> {
        Some(paths::newsletter_stop_link(&self.token))
    }
}
