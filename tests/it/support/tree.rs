//! What a screen reader is told of a page, as text: a line for everything it says.

use super::Browser;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What only holds other things together.
const SILENT: &[&str] = &[
    "generic",
    "none",
    "InlineTextBox",
    "LineBreak",
    "ListMarker",
];
/// Their text is their name.
const NAMED_BY_TEXT: &[&str] = &["button", "heading", "link"];
/// What is said besides role and name. Everything editable or focusable is what its role says.
const STATES: &[&str] = &[
    "busy",
    "checked",
    "disabled",
    "expanded",
    "focused",
    "invalid",
    "level",
    "live",
    "modal",
    "multiline",
    "pressed",
    "required",
    "selected",
];

impl Browser {
    /// The accessibility tree of the page: role, name, description, value and states, indented.
    pub async fn heard(&self) -> String {
        let answer = self
            .devtools("Accessibility.getFullAXTree", json!({}))
            .await;
        let nodes = answer["nodes"].as_array().expect("nodes");
        let mut text = String::new();
        if let Some(root) = nodes.first() {
            write(&mut text, nodes, root, 0);
        }
        text
    }
}

fn write(text: &mut String, nodes: &[Value], node: &Value, depth: usize) {
    let role = said(node, "role");
    let name = said(node, "name");
    let is_heard = node["ignored"] != json!(true)
        && (!SILENT.contains(&role) || !said(node, "description").is_empty());
    if is_heard && !(role == "StaticText" && name.trim().is_empty()) {
        line(text, node, depth);
    }
    if is_heard && NAMED_BY_TEXT.contains(&role) {
        return;
    }
    let children = node["childIds"].as_array().map_or(&[][..], Vec::as_slice);
    for id in children {
        let child = nodes.iter().find(|node| node["nodeId"] == *id);
        if let Some(child) = child {
            write(text, nodes, child, depth + usize::from(is_heard));
        }
    }
}

fn line(text: &mut String, node: &Value, depth: usize) {
    write!(
        text,
        "{:indent$}{}",
        "",
        said(node, "role"),
        indent = depth * 2
    )
    .expect("memory");
    let parts = [
        ("name", ""),
        ("value", "value "),
        ("description", "described "),
    ];
    for (part, called) in parts {
        let words = said(node, part);
        if !words.is_empty() {
            write!(text, " {called}{words:?}").expect("memory");
        }
    }
    let properties = node["properties"].as_array().map_or(&[][..], Vec::as_slice);
    for property in properties {
        let name = property["name"].as_str().unwrap_or_default();
        let value = &property["value"]["value"];
        let is_depth = name == "level" && said(node, "role") != "heading";
        if is_depth || !STATES.contains(&name) || *value == json!(false) || *value == json!("false")
        {
            continue;
        }
        match value {
            Value::Bool(_) => write!(text, " {name}"),
            Value::String(value) if value == "true" => write!(text, " {name}"),
            Value::String(value) => write!(text, " {name}={value}"),
            value => write!(text, " {name}={value}"),
        }
        .expect("memory");
    }
    text.push('\n');
}

fn said<'a>(node: &'a Value, part: &str) -> &'a str {
    node[part]["value"].as_str().unwrap_or_default()
}
