//! The worker that looks for mails owed and sends several at a time.

use super::{Mailer, delivery::deliver};
use crate::{
    App, Error, Result,
    storage::{
        outbox::{self, Owed},
        password_resets,
    },
    trace,
};
use metrics::counter;
use std::{pin::pin, sync::Arc};
use tokio::{
    task::{JoinError, JoinSet},
    time::{Duration, Instant, MissedTickBehavior, interval, timeout_at},
};

/// How many mails are sent at the same time.
const SLOTS: usize = 32;
/// How many wishes for a new password to take at a time.
const REQUESTS: u32 = 100;
/// How often to look for mails due: retries, and mails whose commit nobody rang for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often to close connections that rest.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// What is left at the end of the time to stop for writing down what was sent.
const MARK_TIME: Duration = Duration::from_secs(1);

/// Sends mails until `stop`, then finishes those being sent, until the moment that it gives. What
/// goes wrong is logged and tried again: nothing ends the worker but `stop`.
pub async fn run(app: App, mailer: Mailer, stop: impl Future<Output = Instant>) {
    counter!("mails_sent_total").increment(0);
    counter!("mail_failures_total").increment(0);
    counter!("mails_given_up_total").increment(0);
    let mut worker = Worker {
        mailer: Arc::new(mailer),
        sending: JoinSet::new(),
        unmarked: Vec::new(),
        more: false,
        blind: false,
        deaf: false,
        app: app.clone(),
    };
    let mut look = interval(LOOK_EVERY);
    let mut tidy = interval(TIDY_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = pin!(stop);
    let by = loop {
        tokio::select! {
            by = &mut stop => break by,
            () = app.mail_owed.notified() => worker.start_due().await,
            _ = look.tick() => worker.start_due().await,
            Some(done) = worker.sending.join_next() => {
                worker.collect(done);
                if worker.more {
                    worker.start_due().await;
                }
            }
            _ = tidy.tick() => worker.mailer.tidy(),
        }
    };
    trace::within(trace::new_id(), worker.finish(by)).await;
}

struct Worker {
    app: App,
    mailer: Arc<Mailer>,
    /// Gives a mail back that was sent when the database could not be told.
    sending: JoinSet<Option<Owed>>,
    /// Such mails: they are marked before anything new is claimed, or they would be sent twice.
    unmarked: Vec<Owed>,
    /// Whether there was more to claim than there were free slots.
    more: bool,
    /// Whether the last look failed: said once, not twice a second.
    blind: bool,
    /// Whether the last try to take wishes failed, likewise.
    deaf: bool,
}

impl Worker {
    /// Claims what is due and starts sending it, as far as there are free slots.
    async fn start_due(&mut self) {
        trace::within(trace::new_id(), self.claim_and_send()).await;
    }

    async fn claim_and_send(&mut self) {
        while let Some(done) = self.sending.try_join_next() {
            self.collect(done);
        }
        let free = SLOTS - self.sending.len();
        self.more = free == 0;
        if self.more {
            return;
        }
        match self.claim(free).await {
            Ok(claimed) => {
                if std::mem::take(&mut self.blind) {
                    tracing::info!("can look for mails owed again");
                }
                self.more = claimed.len() == free;
                for owed in claimed {
                    let (app, mailer) = (self.app.clone(), Arc::clone(&self.mailer));
                    self.sending.spawn(deliver(app, mailer, owed));
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.blind, true) {
                    tracing::warn!(%error, "can't look for mails owed, will keep trying");
                }
            }
        }
    }

    async fn claim(&mut self, free: usize) -> Result<Vec<Owed>> {
        let db = self.app.db.get().await?;
        while let Some(owed) = self.unmarked.last() {
            outbox::sent(&db, owed, self.app.clock.now()).await?;
            self.unmarked.pop();
        }
        // Mails that are owed already don't wait for those that may come to be.
        match password_resets::take_requests(&db, REQUESTS).await {
            Ok(()) => self.deaf = false,
            Err(error) => {
                if !std::mem::replace(&mut self.deaf, true) {
                    tracing::warn!(%error, "can't take wishes for new passwords, will keep trying");
                }
            }
        }
        let limit = u32::try_from(free).map_err(Error::internal)?;
        outbox::claim(&db, self.app.clock.passed(), limit).await
    }

    fn collect(&mut self, done: Result<Option<Owed>, JoinError>) {
        match done {
            Ok(unmarked) => self.unmarked.extend(unmarked),
            // Its claim lapses, then it is tried again.
            Err(error) => tracing::error!(%error, "sending a mail broke down"),
        }
    }

    async fn finish(mut self, by: Instant) {
        let all = async {
            while let Some(done) = self.sending.join_next().await {
                self.collect(done);
            }
        };
        if timeout_at(by - MARK_TIME, all).await.is_err() {
            let count = self.sending.len();
            tracing::warn!(
                count,
                "left mails that were being sent; they are tried again"
            );
        }
        if self.unmarked.is_empty() {
            return;
        }
        let marked = timeout_at(by, self.claim(0)).await;
        if let Err(error) = marked.map_err(Error::unavailable).flatten() {
            tracing::warn!(%error, "could not mark mails as sent; they will be sent again");
        }
    }
}
