//! The names of all tables and columns, for sea-query.

use sea_query::Iden;

/// The schema that everything lives in.
#[derive(Iden)]
pub enum Schema {
    /// `users`
    Users,
}

macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($column:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Iden, Clone, Copy)]
        #[allow(missing_docs)]
        pub enum $name {
            Table,
            $($column),*
        }
    };
}

table! {
    /// Accounts and profiles.
    Users {
        Id, Username, Email, PasswordHash, EmailVerified, Roles, CreatedAt, UpdatedAt,
        DisplayName, Bio, AvatarUrl, UsernameChangedAt, DeleteAfter, DeletionStartedAt,
    }
}
table! {
    /// The links that prove an address.
    EmailVerifications { TokenHash, UserId, ExpiresAt, UsedAt, CreatedAt, Email }
}
table! {
    /// Wishes for a link that sets a new password.
    PasswordResetRequests { Id, Email, TraceId, Address, Device, CreatedAt }
}
table! {
    /// The links that set a new password.
    PasswordResets { TokenHash, UserId, Email, PasswordDigest, ExpiresAt, UsedAt, CreatedAt }
}
table! {
    /// Changes of an address that wait for the new one to prove itself.
    EmailChanges { UserId, SessionId, Email, TokenHash, CreatedAt, ExpiresAt }
}
table! {
    /// The links that put an old address back.
    EmailRestorations { UserId, TokenHash, Email, CreatedAt, ExpiresAt, KeepTokenHash }
}
table! {
    /// Names that were given up and are kept from others for a while.
    HeldUsernames { Username, UserId, HeldUntil }
}
table! {
    /// Refresh tokens, by family.
    RefreshTokens {
        TokenHash, UserId, ExpiresAt, Revoked, CreatedAt, SessionId, RotatedAt, SealedSuccessor,
        Generation,
    }
}
table! {
    /// Log-ins: one on each device.
    Sessions {
        Id, UserId, CreatedAt, EndedAt, EndReason, LastSeenAt, Address, UserAgent, AuthenticatedAt,
    }
}
table! {
    /// The browser sessions of tower-sessions.
    WebSessions { IdHash, UserId, SessionId, Data, ExpiresAt }
}
table! {
    /// What happened to an account.
    AuditLog { Id, UserId, SessionId, Event, TraceId, CreatedAt, Address, Device, Detail }
}
table! {
    /// Who follows whom.
    Follows { FollowerId, FolloweeId, CreatedAt }
}
table! {
    /// How many follow, and are followed.
    FollowCounts { UserId, Slot, Followers, Followees }
}
table! {
    /// The pictures this service issued.
    Avatars { UserId, Name, CreatedAt }
}
table! {
    /// Mails owed.
    Outbox {
        Id, UserId, Kind, TraceId, CreatedAt, NextAttemptAt, Attempts, SentAt, GivenUpAt, LastError,
        Recipient, Data,
    }
}
table! {
    /// How much of each limit is used up.
    RateLimits { Key, FullAt }
}
table! {
    /// Where the owner of an account logged in.
    KnownDevices { UserId, Key, SeenAt, ExpiresAt }
}
table! {
    /// Mailboxes that want no mail that they did not ask for.
    QuietMailboxes { Key, Until }
}
table! {
    /// Copies of everything about an account.
    Exports { UserId, RequestedAt, NextAttemptAt, Attempts, ReadyAt, ExpiresAt, Size }
}
table! {
    /// Such a copy in pieces.
    ExportParts { UserId, Attempt, Number, Bytes }
}
table! {
    /// Who does the work that one replica at a time does.
    Leases { Name, Holder, Until, DoneAt }
}
