//! What there is about an account, and what each row of it says.

/// What there is about an account, under the name that its file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The account and the profile: one row.
    Account,
    /// Who follows the person.
    Followers,
    /// Whom the person follows.
    Following,
    /// The log-ins that are still known.
    Sessions,
    /// What happened to the account.
    SecurityHistory,
    /// The mails sent and owed.
    Mails,
    /// An address that has not proven itself yet.
    EmailChanges,
    /// Addresses before, that can still be restored.
    FormerEmails,
    /// Names before, that are still held.
    FormerUsernames,
    /// The links that were to prove an address.
    EmailVerifications,
    /// The links that were to set a new password.
    PasswordResets,
    /// When the account was used on devices and networks that are remembered.
    KnownDevices,
}

impl Part {
    /// Every part, in the order of the document.
    pub const ALL: [Self; 12] = [
        Self::Account,
        Self::Followers,
        Self::Following,
        Self::Sessions,
        Self::SecurityHistory,
        Self::Mails,
        Self::EmailChanges,
        Self::FormerEmails,
        Self::FormerUsernames,
        Self::EmailVerifications,
        Self::PasswordResets,
        Self::KnownDevices,
    ];

    /// The name of its key and of its file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Followers => "followers",
            Self::Following => "following",
            Self::Sessions => "sessions",
            Self::SecurityHistory => "security_history",
            Self::Mails => "mails",
            Self::EmailChanges => "email_changes",
            Self::FormerEmails => "former_emails",
            Self::FormerUsernames => "former_usernames",
            Self::EmailVerifications => "email_verifications",
            Self::PasswordResets => "password_resets",
            Self::KnownDevices => "known_devices",
        }
    }

    /// What a row says, in order.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Account => &[
                "created_at",
                "id",
                "username",
                "email",
                "email_verified",
                "display_name",
                "bio",
                "avatar_url",
                "roles",
                "updated_at",
                "delete_after",
            ],
            Self::Followers | Self::Following => &["followed_at", "id", "username", "display_name"],
            Self::Sessions => &[
                "created_at",
                "id",
                "last_seen_at",
                "authenticated_at",
                "ended_at",
                "end_reason",
                "address",
                "user_agent",
            ],
            Self::SecurityHistory => &[
                "created_at",
                "id",
                "event",
                "session_id",
                "address",
                "device",
                "detail",
                "trace_id",
            ],
            Self::Mails => &[
                "created_at",
                "id",
                "kind",
                "recipient",
                "sent_at",
                "given_up_at",
            ],
            Self::EmailChanges | Self::FormerEmails => {
                &["created_at", "account_id", "email", "expires_at"]
            }
            Self::FormerUsernames => &["held_until", "account_id", "username"],
            Self::EmailVerifications | Self::PasswordResets => {
                &["created_at", "account_id", "email", "expires_at", "used_at"]
            }
            Self::KnownDevices => &["seen_at", "account_id", "expires_at"],
        }
    }
}
