//! Acts of a person while a page is on its way. Chromium answers no question about a page while the next one is under
//! way, so all commands go to the browser itself, by way of the DevTools protocol.

use serde_json::json;

use super::driver::Browser;

/// A place in the window.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    x: f64,
    y: f64,
}

/// Records in the page whether the button was held at each press.
const WATCH: &str = "const button = arguments[0]; sessionStorage.removeItem('held'); \
    button.addEventListener('click', () => sessionStorage.setItem('held', button.getAttribute('aria-disabled') ?? 'no'))";

impl Browser {
    /// Opens a page of ours and waits until all of it is there, its script too.
    pub async fn opens(&self, url: &str) {
        self.goes_to(url).await;
        for _ in 0..150 {
            let state = self
                .client
                .execute("return document.readyState", Vec::new())
                .await;
            if self.url().await == url && state.is_ok_and(|it| it == "complete") {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{url} does not come");
    }

    /// Finds the middle of an element, which then is in the window; with `watched` its presses are recorded.
    pub async fn finds(&self, css: &str, watched: bool) -> Spot {
        let element = serde_json::to_value(self.sees(css).await).expect("an element");
        if watched {
            let watching = self.client.execute(WATCH, vec![element.clone()]).await;
            watching.expect("a script");
        }
        let script = "arguments[0].scrollIntoView({block: 'center'}); \
            const box = arguments[0].getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]";
        let found = self.client.execute(script, vec![element]).await.expect("a place");
        let number = |at: usize| found[at].as_f64().expect("a number");
        Spot {
            x: number(0),
            y: number(1),
        }
    }

    /// Returns once the page has taken the press.
    pub async fn presses(&self, spot: Spot) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": spot.x, "y": spot.y, "button": "left", "clickCount": 1 });
            self.developer("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Returns `true` if the button was held when it was pressed last.
    pub async fn was_held(&self) -> bool {
        let script = "return sessionStorage.getItem('held')";
        let held = self.client.execute(script, Vec::new()).await.expect("a script");
        held == "true"
    }

    /// Presses the button beside the address, while a page loads.
    pub async fn stops(&self) {
        self.developer("Page.stopLoading", json!({})).await;
    }

    pub async fn reloads_at_once(&self) {
        self.developer("Page.reload", json!({})).await;
    }

    pub async fn goes_back_at_once(&self) {
        let history = self.developer("Page.getNavigationHistory", json!({})).await;
        let current = usize::try_from(history["currentIndex"].as_u64().expect("an index")).expect("small");
        let before = &history["entries"][current - 1]["id"];
        self.developer("Page.navigateToHistoryEntry", json!({ "entryId": before }))
            .await;
    }
}
