//! Says in whose name mails go.

use lettre::message::Mailbox;

#[derive(Clone, Debug)]
pub struct Sender {
    pub from: Mailbox,
    /// The issuer's domain: the right side of every Message-ID, wherever `from` is (RFC 5322 §3.6.4).
    pub domain: String,
}
