//! The limits in force.

use super::{Limit, RULES, Rule};

/// The limit of every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits([Limit; RULES.len()]);

impl Default for Limits {
    fn default() -> Self {
        Self(std::array::from_fn(|at| RULES[at].default))
    }
}

impl Limits {
    /// The limit of a rule.
    #[must_use]
    pub fn of(&self, rule: Rule) -> Limit {
        self.0[rule as usize]
    }

    /// The defaults but for these changes.
    #[must_use]
    pub fn with(changes: Vec<(Rule, Limit)>) -> Self {
        let mut limits = Self::default();
        for (rule, limit) in changes {
            limits.0[rule as usize] = limit;
        }
        limits
    }

    /// Reads a change: `log_in_account=45+12/h`.
    #[must_use]
    pub fn parse_change(text: &str) -> Option<(Rule, Limit)> {
        let (name, limit) = text.split_once('=')?;
        let row = RULES.iter().find(|row| row.name == name.trim())?;
        Some((row.rule, Limit::parse(limit.trim())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::{HOUR, MINUTE};

    #[test]
    fn limits_are_changed_by_name() {
        let change = Limits::parse_change(" resend_pair = 1+1/m ");
        let limits = Limits::with(change.into_iter().collect());
        assert_eq!(limits.of(Rule::ResendPair), Limit::new(1, 1, MINUTE));
        assert_eq!(limits.of(Rule::ResendAccount), Limit::new(12, 12, HOUR));
        for bad in ["", "resend_pair", "nothing=1+1/m", "resend_pair=many"] {
            assert_eq!(Limits::parse_change(bad), None, "{bad}");
        }
    }

    #[test]
    fn guesses_within_an_hour_stay_under_a_hundred() {
        let limits = Limits::default();
        let within_an_hour = |rule| {
            let limit = limits.of(rule);
            i64::from(limit.burst) + HOUR / limit.step.whole_seconds()
        };
        let known = within_an_hour(Rule::LogInKnown);
        let all = within_an_hour(Rule::LogInAccount) + known + known;
        assert!(all < 100, "{all}");
        let logged_in = within_an_hour(Rule::ConfirmAccount);
        assert!(logged_in < 100, "{logged_in}");
    }
}
