//! A limit whose bucket travels with what it limits, signed: no question to the database, and nothing kept here.

use super::{is_limited, refusal};
use crate::{App, Result, domain::limit::Rule};
use time::OffsetDateTime;

/// Takes a renewal from the bucket of a session, which its refresh tokens carry: each of them can be spent
/// once, so the bucket goes on with the successor. `full_at` is when it will be full again; gives that
/// time after the renewal (GCRA, as in the database).
///
/// # Errors
/// `RateLimited` when it is empty.
pub(in crate::services) fn take_renewal(
    app: &App,
    full_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<OffsetDateTime> {
    if !is_limited(app) {
        return Ok(now);
    }
    let limit = app.config.limits.of(Rule::RefreshSession);
    let after = full_at.max(now) + limit.step;
    let wait = after - now - limit.whole();
    if wait.is_positive() {
        return Err(refusal(Rule::RefreshSession, wait.unsigned_abs()));
    }
    Ok(after)
}
