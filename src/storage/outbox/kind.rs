//! What mails are about.

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The link that proves an address.
    VerifyEmail,
    /// The link that sets a new password.
    ResetPassword,
    /// The link that proves the new address of an account, to that address.
    ConfirmEmail,
    /// Another address was asked for: to the one that the account has.
    EmailChangeRequested,
    /// The address was changed: to the new one, and with the way back to the old one.
    EmailChanged,
    /// The address before it was put back: to the one that it replaced.
    EmailRestored,
    /// A day after the change, to the new address: the link that ends the way back.
    KeepEmail,
    /// The password was changed.
    PasswordChanged,
    /// A new password was set with a link.
    PasswordReset,
    /// The handle was changed.
    UsernameChanged,
    /// Somebody logged in from a kind of device that was not seen before.
    NewDevice,
    /// A refresh token was used twice: the session was ended.
    SessionStolen,
    /// The copy of everything about the account is ready.
    ExportReady,
    /// The account is to be deleted.
    DeletionRequested,
    /// The account is kept after all.
    DeletionCancelled,
}

impl Kind {
    /// The word in the table's column `kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ConfirmEmail => "confirm_email",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::EmailRestored => "email_restored",
            Self::KeepEmail => "keep_email",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::UsernameChanged => "username_changed",
            Self::NewDevice => "new_device",
            Self::SessionStolen => "session_stolen",
            Self::ExportReady => "export_ready",
            Self::DeletionRequested => "deletion_requested",
            Self::DeletionCancelled => "deletion_cancelled",
        }
    }

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Every kind that this version can write; a newer one's mails are left to it.
    pub const ALL: [Self; 15] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ConfirmEmail,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::EmailRestored,
        Self::KeepEmail,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::UsernameChanged,
        Self::NewDevice,
        Self::SessionStolen,
        Self::ExportReady,
        Self::DeletionRequested,
        Self::DeletionCancelled,
    ];
}
