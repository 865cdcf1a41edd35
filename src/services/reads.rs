//! Where a read comes from, with THE rule of it.
//!
//! **A read that must show what the asker has just written comes from the primary.** A replica, which
//! may be `DATABASE_READ_MAX_LAG` behind, is asked for two kinds only:
//!
//! - look-ups of people without a token, and public profiles for who is signed out;
//! - lists of people: somebody else's `following` for everybody; somebody else's `followers` and the
//!   home page's sections for browsers, which are known to have written nothing lately.
//!
//! For a while after a browser changed something all its reads come from the primary; a cookie says
//! so, whichever replica of the service it asks next (`http::written`). And the primary has the last word
//! wherever a replica knows nobody, or shows the viewer among the people of a list.

use crate::{App, Result, storage::Object};
use metrics::counter;

/// Where a read may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// From the primary: it shows every write that was answered before.
    Primary,
    /// From a replica, if there is one that is not too far behind and answers; else from the primary.
    Replica,
}

/// Reads with `work`: on a replica where it may be and what that gives `settles` the question, else
/// on the primary. `work` may run twice.
pub(super) async fn read<T, F>(
    app: &App,
    reads: Reads,
    work: impl Fn(Object) -> F,
    settles: impl Fn(&T) -> bool,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    if reads == Reads::Replica && !app.replicas.each().is_empty() {
        match app.replicas.fresh() {
            None => count("behind"),
            Some(replica) => match replica.read(&work).await {
                Ok(found) if settles(&found) => return Ok(found),
                Err(error) if error.is_failure() => count("failed"),
                _ => {}
            },
        }
    }
    work(app.db.get().await?).await
}

/// Has the counts of fallbacks start at zero, so that the first one is a rise.
pub fn count_from_zero() {
    for reason in ["behind", "failed"] {
        counter!("db_replica_fallbacks_total", "reason" => reason).increment(0);
    }
}

fn count(reason: &'static str) {
    counter!("db_replica_fallbacks_total", "reason" => reason).increment(1);
}
