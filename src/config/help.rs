//! The variables as text, for the command line.

use super::VARIABLES;

/// The table as text for `help variables`.
#[must_use]
pub fn help() -> String {
    let mut lines = vec!["Environment variables:".to_owned()];
    for v in VARIABLES {
        lines.push(format!("  {}", v.name));
        lines.push(format!("          {} [default: {}]", v.meaning, v.default));
    }
    lines.join("\n")
}

/// The names alone for `--help`, in lines that fit a narrow terminal.
#[must_use]
pub fn names() -> String {
    const WIDTH: usize = 78;
    let mut lines = vec!["Variables (`users-service help variables` explains them):".to_owned()];
    let mut line = " ".to_owned();
    for v in VARIABLES {
        if line.len() + v.name.len() >= WIDTH {
            lines.push(std::mem::replace(&mut line, " ".to_owned()));
        }
        line.push(' ');
        line.push_str(v.name);
    }
    lines.push(line);
    lines.join("\n")
}
