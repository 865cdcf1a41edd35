//! Forgets what has run out: one replica at a time, whichever holds the lease.

use crate::{
    App, Result,
    services::{avatars, leases::Lease, retention},
    trace,
};
use std::{pin::pin, time::Duration};

/// The name of its lease.
pub const LEASE: &str = "janitor";
/// How long after a round the next is due, and after a replica's start the first: then there is
/// enough to do.
const EVERY: Duration = Duration::from_mins(10);
/// How often a replica asks for the lease: so soon it goes on where another stopped.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// Cleans up until it is told to stop; then another replica goes on at once.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut pause = EVERY;
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = ASK_EVERY;
        match Lease::take(&app, LEASE).await {
            Ok(None) => {}
            Ok(Some(lease)) => tokio::select! {
                () = &mut stop => return give_back(&lease, &app).await,
                is_finished = trace::background("clean up", try_round(&lease, &app)) => if !is_finished {
                    pause = Duration::ZERO;
                },
            },
            Err(error) => trace::within_sync(Some(trace::new_id()), || {
                tracing::warn!(%error, "could not ask whether to clean up");
            }),
        }
    }
}

async fn try_round(lease: &Lease, app: &App) -> bool {
    round(lease, app).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "could not clean up");
        true
    })
}

/// A round that something went wrong in is no whole one, but the next is due as usual. One that had
/// too much to do is followed by another at once. Says whether it was finished.
async fn round(lease: &Lease, app: &App) -> Result<bool> {
    // Once an hour, since it lists the whole store.
    if app.clock.now().minute() < 10 {
        avatars::sweep(app, lease).await?;
    }
    let round = retention::sweep(app, lease).await?;
    if round.went_well {
        lease.done(app).await?;
    }
    let pause = if round.is_finished {
        EVERY
    } else {
        Duration::ZERO
    };
    lease.give_back(app, pause).await?;
    Ok(round.is_finished)
}

async fn give_back(lease: &Lease, app: &App) {
    // One that can't be given back lapses.
    if let Err(error) = lease.give_back(app, Duration::ZERO).await {
        tracing::debug!(%error, "kept a lease to its end");
    }
}
