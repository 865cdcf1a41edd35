//! How long what is kept. `docs/retention.md` is this table in words.

use super::deletion;
use crate::{
    App, Result,
    domain::history,
    storage::{
        known_devices, password_resets, rate_limits,
        retention::{self, BATCH, Class},
    },
};
use time::Duration;

/// What is forgotten, and how long after it ran out. In this order: what hangs on another goes first.
pub const RULES: &[(Class, Duration)] = &[
    (Class::WebSessions, Duration::ZERO),
    (Class::EmailVerifications, Duration::days(30)),
    // A token that was copied is known as such for as long as its row is here.
    (Class::RefreshTokens, Duration::days(30)),
    (Class::TokensOfEndedSessions, Duration::days(30)),
    (Class::EndedSessions, Duration::days(30)),
    (Class::IdleSessions, Duration::days(60)),
    (Class::Mails, Duration::days(30)),
    (Class::AuditLog, history::KEPT),
    (Class::Exports, Duration::ZERO),
    (Class::EmailChanges, Duration::ZERO),
    (Class::EmailRestorations, Duration::ZERO),
    (Class::HeldUsernames, Duration::ZERO),
];

/// Forgets all that has run out, and deletes the accounts whose window has ended. Every replica may
/// do it at any time. What goes wrong is logged and left to the next time.
pub async fn sweep(app: &App) {
    for (class, age) in RULES {
        if let Err(error) = forget(app, *class, *age).await {
            tracing::warn!(%error, ?class, "could not forget all that ran out");
        }
    }
    if let Err(error) = forget_more(app).await {
        tracing::warn!(%error, "could not forget limits and devices that ran out");
    }
    if let Err(error) = deletion::finish_due(app).await {
        tracing::warn!(%error, "could not look for accounts to delete");
    }
}

async fn forget_more(app: &App) -> Result<()> {
    let client = app.db.get().await?;
    let now = app.clock.now();
    password_resets::delete_expired(&client, now).await?;
    rate_limits::delete_full(&client, now).await?;
    known_devices::delete_expired(&client, now).await.map(drop)
}

async fn forget(app: &App, class: Class, age: Duration) -> Result<()> {
    let until = app.clock.now() - age;
    loop {
        // Given back after each batch: people come first.
        let client = app.db.get().await?;
        let gone = retention::forget(&client, class, until).await?;
        tracing::debug!(gone, ?class, "forgot what ran out");
        if gone < BATCH {
            return Ok(());
        }
    }
}
