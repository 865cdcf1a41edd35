//! A write of one statement that the read caches must hear of.

use super::cache::{Change, Changing};
use crate::{App, Result, database::Object};

/// A connection to write on, and what the write is about to change.
pub(super) struct Write<'a> {
    /// The connection.
    pub db: Object,
    changes: Changing<'a>,
}

impl<'a> Write<'a> {
    /// Takes a connection.
    ///
    /// # Errors
    /// `Unavailable`
    pub async fn begin(app: &'a App, changes: impl Into<Vec<Change>>) -> Result<Self> {
        let db = app.db.get().await?;
        let changes = Changing::new(app, changes);
        Ok(Self { db, changes })
    }

    /// Tells the read caches, unless the outcome shows that nothing was changed. Where nobody knows what
    /// became of the write, it may have been done.
    pub async fn end<T>(self, outcome: Result<T>, changed: impl FnOnce(&T) -> bool) -> Result<T> {
        // Telling takes a moment, in which somebody else can use the connection.
        drop(self.db);
        let may_have_changed = match &outcome {
            Ok(outcome) => changed(outcome),
            Err(error) => error.is_failure(),
        };
        if may_have_changed {
            self.changes.done().await;
        } else {
            self.changes.found();
        }
        outcome
    }
}
