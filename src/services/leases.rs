//! Work that one replica at a time does, as the row of its lease says.

use crate::{App, Error, Result, storage::leases};
use std::time::Duration;
use uuid::Uuid;

/// How long a lease lasts that is not renewed: many times what a step of the work takes.
const LASTS: Duration = Duration::from_mins(1);

/// The right to do a kind of work. One whose holder died, or can't reach the database, lapses.
#[derive(Debug)]
pub struct Lease {
    name: &'static str,
    holder: Uuid,
}

impl Lease {
    /// Takes the lease of this kind of work; none while another holds it, or nothing is due.
    pub async fn take(app: &App, name: &'static str) -> Result<Option<Self>> {
        let holder = Uuid::new_v4();
        let client = app.db.get().await?;
        let is_taken = leases::take(&client, name, holder, LASTS).await?;
        Ok(is_taken.then_some(Self { name, holder }))
    }

    /// Has it last anew: to be called before every step.
    ///
    /// # Errors
    /// When another holds it by now, or nobody can tell: then the work must stop.
    pub async fn renew(&self, app: &App) -> Result<()> {
        self.last(app, LASTS).await
    }

    /// Notes that a whole round is done.
    pub async fn done(&self, app: &App) -> Result<()> {
        leases::done(&app.db.get().await?, self.name, self.holder).await
    }

    /// Gives it back: whoever asks first after the pause takes it.
    pub async fn give_back(&self, app: &App, pause: Duration) -> Result<()> {
        self.last(app, pause).await
    }

    async fn last(&self, app: &App, time: Duration) -> Result<()> {
        let client = app.db.get().await?;
        if leases::renew(&client, self.name, self.holder, time).await? {
            Ok(())
        } else {
            Err(Error::unavailable("another replica took the lease over"))
        }
    }
}
