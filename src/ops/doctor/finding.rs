//! What a check found.

use crate::database::fitness::Fault;
use serde::Serialize;
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works; whether it is meant to be like this, the operator knows.
    Warn,
    /// It does not work, or is not safe.
    Wrong,
}

/// One line of the report. Holds no secret.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was found and what that means: a phrase.
    pub found: String,
    /// What to do about it, when there is something to do: a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_do: Option<String>,
}

impl Finding {
    /// That something is as it should be.
    pub fn ok(found: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            found: found.into(),
            to_do: None,
        }
    }

    /// Something that may not be meant.
    pub fn warn(found: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self {
            level: Level::Warn,
            found: found.into(),
            to_do: Some(to_do.into()),
        }
    }

    /// Something that is wrong.
    pub fn wrong(found: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self {
            level: Level::Wrong,
            ..Self::warn(found, to_do)
        }
    }
}

impl From<Fault> for Finding {
    fn from(fault: Fault) -> Self {
        Self::wrong(fault.found, fault.to_do)
    }
}

impl fmt::Display for Finding {
    /// Always one line, whatever a server answered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.found.clone();
        if let Some(to_do) = &self.to_do {
            line = format!("{line} -> {to_do}");
        }
        f.write_str(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Wrong => "wrong",
        })
    }
}
