//! A person's other acts with a browser: Back, reload, a second press, the language menu. Also reads fields, the focus
//! and the history.

use std::time::Duration;

use axum::http::Method;
use fantoccini::Locator;
use fantoccini::actions::{Actions, InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};

use super::driver::Browser;

/// A command of the Chrome DevTools Protocol, by way of chromedriver.
#[derive(Debug)]
struct DevTools(&'static str, Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.0, "params": self.1 });
        (Method::POST, Some(body.to_string()))
    }
}

/// The language menu is the last one; before it is the person's.
const LANGUAGE_MENU: &str = "header nav > ul > li:last-child details.menu";

impl Browser {
    pub(super) async fn developer(&self, command: &'static str, parameters: Value) -> Value {
        let answer = self.client.issue_cmd(DevTools(command, parameters)).await;
        answer.unwrap_or_else(|e| panic!("{command}: {e}"))
    }

    pub async fn goes_back(&self) {
        self.client.back().await.expect("Back");
    }

    /// Reloads as by the button of the browser. A page that answered a POST is requested by another POST, as Chromium
    /// does once the person has agreed to send the form again.
    pub async fn reloads(&self) {
        self.client.refresh().await.expect("a reload");
    }

    /// Presses twice as quickly as the browser takes it.
    pub async fn double_clicks(&self, css: &str) {
        let element = self.sees(css).await;
        let (down, up) = (
            PointerAction::Down {
                button: MOUSE_BUTTON_LEFT,
            },
            PointerAction::Up {
                button: MOUSE_BUTTON_LEFT,
            },
        );
        // The pointer goes to the element's place in the window.
        let _ = self
            .client
            .execute(
                "arguments[0].scrollIntoView({block: 'center'})",
                vec![serde_json::to_value(&element).expect("an element")],
            )
            .await;
        let mouse = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveToElement {
                element,
                duration: None,
                x: 0.0,
                y: 0.0,
            })
            .then(down.clone())
            .then(up.clone())
            .then(down)
            .then(up);
        let actions = Actions::from(mouse);
        self.client
            .perform_actions(actions)
            .await
            .unwrap_or_else(|e| panic!("{css}: {e}"));
        let _ = self.client.release_actions().await;
    }

    pub async fn has(&self, css: &str) -> bool {
        let found = self.client.find_all(Locator::Css(css)).await;
        !found.expect("a page").is_empty()
    }

    /// Waits until an element is there, or no longer.
    pub async fn comes_to_have(&self, css: &str, expected: bool) {
        for _ in 0..150 {
            if self
                .client
                .find_all(Locator::Css(css))
                .await
                .is_ok_and(|it| it.is_empty() != expected)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "{css}: not {expected} on {}:\n{}",
            self.url().await,
            self.text().await
        );
    }

    /// Returns the value of a field, or `true` if a box is ticked.
    pub async fn value(&self, name: &str) -> String {
        let css = format!("main [name='{name}']");
        loop {
            // The page may go on to the next between finding and reading.
            let field = self.sees(&css).await;
            let value = match field.attr("type").await {
                Ok(Some(kind)) if kind == "checkbox" => field.is_selected().await.map(|it| it.to_string()),
                _ => field.prop("value").await.map(Option::unwrap_or_default),
            };
            if let Ok(value) = value {
                return value;
            }
        }
    }

    pub async fn holds(&self, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            assert_eq!(self.value(name).await, *value, "{name} on {}", self.url().await);
        }
    }

    pub async fn title(&self) -> String {
        self.client.title().await.expect("a page")
    }

    /// Returns the id of the element that has the focus.
    pub async fn focus(&self) -> String {
        let element = self.client.active_element().await.expect("a page");
        element.attr("id").await.expect("an element").unwrap_or_default()
    }

    /// Requires the page's language, and the direction of its writing.
    pub async fn is_spoken_to_in(&self, language: &str) {
        let direction = if language == "ar" { "rtl" } else { "ltr" };
        self.sees(&format!("html[lang='{language}'][dir='{direction}']"))
            .await;
    }

    pub async fn opens_language_menu(&self) {
        self.clicks(&format!("{LANGUAGE_MENU} > summary")).await;
        self.sees(&format!("{LANGUAGE_MENU}[open]")).await;
    }

    pub async fn chooses_language(&self, language: &str) {
        self.opens_language_menu().await;
        self.clicks(&format!("{LANGUAGE_MENU} ul [lang='{language}']"))
            .await;
        self.is_spoken_to_in(language).await;
    }

    pub async fn types(&self, key: &str) {
        let element = self.client.active_element().await.expect("a page");
        element.send_keys(key).await.expect("a key");
    }

    /// Returns `true` if the language menu's own line has the focus, and the menu is closed.
    pub async fn language_menu_has_the_focus(&self) -> bool {
        let closed = format!("{LANGUAGE_MENU}:not([open]) > summary:focus");
        self.has(&closed).await
    }

    /// Returns how the browser came to this page: `form_submit`, `link`, `reload` …
    pub async fn transition(&self) -> String {
        let history = self.developer("Page.getNavigationHistory", json!({})).await;
        let current = history["currentIndex"].as_u64().expect("an index");
        let entry = &history["entries"][usize::try_from(current).expect("small")];
        entry["transitionType"].as_str().expect("a type").to_owned()
    }

    /// Opens another tab, which has the focus then; `returns_to` goes back to the first.
    pub async fn opens_a_tab(&self) -> fantoccini::wd::WindowHandle {
        let before = self.client.window().await.expect("a tab");
        let tab = self.client.new_window(true).await.expect("a tab");
        self.client.switch_to_window(tab.handle).await.expect("the tab");
        before
    }

    pub async fn returns_to(&self, tab: fantoccini::wd::WindowHandle) {
        self.client.switch_to_window(tab).await.expect("the tab");
    }

    pub async fn count(&self, css: &str) -> usize {
        let found = self.client.find_all(Locator::Css(css)).await;
        found.expect("a page").len()
    }

    /// Returns the path of the page's address.
    pub async fn path(&self) -> String {
        let url = url::Url::parse(&self.url().await).expect("an address");
        url.path().to_owned()
    }

    /// Waits until the page is the one at this path.
    pub async fn comes_to(&self, path: &str) {
        for _ in 0..100 {
            if self.path().await == path && self.has("main h1").await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "not at {path} but at {}:\n{}",
            self.url().await,
            self.text().await
        );
    }

    /// Waits until a field holds this: the page before had the same field.
    pub async fn comes_to_hold(&self, name: &str, value: &str) {
        for _ in 0..100 {
            let field = self
                .client
                .find(Locator::Css(&format!("main [name='{name}']")))
                .await;
            if let Ok(field) = field
                && field
                    .prop("value")
                    .await
                    .is_ok_and(|it| it.as_deref() == Some(value))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{name} is not {value}:\n{}", self.text().await);
    }

    /// Waits for a file and returns its text.
    pub async fn downloaded(&self, name: &str) -> String {
        let file = self.profile.path().join("downloads").join(name);
        for _ in 0..100 {
            if let Ok(text) = std::fs::read_to_string(&file)
                && !text.is_empty()
            {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} is not there", file.display());
    }

    pub async fn cookie(&self, name: &str) -> Option<String> {
        let found = self.client.get_named_cookie(name).await.ok()?;
        Some(found.value().to_owned())
    }
}
