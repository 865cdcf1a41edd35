//! What has a limit of its own, and THE table of these limits as long as nobody changes them.

use super::{HOUR, Limit, MINUTE};

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
    /// Passwords tried at one account, right or wrong.
    PasswordAccount,
    /// Passwords tried from one client network that is not known to the account, right or wrong.
    PasswordAddress,
    /// Wrong passwords of who is logged in and has to enter it again, in one session.
    ConfirmSession,
    /// Of these, in all sessions of one account.
    ConfirmAccount,
    /// Accounts made from one client network.
    RegisterAddress,
    /// Mails to one mailbox that never proved itself, whatever they are about.
    UnprovenMailbox,
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
    /// Renewals of one session: its tokens carry the bucket.
    RefreshSession,
    /// People followed by one account.
    FollowAccount,
    /// Changes of its e-mail address that one account asks for.
    ChangeEmailAccount,
    /// Changes to one e-mail address, whoever asks for them.
    ChangeEmailTo,
    /// Usernames that one account asks for.
    ChangeUsernameAccount,
    /// Pictures that one account uploads.
    UploadAccount,
}

/// THE table: the name in `RATE_LIMIT_RULES`, and the default. Generous to a school behind one
/// address. Within an hour strangers guess 54 + 4 times at one account, from however many
/// addresses, 18 + 2 times more if they sit in a network that its owner logs in from, and as
/// often with a known browser: under 100 together. One session fills up slower than its account,
/// so that a stolen one leaves room to the others. A right password costs a hash too: the wide limits
/// are for who sends it again and again. A mailbox that never asked gets ten mails at once, then ten a
/// day.
pub(super) const DEFAULTS: [(Rule, &str, Limit); 24] = [
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
        Rule::PasswordAccount,
        "password_account",
        Limit::new(300, 600, HOUR),
    ),
    (
        Rule::PasswordAddress,
        "password_address",
        Limit::new(2_000, 4_000, HOUR),
    ),
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
        Rule::UnprovenMailbox,
        "unproven_mailbox",
        Limit::new(10, 10, 24 * HOUR),
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
        Rule::RefreshSession,
        "refresh_session",
        Limit::new(120, 60, HOUR),
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
    (
        Rule::UploadAccount,
        "upload_account",
        Limit::new(20, 60, HOUR),
    ),
];

impl Rule {
    /// Its name in `RATE_LIMIT_RULES`.
    #[must_use]
    pub fn name(self) -> &'static str {
        DEFAULTS[self as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::Limits;

    #[test]
    fn every_rule_finds_its_line_in_the_table() {
        for (at, (rule, ..)) in DEFAULTS.iter().enumerate() {
            assert_eq!(*rule as usize, at, "{rule:?}");
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
