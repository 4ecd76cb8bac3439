//! Tests the outbox against mail servers of the tests.

use super::*;
use crate::mail::Sender;

#[test]
fn waiting_grows_and_ends_at_a_quarter_of_an_hour() {
    assert_eq!(wait(1), Duration::seconds(10));
    assert_eq!(wait(2), Duration::seconds(20));
    assert_eq!(wait(12), Duration::minutes(15));
    assert_eq!(wait(i32::MAX), Duration::minutes(15));
}

fn sender() -> Sender {
    Sender {
        from: "ITU <noreply@example.org>".parse().unwrap(),
        domain: "id.example.test".into(),
    }
}

async fn sends(db: &Database, keys: &Keyring, mailer: &Mailer, now: Time) -> Result<usize, DbErr> {
    deliver(db, keys, mailer, || now, &CancellationToken::new()).await
}

/// Writes a mail that is sealed, as one is that a mail server sends.
async fn write(db: &Database, keys: &Keyring, now: Time, to: &str) {
    let folder = tempfile::tempdir().unwrap();
    let sent_away = Mailer::file(folder.path().into(), sender()).unwrap();
    let email = Email {
        to: to.into(),
        account: None,
        kind: "test",
        content: RenderedMail {
            subject: "S".into(),
            text: "12345678".into(),
            html: "<p>".into(),
            unsubscribe: None,
        },
        delay: Duration::zero(),
        opens_for: Some(Duration::minutes(10)),
    };
    enqueue(db, &sent_away, keys, now, &email).await.unwrap();
}

#[tokio::test]
async fn a_mail_waits_out_a_server_that_is_away() {
    let app = crate::testing::app().await;
    let (db, keys) = (app.db.clone(), &app.keys);
    let clock = crate::clock::Clock::System;
    let now = clock.now();
    // Nothing listens on port 1.
    let away = Mailer::smtp("smtp://127.0.0.1:1", sender()).unwrap();
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
    let files = Mailer::file(folder.path().into(), sender()).unwrap();
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
    let files = Mailer::file(folder.path().into(), sender()).unwrap();
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
    // DS-7: its code opens nothing any more.
    sweep(&db, &files, now, &CancellationToken::new()).await.unwrap();
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
    let mailer = Mailer::smtp(&format!("smtp://127.0.0.1:{port}"), sender()).unwrap();
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
    let mailer = Mailer::smtp(&format!("smtp://127.0.0.1:{port}"), sender()).unwrap();
    write(&db, keys, now, "a@example.org").await;
    let id = rows::list_due(db.read(), now, 1).await.unwrap().remove(0);
    assert_eq!(sends(&db, &app.keys, &mailer, now).await.unwrap(), 1);
    let said = server.await.unwrap();
    for part in [
        "RCPT TO:<a@example.org>",
        "\n12345678\n",
        "text/html",
        &format!("Message-ID: <{}@id.example.test>", id.id),
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn a_mail_of_the_newsletter_says_how_to_stop_it_in_its_head() {
    // RFC 8058 §3.1, RFC 3834 §5
    let app = crate::testing::app().await;
    let (db, keys) = (app.db.clone(), &app.keys);
    let now = crate::clock::Clock::System.now();
    let (port, server) = smtp_server().await;
    let mailer = Mailer::smtp(&format!("smtp://127.0.0.1:{port}"), sender()).unwrap();
    let sample = crate::templates::mails::NewsletterSubscribed::samples().remove(0);
    let to = EmailAddress::parse("a@example.org").unwrap();
    let reader = Recipient {
        email: &to,
        language: Language::Fr,
        account: None,
    };
    let email = Email::render(&app.templates, reader, &sample).unwrap();
    let link = email.content.unsubscribe.clone().unwrap();
    assert!(
        link.ends_with("/newsletter/stop/nl_0123456789.0123456789"),
        "{link}"
    );
    enqueue(&db, &mailer, keys, now, &email).await.unwrap();
    // G-13: a copy of the database has no link that works.
    let kept = rows::list(db.read(), None, 0, 1).await.unwrap().remove(0);
    assert!(!format!("{kept:?}").contains("nl_"));
    assert_eq!(sends(&db, keys, &mailer, now).await.unwrap(), 1);
    let said = server.await.unwrap();
    for line in [
        format!("\nList-Unsubscribe: <{link}>\n"),
        "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n".to_owned(),
        "\nAuto-Submitted: auto-generated\n".to_owned(),
    ] {
        assert!(said.contains(&line), "{line} in {said}");
    }
    let kept = rows::list(db.read(), None, 0, 1).await.unwrap().remove(0);
    assert_eq!(kept.unsubscribe, None);
}

#[tokio::test]
async fn a_retry_keeps_the_id_of_the_message() {
    let app = crate::testing::app().await;
    let (db, keys) = (app.db.clone(), &app.keys);
    let now = crate::clock::Clock::System.now();
    write(&db, keys, now, "a@example.org").await;
    let id = rows::list_due(db.read(), now, 1).await.unwrap().remove(0).id;
    let away = Mailer::smtp("smtp://127.0.0.1:1", sender()).unwrap();
    assert_eq!(sends(&db, keys, &away, now).await.unwrap(), 0);
    let (port, server) = smtp_server().await;
    let mailer = Mailer::smtp(&format!("smtp://127.0.0.1:{port}"), sender()).unwrap();
    let later = now + Duration::minutes(1);
    assert_eq!(sends(&db, keys, &mailer, later).await.unwrap(), 1);
    let said = server.await.unwrap();
    assert!(
        said.contains(&format!("\nMessage-ID: <{id}@id.example.test>\n")),
        "{said}"
    );
    assert!(!said.contains("List-Unsubscribe"), "{said}");
}
