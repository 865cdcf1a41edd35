//! What is limited, and by which rules.

use super::buckets::bucket;
use crate::{
    App,
    domain::{email, limit::Rule},
    storage::rate_limits::Bucket,
};
use uuid::Uuid;

/// What is limited beside passwords, and whose: an account by its address as it was typed, or by its id.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// Making an account, or correcting its address: from one network.
    Register,
    /// Writing to a mailbox that never proved that it wants to hear from us.
    UnprovenMail(&'a str),
    /// Asking for the link that proves an address once more.
    Resend(&'a str),
    /// Asking for a link to set a new password, from one network.
    ForgotPassword(&'a str),
    /// Sending such a link, whoever asked for it.
    SendReset(&'a str),
    /// Setting a new password with such a link.
    ResetPassword,
    /// Renewing a session.
    Refresh,
    /// Following somebody.
    Follow(Uuid),
    /// Asking for the change to another e-mail address.
    ChangeEmail(Uuid, &'a str),
    /// Asking for another username.
    ChangeUsername(Uuid),
    /// Uploading a picture.
    Upload(Uuid),
}

impl Action<'_> {
    /// What one more of this is taken from, all or none. A refusal is counted as one of the first.
    pub(super) fn rules(self) -> &'static [Rule] {
        match self {
            Self::Register => &[Rule::RegisterAddress],
            Self::UnprovenMail(_) => &[Rule::UnprovenMailbox],
            Self::Resend(_) => &[Rule::ResendAccount, Rule::ResendPair, Rule::ResendAddress],
            Self::ForgotPassword(_) => &[Rule::ForgotPair, Rule::ForgotAddress],
            Self::SendReset(_) => &[Rule::ForgotAccount],
            Self::ResetPassword => &[Rule::ResetAddress],
            Self::Refresh => &[Rule::RefreshAddress],
            Self::Follow(_) => &[Rule::FollowAccount],
            Self::ChangeEmail(..) => &[Rule::ChangeEmailAccount, Rule::ChangeEmailTo],
            Self::ChangeUsername(_) => &[Rule::ChangeUsernameAccount],
            Self::Upload(_) => &[Rule::UploadAccount],
        }
    }

    /// Whose bucket it is taken from, beside or instead of the network's.
    fn whose(self, rule: Rule) -> String {
        match self {
            Self::Register | Self::ResetPassword | Self::Refresh => String::new(),
            Self::UnprovenMail(email) => email::mailbox(email),
            Self::Resend(email) | Self::ForgotPassword(email) | Self::SendReset(email) => {
                email::folded(email)
            }
            Self::ChangeEmail(_, email) if rule == Rule::ChangeEmailTo => email::folded(email),
            Self::Follow(user_id)
            | Self::ChangeEmail(user_id, _)
            | Self::ChangeUsername(user_id)
            | Self::Upload(user_id) => user_id.to_string(),
        }
    }

    /// The buckets of these rules.
    pub(super) fn buckets(self, app: &App) -> Vec<Bucket> {
        let rules = self.rules().iter().copied();
        rules
            .map(|rule| bucket(app, rule, &self.whose(rule)))
            .collect()
    }
}

/// Whose password is tried.
#[derive(Debug, Clone, Copy)]
pub enum Guess<'a> {
    /// That of the account with this address, as it was typed.
    LogIn(&'a str),
    /// That of this account once more, or the old one to change it, in this session.
    ConfirmPassword(Uuid, Uuid),
}

impl Guess<'_> {
    /// What a stranger's try is taken from, all or none. A refusal is counted as one of the first; those
    /// who share its bucket wait for each other.
    pub(super) fn rules(self) -> &'static [Rule] {
        match self {
            Self::LogIn(_) => &[
                Rule::LogInAccount,
                Rule::LogInPair,
                Rule::PasswordAccount,
                Rule::LogInAddress,
                Rule::PasswordAddress,
            ],
            Self::ConfirmPassword(..) => &[
                Rule::ConfirmSession,
                Rule::ConfirmAccount,
                Rule::PasswordAccount,
            ],
        }
    }

    /// Whose bucket it is taken from, beside or instead of the network's.
    pub(super) fn whose(self, rule: Rule) -> String {
        match self {
            Self::LogIn(email) => email::folded(email),
            Self::ConfirmPassword(_, session_id) if rule == Rule::ConfirmSession => {
                session_id.to_string()
            }
            Self::ConfirmPassword(user_id, _) => user_id.to_string(),
        }
    }
}
