//! What a person does with the keyboard alone: Tab, Enter, Space, arrows and letters. Each press of Tab is watched: the
//! focus can be seen, and goes through the page in its order (WCAG 2.2: 2.1.1, 2.4.3, 2.4.7).

use fantoccini::actions::{Actions, InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::driver::Browser;

/// The presses of Tab after which a person gives up: pages with a list of countries have fewer.
const PATIENCE: usize = 90;

/// Returns what has the focus: whether it is the one that is looked for, its place in the page, and whether it is seen.
const FOCUSED: &str = "
    const it = document.activeElement;
    if (!it || it === document.body) return null;
    const box = it.getBoundingClientRect(), style = getComputedStyle(it);
    return {
        found: it.matches(arguments[0]),
        name: it.tagName + (it.id ? '#' + it.id : '') + (it.name ? '[name=' + it.name + ']' : ''),
        place: [...document.querySelectorAll('*')].indexOf(it),
        isSeen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0
            && box.top < innerHeight && box.left < innerWidth,
        isMarked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };";

impl Browser {
    /// Presses keys, one after the other.
    pub async fn presses_keys(&self, keys: impl IntoIterator<Item = char>) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in keys {
            self.keys.set(self.keys.get() + 1);
            actions = actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.client
            .perform_actions(Actions::from(actions))
            .await
            .expect("a keyboard");
    }

    async fn focused(&self, css: &str) -> Value {
        for _ in 0..50 {
            // The page may go on to the next.
            if let Ok(focused) = self.client.execute(FOCUSED, vec![json!(css)]).await {
                return focused;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("nothing can be asked of {}", self.url().await)
    }

    /// Presses Tab until this element has the focus.
    pub async fn tabs_to(&self, css: &str) {
        self.sees(css).await;
        let mut focused = self.focused(css).await;
        let mut passed = Vec::new();
        for _ in 0..PATIENCE {
            if focused["found"] == true {
                return;
            }
            let before = focused["place"].as_u64();
            self.presses_keys([Key::Tab.into()]).await;
            focused = self.focused(css).await;
            passed.push(focused["name"].to_string());
            if focused.is_null() {
                continue; // past the end; the next press begins at the top
            }
            let page = self.url().await;
            assert!(focused["isSeen"] == true, "not seen on {page}: {focused}");
            assert!(
                focused["isMarked"] == true,
                "the focus is not seen on {page}: {focused}"
            );
            let place = focused["place"].as_u64();
            assert!(
                place > before || passed.len() > 1 && before.is_none(),
                "out of order on {page}: {passed:?}"
            );
        }
        panic!("{css} is not reached on {}: {passed:?}", self.url().await);
    }

    /// Presses a button, or follows a link.
    pub async fn enters(&self, css: &str) {
        self.tabs_to(css).await;
        self.presses_keys([Key::Enter.into()]).await;
    }

    /// Types into a field, in place of what it held.
    pub async fn types_into(&self, name: &str, text: &str) {
        self.tabs_to(&format!("main [name='{name}']")).await;
        self.presses_keys(text.chars()).await;
    }

    /// Ticks a box, or chooses the first of its kind.
    pub async fn ticks(&self, css: &str) {
        self.tabs_to(css).await;
        self.presses_keys([' ']).await;
        self.sees(&format!("{css}:checked")).await;
    }

    /// Chooses from a list by the beginning of the name, then by arrows.
    pub async fn picks(&self, name: &str, value: &str) {
        let css = format!("main select[name='{name}']");
        self.tabs_to(&css).await;
        let option = self.sees(&format!("{css} option[value='{value}']")).await;
        let label = option
            .prop("textContent")
            .await
            .expect("a name")
            .unwrap_or_default();
        let begin = label.split_whitespace().next().unwrap_or_default();
        self.presses_keys(begin.chars()).await;
        for _ in 0..20 {
            if self.value(name).await == value {
                return;
            }
            self.presses_keys([Key::Down.into()]).await;
        }
        panic!("{name}: {value} is not reached from {begin}");
    }
}
