//! Tells the other replicas of the service what changed, and hears it from them.

use crate::{
    App, Result,
    database::notices::{self, Heard, Hearing, Place, Telling},
    error::{Cause, causes},
    services::cache::Change,
};
use metrics::{Counter, Gauge, counter, gauge};
use std::{pin::pin, time::Duration};
use tokio::time::{sleep, timeout};

/// How often at most changes are told: meanwhile they are gathered.
const GATHER: Duration = Duration::from_millis(1);
/// How long it may take to listen, and to tell: longer than the database gives a statement, since a
/// disk that stands still for a moment is no reason to forget everything.
const LISTEN_TIME: Duration = Duration::from_secs(5);
const TELL_TIME: Duration = Duration::from_secs(6);
/// How long to tell what is left at the end.
const LAST_TIME: Duration = Duration::from_secs(1);
/// The pauses before listening again: doubled with each that fails, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Listens and tells until it is told to stop; what was changed until then is told too.
pub async fn run(app: App, place: Place, stop: impl Future<Output = ()>) {
    let metrics = Metrics::from_zero();
    let mut stop = pin!(stop);
    let mut pause = FIRST_PAUSE;
    loop {
        let listening = timeout(LISTEN_TIME, place.listen());
        let lost = tokio::select! {
            () = &mut stop => break,
            listening = listening => match listening {
                Ok(Ok((hearing, telling))) => {
                    // What was told while nobody listened here is not known.
                    app.cache.forget_everything();
                    pause = FIRST_PAUSE;
                    let lost = tokio::select! {
                        () = &mut stop => break,
                        lost = hear(&app, hearing, &metrics) => lost,
                        lost = tell(&app, &telling) => lost,
                    };
                    // Nobody knows whether the last ones were heard.
                    app.cache.outgoing.add([Change::Everything]);
                    lost
                }
                Ok(Err(error)) => error.into(),
                Err(too_long) => too_long.into(),
            },
        };
        metrics.listening.set(0.0);
        app.cache.set_listening(false);
        // What is kept ends after 5 s, as always.
        tracing::warn!(
            error = causes(&*lost),
            "no notices of changes, will listen again"
        );
        tokio::select! {
            () = &mut stop => break,
            () = sleep(pause) => {}
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
    metrics.listening.set(0.0);
    app.cache.set_listening(false);
    // The others may do without the last ones.
    timeout(LAST_TIME, tell_last(&app)).await.ok();
}

async fn tell_last(app: &App) -> Result<()> {
    let (_, notices) = app.cache.outgoing.take();
    if notices.is_empty() {
        return Ok(());
    }
    notices::tell(&app.db.get().await?, &notices).await
}

/// Until the connection is lost; gives why. Behind a pooler that gives each transaction another
/// connection nothing is heard, and nobody waits for that: one's own notice is the proof.
async fn hear(app: &App, mut hearing: Hearing, metrics: &Metrics) -> Cause {
    while let Some(heard) = hearing.next().await {
        match heard {
            Heard::Own => {
                metrics.listening.set(1.0);
                app.cache.set_listening(true);
            }
            Heard::Notice(notice) => {
                metrics.heard.increment(1);
                app.cache.hear(notice);
            }
        }
    }
    "the connection ended".into()
}

/// Until it fails; gives why.
async fn tell(app: &App, telling: &Telling) -> Cause {
    if let Err(error) = telling.try_out().await {
        return error.into();
    }
    loop {
        app.cache.outgoing.some().await;
        let (batch, notices) = app.cache.outgoing.take();
        match timeout(TELL_TIME, telling.tell(&notices)).await {
            Ok(Ok(())) => app.cache.outgoing.told(batch),
            Ok(Err(error)) => return error.into(),
            Err(too_long) => return too_long.into(),
        }
        sleep(GATHER).await;
    }
}

struct Metrics {
    listening: Gauge,
    heard: Counter,
}

impl Metrics {
    fn from_zero() -> Self {
        let listening = gauge!("read_cache_listening");
        listening.set(0.0);
        let heard = counter!("read_cache_notices_total");
        heard.increment(0);
        Self { listening, heard }
    }
}
