//! How often something may be done: the limits and their defaults.

use time::Duration;

/// A bucket of tries that fills up again one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many tries a full bucket holds.
    pub burst: u32,
    /// How long until one more is in it.
    pub step: Duration,
}

impl Limit {
    const fn new(burst: u32, more: i64, period: i64) -> Self {
        Self {
            burst,
            step: Duration::microseconds(period * 1_000_000 / more),
        }
    }

    /// How long an empty bucket takes to be full again.
    #[must_use]
    pub fn whole(self) -> Duration {
        self.step
            .saturating_mul(i32::try_from(self.burst).unwrap_or(i32::MAX))
    }

    /// The same bucket counted in rations of so many tries.
    #[must_use]
    pub fn in_rations_of(self, tries: u32) -> Self {
        Self {
            burst: self.burst / tries,
            step: self
                .step
                .saturating_mul(i32::try_from(tries).unwrap_or(i32::MAX)),
        }
    }

    /// Reads `45+12/h`: 45 at once, then 12 an hour (or `/s`, `/m`, `/d`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (burst, rate) = text.split_once('+')?;
        let (more, unit) = rate.split_once('/')?;
        let period = match unit {
            "s" => 1,
            "m" => 60,
            "h" => HOUR,
            "d" => 24 * HOUR,
            _ => return None,
        };
        let few = |text: &str| {
            text.parse()
                .ok()
                .filter(|count| (1..=1_000_000).contains(count))
        };
        Some(Self::new(few(burst)?, few(more)?.into(), period))
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

/// What has a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Wrong passwords from one client network, for whatever accounts.
    LogInAddress,
    /// Wrong passwords for one account from all who are not known to it.
    LogInAccount,
    /// Of these, from one client network.
    LogInPair,
    /// Wrong passwords for one account from one browser or network that is known to it.
    LogInKnown,
    /// Wrong passwords of who is logged in and has to enter it again, in one session.
    ConfirmSession,
    /// Of these, in all sessions of one account.
    ConfirmAccount,
    /// Accounts made from one client network.
    RegisterAddress,
    /// Links to prove an address, for one account.
    ResendAccount,
    /// Of these, from one client network.
    ResendPair,
    /// Such links from one client network, for whatever accounts.
    ResendAddress,
    /// Links to set a new password, for one account.
    ForgotAccount,
    /// Of these, from one client network.
    ForgotPair,
    /// Such links from one client network, for whatever accounts.
    ForgotAddress,
    /// New passwords set with a link from one client network.
    ResetAddress,
    /// Sessions renewed from one client network.
    RefreshAddress,
    /// People followed by one account.
    FollowAccount,
    /// Changes of its e-mail address that one account asks for.
    ChangeEmailAccount,
    /// Changes to one e-mail address, whoever asks for them.
    ChangeEmailTo,
    /// Usernames that one account asks for.
    ChangeUsernameAccount,
}

