//! How fresh a read is and where it comes from, with THE rule of it.
//!
//! **A read that must show what the asker has just written comes from the primary.** That is
//! [`Freshness::Exact`]: exact, whichever replica of the service is asked. All others, which are
//! [`Freshness::Recent`], may show what was true a moment ago, and are of three kinds:
//!
//! - look-ups of people without a token, and public profiles for who is signed out: from the read
//!   cache (`services::cache`), never more than 5 s old;
//! - `GET /users/me`, and the people whom lists show, for everybody: from the read cache too. Where
//!   something was written it is seen at once; the other replicas of the service have as a rule heard
//!   of it when it is answered;
//! - the API's list of somebody else's followees: from a replica of the database, which may be
//!   `DATABASE_READ_MAX_LAG` behind.
//!
//! What the cache lacks is loaded from a replica of the database when that shows every change heard
//! of, else from the primary, so that being behind and being kept are 5 s together.
//!
//! For a while after a browser changed something all its reads come from the primary where there are
//! replicas of the database; a cookie says so, whichever replica of the service it asks next
//! (`http::read_your_writes`). And the primary has the last word wherever a replica knows nobody, or shows the
//! viewer among the people of a list.

use super::cache::MAX_AGE;
use crate::{
    App, Result,
    database::{Object, replicas::Replica},
};
use metrics::counter;
use tokio::time::Instant;

/// How fresh what is read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// From the primary: it shows every write that was answered before.
    Exact,
    /// From the read cache, or from a replica, if there is one that is not too far behind and answers;
    /// else from the primary.
    Recent,
}

/// Reads with `work`: on a replica where it may be and what that gives `settles` the question, else
/// on the primary. `work` may run twice.
pub(super) async fn read<T, F>(
    app: &App,
    freshness: Freshness,
    work: impl Fn(Object) -> F,
    settles: impl Fn(&T) -> bool,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    if freshness == Freshness::Recent
        && let Some(replica) = fresh(app)
        && let Some(found) = from_replica(replica, &work, settles).await
    {
        return Ok(found);
    }
    work(app.db.get().await?).await
}

/// Reads for the cache, after what was heard of `since`: on a replica that shows it and is behind by
/// less than the cache may be, else on the primary. Gives the moment up to which every commit is
/// shown, too.
pub(super) async fn load<T, F>(
    app: &App,
    since: Option<Instant>,
    work: impl Fn(Object) -> F,
    settles: impl Fn(&T) -> bool,
) -> Result<(T, Instant)>
where
    F: Future<Output = Result<T>>,
{
    if let Some(replica) = fresh(app)
        && let Some(as_of) = replica.as_of().map(Instant::from_std)
        && Some(as_of) > since
        && as_of.elapsed() < MAX_AGE
        && let Some(found) = from_replica(replica, &work, settles).await
    {
        return Ok((found, as_of));
    }
    let db = app.db.get().await?;
    let as_of = Instant::now();
    Ok((work(db).await?, as_of))
}

fn fresh(app: &App) -> Option<&Replica> {
    if app.replicas.each().is_empty() {
        return None;
    }
    let replica = app.replicas.fresh();
    if replica.is_none() {
        count("behind");
    }
    replica
}

/// What a replica knows, if that settles the question.
async fn from_replica<T, F>(
    replica: &Replica,
    work: impl Fn(Object) -> F,
    settles: impl Fn(&T) -> bool,
) -> Option<T>
where
    F: Future<Output = Result<T>>,
{
    match replica.read(&work).await {
        Ok(found) => settles(&found).then_some(found),
        Err(error) => {
            if error.is_failure() {
                count("failed");
            }
            None
        }
    }
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
