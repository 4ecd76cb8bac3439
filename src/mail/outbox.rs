//! The transactional outbox: `enqueue` in the transaction of the cause, `deliver` by a job.
//!
//! A mail is claimed for a while, sent, then marked. If the process dies in between it is sent again
//! with the same Message-ID: never lost, and not twice to the reader's harm.

use std::collections::HashSet;

use chrono::Duration;
use futures_util::{StreamExt, stream};
use sea_orm::{ConnectionTrait, DbErr};
use tokio_util::sync::CancellationToken;

use super::{Error, Mailer, SendError};
use crate::domain::Time;
use crate::domain::account::EmailAddress;
use crate::domain::profile::Language;
use crate::i18n::Locale;
use crate::keys::Keyring;
use crate::random;
use crate::storage::Database;
use crate::storage::batches::until_done;
use crate::storage::outbox::{self as rows, Due, Waiting};
use crate::templates::{MailTemplate, RenderedMail, Templates};

/// The time for which a sender has a mail to itself.
const CLAIM: Duration = Duration::minutes(2);
/// The time after which a mail that could not be sent is given up.
const GIVE_UP: Duration = Duration::days(3);
/// The refusals by the server itself after which a mail is given up, more than an hour later. One is not enough: a
/// wrong password or a full mailbox is refused with a 5xx too, and passes.
const REFUSALS: i32 = 12;
/// The time for which a mail that was sent is kept.
const KEPT: Duration = Duration::days(7);
/// The length of a round, which ends early, so that no claim made in it is near its end when its mail leaves.
const ROUND: std::time::Duration = std::time::Duration::from_secs(60);
/// The mails on their way side by side.
const AT_ONCE: usize = 8;
/// The mails looked at together: one recipient of many mails leaves room for others.
const MOST_LISTED: u64 = 500;

/// The kind of the seal, and the beginning of a sealed text.
const KIND: &str = "mail";
const SEALED: &str = "sealed:v1:";

/// An e-mail that is ready to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The address as it was given.
    pub to: String,
    /// The name of its template.
    pub kind: &'static str,
    pub content: RenderedMail,
    /// How long it waits before it leaves.
    pub delay: Duration,
}

impl Email {
    /// Renders the template in the language of the reader.
    pub fn render<M: MailTemplate>(
        templates: &Templates,
        to: &EmailAddress,
        language: Language,
        mail: &M,
    ) -> Result<Self, crate::templates::Error> {
        Ok(Self {
            to: to.as_str().to_owned(),
            kind: M::NAME,
            content: templates.mail(mail, Locale::from(language))?,
            delay: Duration::zero(),
        })
    }
}

/// Writes an e-mail into the outbox, in the transaction of its cause (security.md ST-2).
///
/// Its text is sealed: it may hold a code or a link, which no copy of the database shall show (G-13). In the demo and
/// in tests people read the outbox, and the text stays open.
pub async fn enqueue(
    tx: &impl ConnectionTrait,
    mailer: &Mailer,
    keys: &Keyring,
    now: Time,
    email: &Email,
) -> Result<(), Error> {
    let content = if mailer.keeps_text() {
        email.content.clone()
    } else {
        seal(keys, &email.content)?
    };
    let row = rows::NewMail {
        id: &random::id(),
        kind: email.kind,
        recipient: &email.to,
        subject: &content.subject,
        text: &content.text,
        html: &content.html,
        due_at: now + email.delay,
    };
    Ok(rows::insert(tx, now, row).await?)
}

fn seal(keys: &Keyring, content: &RenderedMail) -> Result<RenderedMail, crate::keys::Error> {
    let seal = |text: &str| {
        keys.seal(KIND, text.as_bytes())
            .map(|sealed| format!("{SEALED}{sealed}"))
    };
    Ok(RenderedMail {
        subject: content.subject.clone(),
        text: seal(&content.text)?,
        html: seal(&content.html)?,
    })
}

/// Returns the text, whether it was sealed or not.
fn open(keys: &Keyring, text: String) -> Result<String, SendError> {
    match text.strip_prefix(SEALED) {
        None => Ok(text),
        Some(sealed) => keys
            .open(KIND, sealed)
            .and_then(|it| String::from_utf8(it).ok())
            .ok_or_else(|| SendError::Refused("it was sealed under another master key".into())),
    }
}

async fn send(keys: &Keyring, mailer: &Mailer, mail: Due) -> Result<(), SendError> {
    let mail = Due {
        text: open(keys, mail.text)?,
        html: open(keys, mail.html)?,
        ..mail
    };
    mailer.send(&mail).await
}

