//! Fields that break a rule.

use super::{Error, Result};
use serde::Serialize;

/// The fields that break a rule, in the order they were checked; one entry a field.
#[derive(Debug, Default, Clone)]
pub struct FieldErrors(Vec<FieldError>);

/// One field and the first rule it breaks.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name as it was sent.
    pub field: &'static str,
    /// A stable word for the rule, e.g. `required`, `too_long`.
    #[schema(value_type = String, example = "invalid_format")]
    pub code: &'static str,
    /// For people: what to do.
    pub message: String,
}

/// The rule a single value breaks, before it is known in which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// A stable word for the rule.
    pub code: &'static str,
    /// For people: what to do.
    pub message: String,
}

impl Broken {
    /// A broken rule with its code and its message for people.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl FieldErrors {
    /// Keeps the value when it is good, else remembers what is wrong with the field.
    pub fn take<T>(&mut self, field: &'static str, parsed: Result<T, Broken>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(Broken { code, message }) => {
                self.0.push(FieldError {
                    field,
                    code,
                    message,
                });
                None
            }
        }
    }

    /// The error of these fields, for when at least one is broken.
    #[must_use]
    pub fn into_error(self) -> Error {
        Error::Validation(self)
    }

    /// A single broken field as an error.
    #[must_use]
    pub fn one(field: &'static str, broken: Broken) -> Error {
        let mut errors = Self::default();
        errors.take::<()>(field, Err(broken));
        errors.into_error()
    }

    /// All entries in order.
    #[must_use]
    pub fn entries(&self) -> &[FieldError] {
        &self.0
    }

    /// The message of one field, if it is broken.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|e| e.field == field)
            .map(|e| e.message.as_str())
    }

    /// Whether every field was good.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for FieldErrors {
    /// Names fields and codes only: values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, entry) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{} {}", entry.field, entry.code)?;
        }
        Ok(())
    }
}
