//! What an error of the database means.

use super::Error;

impl From<tokio_postgres::Error> for Error {
    /// A lost connection, a time-out, a shut-down or a full server passes by itself (503);
    /// anything else the database says is a bug (500) unless a constraint is expected.
    fn from(error: tokio_postgres::Error) -> Self {
        let passing = match error.code() {
            None => true,
            Some(state) => {
                let code = state.code();
                // 08 connection, 53 resources, 57 operator and time-outs, 25006 read-only
                // standby, 55P03 lock, 40001 and 40P01 serialisation and deadlock.
                code.starts_with("08")
                    || code.starts_with("53")
                    || code.starts_with("57")
                    || matches!(code, "25006" | "55P03" | "40001" | "40P01")
                    || is_stale_statement(&error)
            }
        };
        if passing {
            Self::unavailable(error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<deadpool::managed::PoolError<tokio_postgres::Error>> for Error {
    fn from(error: deadpool::managed::PoolError<tokio_postgres::Error>) -> Self {
        match error {
            deadpool::managed::PoolError::Backend(error) => Self::unavailable(error),
            other => Self::unavailable(other),
        }
    }
}

/// Whether a prepared statement is what failed, before it did anything: the connection does not know
/// it any more (26000), knows another of its name (42P05, 08P01), or a change of the schema gave it
/// other columns (0A000 from one place of PostgreSQL; its message is in the server's language).
pub(crate) fn is_stale_statement(error: &tokio_postgres::Error) -> bool {
    let Some(error) = error.as_db_error() else {
        return false;
    };
    match error.code().code() {
        "26000" | "42P05" | "08P01" => true,
        "0A000" => error.routine() == Some("RevalidateCachedQuery"),
        _ => false,
    }
}

impl Error {
    /// Whether the database gave this transaction up for another one, or a prepared statement of it
    /// was stale: doing it again is right.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        let Self::Unavailable(cause) = self else {
            return false;
        };
        let Some(error) = cause.downcast_ref::<tokio_postgres::Error>() else {
            return false;
        };
        let state = error.code();
        state.is_some_and(|state| matches!(state.code(), "40001" | "40P01"))
            || is_stale_statement(error)
    }

    /// Whether the connection to the database is what failed, leads to a server that takes no writes
    /// any more, or has stale statements, as all that are as old: it must not be used again.
    #[must_use]
    pub fn is_lost_connection(&self) -> bool {
        let Self::Unavailable(cause) = self else {
            return false;
        };
        let Some(error) = cause.downcast_ref::<tokio_postgres::Error>() else {
            // An answer that did not come in time may still come.
            return cause.is::<tokio::time::error::Elapsed>();
        };
        error.code().is_none_or(|state| {
            // 08 connection, 57P shut-down, 25006 a standby, or a primary that was demoted.
            let code = state.code();
            code.starts_with("08") || code.starts_with("57P") || code == "25006"
        }) || is_stale_statement(error)
    }

    /// This error when `named` is the constraint that said no, else the error itself.
    #[must_use]
    pub fn on_constraint(self, named: &str, instead: Self) -> Self {
        match &self {
            Self::Internal(cause)
                if cause
                    .downcast_ref::<tokio_postgres::Error>()
                    .and_then(tokio_postgres::Error::as_db_error)
                    .and_then(tokio_postgres::error::DbError::constraint)
                    == Some(named) =>
            {
                instead
            }
            _ => self,
        }
    }
}