/// Sends the mails that are due and returns how many were sent.
///
/// Several go side by side, so that a slow server or reader does not keep all others waiting; to one recipient goes one
/// at a time, so that mails come in their order and no server takes them for a flood.
pub async fn deliver(
    db: &Database,
    keys: &Keyring,
    mailer: &Mailer,
    now: impl Fn() -> Time,
    stopping: &CancellationToken,
) -> Result<usize, DbErr> {
    let mut sent = 0;
    let started = std::time::Instant::now();
    while started.elapsed() < ROUND && !stopping.is_cancelled() {
        let mut recipients = HashSet::new();
        let mut due = rows::list_due(db.read(), now(), MOST_LISTED).await?;
        due.retain(|it| recipients.insert(it.recipient.clone()));
        let mut outcomes = stream::iter(due)
            .take_while(|_| std::future::ready(started.elapsed() < ROUND && !stopping.is_cancelled()))
            .map(|it| send_one(db, keys, mailer, now(), it))
            .buffer_unordered(AT_ONCE);
        let mut tried = 0;
        while let Some(outcome) = outcomes.next().await {
            if let Some(is_sent) = outcome? {
                tried += 1;
                sent += usize::from(is_sent);
            }
        }
        if tried == 0 {
            break;
        }
    }
    Ok(sent)
}

/// Returns `true` if the mail was sent; `None` if it is not ours to send.
async fn send_one(
    db: &Database,
    keys: &Keyring,
    mailer: &Mailer,
    now: Time,
    due: Waiting,
) -> Result<Option<bool>, DbErr> {
    let id = due.id.clone();
    let Some(mail) = rows::claim(db, &due, now, now + CLAIM).await? else {
        return Ok(None); // Another node was faster, or sends another one to the same person.
    };
    let attempts = mail.attempts;
    match send(keys, mailer, mail).await {
        Ok(()) => {
            rows::mark_sent(db, &id, now, mailer.keeps_text()).await?;
            Ok(Some(true))
        }
        Err(error) => {
            let refused = matches!(error, SendError::Refused(_)) && attempts >= REFUSALS;
            // LG-3: the server's words may repeat the address, so only the row has them.
            tracing::warn!(mail = %id, attempt = attempts, refused, "a mail was not sent");
            let next = (!refused).then(|| now + wait(attempts));
            rows::mark_failed(db, &id, next, now - GIVE_UP, &error.to_string()).await?;
            Ok(Some(false))
        }
    }
}

/// Deletes mails that were sent or given up long ago, and returns how many. Where people read the outbox, all stay. The
/// job `sweep` calls it.
pub async fn sweep(
    db: &Database,
    mailer: &Mailer,
    now: Time,
    stopping: &CancellationToken,
) -> Result<u64, DbErr> {
    if mailer.keeps_text() {
        return Ok(0);
    }
    until_done(stopping, || rows::delete_done(db, now - KEPT)).await
}