/// THE table: the name in `RATE_LIMIT_RULES`, and the default. Generous to a school behind one
/// address. Within an hour strangers guess 54 + 4 times at one account, from however many
/// addresses, 18 + 2 times more if they sit in a network that its owner logs in from, and as
/// often with a known browser: under 100 together. One session fills up slower than its account,
/// so that a stolen one leaves room to the others.
const DEFAULTS: [(Rule, &str, Limit); 19] = [
    (
        Rule::LogInAddress,
        "log_in_address",
        Limit::new(500, 1_000, HOUR),
    ),
    (
        Rule::LogInAccount,
        "log_in_account",
        Limit::new(54, 4, HOUR),
    ),
    (Rule::LogInPair, "log_in_pair", Limit::new(50, 4, HOUR)),
    (Rule::LogInKnown, "log_in_known", Limit::new(18, 2, HOUR)),
    (
        Rule::ConfirmSession,
        "confirm_session",
        Limit::new(20, 10, HOUR),
    ),
    (
        Rule::ConfirmAccount,
        "confirm_account",
        Limit::new(50, 40, HOUR),
    ),
    (
        Rule::RegisterAddress,
        "register_address",
        Limit::new(1_000, 1_000, HOUR),
    ),
    (
        Rule::ResendAccount,
        "resend_account",
        Limit::new(12, 12, HOUR),
    ),
    (Rule::ResendPair, "resend_pair", Limit::new(6, 6, HOUR)),
    (
        Rule::ResendAddress,
        "resend_address",
        Limit::new(500, 500, HOUR),
    ),
    (
        Rule::ForgotAccount,
        "forgot_account",
        Limit::new(12, 12, HOUR),
    ),
    (Rule::ForgotPair, "forgot_pair", Limit::new(6, 6, HOUR)),
    (
        Rule::ForgotAddress,
        "forgot_address",
        Limit::new(500, 500, HOUR),
    ),
    (
        Rule::ResetAddress,
        "reset_address",
        Limit::new(500, 500, HOUR),
    ),
    (
        Rule::RefreshAddress,
        "refresh_address",
        Limit::new(3_000, 3_000, MINUTE),
    ),
    (
        Rule::FollowAccount,
        "follow_account",
        Limit::new(1_000, 2_000, HOUR),
    ),
    (
        Rule::ChangeEmailAccount,
        "change_email_account",
        Limit::new(10, 10, HOUR),
    ),
    (
        Rule::ChangeEmailTo,
        "change_email_to",
        Limit::new(5, 5, HOUR),
    ),
    (
        Rule::ChangeUsernameAccount,
        "change_username_account",
        Limit::new(10, 10, 24 * HOUR),
    ),
];

impl Rule {
    /// Its name in `RATE_LIMIT_RULES`.
    #[must_use]
    pub fn name(self) -> &'static str {
        DEFAULTS[self as usize].1
    }
}

/// The limit of every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits([Limit; DEFAULTS.len()]);

impl Default for Limits {
    fn default() -> Self {
        Self(DEFAULTS.map(|(_, _, limit)| limit))
    }
}

impl Limits {
    /// The limit of a rule.
    #[must_use]
    pub fn of(&self, rule: Rule) -> Limit {
        self.0[rule as usize]
    }

    /// Changes one limit: `log_in_account=45+12/h`. Says false when that can't be read.
    pub fn change(&mut self, text: &str) -> bool {
        let change = text.split_once('=').and_then(|(name, limit)| {
            let (rule, ..) = DEFAULTS
                .iter()
                .find(|(_, known, _)| *known == name.trim())?;
            Some((*rule, Limit::parse(limit.trim())?))
        });
        if let Some((rule, limit)) = change {
            self.0[rule as usize] = limit;
        }
        change.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_finds_its_line_in_the_table() {
        for (at, (rule, ..)) in DEFAULTS.iter().enumerate() {
            assert_eq!(*rule as usize, at, "{rule:?}");
        }
    }

    #[test]
    fn a_limit_is_a_burst_and_a_rate() {
        let limit = Limit::new(45, 12, HOUR);
        assert_eq!(Limit::parse("45+12/h"), Some(limit));
        assert_eq!(limit.step, Duration::minutes(5));
        assert_eq!(limit.whole(), Duration::minutes(225));
        assert_eq!(limit.in_rations_of(5), Limit::new(9, 12, 5 * HOUR));
        for bad in [
            "",
            "45",
            "45+12",
            "0+12/h",
            "45+0/h",
            "45+12/w",
            "45+12/hour",
            "-1+1/h",
        ] {
            assert_eq!(Limit::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn limits_are_changed_by_name() {
        let mut limits = Limits::default();
        assert!(limits.change(" resend_pair = 1+1/m "));
        assert_eq!(limits.of(Rule::ResendPair), Limit::new(1, 1, MINUTE));
        assert_eq!(limits.of(Rule::ResendAccount), Limit::new(12, 12, HOUR));
        for bad in ["", "resend_pair", "nothing=1+1/m", "resend_pair=many"] {
            assert!(!limits.change(bad), "{bad}");
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
