//! A page as a visitor sees it.

use super::{
    Answer,
    form::{Field, Form},
    html::{self, Element, css},
};
use reqwest::Url;
use scraper::Html;
use std::ops::Deref;

/// A page, with the answer it came in.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its address, after all redirects.
    pub url: Url,
    /// Status and address of every redirect on the way.
    pub redirects: Vec<(u16, String)>,
    answer: Answer,
}

impl Deref for Page {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.answer
    }
}

impl Page {
    /// The answer that came from this address.
    pub fn new(url: Url, redirects: Vec<(u16, String)>, answer: Answer) -> Self {
        Self {
            url,
            redirects,
            answer,
        }
    }

    /// The path of its address.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// The page's source.
    pub fn html(&self) -> String {
        self.answer.text()
    }

    /// All visible text, white space collapsed.
    pub fn text(&self) -> String {
        let html = self.parsed();
        html.select(&css("body")).map(html::text).collect()
    }

    /// Whether the text holds these words.
    pub fn has(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// Insists that the text holds these words.
    #[track_caller]
    pub fn shows(&self, words: &str) -> &Self {
        assert!(self.has(words), "{words:?} is not in {:?}", self.text());
        self
    }

    /// The one heading of the first rank.
    #[track_caller]
    pub fn h1(&self) -> String {
        let headings = self.all("h1");
        assert_eq!(headings.len(), 1, "one h1: {}", self.html());
        headings[0].name.clone()
    }

    /// The title.
    pub fn title(&self) -> String {
        self.all("title")
            .first()
            .map(|title| title.name.clone())
            .unwrap_or_default()
    }

    /// All elements that a selector finds.
    #[track_caller]
    pub fn all(&self, selector: &str) -> Vec<Element> {
        let html = self.parsed();
        html.select(&css(selector))
            .map(|element| Element::of(&html, element))
            .collect()
    }

    /// The first element that a selector finds.
    #[track_caller]
    pub fn one(&self, selector: &str) -> Element {
        let first = self.all(selector).into_iter().next();
        first.unwrap_or_else(|| panic!("no {selector} in {}", self.html()))
    }

    /// The link with this name.
    pub fn link(&self, name: &str) -> Option<Element> {
        self.all("a[href]")
            .into_iter()
            .find(|link| link.name == name)
    }

    /// The names of all links.
    pub fn links(&self) -> Vec<String> {
        self.all("a[href]")
            .into_iter()
            .map(|link| link.name)
            .collect()
    }

    /// Whether there is a button with this name.
    pub fn has_button(&self, name: &str) -> bool {
        self.buttons().iter().any(|button| button == name)
    }

    /// The names of all buttons.
    pub fn buttons(&self) -> Vec<String> {
        self.all("button, input[type=submit]")
            .into_iter()
            .map(|button| button.name)
            .collect()
    }

    /// The control with this label.
    #[track_caller]
    pub fn field(&self, label: &str) -> Field {
        let fields = self.fields();
        let labels: Vec<_> = fields.iter().map(|field| field.label.clone()).collect();
        let found = fields.into_iter().find(|field| field.label == label);
        found.unwrap_or_else(|| panic!("no field {label:?}, there are {labels:?}"))
    }

    /// All controls that people see.
    pub fn fields(&self) -> Vec<Field> {
        let html = self.parsed();
        html.select(&css(
            "input:not([type=hidden]):not([type=submit]), textarea, select",
        ))
        .map(|control| Field::of(&html, control))
        .collect()
    }

    /// The form that the button with this name sends.
    #[track_caller]
    pub fn form(&self, button: &str) -> Form {
        Form::of(&self.parsed(), button)
    }

    /// All forms.
    pub fn forms(&self) -> Vec<Form> {
        Form::all(&self.parsed())
    }

    fn parsed(&self) -> Html {
        Html::parse_document(&self.answer.text())
    }
}