/// Returns the wait after so many attempts: 10 s, doubling, up to 15 minutes.
fn wait(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or(0);
    Duration::seconds((10_i64 << doublings).min(900))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_ends_at_a_quarter_of_an_hour() {
        assert_eq!(wait(1), Duration::seconds(10));
        assert_eq!(wait(2), Duration::seconds(20));
        assert_eq!(wait(12), Duration::minutes(15));
        assert_eq!(wait(i32::MAX), Duration::minutes(15));
    }

    async fn sends(db: &Database, keys: &Keyring, mailer: &Mailer, now: Time) -> Result<usize, DbErr> {
        deliver(db, keys, mailer, || now, &CancellationToken::new()).await
    }

    /// Writes a mail that is sealed, as one is that a mail server sends.
    async fn write(db: &Database, keys: &Keyring, now: Time, to: &str) {
        let folder = tempfile::tempdir().unwrap();
        let sent_away =
            Mailer::file(folder.path().into(), "ITU <noreply@example.org>".parse().unwrap()).unwrap();
        let email = Email {
            to: to.into(),
            kind: "test",
            content: RenderedMail {
                subject: "S".into(),
                text: "12345678".into(),
                html: "<p>".into(),
            },
            delay: Duration::zero(),
        };
        enqueue(db, &sent_away, keys, now, &email).await.unwrap();
    }

    #[tokio::test]
    async fn a_mail_waits_out_a_server_that_is_away() {
        let app = crate::testing::app().await;
        let (db, keys) = (app.db.clone(), &app.keys);
        let clock = crate::clock::Clock::System;
        let now = clock.now();
        let from: lettre::message::Mailbox = "ITU <noreply@example.org>".parse().unwrap();
        // Nothing listens on port 1.
        let away = Mailer::smtp("smtp://127.0.0.1:1", from).unwrap();
        write(&db, keys, now, "a@example.org").await;

        let mut at = now;
        while at < now + Duration::hours(1) {
            assert_eq!(sends(&db, &app.keys, &away, at).await.unwrap(), 0);
            at += Duration::minutes(15);
        }
        assert_eq!(sends(&db, &app.keys, &Mailer::Outbox, at).await.unwrap(), 1); // DS-4
        assert_eq!(
            sends(&db, &app.keys, &Mailer::Outbox, at + Duration::hours(1))
                .await
                .unwrap(),
            0
        );
    }

    #[tokio::test]
    async fn a_sender_that_dies_lets_go_of_its_mail() {
        let app = crate::testing::app().await;
        let (db, keys) = (app.db.clone(), &app.keys);
        let now = crate::clock::Clock::System.now();
        write(&db, keys, now, "a@example.org").await;
        let id = rows::list_due(db.read(), now, 1).await.unwrap().remove(0);
        let waiting = rows::find(db.read(), &id.id).await.unwrap().unwrap();
        assert!(!format!("{waiting:?}").contains("12345678")); // G-13
        let claimed = rows::claim(&db, &id, now, now + CLAIM).await.unwrap();
        assert!(claimed.is_some());
        // Nobody else gets it meanwhile; afterwards it is sent, under the same Message-ID.
        assert_eq!(rows::claim(&db, &id, now, now + CLAIM).await.unwrap(), None); // G-8
        assert_eq!(
            sends(&db, &app.keys, &Mailer::Outbox, now + CLAIM).await.unwrap(),
            1
        ); // ST-2
    }

    #[tokio::test]
    async fn what_was_sent_is_no_longer_readable() {
        let app = crate::testing::app().await;
        let (db, keys) = (app.db.clone(), &app.keys);
        let now = crate::clock::Clock::System.now();
        let folder = tempfile::tempdir().unwrap();
        let files = Mailer::file(folder.path().into(), "ITU <noreply@example.org>".parse().unwrap()).unwrap();
        write(&db, keys, now, "a@example.org").await;
        assert_eq!(sends(&db, &app.keys, &files, now).await.unwrap(), 1);
        let kept = rows::list(db.read(), Some("a@example.org"), 0, 10).await.unwrap();
        assert_eq!((kept[0].text.as_str(), kept[0].html.as_str()), ("", "")); // G-13
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn what_is_refused_again_and_again_is_given_up() {
        let app = crate::testing::app().await;
        let (db, keys) = (app.db.clone(), &app.keys);
        let mut now = crate::clock::Clock::System.now();
        let folder = tempfile::tempdir().unwrap();
        let files = Mailer::file(folder.path().into(), "ITU <noreply@example.org>".parse().unwrap()).unwrap();
        write(&db, keys, now, "no address").await;
        let begun = now;
        while !rows::list_due(db.read(), now + Duration::days(1), 1)
            .await
            .unwrap()
            .is_empty()
        {
            assert_eq!(sends(&db, &app.keys, &files, now).await.unwrap(), 0);
            now += Duration::minutes(1);
        }
        assert!(now - begun > Duration::hours(1) && now - begun < Duration::hours(3)); // DS-4
        let kept = rows::list(db.read(), None, 0, 10).await.unwrap();
        assert_eq!((kept[0].text.as_str(), kept[0].html.as_str()), ("", "")); // G-13
    }

    /// Takes mails to `held` for good only once somebody else had one; says in which order mails began and ended.
    async fn holding_smtp_server(held: &'static str) -> (u16, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
        use std::sync::{Arc, Mutex};
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&log);
        let other = CancellationToken::new();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, other) = (Arc::clone(&log), other.clone());
                tokio::spawn(async move {
                    let (read, mut write) = stream.into_split();
                    let mut lines = BufReader::new(read).lines();
                    let (mut to, mut data) = (String::new(), false);
                    write.write_all(b"220 here\r\n").await.unwrap();
                    while let Ok(Some(line)) = lines.next_line().await {
                        let answer: &[u8] = match line.as_str() {
                            "DATA" => {
                                data = true;
                                log.lock().unwrap().push(format!("begins {to}"));
                                b"354 go on\r\n"
                            }
                            "." => {
                                data = false;
                                if to == held {
                                    other.cancelled().await;
                                } else {
                                    other.cancel();
                                }
                                log.lock().unwrap().push(format!("ends {to}"));
                                b"250 taken\r\n"
                            }
                            _ if data => continue,
                            line => {
                                if let Some(address) = line.strip_prefix("RCPT TO:<") {
                                    to = address.split('>').next().unwrap_or_default().to_owned();
                                }
                                b"250 good\r\n"
                            }
                        };
                        if write.write_all(answer).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (port, seen)
    }

    #[tokio::test]
    async fn one_that_is_slow_keeps_no_other_recipient_waiting() {
        let app = crate::testing::app().await;
        let (db, keys) = (app.db.clone(), &app.keys);
        let now = crate::clock::Clock::System.now();
        let (port, seen) = holding_smtp_server("slow@example.org").await;
        let from: lettre::message::Mailbox = "ITU <noreply@example.org>".parse().unwrap();
        let mailer = Mailer::smtp(&format!("smtp://127.0.0.1:{port}"), from).unwrap();
        for to in ["slow@example.org", "slow@example.org", "other@example.org"] {
            write(&db, keys, now, to).await;
        }
        // One after the other, the first would wait for the last for ever.
        let sent = sends(&db, &app.keys, &mailer, now);
        let sent = tokio::time::timeout(std::time::Duration::from_secs(30), sent).await;
        assert_eq!(sent.expect("mails leave side by side").unwrap(), 3);
        // The mails to one recipient went one at a time.
        let of_slow: Vec<_> = seen
            .lock()
            .unwrap()
            .iter()
            .filter(|it| it.ends_with("slow@example.org"))
            .map(|it| it.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(of_slow, ["begins", "ends", "begins", "ends"]);
    }

    #[tokio::test]
    async fn another_node_sends_nothing_to_whom_a_mail_is_on_its_way() {
        let app = crate::testing::app().await;
        let (db, keys) = (app.db.clone(), &app.keys);
        let now = crate::clock::Clock::System.now();
        for to in ["a@example.org", "a@example.org", "b@example.org"] {
            write(&db, keys, now, to).await;
        }
        let due = rows::list_due(db.read(), now, 9).await.unwrap();
        let to = |it: &str| due.iter().find(|due| due.recipient == it).unwrap();
        assert!(
            rows::claim(&db, to("a@example.org"), now, now + CLAIM)
                .await
                .unwrap()
                .is_some()
        );
        assert_eq!(sends(&db, &app.keys, &Mailer::Outbox, now).await.unwrap(), 1);
        assert_eq!(
            sends(&db, &app.keys, &Mailer::Outbox, now + CLAIM).await.unwrap(),
            2
        );
    }

    /// Takes one mail and answers with what was said.
    async fn smtp_server() -> (u16, tokio::task::JoinHandle<String>) {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            let mut said = String::new();
            let mut data = false;
            write.write_all(b"220 here\r\n").await.unwrap();
            while let Some(line) = lines.next_line().await.unwrap() {
                said.push_str(&line);
                said.push('\n');
                let answer: &[u8] = match line.as_str() {
                    "DATA" => {
                        data = true;
                        b"354 go on\r\n"
                    }
                    "." => {
                        write.write_all(b"250 taken\r\n").await.unwrap();
                        return said;
                    }
                    _ if data => continue,
                    _ => b"250 good\r\n",
                };
                write.write_all(answer).await.unwrap();
            }
            said
        });
        (port, server)
    }

    #[tokio::test]
    async fn a_mail_leaves_by_smtp_with_both_parts_and_its_id() {
        let app = crate::testing::app().await;
        let (db, keys) = (app.db.clone(), &app.keys);
        let now = crate::clock::Clock::System.now();
        let (port, server) = smtp_server().await;
        let from: lettre::message::Mailbox = "ITU <noreply@example.org>".parse().unwrap();
        let mailer = Mailer::smtp(&format!("smtp://127.0.0.1:{port}"), from).unwrap();
        write(&db, keys, now, "a@example.org").await;
        let id = rows::list_due(db.read(), now, 1).await.unwrap().remove(0);
        assert_eq!(sends(&db, &app.keys, &mailer, now).await.unwrap(), 1);
        let said = server.await.unwrap();
        for part in [
            "RCPT TO:<a@example.org>",
            "\n12345678\n",
            "text/html",
            &format!("Message-ID: <{}@example.org>", id.id),
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}
