//! Notices between the replicas of the service: LISTEN and NOTIFY of PostgreSQL.
//!
//! They make others forget sooner what they keep, and nothing is right only because of them: they
//! are lost while nobody listens, and behind a proxy that pools transactions.

use super::{GenericClient, all, hosts::Hosts, pool::NAME};
use crate::{Result, error::Cause};
use futures_util::{StreamExt, stream};
use sea_query::PostgresQueryBuilder;
use sea_query_postgres::PostgresBinder;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, Error, Notification};

/// The channel, of this database alone.
const CHANNEL: &str = "users_changes";
/// The most bytes of one notice: PostgreSQL takes fewer than 8,000.
pub const MAX_BYTES: usize = 7_900;
/// How many notices wait here until they are looked at; then PostgreSQL keeps them.
const WAITING: usize = 64;
/// A notice takes a lock of the whole server until its commit, which therefore waits for no disk.
const OPTIONS: &str = "-c statement_timeout=5000 -c synchronous_commit=off";

/// Where the primary is listened to.
pub struct Place(Hosts);

/// What is heard.
pub enum Heard {
    /// Something that was sent on the very connection that listens: notices do arrive.
    Own,
    /// A notice of somebody else.
    Notice(String),
}

/// Hears notices, on a connection of its own.
pub struct Hearing {
    own: i32,
    heard: mpsc::Receiver<Notification>,
}

/// Sends notices on the same connection, which ends with this.
pub struct Telling(Client);

impl Place {
    /// The same hosts as the pool's: of several the one that takes writes.
    pub fn new(url: &str) -> Result<Self, Cause> {
        Ok(Self(Hosts::new(url, NAME, OPTIONS)?))
    }

    /// Listens. What is sent from now on is heard, until the connection ends.
    pub async fn listen(&self) -> Result<(Hearing, Telling), Error> {
        let (client, mut connection) = self.0.open().await?;
        let (hear, heard) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                if let AsyncMessage::Notification(notice) = message
                    && hear.send(notice).await.is_err()
                {
                    return;
                }
            }
        });
        let own = client.query_one(&*own_id(), &[]).await?.try_get(0)?;
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        Ok((Hearing { own, heard }, Telling(client)))
    }
}

impl Hearing {
    /// The next notice; none when the connection has ended.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            let notice = self.heard.recv().await?;
            if notice.process_id() == self.own {
                return Some(Heard::Own);
            }
            // Empty ones are others' tries.
            if !notice.payload().is_empty() {
                return Some(Heard::Notice(notice.payload().to_owned()));
            }
        }
    }
}

impl Telling {
    /// Sends a notice that says nothing, to hear whether notices arrive.
    pub async fn try_out(&self) -> Result<(), Error> {
        self.tell(&[String::new()]).await
    }

    /// Sends notices at once, outside of any transaction.
    pub async fn tell(&self, notices: &[String]) -> Result<(), Error> {
        let (sql, values) = sql::tell(notices).build_postgres(PostgresQueryBuilder);
        self.0.query(&sql, &values.as_params()).await.map(drop)
    }
}

fn own_id() -> String {
    sql::own_id().to_string(PostgresQueryBuilder)
}

/// Sends notices with the commit of a transaction. All that do so commit one after another.
pub async fn tell(db: &impl GenericClient, notices: &[String]) -> Result<()> {
    all(db, sql::tell(notices)).await.map(drop)
}

/// The statements.
pub mod sql {
    use super::CHANNEL;
    use sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

    /// Sends notices.
    #[must_use]
    pub fn tell(notices: &[String]) -> SelectStatement {
        let each = Func::cust("unnest").arg(Expr::val(notices.to_vec()).cast_as("text[]"));
        Query::select()
            .expr(Func::cust("pg_notify").arg(CHANNEL).arg(each))
            .take()
    }

    /// The process at the other end of the connection, by which its notices are known.
    #[must_use]
    pub fn own_id() -> SelectStatement {
        Query::select().expr(Func::cust("pg_backend_pid")).take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::database::reviewed::statements;

    statements! {
        tell(&["*".to_owned()]);
        own_id();
    }
}
