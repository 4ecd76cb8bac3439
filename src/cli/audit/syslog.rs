//! Writes an entry of the audit trail as a message of syslog (RFC 5424). The structured data has the elements that IANA
//! registers; the message itself is the entry as JSON in ASCII, so it needs no byte order mark (RFC 5424 §6.4) and has no
//! line break (RFC 6587 §3.4.2).

use std::fmt::Write;

use chrono::SecondsFormat;

use crate::audit::Record;

/// RFC 5424 §6.2.1: log audit.
const FACILITY: u8 = 13;
const NOTICE: u8 = 5;
const WARNING: u8 = 4;

pub(super) struct Syslog {
    hostname: String,
}

impl Syslog {
    /// Makes messages of the host of this issuer.
    pub(super) fn of(issuer: &str) -> Self {
        let host = url::Url::parse(issuer)
            .ok()
            .and_then(|it| it.host_str().map(str::to_owned));
        Self {
            // RFC 5424 §6: 255 characters of printable ASCII.
            hostname: host.filter(|it| it.len() <= 255).unwrap_or_else(|| "-".into()),
        }
    }

    pub(super) fn message(&self, record: &Record) -> String {
        let entry = &record.entry;
        let severity = if entry.success { NOTICE } else { WARNING };
        // A MSGID has 32 characters at most, and some actions have more: it is their group.
        let group = entry
            .action
            .split('.')
            .next()
            .filter(|it| is_id(it))
            .unwrap_or("-");
        format!(
            "<{}>1 {} {} itu-account - {group} [origin software=\"itu-account\" swVersion=\"{}\"] {}",
            FACILITY * 8 + severity,
            entry.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            self.hostname,
            env!("CARGO_PKG_VERSION"),
            ascii(&record.to_json().to_string()),
        )
    }
}

/// RFC 5424 §6.2.7: 1 to 32 characters of printable ASCII.
fn is_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|it| (33..=126).contains(&it))
}

/// Writes what is not ASCII in JSON as escapes.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            text.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::audit_trail::Entry;

    #[test]
    fn a_message_has_the_header_of_the_standard_and_the_entry_in_ascii() {
        let entry = Entry {
            id: 7,
            at: DateTime::from_timestamp(1_796_000_000, 5_000).expect("a time"),
            actor: "account:a".into(),
            acted_as: "focal_point".into(),
            action: "second_factor.recovery_codes_renewed".into(),
            object: "account:b".into(),
            account: Some("b".into()),
            organization: None,
            success: false,
            reason: Some("Zoë\n😀".into()),
            before: None,
            after: Some("{\"a\":1}".into()),
            network: "192.0.2.1".into(),
            browser: String::new(),
            request_id: String::new(),
        };
        let record = Record { entry, seal: None };
        let message = Syslog::of("https://id.example.test").message(&record);
        let (header, json) = message.split_once("] ").expect("structured data");
        // RFC 5424 §6.2: PRI and version, time, host, name, process, message id.
        assert_eq!(
            header.split(" [").next(),
            Some("<108>1 2026-11-30T00:53:20.000005Z id.example.test itu-account - second_factor")
        );
        assert!(message.is_ascii() && !message.contains('\n'), "{message}");
        let read: serde_json::Value = serde_json::from_str(json).expect("JSON");
        assert_eq!(read["reason"], "Zoë\n😀");
        assert_eq!(read["after"]["a"], 1);
    }
}
