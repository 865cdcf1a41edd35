//! A tour of pages in a browser, each of which is examined.

use super::{Browser, TestApp};

/// A tour of the pages, and what was found wrong on it.
pub struct Tour {
    /// Where the pages are shown.
    pub browser: Browser,
    found: Vec<String>,
}

impl Tour {
    /// Opens a browser for the tour.
    pub async fn start(app: &TestApp) -> Self {
        let browser = Browser::open(app).await;
        Self {
            browser,
            found: Vec::new(),
        }
    }

    /// Examines the page that is open, once it shows these words.
    pub async fn see(&mut self, what: &str, words: &str) {
        self.browser.shows(words).await;
        self.found.extend(self.browser.examine(what).await);
        self.browser.console_is_clean().await;
    }

    /// Opens pages and examines them.
    pub async fn visit(&mut self, pages: &[(&str, &str)]) {
        for (path, words) in pages {
            self.browser.go(path).await;
            self.see(path, words).await;
        }
    }

    /// Fills a form by its labels and presses its button.
    pub async fn fill(&self, fields: &[(&str, &str)], button: &str) {
        for (label, text) in fields {
            self.browser.fill(label, text).await;
        }
        self.browser.click(button).await;
    }

    /// Insists that nothing was found wrong.
    pub fn end(self) {
        assert!(self.found.is_empty(), "\n{}", self.found.join("\n"));
    }
}
