//! Tests pages on paper: what is shut on the screen is open, and what nobody can press there is left out. The style sheet
//! alone does it, so it holds without a script, too.

use std::time::Duration;

use serde_json::{Value, json};

use super::driver::{Browser, Device};
use super::server::Server;

impl Browser {
    /// Shows pages as they are printed, or as on a screen again.
    pub async fn prints(&self, on: bool) {
        let media = if on { "print" } else { "" };
        self.developer("Emulation.setEmulatedMedia", json!({ "media": media }))
            .await;
    }

    /// Returns how many of the elements take up room, and how many there are.
    pub async fn counts_visible(&self, css: &str) -> (u64, u64) {
        let expression = format!(
            "(all => [all.filter(it => it.checkVisibility({{ contentVisibilityAuto: true }}) \
             && it.getBoundingClientRect().height > 0).length, all.length])\
             ([...document.querySelectorAll({css:?})])"
        );
        let parameters = json!({ "expression": expression, "returnByValue": true });
        let answer = self.developer("Runtime.evaluate", parameters).await;
        let counts: &Value = &answer["result"]["value"];
        let at = |index: usize| {
            counts[index]
                .as_u64()
                .unwrap_or_else(|| panic!("{css}: {answer}"))
        };
        (at(0), at(1))
    }

    /// Waits until that many of the elements take up room: Chromium opens what is shut with its next frame.
    pub async fn comes_to_count(&self, css: &str, expected: (u64, u64)) {
        for _ in 0..100 {
            if self.counts_visible(css).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let counts = self.counts_visible(css).await;
        panic!("{css}: {counts:?} are visible and there, not {expected:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn questions_are_answered_and_documents_are_text_alone() {
    let server = Server::starts().await;
    let [device, _] = Device::scripted_and_plain();
    let person = Browser::open(&device.label("paper"), device).await;
    person.goes_to(&server.at("/faq")).await;
    let (shown, all) = person.counts_visible(".faq details > p").await;
    assert!(shown == 0 && all > 10, "{shown} of {all} on the screen");
    person.prints(true).await;
    person.comes_to_count(".faq details > p", (all, all)).await;
    person.comes_to_count("header, footer, .skip", (0, 3)).await;
    person.shows("faq").await;

    person.goes_to(&server.at("/privacy")).await;
    let (_, all) = person.counts_visible("#document h2, #document li").await;
    // The list of versions stays behind.
    let (_, links) = person.counts_visible("#document nav h2, #document nav li").await;
    assert!(links > 1 && all > links, "{links} of {all}");
    person
        .comes_to_count("#document h2, #document li", (all - links, all))
        .await;
    person
        .comes_to_count("header, footer, #document nav", (0, 3))
        .await;
    person.shows("privacy").await;
    person.closes().await;
}
