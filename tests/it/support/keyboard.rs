//! A browser driven by its keyboard alone.

use super::Browser;
use fantoccini::{
    actions::{InputSource, KeyAction, KeyActions},
    key::Key,
};
use serde_json::{Value, json};

/// More stops than any page has before what is looked for.
const MAX_STOPS: usize = 60;
/// The name of what has the focus, whether it is a link, and whether one sees that it has it.
const FOCUSED: &str = r"
    const focused = document.activeElement;
    const [label] = focused.labels || [];
    const name = focused.getAttribute('aria-label') || (label || focused).innerText;
    const outline = getComputedStyle(focused);
    const seen = focused.matches(':focus-visible') && outline.outlineStyle !== 'none'
        && parseFloat(outline.outlineWidth) >= 2;
    return [name.trim().replace(/\s+/g, ' '), focused.tagName, seen]";

impl Browser {
    /// Types keys into whatever has the focus.
    pub async fn press_keys(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in keys.chars() {
            actions = actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.client
            .perform_actions(actions)
            .await
            .expect("keys can be pressed");
    }

    /// Presses Tab until what has this name has the focus, which must be plain to see at every
    /// stop. Gives its tag.
    pub async fn tab_to(&self, name: &str) -> String {
        let mut stops = Vec::new();
        while stops.len() < MAX_STOPS {
            let focused = self.run(FOCUSED, vec![]).await;
            if focused[0] == name && focused[1] != "BODY" {
                return focused[1].as_str().unwrap_or_default().to_owned();
            }
            self.press_keys(&char::from(Key::Tab).to_string()).await;
            let focused = self.run(FOCUSED, vec![]).await;
            let is_plain = focused[1] == "BODY" || focused[2] == json!(true);
            assert!(is_plain, "the focus cannot be seen: {focused}");
            stops.push(focused[0].clone());
        }
        panic!("no {name:?} among {:?}", Value::from(stops))
    }

    /// Goes to a field and types.
    pub async fn key_in(&self, label: &str, text: &str) {
        self.tab_to(label).await;
        self.press_keys(text).await;
    }

    /// Goes to a link and presses Enter, or to a button and presses the space bar.
    pub async fn key_press(&self, name: &str) {
        let tag = self.tab_to(name).await;
        let key = if tag == "A" {
            char::from(Key::Enter)
        } else {
            ' '
        };
        self.press_keys(&key.to_string()).await;
    }
}
