//! Reading variables one by one: what is wrong is noted, and the next one read.

use super::variables::{self as var, Declared};
use std::{collections::HashMap, fmt};

/// What production never guesses.
const REQUIRED_IN_PRODUCTION: [&str; 5] = [
    var::DATABASE_URL.name,
    var::JWT_PRIVATE_KEY.name,
    var::EMAIL_URL.name,
    var::EMAIL_FROM.name,
    var::PUBLIC_URL.name,
];

/// All problems of a configuration, each naming its variable.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The configuration has problems:")?;
        for problem in &self.0 {
            writeln!(f, "  - {problem}")?;
        }
        write!(f, "`users-service help variables` explains every variable.")
    }
}

/// The variables, and the problems found so far.
pub(super) struct Reader<'a> {
    env: &'a HashMap<String, String>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(env: &'a HashMap<String, String>) -> Self {
        Self {
            env,
            problems: Vec::new(),
        }
    }

    pub(super) fn problems(self) -> Vec<String> {
        self.problems
    }

    /// The text of a variable; an empty one counts as unset.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.env
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn problem(&mut self, name: &str, problem: impl fmt::Display) {
        self.problems.push(format!("{name} {problem}"));
    }

    /// What a variable stands for, if it is set.
    pub(super) fn optional<T>(&mut self, variable: &Declared<T>) -> Option<T> {
        self.parsed(variable.name, variable.parse)
    }

    /// What a variable or its default stands for: a default that can't be read is a problem too.
    pub(super) fn or_default<T>(&mut self, variable: &Declared<T>) -> Option<T> {
        self.optional(variable).or_else(|| {
            let default = (variable.parse)(variable.default);
            self.noted(variable.name, default)
        })
    }

    /// What the items of a variable stand for, which commas separate.
    pub(super) fn list<T>(&mut self, variable: &Declared<T>) -> Vec<T> {
        let text = self.text(variable.name).unwrap_or_default();
        let items = text.split(',').map(str::trim);
        items
            .filter(|item| !item.is_empty())
            .filter_map(|item| self.noted(variable.name, (variable.parse)(item)))
            .collect()
    }

    /// The same as [`Reader::optional`] where a parser needs to know more than the text.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = parse(self.text(name)?);
        self.noted(name, value)
    }

    fn noted<T>(&mut self, name: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|problem| self.problem(name, problem)).ok()
    }

    /// What production wants and is not set.
    pub(super) fn missing_in_production(&self) -> Vec<&'static str> {
        // The provider's key gives the transport its default.
        let has_default =
            |name| name == var::EMAIL_URL.name && self.text(var::EMAIL_API_KEY.name).is_some();
        REQUIRED_IN_PRODUCTION
            .into_iter()
            .filter(|name| self.text(name).is_none() && !has_default(*name))
            .collect()
    }

    pub(super) fn require(&mut self, missing: &[&str]) {
        if !missing.is_empty() {
            self.problems
                .push(format!("{} must be set in production", missing.join(", ")));
        }
    }
}
