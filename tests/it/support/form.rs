//! A form as it stands in a page, filled in by its labels.

use super::html::{self, css};
use scraper::{ElementRef, Html};
use std::collections::BTreeMap;

/// A control of a form.
#[derive(Debug, Clone)]
pub struct Field {
    /// The text of its label; empty for what has none, as hidden fields do.
    pub label: String,
    /// The name it is sent under.
    pub name: String,
    /// `text`, `email`, `hidden`, `textarea`, …
    pub kind: String,
    /// What it holds.
    pub value: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// The texts that `aria-describedby` names.
    pub description: String,
}

impl Field {
    /// A control of a page.
    pub fn of(html: &Html, control: ElementRef<'_>) -> Self {
        let attribute = |name| control.attr(name).unwrap_or_default().to_owned();
        let tag = control.value().name();
        let (kind, value) = match tag {
            "textarea" => ("textarea".to_owned(), control.text().collect()),
            _ => match control.attr("type") {
                None => ("text".to_owned(), attribute("value")),
                Some(kind) => (kind.to_ascii_lowercase(), attribute("value")),
            },
        };
        let attributes = control.value().attrs();
        Self {
            label: html::label(html, control).unwrap_or_default(),
            name: attribute("name"),
            kind,
            value,
            attributes: attributes
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
            description: html::texts_of(html, &attribute("aria-describedby")),
        }
    }

    /// An attribute's value.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Whether it is marked as wrong.
    pub fn is_invalid(&self) -> bool {
        self.attr("aria-invalid") == Some("true")
    }

    fn is_sent(&self) -> bool {
        let ticked = !matches!(self.kind.as_str(), "checkbox" | "radio")
            || self.attributes.contains_key("checked");
        let button = matches!(self.kind.as_str(), "submit" | "button" | "image" | "reset");
        let disabled = self.attributes.contains_key("disabled");
        ticked && !button && !disabled && !self.name.is_empty() && self.kind != "file"
    }

    /// Whether a browser of our days lets the form go with this value.
    fn passes_the_browser(&self) -> bool {
        let missing = self.attributes.contains_key("required") && self.value.is_empty();
        let odd = self.kind == "email" && !self.value.is_empty() && !self.value.contains('@');
        let short = self.attr("minlength").and_then(|min| min.parse().ok());
        let short = short.is_some_and(|min: usize| self.value.chars().count() < min);
        !missing && !odd && (!short || self.value.is_empty())
    }
}

/// A file for a form's file field.
#[derive(Debug, Clone)]
pub struct File {
    /// The field it is sent under.
    pub field: String,
    /// Its bytes, said to be a PNG.
    pub bytes: Vec<u8>,
}

/// A form with the button that sends it.
#[derive(Debug, Clone)]
pub struct Form {
    /// `GET` or `POST`.
    pub method: String,
    /// Where it goes, as written; empty: to the page's own address.
    pub action: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its controls.
    pub fields: Vec<Field>,
    /// What the button itself sends.
    pub submitter: Option<(String, String)>,
    /// The file that was chosen.
    pub file: Option<File>,
}

impl Form {
    /// The form that the button with this name sends.
    #[track_caller]
    pub fn of(html: &Html, button: &str) -> Self {
        let selector = css("button:not([type=button]):not([type=reset]), input[type=submit]");
        let buttons: Vec<_> = html
            .select(&selector)
            .filter(|element| html::name(html, *element) == button)
            .collect();
        let [pressed] = buttons[..] else {
            let all: Vec<_> = html
                .select(&selector)
                .map(|b| html::name(html, b))
                .collect();
            panic!("{} buttons {button:?}, there are {all:?}", buttons.len())
        };
        let form = owner(html, pressed).expect("the button has a form");
        Self::sent_by(html, form, pressed)
    }

    /// Every form of a page, as its first button sends it.
    pub fn all(html: &Html) -> Vec<Self> {
        let button = css("button:not([type=button]):not([type=reset]), input[type=submit]");
        let forms = css("form");
        let found = html.select(&forms).filter_map(|form| {
            let pressed = form.select(&button).next()?;
            Some(Self::sent_by(html, form, pressed))
        });
        found.collect()
    }

    fn sent_by(html: &Html, form: ElementRef<'_>, pressed: ElementRef<'_>) -> Self {
        let written = |name: &str| form.attr(name).unwrap_or_default().to_owned();
        let or_formerly = |new: &str, old: &str| {
            pressed
                .attr(new)
                .map_or_else(|| written(old), str::to_owned)
        };
        let method = or_formerly("formmethod", "method").to_ascii_uppercase();
        let attributes = form.value().attrs();
        let submitter = pressed.attr("name").map(|name| {
            let value = pressed.attr("value").unwrap_or_default();
            (name.to_owned(), value.to_owned())
        });
        Self {
            method: if method == "POST" {
                method
            } else {
                "GET".to_owned()
            },
            action: or_formerly("formaction", "action"),
            attributes: attributes
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
            fields: html
                .select(&css("input, textarea, select"))
                .filter(|control| owner(html, *control).map(|f| f.id()) == Some(form.id()))
                .map(|control| Field::of(html, control))
                .collect(),
            submitter,
            file: None,
        }
    }

    /// Types into the field with this label.
    #[track_caller]
    pub fn fill(&mut self, label: &str, value: &str) -> &mut Self {
        let labels: Vec<_> = self
            .fields
            .iter()
            .map(|field| field.label.clone())
            .collect();
        let mut found = self.fields.iter_mut().filter(|field| field.label == label);
        match (found.next(), found.next()) {
            (Some(field), None) => value.clone_into(&mut field.value),
            _ => panic!("not exactly one field {label:?}, there are {labels:?}"),
        }
        self
    }

    /// Chooses a file in the form's one file field.
    #[track_caller]
    pub fn choose(&mut self, bytes: &[u8]) -> &mut Self {
        let field = self.fields.iter().find(|field| field.kind == "file");
        self.file = Some(File {
            field: field.expect("a file field").name.clone(),
            bytes: bytes.to_vec(),
        });
        self
    }

    /// What is sent, in order: every control that counts, then the button.
    pub fn entries(&self) -> Vec<(String, String)> {
        let sent = self.fields.iter().filter(|field| field.is_sent());
        let pairs = sent.map(|field| {
            let value = field.value.replace("\r\n", "\n").replace('\n', "\r\n");
            (field.name.clone(), value)
        });
        pairs.chain(self.submitter.clone()).collect()
    }

    /// An attribute's value.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The value of an `hx-…` attribute, whichever way it is written.
    pub fn hx(&self, name: &str) -> Option<&str> {
        self.attr(&format!("hx-{name}"))
            .or_else(|| self.attr(&format!("data-hx-{name}")))
    }

    /// Insists that a browser without script lets the form go.
    #[track_caller]
    pub fn check_in_browser(&self) {
        if self.attributes.contains_key("novalidate") {
            return;
        }
        for field in &self.fields {
            assert!(
                field.passes_the_browser(),
                "the browser keeps back: {field:?}"
            );
        }
    }
}

/// The form that a control belongs to: by its `form` attribute, or around it.
fn owner<'a>(html: &'a Html, control: ElementRef<'a>) -> Option<ElementRef<'a>> {
    if let Some(id) = control.attr("form") {
        return html::by_id(html, id);
    }
    let parents = control.ancestors().filter_map(ElementRef::wrap);
    parents
        .into_iter()
        .find(|parent| parent.value().name() == "form")
}
