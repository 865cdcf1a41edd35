//! A field of a form: label, hint, input and error, tied together in one place.

use super::problem::Problem;
use askama::{Template, filters::HtmlSafe};

/// A text field. Its name is its id too.
#[derive(Template)]
#[template(path = "kit/field.html")]
pub(in crate::web) struct Field {
    name: &'static str,
    label: &'static str,
    kind: Kind,
    value: String,
    autocomplete: &'static str,
    hint: Option<&'static str>,
    /// The most characters, which the script counts down.
    max: Option<usize>,
    /// Where the field is checked when the person leaves it.
    check: Option<&'static str>,
    /// Where advice on it comes from while the person types.
    advice: Option<&'static str>,
    error: Option<String>,
    /// Whether the banner at the top is about this field.
    is_told_above: bool,
}

impl HtmlSafe for Field {}

/// What a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Kind {
    Email,
    /// A name that a machine compares: no capital letters, no spelling.
    Handle,
    Password,
    Line,
    Lines,
}

impl Kind {
    fn input_type(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
            Self::Handle | Self::Line | Self::Lines => "text",
        }
    }

    fn is_for_machines(self) -> bool {
        matches!(self, Self::Email | Self::Handle | Self::Password)
    }
}

impl Field {
    /// An empty field.
    pub(in crate::web) fn new(
        name: &'static str,
        label: &'static str,
        kind: Kind,
        autocomplete: &'static str,
    ) -> Self {
        Self {
            name,
            label,
            kind,
            value: String::new(),
            autocomplete,
            hint: None,
            max: None,
            check: None,
            advice: None,
            error: None,
            is_told_above: false,
        }
    }

    /// With what was typed before; never for passwords.
    pub(in crate::web) fn typed(mut self, value: &str) -> Self {
        if self.kind != Kind::Password {
            value.clone_into(&mut self.value);
        }
        self
    }

    /// With a line that says what to enter.
    pub(in crate::web) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// With a number of characters that the script counts down.
    pub(in crate::web) fn at_most(mut self, max: usize) -> Self {
        self.max = Some(max);
        self
    }

    /// Checked at an address when the person leaves it.
    pub(in crate::web) fn checked_at(mut self, path: &'static str) -> Self {
        self.check = Some(path);
        self
    }

    /// With advice from an address while the person types.
    pub(in crate::web) fn advised_at(mut self, path: &'static str) -> Self {
        self.advice = Some(path);
        self
    }

    /// With what is wrong with it, if anything is.
    pub(in crate::web) fn judged(mut self, problem: Option<&Problem>) -> Self {
        self.error = problem
            .and_then(|problem| problem.beside(self.name))
            .map(str::to_owned);
        self.is_told_above = problem.is_some_and(|problem| problem.is_about(self.name));
        self
    }

    /// The ids of what describes the field.
    fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if self.hint.is_some() {
            ids.push(format!("{}-hint", self.name));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.name));
        }
        if self.is_told_above {
            ids.push("problem".to_owned());
        }
        ids.join(" ")
    }

    /// Whether anything is wrong with it.
    pub(in crate::web) fn is_invalid(&self) -> bool {
        self.error.is_some() || self.is_told_above
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::error::{Broken, FieldErrors};

    fn email() -> Field {
        Field::new("email", "Email", Kind::Email, "email")
    }

    #[test]
    fn an_error_is_tied_to_its_field() {
        let error = FieldErrors::one("email", Broken::new("x", "Enter a valid email address"));
        let (_, problem) = Problem::of(error).unwrap();
        let html = email()
            .hint("A hint")
            .judged(Some(&problem))
            .render()
            .unwrap();
        assert!(
            html.contains("aria-describedby=\"email-hint email-error\""),
            "{html}"
        );
        assert!(html.contains("aria-invalid=\"true\"") && html.contains("id=\"email-error\""));
        let good = email().render().unwrap();
        assert!(!good.contains("aria-"), "{good}");
    }

    #[test]
    fn what_was_typed_is_kept_and_escaped_but_passwords_never() {
        let html = email().typed("\"><script>").render().unwrap();
        assert!(
            !html.contains("<script>") && html.contains("&#60;script&#62;"),
            "{html}"
        );
        let password = Field::new("password", "Password", Kind::Password, "new-password");
        assert!(
            !password
                .typed("secret")
                .render()
                .unwrap()
                .contains("secret")
        );
    }

    #[test]
    fn a_first_line_break_survives() {
        let bio = Field::new("bio", "Bio", Kind::Lines, "off").typed("\nsecond");
        // The parser drops one line break after the tag.
        assert!(bio.render().unwrap().contains(">\n\nsecond</textarea>"));
    }
}
