//! Tests how often a code may be guessed (security.md DV-2).

use super::*;

const WRONG: &str = "BBBB-BBBB";

#[tokio::test]
async fn five_wrong_codes_in_a_session_then_wait() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let mut alice = somebody(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    // Text that has no form of a code does not count as an attempt.
    for typed in [
        WRONG,
        "",
        "no code",
        "BBBB-BBBA",
        WRONG,
        "BBBB-BBB",
        WRONG,
        WRONG,
        WRONG,
    ] {
        let page = alice.connects(typed).await;
        assert_eq!(
            (page.status.as_u16(), page.field_errors()),
            (422, vec!["user_code".into()])
        );
    }
    let page = alice.connects(codes.user_code()).await;
    assert_eq!(page.status.as_u16(), 429); // DV-2
    assert!(page.has("#throttled") && !page.header("retry-after").is_empty());
    // Each session has its own count.
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    assert!(bob.connects(codes.user_code()).await.has("#allow"));
    op.advance(600);
    let codes = tv.asks_for_codes("openid").await;
    assert!(alice.connects(codes.user_code()).await.has("#allow"));
}

#[tokio::test]
async fn twenty_wrong_codes_from_a_network_then_wait() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    for guest in 0..5 {
        let mut guest = op.person(&format!("guest{guest}@example.org")).await;
        guest.logs_in().await;
        for _ in 0..4 {
            guest.connects(WRONG).await;
        }
    }
    let mut alice = somebody(&op).await;
    assert_eq!(alice.connects(codes.user_code()).await.status.as_u16(), 429); // DV-2
    alice.browser.peer = [198, 51, 100, 7].into();
    assert!(alice.connects(codes.user_code()).await.has("#allow"));
}

#[tokio::test]
async fn a_wrong_code_says_how_many_attempts_are_left() {
    let op = TestOp::start().await;
    let mut alice = somebody(&op).await;
    let page = alice.connects(WRONG).await;
    assert!(
        page.text_of("#user_code-error").contains("4 attempts left"),
        "{}",
        page.text()
    ); // DV-2
    let tv = television(&op).await;
    let wide = |c: char| {
        if c == '-' {
            '\u{2011}'
        } else {
            char::from_u32(u32::from(c) + 0xFEE0).expect("a letter")
        }
    };
    let typed: String = tv
        .asks_for_codes("openid")
        .await
        .user_code()
        .chars()
        .map(wide)
        .collect();
    assert!(alice.connects(&format!("\u{200E}{typed} ")).await.has("#allow"));
}

#[tokio::test]
async fn right_codes_are_not_counted() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let mut alice = somebody(&op).await;
    for _ in 0..12 {
        let codes = tv.asks_for_codes("openid").await;
        let typed = codes.user_code().to_lowercase().replace('-', " ");
        let done = alice.decides(&typed, "allow").await;
        assert_eq!(done.url.path(), "/device/allowed");
        assert_eq!(tv.polls(&codes).await.0, 200);
    }
}
