//! Reading variables one by one: what is wrong is noted, and the next one read.

use std::{collections::HashMap, ops::RangeInclusive, str::FromStr};

/// What production never guesses.
const REQUIRED_IN_PRODUCTION: &[&str] = &[
    "DATABASE_URL",
    "JWT_PRIVATE_KEY",
    "EMAIL_URL",
    "EMAIL_FROM",
    "PUBLIC_URL",
];

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

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.env
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn problem(&mut self, name: &str, problem: impl std::fmt::Display) {
        self.problems.push(format!("{name} {problem}"));
    }

    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let outcome = parse(self.text(name)?);
        outcome.map_err(|problem| self.problem(name, problem)).ok()
    }

    pub(super) fn whole<T>(&mut self, name: &str, within: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        self.parsed(name, |text| {
            let number = text.parse().ok().filter(|number| within.contains(number));
            number.ok_or_else(|| {
                let (least, most) = (within.start(), within.end());
                format!("must be a whole number from {least} to {most}")
            })
        })
    }

    pub(super) fn one_of<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        self.parsed(name, |text| {
            choices
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
                .ok_or_else(|| {
                    let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                    format!("must be {}", words.join(" or "))
                })
        })
    }

    pub(super) fn switch(&mut self, name: &str, yes: &str, no: &str) -> Option<bool> {
        self.one_of(name, &[(yes, true), (no, false)])
    }

    pub(super) fn list<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let text = self.text(name).unwrap_or_default().to_owned();
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .filter_map(|item| {
                parse(item)
                    .map_err(|problem| self.problem(name, problem))
                    .ok()
            })
            .collect()
    }

    /// What production wants and is not set.
    pub(super) fn missing_in_production(&self) -> Vec<&'static str> {
        // The provider's key gives the transport its default.
        let has_default = |name| name == "EMAIL_URL" && self.text("EMAIL_API_KEY").is_some();
        REQUIRED_IN_PRODUCTION
            .iter()
            .copied()
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
