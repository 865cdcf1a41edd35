//! What a person, or a screen reader, gets out of HTML.

use scraper::{ElementRef, Html, Node, Selector};
use std::collections::BTreeMap;

/// Elements that don't part the text around them.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "i", "kbd", "label", "mark", "q", "s",
    "small", "span", "strong", "sub", "sup", "time", "u", "wbr",
];

/// An element, taken out of its page.
#[derive(Debug, Clone)]
pub struct Element {
    /// Its tag, in lower case.
    pub tag: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its accessible name: `aria-label`, or the text in it.
    pub name: String,
    /// The HTML in it.
    pub inner: String,
}

impl Element {
    /// Takes an element out of its page.
    pub fn of(html: &Html, element: ElementRef<'_>) -> Self {
        let attributes = element.value().attrs();
        Self {
            tag: element.value().name().to_owned(),
            attributes: attributes
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
            name: name(html, element),
            inner: element.inner_html(),
        }
    }

    /// An attribute's value.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// A CSS selector.
#[track_caller]
pub fn css(selector: &str) -> Selector {
    Selector::parse(selector).expect("a selector")
}

/// The element with this id.
pub fn by_id<'a>(html: &'a Html, id: &str) -> Option<ElementRef<'a>> {
    html.select(&css("[id]"))
        .find(|element| element.attr("id") == Some(id))
}

/// The accessible name: `aria-label`, `aria-labelledby`, the value of an old submit button, or
/// the text.
pub fn name(html: &Html, element: ElementRef<'_>) -> String {
    if let Some(label) = element.attr("aria-label") {
        return label.to_owned();
    }
    if let Some(ids) = element.attr("aria-labelledby") {
        return texts_of(html, ids);
    }
    if element.value().name() == "input" {
        return element.attr("value").unwrap_or_default().to_owned();
    }
    text(element)
}

/// The texts of the elements with these ids.
pub fn texts_of(html: &Html, ids: &str) -> String {
    let found = ids.split_whitespace().filter_map(|id| by_id(html, id));
    found.map(text).collect::<Vec<_>>().join(" ")
}

/// The visible text, white space collapsed.
pub fn text(element: ElementRef<'_>) -> String {
    let mut collected = String::new();
    collect(element, &mut collected);
    collected.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn collect(element: ElementRef<'_>, into: &mut String) {
    let tag = element.value().name();
    if element.attr("hidden").is_some() || matches!(tag, "script" | "style" | "template") {
        return;
    }
    if tag == "img" {
        into.push_str(element.attr("alt").unwrap_or_default());
    }
    for child in element.children() {
        if let Node::Text(text) = child.value() {
            into.push_str(text);
        } else if let Some(child) = ElementRef::wrap(child) {
            let apart = !INLINE.contains(&child.value().name());
            into.push_str(if apart { " " } else { "" });
            collect(child, into);
            into.push_str(if apart { " " } else { "" });
        }
    }
}

/// The text of the label of a control: `<label for>`, a label around it, or `aria-label`.
pub fn label(html: &Html, control: ElementRef<'_>) -> Option<String> {
    let id = control.attr("id");
    let pointing = html
        .select(&css("label[for]"))
        .find(|label| id.is_some() && label.attr("for") == id);
    let around = || {
        let parents = control.ancestors().filter_map(ElementRef::wrap);
        parents
            .into_iter()
            .find(|parent| parent.value().name() == "label")
    };
    match pointing.or_else(around) {
        Some(label) => Some(text(label)),
        None => control.attr("aria-label").map(str::to_owned),
    }
}
