//! Builds an RFC 5322 message with a text and an HTML part from a row of the outbox.

use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::storage::outbox::Due;

/// The header of RFC 3834 §5, so that no out-of-office answers come to us.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Unbuildable {
    #[error("the address is none: {0}")]
    Address(#[from] lettre::address::AddressError),
    #[error("the message cannot be built: {0}")]
    Message(#[from] lettre::error::Error),
}

pub fn build(from: &Mailbox, mail: &Due) -> Result<Message, Unbuildable> {
    let domain = from.email.domain();
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, mail.recipient.parse()?))
        .subject(mail.subject.clone())
        // The id is fixed when the mail is written: a second delivery after a crash is seen as the same mail.
        .message_id(Some(format!("<{}@{domain}>", mail.id)))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))?;
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mail_says_cannot_become_a_header() {
        let mail = Due {
            id: "id".into(),
            recipient: "a@example.org".into(),
            subject: "Hello\r\nBcc: b@example.org".into(),
            text: "12345678\n".into(),
            html: "<p>12345678</p>".into(),
            attempts: 1,
        };
        let message = build(&"ITU <noreply@example.org>".parse().unwrap(), &mail).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        assert!(!text.contains("\r\nBcc:"), "{text}"); // G-14
        assert!(text.contains("Message-ID: <id@example.org>"));
        assert_eq!(message.envelope().to().len(), 1);
    }
}
