//! Builds an RFC 5322 message with a text and an HTML part from a row of the outbox.

use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::sender::Sender;
use crate::storage::outbox::Due;

/// Makes a header that is only written.
macro_rules! header {
    ($(#[$doc:meta])* $name:ident $(($value:ty))?, $header:literal, $it:ident => $text:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        struct $name $(($value))?;

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($header)
            }

            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Err("it is not read".into())
            }

            fn display(&self) -> HeaderValue {
                let $it = self;
                HeaderValue::new(Self::name(), $text)
            }
        }
    };
}

header! {
    /// The header of RFC 3834 §5, so that no out-of-office answers come to us.
    AutoSubmitted, "Auto-Submitted", _it => "auto-generated".to_owned()
}

header! {
    /// The address by which the reader stops mails of this kind (RFC 2369 §3.2).
    ListUnsubscribe(String), "List-Unsubscribe", it => it.0.clone()
}

header! {
    /// Says that a POST to that address does it at once (RFC 8058 §3.1).
    ListUnsubscribePost, "List-Unsubscribe-Post", _it => "List-Unsubscribe=One-Click".to_owned()
}

#[derive(Debug, thiserror::Error)]
pub enum Unbuildable {
    #[error("the address is none: {0}")]
    Address(#[from] lettre::address::AddressError),
    #[error("the message cannot be built: {0}")]
    Message(#[from] lettre::error::Error),
}

pub fn build(sender: &Sender, mail: &Due) -> Result<Message, Unbuildable> {
    let mut message = Message::builder()
        .from(sender.from.clone())
        .to(Mailbox::new(None, mail.recipient.parse()?))
        .subject(mail.subject.clone())
        // The id is fixed when the mail is written: a second delivery after a crash is seen as the same mail.
        .message_id(Some(format!("<{}@{}>", mail.id, sender.domain)))
        .header(AutoSubmitted);
    if let Some(address) = &mail.unsubscribe {
        message = message
            .header(ListUnsubscribe(format!("<{address}>")))
            .header(ListUnsubscribePost);
    }
    let message = message.multipart(MultiPart::alternative_plain_html(
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
            unsubscribe: None,
            attempts: 1,
        };
        let sender = Sender {
            from: "ITU <noreply@example.org>".parse().unwrap(),
            domain: "id.example.test".into(),
        };
        let message = build(&sender, &mail).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        assert!(!text.contains("\r\nBcc:"), "{text}"); // G-14
        assert!(text.contains("Message-ID: <id@id.example.test>"));
        assert_eq!(message.envelope().to().len(), 1);
    }
}
