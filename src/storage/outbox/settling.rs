//! What becomes of a mail that was taken: it is held on to, sent, or failed.

use super::{CLAIM, Owed};
use crate::{
    Result,
    database::{GenericClient, execute},
};
use time::{Duration, OffsetDateTime};

/// What becomes of a mail that could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is tried again after this time.
    In(Duration),
    /// It was given up at this time.
    GivenUp(OffsetDateTime),
}

/// Holds on to a claim that has not lapsed to somebody else.
pub async fn renew(db: &impl GenericClient, owed: &Owed, passed: Duration) -> Result<()> {
    execute(db, sql::renew(owed, passed)).await?;
    Ok(())
}

/// The mail is sent, or needed no more. This holds whoever has the claim by now.
pub async fn sent(db: &impl GenericClient, owed: &Owed, now: OffsetDateTime) -> Result<()> {
    execute(db, sql::sent(owed, now)).await?;
    Ok(())
}

/// The attempt failed. Without effect if the claim lapsed to somebody else.
pub async fn failed(
    db: &impl GenericClient,
    owed: &Owed,
    next: Next,
    last_error: &str,
    passed: Duration,
) -> Result<()> {
    execute(db, sql::failed(owed, next, last_error, passed)).await?;
    Ok(())
}

/// The statements.
pub mod sql {
    use super::{CLAIM, Duration, Next, OffsetDateTime, Owed};
    use crate::{
        database::now::in_seconds,
        storage::{
            outbox::unfinished,
            schema::{Outbox, Schema},
        },
    };
    use sea_query::{Expr, ExprTrait, Query, UpdateStatement};

    /// Moves a claim ahead, if it is still the newest.
    #[must_use]
    pub fn renew(owed: &Owed, passed: Duration) -> UpdateStatement {
        let until = in_seconds((passed + CLAIM).as_seconds_f64());
        claimed(owed).value(Outbox::NextAttemptAt, until).take()
    }

    /// Marks a mail as sent, whatever others think of it.
    #[must_use]
    pub fn sent(owed: &Owed, now: OffsetDateTime) -> UpdateStatement {
        this(owed)
            .value(Outbox::SentAt, now)
            .value(Outbox::GivenUpAt, None::<OffsetDateTime>)
            .and_where(Expr::col(Outbox::SentAt).is_null())
            .take()
    }

    /// Lets a claimed mail wait for its next attempt, or gives it up.
    #[must_use]
    pub fn failed(owed: &Owed, next: Next, last_error: &str, passed: Duration) -> UpdateStatement {
        let (column, at) = match next {
            Next::In(pause) => {
                let at = in_seconds((passed + pause).as_seconds_f64());
                (Outbox::NextAttemptAt, at)
            }
            Next::GivenUp(at) => (Outbox::GivenUpAt, at.into()),
        };
        claimed(owed)
            .value(column, at)
            .value(Outbox::LastError, last_error)
            .take()
    }

    fn this(owed: &Owed) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Outbox::Table))
            .and_where(Expr::col(Outbox::UserId).eq(owed.user_id))
            .and_where(Expr::col(Outbox::Id).eq(owed.id))
            .take()
    }

    /// Every claim counts an attempt: the number tells this claim from a later one.
    fn claimed(owed: &Owed) -> UpdateStatement {
        this(owed)
            .and_where(Expr::col(Outbox::Attempts).eq(owed.attempts))
            .cond_where(unfinished())
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::{Next, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{NOW, owed},
    };
    use time::Duration;

    statements! {
        renew(&owed(), Duration::ZERO);
        sent(&owed(), NOW);
        failed(&owed(), Next::In(Duration::SECOND), "why", Duration::ZERO), "to be tried again";
        failed(&owed(), Next::GivenUp(NOW), "why", Duration::ZERO), "given up";
    }
}
