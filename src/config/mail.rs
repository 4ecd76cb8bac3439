//! `[mail]`: the way in which mail is sent.

use std::path::PathBuf;

use serde::Deserialize;

use super::secrets;
use crate::domain::secret::Secret;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    pub transport: Transport,
    /// The server: `smtps://user:password@host`, `smtp://host:587?tls=required`, or plain `smtp://` on loopback.
    pub url: Option<Secret>,
    pub url_file: Option<PathBuf>,
    /// The directory into which the file transport writes `.eml` files.
    pub directory: PathBuf,
    pub from: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Smtp,
    File,
    /// Leaves mail in the outbox, for the demo and for tests. No file can ask for it.
    #[serde(skip)]
    Outbox,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            transport: Transport::File,
            url: None,
            url_file: None,
            directory: "data/outbox".into(),
            from: "ITU User Account <noreply@localhost>".into(),
        }
    }
}

impl Mail {
    pub(super) fn resolve(&mut self) -> Vec<String> {
        let mut problems = secrets::resolve("[mail] url", &mut self.url, self.url_file.as_ref());
        if self.from.parse::<lettre::message::Mailbox>().is_err() {
            problems.push(format!(
                "[mail] from \"{}\" is not an address; write it like \"ITU <noreply@example.org>\"",
                self.from
            ));
        }
        if self.transport == Transport::Smtp {
            problems.extend(self.url_problem());
        }
        problems
    }

    fn url_problem(&self) -> Option<String> {
        let Some(url) = &self.url else {
            return Some("[mail] transport = \"smtp\" needs url (or url_file)".into());
        };
        let Ok(url) = url::Url::parse(url.expose()) else {
            return Some("[mail] url is not a URL; write it like smtps://user:password@host".into());
        };
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let secured = url.scheme() == "smtps" || url.query().is_some_and(|it| it == "tls=required");
        if !matches!(url.scheme(), "smtp" | "smtps") {
            Some("[mail] url begins with smtp:// or smtps://".into())
        } else if !secured && !loopback {
            // These mails carry codes and links.
            Some("[mail] url: mail leaves without TLS; use smtps:// or add ?tls=required".into())
        } else {
            None
        }
    }

    pub(super) fn holds_secret(&self) -> bool {
        self.url_file.is_none() && self.url.as_ref().is_some_and(secrets::has_password)
    }
}
